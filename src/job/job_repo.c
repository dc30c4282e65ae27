/* The SQL statements on jobs. */
#include "job_priv.h"

#include "app/clock.h"
#include "app/ids.h"
#include "app/log.h"
#include "app/metrics.h"
#include "app/settings.h"

enum { RETRY_SECONDS = 10 };

#define COLUMNS                                                                                    \
	"id, id AS job_id, kind AS task, status, progress, result, error, attempts, max_attempts," \
	" queued_at, run_at, started_at, finished_at, owner_id, queue, args, errors, request_id,"  \
	" priority, stop_at IS NOT NULL AS stopping"

#define UNFINISHED "status IN ('queued', 'scheduled', 'running')"
#define FINISHED   "status IN ('succeeded', 'failed', 'cancelled')"
#define FREE_LEASE "lease = NULL, lease_until = NULL"

/* Keeps the last 25 errors, each with the number and time of its attempt. */
#define APPENDED_ERROR(error)                                                                      \
	"CASE WHEN jsonb_array_length(errors) >= 25 THEN errors - 0 ELSE errors END"               \
	" || jsonb_build_object('attempt', attempts, 'at', now(), 'error', " error ")"

enum {
	INSERT,
	FIND_UNIQUE,
	LOCK_OWNER,
	COUNT_OWNER,
	NEXT,
	FINISH,
	PROGRESS,
	STOPPING,
	CHECK,
	RENEW,
	RESCUE,
	CRON_REGISTER,
	CRON_CLAIM,
	FIND,
	CANCEL,
	RETRY,
	NOTIFY,
	PAUSE,
	RESUME,
	PRUNE,
	STATS,
	DISCARD,
	TOTALS_ADD,
	TOTALS,
	DEPTH,
};

static const struct field inserted_fields[] = { { UUID(struct job_row, id) } };
static const struct schema inserted_schema = SCHEMA("JobInserted", struct job_row, inserted_fields);

/* All but the numbers are null if there is no job. */
static const struct field taken_fields[] = {
	{ INT(struct taken_job, key) },
	{ INT(struct taken_job, finished) },
	{ UUID(struct taken_job, id), .flags = F_NULLABLE },
	{ TEXT(struct taken_job, task), .flags = F_NULLABLE },
	{ TEXT(struct taken_job, queue), .flags = F_NULLABLE },
	{ TEXT(struct taken_job, args), .flags = F_NULLABLE },
	{ UUID(struct taken_job, owner_id), .flags = F_NULLABLE },
	{ TEXT(struct taken_job, request_id), .flags = F_NULLABLE },
	{ TEXT(struct taken_job, traceparent), .flags = F_NULLABLE },
	{ INT(struct taken_job, attempts) },
	{ INT(struct taken_job, max_attempts) },
};
static const struct schema taken_schema = SCHEMA("JobTaken", struct taken_job, taken_fields);

static const struct field stopping_fields[] = { { BOOL(struct job_row, stopping) } };
static const struct schema stopping_schema = SCHEMA("JobStopping", struct job_row, stopping_fields);

static const struct field due_fields[] = {
	{ BOOL(struct due_jobs, moved) },
	{ BOOL(struct due_jobs, waiting) },
	{ INT(struct due_jobs, next_ms) },
};
static const struct schema due_schema = SCHEMA("JobDue", struct due_jobs, due_fields);

static const struct field rescued_fields[] = {
	{ UUID(struct rescued_job, id) },
	{ TEXT(struct rescued_job, task) },
	{ TEXT(struct rescued_job, status) },
	{ TEXT(struct rescued_job, error), .flags = F_NULLABLE },
};
static const struct schema rescued_schema =
    SCHEMA("JobRescued", struct rescued_job, rescued_fields);

struct cron_seen {
	int64_t last_at;
};
static const struct field seen_fields[] = { { INT(struct cron_seen, last_at) } };
static const struct schema seen_schema = SCHEMA("JobCronSeen", struct cron_seen, seen_fields);

static const struct field total_fields[] = {
	{ TEXT(struct job_total, task) },    { TEXT(struct job_total, result) },
	{ INT(struct job_total, attempts) }, { INT(struct job_total, microseconds) },
	{ TEXT(struct job_total, cells) },
};
static const struct schema total_schema = SCHEMA("JobTotal", struct job_total, total_fields);

