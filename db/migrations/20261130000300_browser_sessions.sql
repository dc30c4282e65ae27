-- migrate:up

-- The cookie of a session: only its hash. `former_cookie_hash` is the cookie that it replaced at
-- `cookie_changed_at`: requests that were on their way then still have it.
ALTER TABLE sessions
	ADD COLUMN cookie_hash bytea
		CONSTRAINT sessions_cookie_hash_check CHECK (octet_length(cookie_hash) = 32),
	ADD COLUMN former_cookie_hash bytea,
	ADD COLUMN cookie_changed_at timestamptz;

CREATE UNIQUE INDEX sessions_cookie_hash_key ON sessions (cookie_hash)
	WHERE cookie_hash IS NOT NULL;
CREATE UNIQUE INDEX sessions_former_cookie_hash_key ON sessions (former_cookie_hash)
	WHERE former_cookie_hash IS NOT NULL;

-- migrate:down

ALTER TABLE sessions
	DROP COLUMN cookie_hash,
	DROP COLUMN former_cookie_hash,
	DROP COLUMN cookie_changed_at;
