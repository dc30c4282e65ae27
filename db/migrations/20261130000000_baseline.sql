-- migrate:up

-- A UUID of version 7 (RFC 9562) for rows that are inserted without one. The first 60 bits that
-- are free hold the time to a quarter of a microsecond (section 6.2, method 3), so that new rows
-- are next to each other in an index; the other 62 are random.
CREATE FUNCTION uuid_v7() RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$
DECLARE
	us bigint := extract(epoch FROM clock_timestamp()) * 1000000;
BEGIN
	RETURN (lpad(to_hex(us / 1000), 12, '0')
		|| '7' || lpad(to_hex(us % 1000 * 4096 / 1000), 3, '0')
		|| substr(gen_random_uuid()::text, 20))::uuid;
END
$$;

CREATE TABLE users (
	id uuid DEFAULT uuid_v7() PRIMARY KEY,
	email text NOT NULL CONSTRAINT users_email_check CHECK (octet_length(email) BETWEEN 3 AND 254),
	password_hash text NOT NULL,
	full_name text CONSTRAINT users_full_name_check CHECK (char_length(full_name) BETWEEN 1 AND 200),
	role text NOT NULL DEFAULT 'member'
		CONSTRAINT users_role_check CHECK (role IN ('viewer', 'member', 'admin', 'owner')),
	is_active boolean NOT NULL DEFAULT true,
	email_verified_at timestamptz,
	last_login_at timestamptz,
	version bigint NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now(),
	security_version bigint NOT NULL DEFAULT 1 -- incremented when all sessions end
);

-- One account for each address, in any case.
CREATE UNIQUE INDEX users_email_key ON users (lower(email));

CREATE INDEX users_by_created_at ON users (created_at, id);
CREATE INDEX users_by_email ON users (email, id);

-- A session starts with a sign-in. It is live while ended_at is null and expires_at is ahead.
CREATE TABLE sessions (
	id uuid DEFAULT uuid_v7() PRIMARY KEY,
	user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	created_at timestamptz NOT NULL DEFAULT now(),
	last_used_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL,
	ended_at timestamptz,
	ip text,
	user_agent text,
	password_failures integer NOT NULL DEFAULT 0, -- consecutive wrong current passwords
	confirmed_at timestamptz NOT NULL DEFAULT now() -- last sign-in or auth/confirm
);

CREATE INDEX sessions_of_user ON sessions (user_id, created_at, id);

-- The refresh tokens of a session: only hashes, each valid for one use. `parent_hash` is the token
-- whose use issued this one (null: a sign-in); no foreign key, because an expired parent is
-- deleted first. `revoked_at`: when a later use of the parent revoked this token.
CREATE TABLE refresh_tokens (
	token_hash bytea PRIMARY KEY
		CONSTRAINT refresh_tokens_token_hash_check CHECK (octet_length(token_hash) = 32),
	session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
	parent_hash bytea,
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL,
	spent_at timestamptz,
	revoked_at timestamptz
);

CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id);

-- Tokens in links of e-mails: only hashes. A token is deleted when it is used, and valid only while
-- the account has this address and this security_version.
CREATE TABLE mail_tokens (
	token_hash bytea PRIMARY KEY
		CONSTRAINT mail_tokens_token_hash_check CHECK (octet_length(token_hash) = 32),
	user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	purpose text NOT NULL
		CONSTRAINT mail_tokens_purpose_check CHECK (purpose IN ('verify', 'change', 'reset')),
	email text NOT NULL,
	account_email text NOT NULL,
	security_version bigint NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL
);

CREATE INDEX mail_tokens_of_user ON mail_tokens (user_id, purpose);

-- The prefix finds a key and is not secret; of the whole key there is only a hash.
CREATE TABLE api_keys (
	id uuid DEFAULT uuid_v7() PRIMARY KEY,
	user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	name text NOT NULL CONSTRAINT api_keys_name_check CHECK (char_length(name) BETWEEN 1 AND 100),
	prefix text NOT NULL CONSTRAINT api_keys_prefix_key UNIQUE,
	key_hash bytea NOT NULL CONSTRAINT api_keys_key_hash_check CHECK (octet_length(key_hash) = 32),
	scopes text[] NOT NULL CONSTRAINT api_keys_scopes_check CHECK (cardinality(scopes) > 0),
	last_used_at timestamptz,
	expires_at timestamptz,
	created_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 90); -- space for updates of last_used_at in the same page