static const struct field depth_fields[] = {
	{ INT(struct job_depth, queued) },
	{ INT(struct job_depth, scheduled) },
	{ INT(struct job_depth, running) },
	{ INT(struct job_depth, oldest) },
};
static const struct schema depth_schema = SCHEMA("JobDepth", struct job_depth, depth_fields);

/* Ends an attempt: $1 key, $2 lease, $3 status, $4 delay in seconds, $5 error, $6 result. Without an
 * error, an attempt that has not succeeded does not count. */
#define NEXT_STATUS                                                                                \
	"CASE WHEN stop_at IS NOT NULL AND $3::text IN ('queued', 'scheduled')"                    \
	" THEN 'cancelled' ELSE $3 END"
#define FINISH_JOB                                                                                 \
	"UPDATE jobs SET status = " NEXT_STATUS ","                                                \
	" progress = CASE $3 WHEN 'succeeded' THEN 100 ELSE progress END, result = $6::jsonb,"     \
	" error = CASE $3 WHEN 'succeeded' THEN NULL ELSE coalesce($5::text, error) END,"          \
	" errors = CASE WHEN $5 IS NULL THEN errors ELSE " APPENDED_ERROR(                         \
	    "$5") " END,"                                                                          \
		  " attempts = attempts - CASE WHEN $5 IS NULL AND $3 <> 'succeeded' THEN 1 ELSE " \
		  "0 END,"                                                                         \
		  " run_at = CASE WHEN " NEXT_STATUS " = 'scheduled'"                              \
		  " THEN now() + make_interval(secs => $4) ELSE run_at END,"                       \
		  " finished_at = CASE WHEN " NEXT_STATUS " NOT IN ('queued', 'scheduled')"        \
		  " THEN now() END, " FREE_LEASE                                                   \
		  " WHERE key = $1::bigint AND status = 'running' AND lease = $2::bigint"

/* The queues that have queued jobs and may be served: $7 the served ones (NULL: all), $8 the queue
 * that was served last, which is now the last one, $9 and $10 queues with a limit and their limits. */
#define OPEN_QUEUES                                                                                \
	"heads AS ((SELECT queue FROM jobs WHERE status = 'queued' ORDER BY queue LIMIT 1)"        \
	" UNION ALL SELECT (SELECT j.queue FROM jobs j WHERE j.status = 'queued'"                  \
	" AND j.queue > heads.queue ORDER BY j.queue LIMIT 1)"                                     \
	" FROM heads WHERE heads.queue IS NOT NULL),"                                              \
	" open AS (SELECT queue FROM heads LEFT JOIN unnest($9::text[], $10::bigint[])"            \
	" AS l (name, most) ON name = queue WHERE queue IS NOT NULL"                               \
	" AND ($7::text[] IS NULL OR queue = ANY ($7))"                                            \
	" AND NOT EXISTS (SELECT FROM job_pauses p WHERE p.queue = heads.queue)"                   \
	" AND CASE WHEN most IS NULL THEN true ELSE jobs_running(queue) < most END"                \
	" ORDER BY queue <= $8::text, queue)"

/* The first job of the first of them, of the tasks $11, for $12 seconds. */
#define FIRST_JOB                                                                                  \
	"(SELECT first.key FROM open CROSS JOIN LATERAL (SELECT key FROM jobs"                     \
	" WHERE status = 'queued' AND queue = open.queue AND kind = ANY ($11::text[])"             \
	" ORDER BY priority DESC, run_at, key LIMIT 1 FOR UPDATE SKIP LOCKED) AS first LIMIT 1)"

