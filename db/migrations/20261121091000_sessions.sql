-- migrate:up

-- A session is one login; it lives while ended_at is null and expires_at lies ahead.
CREATE TABLE sessions (
	key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	id uuid NOT NULL DEFAULT uuid_v7() CONSTRAINT sessions_id_key UNIQUE,
	user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	created_at timestamptz NOT NULL DEFAULT now(),
	last_used_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL,
	ended_at timestamptz,
	ip text,
	user_agent text
);

CREATE INDEX sessions_of_user ON sessions (user_id, created_at, id);

-- The tokens that a session gave out: hashes alone, each good for one use.
CREATE TABLE refresh_tokens (
	key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
	token_hash bytea NOT NULL CONSTRAINT refresh_tokens_token_hash_key UNIQUE
		CONSTRAINT refresh_tokens_token_hash_check CHECK (octet_length(token_hash) = 32),
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL,
	spent_at timestamptz
);

CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id);

-- migrate:down

DROP TABLE refresh_tokens;
DROP TABLE sessions;
