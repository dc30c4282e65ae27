-- migrate:up

-- Wrong current passwords in a row; only the right one sets it back.
ALTER TABLE sessions ADD COLUMN password_failures integer NOT NULL DEFAULT 0;

-- migrate:down

ALTER TABLE sessions DROP COLUMN password_failures;