const struct query job_queries[] = {
	[INSERT] = QUERY(
	    "jobs_insert", &inserted_schema,
	    "WITH made AS (INSERT INTO jobs (id, kind, queue, priority, status, args,"
	    " owner_id, unique_key, timeout, max_attempts, run_at, request_id,"
	    " traceparent)"
	    " VALUES ($1, $2, $3, $4,"
	    " CASE WHEN $5::timestamptz > now() THEN 'scheduled' ELSE 'queued' END, $6,"
	    " $7, $8, $9, $10, greatest($5, now()), $11, $12)"
	    " ON CONFLICT (unique_key) WHERE unique_key IS NOT NULL AND " UNFINISHED " DO NOTHING"
	    " RETURNING id, status)"
	    " SELECT id FROM made"
	    " WHERE NOT $13::boolean OR pg_notify('jobs', status) IS NOT NULL"),
	[FIND_UNIQUE] = QUERY_READ("jobs_find_unique", &inserted_schema,
				   "SELECT id FROM jobs WHERE unique_key = $1 AND " UNFINISHED),
	[LOCK_OWNER] =
	    QUERY("jobs_lock_owner", NULL,
		  "SELECT FROM pg_advisory_xact_lock(hashtext('jobs of owner'), hashtext($1))"),
	[COUNT_OWNER] =
	    QUERY("jobs_count_owner", &db_number_schema,
		  "SELECT count(*) AS n FROM (SELECT FROM jobs WHERE owner_id = $1 AND " UNFINISHED
		  " LIMIT $2::bigint) AS j"),
	[NEXT] =
	    QUERY("jobs_next", &taken_schema,
		  "WITH RECURSIVE finished AS (" FINISH_JOB " RETURNING key), " OPEN_QUEUES
		  ", taken AS (UPDATE jobs SET status = 'running', attempts = attempts + 1,"
		  " progress = 0, started_at = now(), lease = $2,"
		  " lease_until = now() + make_interval(secs => $12)"
		  " WHERE key = " FIRST_JOB " RETURNING *)"
		  " SELECT coalesce(key, 0) AS key, (SELECT count(*) FROM finished) AS finished,"
		  " id, kind AS task, queue, args, owner_id, request_id, traceparent,"
		  " coalesce(attempts, 0) AS attempts,"
		  " coalesce(max_attempts, 0) AS max_attempts"
		  " FROM (VALUES (1)) AS always LEFT JOIN taken ON true"),
	[FINISH] = QUERY("jobs_finish", NULL, FINISH_JOB),
	[PROGRESS] = QUERY("jobs_progress", &stopping_schema,
			   "UPDATE jobs SET progress = $3"
			   " WHERE key = $1 AND status = 'running' AND lease = $2"
			   " RETURNING stop_at IS NOT NULL AS stopping"),
	[STOPPING] = QUERY_READ("jobs_stopping", &stopping_schema,
				"SELECT stop_at IS NOT NULL AS stopping FROM jobs"
				" WHERE key = $1 AND status = 'running' AND lease = $2"),
	[CHECK] = QUERY("jobs_check", &due_schema,
			"WITH moved AS (UPDATE jobs SET status = 'queued' WHERE key = ANY (ARRAY("
			"SELECT key FROM jobs WHERE status = 'scheduled' AND run_at <= now()"
			" ORDER BY run_at LIMIT 1000 FOR UPDATE SKIP LOCKED)) RETURNING key)"
			" SELECT EXISTS (SELECT FROM moved) AS moved,"
			" EXISTS (SELECT FROM jobs WHERE status = 'queued') AS waiting,"
			" coalesce((SELECT least(1000000, ceil(extract(epoch FROM"
			" greatest(run_at - now(), interval '0')) * 1000))"
			" FROM jobs WHERE status = 'scheduled' AND run_at > now()"
			" ORDER BY run_at LIMIT 1), -1)::bigint AS next_ms"),
	[RENEW] = QUERY("jobs_renew", NULL,
			"UPDATE jobs SET lease_until = now() + make_interval(secs => $2)"
			" WHERE status = 'running' AND lease = ANY ($1::bigint[])"),
	[RESCUE] = QUERY(
	    "jobs_rescue", &rescued_schema,
	    "WITH lost AS MATERIALIZED (SELECT key AS this,"
	    " now() >= started_at + make_interval(secs => timeout) AS late,"
	    " CASE WHEN stop_at IS NOT NULL THEN 'cancelled'"
	    " WHEN attempts >= max_attempts THEN 'failed'"
	    " WHEN now() >= started_at + make_interval(secs => timeout) THEN 'scheduled'"
	    " ELSE 'queued' END AS next FROM jobs"
	    " WHERE status = 'running' AND (lease_until < now()"
	    " OR (lease BETWEEN $1 AND $2 AND lease <> ALL ($3::bigint[])))"
	    " FOR UPDATE SKIP LOCKED)"
	    " UPDATE jobs SET status = next, error = why, errors = " APPENDED_ERROR(
		"why") ","
		       " run_at = CASE WHEN late"
		       " THEN now() + interval '15 s' * 2 ^ least(attempts - 1, 10) ELSE run_at "
		       "END,"
		       " finished_at = CASE WHEN next IN ('cancelled', 'failed') THEN now() END,"
		       " " FREE_LEASE
		       " FROM lost, LATERAL (SELECT CASE WHEN late THEN 'it took longer than its"
		       " timeout' ELSE 'its worker was lost' END AS why) AS because"
		       " WHERE key = this RETURNING id, kind AS task, status, error"),
	[CRON_REGISTER] = QUERY("job_crons_begin", &seen_schema,
				"INSERT INTO job_crons AS c (name, last_at)"
				" VALUES ($1, to_timestamp($2)) ON CONFLICT (name)"
				" DO UPDATE SET last_at = c.last_at"
				" RETURNING extract(epoch FROM last_at)::bigint AS last_at"),
	[CRON_CLAIM] = QUERY("job_crons_claim", NULL,
			     "UPDATE job_crons SET last_at = to_timestamp($2)"
			     " WHERE name = $1 AND last_at < to_timestamp($2)"),
	[FIND] = QUERY_READ("jobs_find", &job_schema,
			    "SELECT " COLUMNS " FROM jobs"
			    " WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2)"),
	[CANCEL] = QUERY("jobs_cancel", &job_schema,
			 "UPDATE jobs SET stop_at = coalesce(stop_at, now()),"
			 " status = CASE status WHEN 'running' THEN status ELSE 'cancelled' END,"
			 " finished_at = CASE status WHEN 'running' THEN NULL ELSE now() END"
			 " WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2) AND " UNFINISHED
			 " RETURNING " COLUMNS),
	[RETRY] = QUERY("jobs_retry", &job_schema,
			"UPDATE jobs SET status = 'queued', attempts = 0, progress = 0,"
			" error = NULL, result = NULL, stop_at = NULL, started_at = NULL,"
			" finished_at = NULL, run_at = now()"
			" WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2)"
			" AND status IN ('failed', 'cancelled') RETURNING " COLUMNS),
	[NOTIFY] = QUERY("jobs_notify", NULL, "SELECT FROM pg_notify('jobs', $1)"),
	[PAUSE] = QUERY("job_pauses_insert", NULL,
			"INSERT INTO job_pauses (queue) VALUES ($1) ON CONFLICT DO NOTHING"),
	[RESUME] = QUERY("job_pauses_delete", NULL, "DELETE FROM job_pauses WHERE queue = $1"),
	[PRUNE] = QUERY("jobs_prune", NULL,
			"DELETE FROM jobs WHERE key = ANY (ARRAY(SELECT key FROM jobs"
			" WHERE " FINISHED
			" AND finished_at < now() - make_interval(hours => least($1::int, $2::int))"
			" AND finished_at < now() - make_interval(hours =>"
			" CASE status WHEN 'failed' THEN $2 ELSE $1 END)"
			" ORDER BY finished_at LIMIT $3 FOR UPDATE SKIP LOCKED))"),
	[STATS] = QUERY_READ(
	    "jobs_stats", &job_queue_schema,
	    "SELECT coalesce(j.queue, p.queue) AS queue, p.queue IS NOT NULL AS paused,"
	    " coalesce(queued, 0) AS queued, coalesce(scheduled, 0) AS scheduled,"
	    " coalesce(running, 0) AS running, coalesce(succeeded, 0) AS succeeded,"
	    " coalesce(failed, 0) AS failed, coalesce(cancelled, 0) AS cancelled,"
	    " coalesce(oldest, 0) AS oldest FROM (SELECT queue,"
	    " count(*) FILTER (WHERE status = 'queued') AS queued,"
	    " count(*) FILTER (WHERE status = 'scheduled') AS scheduled,"
	    " count(*) FILTER (WHERE status = 'running') AS running,"
	    " count(*) FILTER (WHERE status = 'succeeded') AS succeeded,"
	    " count(*) FILTER (WHERE status = 'failed') AS failed,"
	    " count(*) FILTER (WHERE status = 'cancelled') AS cancelled,"
	    " extract(epoch FROM now() - min(run_at) FILTER (WHERE status = 'queued'))::bigint"
	    " AS oldest FROM jobs GROUP BY queue) AS j"
	    " FULL JOIN job_pauses p ON p.queue = j.queue ORDER BY 1"),
	[DISCARD] = QUERY("jobs_discard_plans", NULL, "DISCARD PLANS"),
	[TOTALS_ADD] = QUERY("job_totals_add", NULL,
			     "INSERT INTO job_totals AS t (task, result, cells) VALUES ($1, $2, $3)"
			     " ON CONFLICT (task, result) DO UPDATE SET cells = ARRAY(SELECT a + b"
			     " FROM unnest(t.cells, excluded.cells) WITH ORDINALITY AS u (a, b, i)"
			     " ORDER BY i)"),
	[TOTALS] = QUERY_READ("job_totals", &total_schema,
			      "SELECT task, result, array_to_string(cells, ',') AS cells,"
			      " (SELECT sum(n) FROM unnest(cells[:15]) AS n)::bigint AS attempts,"
			      " cells[16] AS microseconds FROM job_totals ORDER BY task, result"),
	[DEPTH] = QUERY_READ(
	    "jobs_depth", &depth_schema,
	    "SELECT (SELECT count(*) FROM jobs WHERE status = 'queued') AS queued,"
	    " (SELECT count(*) FROM jobs WHERE status = 'scheduled') AS scheduled,"
	    " (SELECT count(*) FROM jobs WHERE status = 'running') AS running,"
	    " coalesce(extract(epoch FROM now() - (SELECT min(run_at) FROM jobs"
	    " WHERE status = 'queued' AND queue NOT IN (SELECT queue FROM job_pauses))), 0)::bigint"
	    " AS oldest"),
	{ 0 },
};