CREATE INDEX api_keys_of_user ON api_keys (user_id, created_at, id);

-- The outbox: an e-mail is written in the transaction of its cause and sent by a job. The body can
-- contain the token of a link, so it is deleted when the e-mail has been sent.
CREATE TABLE mails (
	id uuid DEFAULT uuid_v7() PRIMARY KEY,
	recipient text NOT NULL CONSTRAINT mails_recipient_check
		CHECK (octet_length(recipient) BETWEEN 3 AND 254),
	template text NOT NULL,
	subject text NOT NULL,
	body text,
	created_at timestamptz NOT NULL DEFAULT now(),
	sent_at timestamptz
);

-- For the limit on e-mails to an address, and for pruning.
CREATE INDEX mails_of_recipient ON mails (lower(recipient), template, created_at);
CREATE INDEX mails_by_created_at ON mails (created_at);

-- Responses to requests with an Idempotency-Key, stored for a day. `hash` is half a SHA-256 of
-- caller, route and key, `fingerprint` of query and body. No foreign key, which would cost each
-- request a lookup: the deletion of an account deletes its rows.
CREATE TABLE idempotency_keys (
	user_id uuid NOT NULL,
	hash uuid NOT NULL,
	fingerprint uuid NOT NULL,
	status integer NOT NULL
		CONSTRAINT idempotency_keys_status_check CHECK (status BETWEEN 200 AND 299),
	body text NOT NULL,
	location text,
	etag text,
	created_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (user_id, hash)
);

CREATE INDEX idempotency_keys_by_created_at ON idempotency_keys USING brin (created_at);

-- The audit log. No foreign key: an event outlives the account that it is about.
CREATE TABLE audit_events (
	id uuid DEFAULT uuid_v7() PRIMARY KEY,
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	action text NOT NULL
		CONSTRAINT audit_events_action_check CHECK (char_length(action) BETWEEN 1 AND 100),
	outcome text NOT NULL
		CONSTRAINT audit_events_outcome_check CHECK (outcome IN ('success', 'failure')),
	actor_id uuid,
	actor_kind text NOT NULL CONSTRAINT audit_events_actor_kind_check
		CHECK (actor_kind IN ('anonymous', 'user', 'api_key', 'system', 'cli')),
	target text,
	ip text,
	user_agent text,
	request_id text,
	detail jsonb
);

CREATE INDEX audit_events_by_at ON audit_events (at, id);
CREATE INDEX audit_events_of_actor ON audit_events (actor_id, at, id);
CREATE INDEX audit_events_by_action ON audit_events (action, at, id);
CREATE INDEX audit_events_by_outcome ON audit_events (outcome, at, id);

-- Append-only. Every role except the table's owner loses the privileges to change the log; if the
-- application is the owner, this trigger prevents accidental changes.
CREATE FUNCTION audit_events_guard() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'DELETE' AND current_setting('audit.prune', true) = 'on' THEN
		RETURN NULL;
	END IF;
	RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER audit_events_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
	FOR EACH STATEMENT EXECUTE FUNCTION audit_events_guard();

