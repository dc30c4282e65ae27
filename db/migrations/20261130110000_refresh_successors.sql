-- migrate:up

-- The token whose use issued this one (null: a sign-in), and when a later use of that token
-- revoked it. No foreign key: an expired parent is pruned first.
ALTER TABLE refresh_tokens ADD COLUMN parent_key bigint, ADD COLUMN revoked_at timestamptz;

-- migrate:down

UPDATE refresh_tokens SET spent_at = revoked_at WHERE revoked_at IS NOT NULL;
ALTER TABLE refresh_tokens DROP COLUMN parent_key, DROP COLUMN revoked_at;
