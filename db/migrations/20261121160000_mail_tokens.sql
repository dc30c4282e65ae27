-- migrate:up

-- Tokens that were sent by mail: hashes alone, one of an account and purpose. It goes with
-- its use.
CREATE TABLE mail_tokens (
	key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	purpose text NOT NULL
		CONSTRAINT mail_tokens_purpose_check CHECK (purpose IN ('verify', 'change', 'reset')),
	email text NOT NULL,
	token_hash bytea NOT NULL CONSTRAINT mail_tokens_token_hash_key UNIQUE
		CONSTRAINT mail_tokens_token_hash_check CHECK (octet_length(token_hash) = 32),
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL,
	CONSTRAINT mail_tokens_one UNIQUE (user_id, purpose)
);

-- migrate:down

DROP TABLE mail_tokens;