static const struct list_filter job_filters[] = {
	[JOBS_BY_STATUS] = { "status", "Only jobs with this status." },
	[JOBS_BY_TASK] = { "task", "Only jobs of this task.", .sql = "kind = $",
			   .value = { .type = TYPE_TEXT, .min = 1, .max = 100 } },
	[JOBS_BY_QUEUE] = { .column = "queue" },
	{ 0 },
};

static const struct list_sort job_sorts[] = { { "queued_at" }, { 0 } };

const struct table jobs_table = {
	.name = "jobs",
	.schema = &job_schema,
	.owner = "owner_id",
	.readers = OWNER_AND_ADMINS,
	.filters = job_filters,
	.sorts = job_sorts,
	.columns = COLUMNS,
	.from = "jobs",
};

static const char *
p_lease_seconds(struct ctx *c)
{
	return p_int(c, settings.job_lease_seconds);
}

/* A bigint[] parameter. */
static const char *
p_numbers(struct ctx *c, const int64_t *numbers, size_t n)
{
	struct buf b = buf_new(c->arena, 128 * 1024);

	for (size_t i = 0; i < n; i++) {
		buf_char(&b, i ? ',' : '{');
		buf_int(&b, numbers[i]);
	}
	buf_text(&b, n ? "}" : "{}");
	return b.data;
}

