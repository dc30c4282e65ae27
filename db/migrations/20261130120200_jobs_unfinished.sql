-- migrate:up

-- How many unfinished jobs an owner has, however many have finished.
CREATE INDEX jobs_unfinished_of_owner ON jobs (owner_id)
	WHERE owner_id IS NOT NULL AND status IN ('queued', 'scheduled', 'running');

-- migrate:down

DROP INDEX jobs_unfinished_of_owner;