-- Deletes at most 10,000 events older than `days`, at least 30, and returns how many. It has the
-- owner's privileges, so that the application can prune the log in a job without being able to
-- change it. The body is bound to the table when it is created: search_path has no effect.
CREATE FUNCTION audit_events_forget(days integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER
BEGIN ATOMIC
	SELECT set_config('audit.prune', 'on', true); -- until the transaction ends
	WITH gone AS (
		DELETE FROM audit_events WHERE id = ANY (ARRAY(
			SELECT id FROM audit_events
			WHERE at < now() - make_interval(days => greatest(days, 30))
			ORDER BY at LIMIT 10000))
		RETURNING id)
	SELECT count(*) FROM gone;
END;

REVOKE ALL ON FUNCTION audit_events_forget(integer) FROM PUBLIC;

-- Other roles may read and append events, and prune those that have expired.
DO $$
DECLARE
	other text;
BEGIN
	FOR other IN
		SELECT DISTINCT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END
		FROM pg_class c, aclexplode(c.relacl) a
		WHERE c.oid = 'audit_events'::regclass AND a.grantee <> c.relowner
	LOOP
		EXECUTE format('REVOKE ALL ON audit_events FROM %s', other);
		EXECUTE format('GRANT SELECT, INSERT ON audit_events TO %s', other);
		IF other <> 'PUBLIC' THEN
			EXECUTE format('GRANT EXECUTE ON FUNCTION audit_events_forget(integer) TO %s', other);
		END IF;
	END LOOP;
END
$$;

-- The queue. A job is queued, or scheduled until run_at. The worker that runs it holds a lease,
-- which is renewed until the job has succeeded, failed or been cancelled. `key` is the order in
-- which a transaction enqueued its jobs, and fits into an atomic of the shared segment.
CREATE TABLE jobs (
	key bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT jobs_key_key UNIQUE,
	id uuid DEFAULT uuid_v7() PRIMARY KEY,
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
	fillfactor = 85, -- space for updates of lease and progress in the same page
	autovacuum_vacuum_scale_factor = 0.02,
	autovacuum_vacuum_insert_scale_factor = 0.05,
	autovacuum_analyze_scale_factor = 0.02
);

-- For the workers. They stay small, regardless of the number of finished jobs.
CREATE INDEX jobs_queued ON jobs (queue, priority DESC, run_at, key) WHERE status = 'queued';
CREATE INDEX jobs_scheduled ON jobs (run_at) WHERE status = 'scheduled';
CREATE INDEX jobs_running ON jobs (lease) WHERE status = 'running';
CREATE INDEX jobs_finished ON jobs (finished_at)
	WHERE status IN ('succeeded', 'failed', 'cancelled');
CREATE UNIQUE INDEX jobs_unique_key ON jobs (unique_key)
	WHERE unique_key IS NOT NULL AND status IN ('queued', 'scheduled', 'running');
CREATE INDEX jobs_unfinished_of_owner ON jobs (owner_id)
	WHERE owner_id IS NOT NULL AND status IN ('queued', 'scheduled', 'running');

-- For the API.
CREATE INDEX jobs_of_owner ON jobs (owner_id, queued_at, id) WHERE owner_id IS NOT NULL;
CREATE INDEX jobs_by_queued_at ON jobs (queued_at, id);
CREATE INDEX jobs_by_status ON jobs (status, queued_at, id);

-- Counts the running jobs of a queue with a limit. Until the transaction ends, no other one can
-- count; each statement of the function sees what was committed before it.
CREATE FUNCTION jobs_running(name text) RETURNS bigint
LANGUAGE sql VOLATILE AS $$
	SELECT pg_advisory_xact_lock(hashtext('jobs_running'));
	SELECT count(*) FROM jobs WHERE status = 'running' AND queue = name;
$$;

CREATE TABLE job_pauses (
	queue text PRIMARY KEY,
	paused_at timestamptz NOT NULL DEFAULT now()
);

-- The last occurrence of each cron entry that was enqueued.
CREATE TABLE job_crons (
	name text PRIMARY KEY,
	last_at timestamptz NOT NULL
);

-- The results of all attempts, for metrics, which must not decrease when old jobs are pruned. The
-- cells are a histogram of durations: the count of each bucket and of +Inf, and the sum in
-- microseconds.
CREATE TABLE job_totals (
	task text NOT NULL,
	result text NOT NULL,
	cells bigint[] NOT NULL,
	PRIMARY KEY (task, result)
);

-- migrate:down

DROP FUNCTION jobs_running(text);
DROP TABLE job_totals, job_crons, job_pauses, jobs;
DROP FUNCTION audit_events_forget(integer);
DROP TABLE audit_events;
DROP FUNCTION audit_events_guard();
DROP TABLE idempotency_keys, mails, api_keys, mail_tokens, refresh_tokens, sessions, users;
DROP FUNCTION uuid_v7();
