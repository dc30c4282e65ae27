-- migrate:up

-- How tries of jobs ended, since the beginning: for metrics, which must not count backwards
-- when old jobs are removed. The cells are those of a histogram of their duration: how many
-- fell under each of its bounds, how many under none, and the sum in microseconds.
CREATE TABLE job_totals (
	task text NOT NULL,
	result text NOT NULL,
	cells bigint[] NOT NULL,
	PRIMARY KEY (task, result)
);

-- migrate:down

DROP TABLE job_totals;