static const char *
p_time_or_null(struct ctx *c, int64_t microseconds)
{
	char text[CLOCK_TEXT_SIZE];

	if (!microseconds)
		return NULL;

	clock_text(microseconds, text);
	return arena_text(c->arena, text);
}

/* ---- enqueueing */

/* Retries, since the conflicting job may finish between the two statements. */
static enum error
insert_unique(struct ctx *c, struct db_params p, const char *key, struct job_row *out)
{
	enum error e = E_NOT_FOUND;

	for (int try = 0; e == E_NOT_FOUND && try < 3; try++) {
		e = db_one_(c, &job_queries[INSERT], out, p);
		if (e == E_NOT_FOUND && key)
			e = db_one(c, &job_queries[FIND_UNIQUE], out, key);
	}
	if (e == E_NOT_FOUND)
		return fail(c, E_CONFLICT,
			    "an identical job is being enqueued or finished: try again");
	if (!e)
		failure_clear(c);
	return e;
}

static const char *
args_json(struct ctx *c, const struct job_task *task, const void *args)
{
	struct buf b = buf_new(c->arena, JOB_ARGS_MAX);

	if (!task->args)
		return "{}";
	schema_write(&b, task->args, args);
	return buf_done(&b);
}

/* Call it in the transaction that has added an unfinished job of the owner. */
static enum error
check_owner(struct ctx *c, const char *owner)
{
	int64_t max = settings.job_max_unfinished, n;
	enum error e;

	if (!owner || !max)
		return OK;

	e = db_exec(c, &job_queries[LOCK_OWNER], NULL, owner);
	if (e)
		return e;

	e = db_one(c, &job_queries[COUNT_OWNER], &n, owner, p_int(c, max + 1));
	if (e || n <= max)
		return e;

	fail(c, E_RATE_LIMITED,
	     "there are %" PRId64 " unfinished jobs: wait until some finish, or cancel them", max);
	c->failure.retry_after = RETRY_SECONDS;
	return E_RATE_LIMITED;
}

