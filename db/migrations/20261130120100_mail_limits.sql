-- migrate:up

-- How many e-mails of a kind an address got lately; what is old enough to be pruned.
CREATE INDEX mails_of_recipient ON mails (lower(recipient), template, created_at);
CREATE INDEX mails_by_created_at ON mails (created_at);
DROP INDEX mails_sent;

-- migrate:down

CREATE INDEX mails_sent ON mails (sent_at) WHERE sent_at IS NOT NULL;
DROP INDEX mails_by_created_at;
DROP INDEX mails_of_recipient;
