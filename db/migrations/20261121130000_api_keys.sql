-- migrate:up

-- A key is found by its prefix, which is no secret; of the whole there is a hash alone.
CREATE TABLE api_keys (
	key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	id uuid NOT NULL DEFAULT uuid_v7() CONSTRAINT api_keys_id_key UNIQUE,
	user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	name text NOT NULL CONSTRAINT api_keys_name_check CHECK (char_length(name) BETWEEN 1 AND 100),
	prefix text NOT NULL CONSTRAINT api_keys_prefix_key UNIQUE,
	key_hash bytea NOT NULL CONSTRAINT api_keys_key_hash_check CHECK (octet_length(key_hash) = 32),
	scopes text[] NOT NULL CONSTRAINT api_keys_scopes_check CHECK (cardinality(scopes) > 0),
	last_used_at timestamptz,
	expires_at timestamptz,
	created_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 90); -- room for last_used_at beside the row

CREATE INDEX api_keys_of_user ON api_keys (user_id, created_at, id);

-- migrate:down

DROP TABLE api_keys;