enum error
job_enqueue_(struct ctx *c, const struct job_task *task, const void *args, struct job_options how)
{
	const char *json = args_json(c, task, args), *unique = NULL;
	struct job_row row = { 0 };
	char id[UUID_TEXT_SIZE];
	const void *checked;
	enum error e;

	if (!json)
		return fail(c, E_PAYLOAD_TOO_LARGE, "the arguments of a job have at most %d bytes",
			    JOB_ARGS_MAX);

	e = task_read_args(c, task, json, &checked);
	if (e)
		return e;

	if (how.unique)
		unique = arena_printf(c->arena, "%s:%s", task->name, how.unique);
	uuid_new(id);
	e = db_begin(c);
	if (e)
		return e;

	e = insert_unique(c,
			  DB_PARAMS(id, task->name,
				    how.queue && !task->concurrency ? how.queue : task_queue(task),
				    p_int(c, how.priority), p_time_or_null(c, how.run_at), json,
				    how.owner, unique, p_int(c, task_timeout(task)),
				    p_int(c, task_max_attempts(task)), c->request_id,
				    c->traceparent, p_bool(settings.job_listen)),
			  unique, &row);
	if (!e)
		e = check_owner(c, how.owner);
	if (!e && how.id)
		*how.id = row.id;
	return db_finish(c, e);
}

/* ---- for workers */

enum error
jobs_next(struct ctx *c, const struct job_end *end, const struct job_fetch *f,
	  struct taken_job *out)
{
	return db_one(c, &job_queries[NEXT], out, end->key ? p_int(c, end->key) : NULL,
		      p_int(c, f->lease), end->status, p_int(c, end->delay), end->error,
		      end->result, f->queues, f->last_queue, f->limited, f->limits, task_names(c),
		      p_lease_seconds(c));
}

enum error
jobs_finish(struct ctx *c, const struct job_end *end, int64_t lease, int64_t *changed)
{
	return db_exec(c, &job_queries[FINISH], changed, p_int(c, end->key), p_int(c, lease),
		       end->status, p_int(c, end->delay), end->error, end->result);
}

enum error
job_read_stopping(struct ctx *c, int64_t key, int64_t lease, bool *stopping)
{
	struct job_row row = { 0 };
	enum error e = db_one(c, &job_queries[STOPPING], &row, p_int(c, key), p_int(c, lease));

	*stopping = row.stopping;
	return e;
}

enum error
job_write_progress(struct ctx *c, int64_t key, int64_t lease, int percent, bool *stopping)
{
	struct job_row row = { 0 };
	enum error e = db_one(c, &job_queries[PROGRESS], &row, p_int(c, key), p_int(c, lease),
			      p_int(c, percent));

	*stopping = row.stopping;
	return e;
}

enum error
jobs_discard_plans(struct ctx *c)
{
	return db_exec(c, &job_queries[DISCARD], NULL);
}

/* ---- for the supervisor */

enum error
jobs_check(struct ctx *c, struct due_jobs *out)
{
	return db_one(c, &job_queries[CHECK], out);
}

enum error
jobs_renew(struct ctx *c, const int64_t *leases, size_t n)
{
	return db_exec(c, &job_queries[RENEW], NULL, p_numbers(c, leases, n), p_lease_seconds(c));
}

