-- migrate:up

-- Counts what ends all sessions of the account. A mail token made under an earlier count is void.
ALTER TABLE users ADD COLUMN security_version bigint NOT NULL DEFAULT 1;

-- Pending address changes do not say which address they replace, so they must be requested again.
DELETE FROM mail_tokens WHERE purpose = 'change';

-- The state of the account that a token was made under. Up to five per purpose are valid at once.
ALTER TABLE mail_tokens
	ADD COLUMN account_email text,
	ADD COLUMN security_version bigint NOT NULL DEFAULT 1,
	DROP CONSTRAINT mail_tokens_one;
UPDATE mail_tokens SET account_email = email;
ALTER TABLE mail_tokens
	ALTER COLUMN account_email SET NOT NULL,
	ALTER COLUMN security_version DROP DEFAULT;
CREATE INDEX mail_tokens_of_user ON mail_tokens (user_id, purpose);

-- migrate:down

DELETE FROM mail_tokens a USING mail_tokens b
WHERE a.user_id = b.user_id AND a.purpose = b.purpose AND a.key < b.key;
DROP INDEX mail_tokens_of_user;
ALTER TABLE mail_tokens
	DROP COLUMN account_email,
	DROP COLUMN security_version,
	ADD CONSTRAINT mail_tokens_one UNIQUE (user_id, purpose);
ALTER TABLE users DROP COLUMN security_version;
