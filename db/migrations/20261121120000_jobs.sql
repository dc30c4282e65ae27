-- migrate:up

-- The queue. A job is queued, or scheduled until run_at; a worker that takes it holds it
-- under a lease, which it renews, until it succeeded, failed or was cancelled.
CREATE TABLE jobs (
	key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	id uuid NOT NULL DEFAULT uuid_v7() CONSTRAINT jobs_id_key UNIQUE,
	kind text NOT NULL CONSTRAINT jobs_kind_check CHECK (char_length(kind) BETWEEN 1 AND 100),
	queue text NOT NULL CONSTRAINT jobs_queue_check CHECK (char_length(queue) BETWEEN 1 AND 100),
	priority smallint NOT NULL DEFAULT 0
		CONSTRAINT jobs_priority_check CHECK (priority BETWEEN -1000 AND 1000),
	status text NOT NULL DEFAULT 'queued' CONSTRAINT jobs_status_check CHECK
		(status IN ('queued', 'scheduled', 'running', 'succeeded', 'failed', 'cancelled')),
	args jsonb NOT NULL DEFAULT '{}',
	owner_id uuid REFERENCES users (id) ON DELETE CASCADE,
	unique_key text,
	timeout integer NOT NULL DEFAULT 60,
	attempts integer NOT NULL DEFAULT 0,
	max_attempts integer NOT NULL DEFAULT 10,
	progress smallint NOT NULL DEFAULT 0
		CONSTRAINT jobs_progress_check CHECK (progress BETWEEN 0 AND 100),
	result jsonb,
	error text,
	errors jsonb NOT NULL DEFAULT '[]',
	queued_at timestamptz NOT NULL DEFAULT now(),
	run_at timestamptz NOT NULL DEFAULT now(),
	started_at timestamptz,
	finished_at timestamptz,
	stop_at timestamptz,
	lease bigint,
	lease_until timestamptz,
	request_id text,
	traceparent text,
	CONSTRAINT jobs_lease_check CHECK ((status = 'running') = (lease IS NOT NULL))
) WITH (
	fillfactor = 85, -- room for leases and progress beside the row
	autovacuum_vacuum_scale_factor = 0.02,
	autovacuum_vacuum_insert_scale_factor = 0.05,
	autovacuum_analyze_scale_factor = 0.02
);

-- What the workers look for: small, however many have finished.
CREATE INDEX jobs_queued ON jobs (queue, priority DESC, run_at, key) WHERE status = 'queued';
CREATE INDEX jobs_scheduled ON jobs (run_at) WHERE status = 'scheduled';
CREATE INDEX jobs_running ON jobs (lease) WHERE status = 'running';
CREATE INDEX jobs_finished ON jobs (finished_at)
	WHERE status IN ('succeeded', 'failed', 'cancelled');
CREATE UNIQUE INDEX jobs_unique_key ON jobs (unique_key)
	WHERE unique_key IS NOT NULL AND status IN ('queued', 'scheduled', 'running');

-- What people look for.
CREATE INDEX jobs_of_owner ON jobs (owner_id, queued_at, id) WHERE owner_id IS NOT NULL;
CREATE INDEX jobs_by_queued_at ON jobs (queued_at, id);
CREATE INDEX jobs_by_status ON jobs (status, queued_at, id);

CREATE TABLE job_pauses (
	queue text PRIMARY KEY,
	paused_at timestamptz NOT NULL DEFAULT now()
);

-- When each of the times that come again was last seen to.
CREATE TABLE job_crons (
	name text PRIMARY KEY,
	last_at timestamptz NOT NULL
);

-- migrate:down

DROP TABLE job_crons;
DROP TABLE job_pauses;
DROP TABLE jobs;
