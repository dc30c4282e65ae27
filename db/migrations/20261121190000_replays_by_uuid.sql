-- migrate:up

-- Half a SHA-256 tells requests apart as well, and is compared faster. No reference to the
-- account: each answer that is kept would look it up. Who deletes an account deletes these.
ALTER TABLE replays
	DROP CONSTRAINT replays_user_id_fkey,
	DROP CONSTRAINT replays_hash_check,
	DROP CONSTRAINT replays_fingerprint_check,
	ALTER COLUMN hash TYPE uuid USING encode(substr(hash, 1, 16), 'hex')::uuid,
	ALTER COLUMN fingerprint TYPE uuid USING encode(substr(fingerprint, 1, 16), 'hex')::uuid;

-- migrate:down

-- The other halves are lost, and with them the answers.
DELETE FROM replays;
ALTER TABLE replays
	ALTER COLUMN hash TYPE bytea USING NULL,
	ALTER COLUMN fingerprint TYPE bytea USING NULL,
	ADD CONSTRAINT replays_hash_check CHECK (octet_length(hash) = 32),
	ADD CONSTRAINT replays_fingerprint_check CHECK (octet_length(fingerprint) = 32),
	ADD CONSTRAINT replays_user_id_fkey
		FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE;
