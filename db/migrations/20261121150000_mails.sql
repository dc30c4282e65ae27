-- migrate:up

-- The outbox: a mail is written with the act that it tells of, and sent by a job. Its text
-- may hold the token of a link, so it goes when the mail has gone.
CREATE TABLE mails (
	key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	id uuid NOT NULL DEFAULT uuid_v7() CONSTRAINT mails_id_key UNIQUE,
	recipient text NOT NULL CONSTRAINT mails_recipient_check
		CHECK (octet_length(recipient) BETWEEN 3 AND 254),
	template text NOT NULL,
	subject text NOT NULL,
	body text,
	created_at timestamptz NOT NULL DEFAULT now(),
	sent_at timestamptz
);

CREATE INDEX mails_sent ON mails (sent_at) WHERE sent_at IS NOT NULL;

-- migrate:down

DROP TABLE mails;
