-- migrate:up

-- A verification is for the password that its registration chose. A hash that is not NULL becomes
-- the account's when the address is verified.
ALTER TABLE mail_tokens ADD COLUMN password_hash text;

-- migrate:down

ALTER TABLE mail_tokens DROP COLUMN password_hash;
