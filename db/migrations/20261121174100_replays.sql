-- migrate:up

-- Answers to requests that had an Idempotency-Key, to be given again to who repeats one. They
-- stay a day. The hash is of caller, route and key, the fingerprint of query and body.
CREATE TABLE replays (
	user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	hash bytea NOT NULL CONSTRAINT replays_hash_check CHECK (octet_length(hash) = 32),
	fingerprint bytea NOT NULL
		CONSTRAINT replays_fingerprint_check CHECK (octet_length(fingerprint) = 32),
	status integer NOT NULL CONSTRAINT replays_status_check CHECK (status BETWEEN 200 AND 299),
	body text NOT NULL,
	location text,
	etag text,
	created_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (user_id, hash)
);

CREATE INDEX replays_by_created_at ON replays USING brin (created_at);

-- migrate:down

DROP TABLE replays;