enum error
jobs_rescue(struct ctx *c, int64_t first, int64_t last, const int64_t *live, size_t n,
	    struct records *out)
{
	return db_all(c, &job_queries[RESCUE], out, p_int(c, first), p_int(c, last),
		      p_numbers(c, live, n));
}

enum error
cron_register(struct ctx *c, const char *name, int64_t now, int64_t *last_at)
{
	struct cron_seen seen = { 0 };
	enum error e = db_one(c, &job_queries[CRON_REGISTER], &seen, name, p_int(c, now));

	*last_at = seen.last_at;
	return e;
}

enum error
cron_claim(struct ctx *c, const char *name, int64_t at, bool *claimed)
{
	int64_t n = 0;
	enum error e = db_exec(c, &job_queries[CRON_CLAIM], &n, name, p_int(c, at));

	*claimed = n == 1;
	return e;
}

/* ---- for the API and commands */

enum error
job_find(struct ctx *c, const char *id, const char *visible_to, struct job_row *out)
{
	return db_one(c, &job_queries[FIND], out, id, visible_to);
}

enum error
jobs_notify(struct ctx *c, const char *what)
{
	return settings.job_listen ? db_exec(c, &job_queries[NOTIFY], NULL, what) : OK;
}

/* Changes a job if its state allows it. */
static enum error
change_job(struct ctx *c, const struct query *query, const char *id, const char *visible_to,
	   const char *refusal, struct job_row *out)
{
	enum error e;

	e = db_begin(c);
	if (!e)
		e = db_one(c, query, out, id, visible_to);
	if (e == E_NOT_FOUND) {
		e = job_find(c, id, visible_to, out);
		if (!e)
			e = fail(c, E_CONFLICT, "%s", refusal);
	}
	if (!e && query == &job_queries[RETRY])
		e = check_owner(c, out->owner_id);
	if (!e && query == &job_queries[RETRY])
		e = jobs_notify(c, "queued");
	return db_finish(c, e);
}

enum error
job_cancel(struct ctx *c, const char *id, const char *visible_to, struct job_row *out)
{
	return change_job(c, &job_queries[CANCEL], id, visible_to, "the job has already finished",
			  out);
}

enum error
job_retry(struct ctx *c, const char *id, const char *visible_to, struct job_row *out)
{
	enum error e = change_job(c, &job_queries[RETRY], id, visible_to,
				  "only failed and cancelled jobs can be retried", out);

	if (e == E_CONFLICT && strcmp(db_constraint(c), "jobs_unique_key") == 0)
		return fail(c, E_CONFLICT, "an identical job has not finished yet");
	return e;
}

enum error
job_pause(struct ctx *c, const char *queue, bool paused)
{
	enum error e;

	e = db_begin(c);
	if (!e)
		e = db_exec(c, &job_queries[paused ? PAUSE : RESUME], NULL, queue);
	if (!e && !paused)
		e = jobs_notify(c, "queued");
	return db_finish(c, e);
}

enum error
job_prune(struct ctx *c, int64_t hours, int64_t *removed)
{
	enum { BATCH = 1000 };
	const char *ended = p_int(c, hours ? hours : settings.job_retention_hours);
	const char *failed = p_int(c, hours ? hours : settings.job_retention_failed_hours);
	int64_t n = BATCH;
	enum error e = OK;

	*removed = 0;
	while (!e && n == BATCH) {
		e = db_exec(c, &job_queries[PRUNE], &n, ended, failed, p_int(c, BATCH));
		if (!e)
			*removed += n;
	}
	return e;
}

enum error
job_stats(struct ctx *c, struct records *out)
{
	return db_all(c, &job_queries[STATS], out);
}

enum error
job_count(struct ctx *c, struct job_depth *out)
{
	return db_one(c, &job_queries[DEPTH], out);
}

enum error
job_totals(struct ctx *c, struct records *out)
{
	return db_all(c, &job_queries[TOTALS], out);
}

enum error
job_totals_add(struct ctx *c, const struct metric_series *s)
{
	return db_exec(c, &job_queries[TOTALS_ADD], NULL, s->values[0], s->values[1],
		       p_numbers(c, (const int64_t *)s->cells, METRIC_CELLS));
}
