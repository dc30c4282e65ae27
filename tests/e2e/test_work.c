/* `work`: jobs that run, fail, are lost, stopped and retried. Each test has its own pool and
 * schema. */
#include <criterion/criterion.h>

#include "support/testdb.h"

#include "app/settings.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum { TIMEOUT_MS = 60000, NAP_MS = 20, ARGS_MAX = 8, POOLS_MAX = 3 };

#define APP "tests/e2e/jobs_app" /* A reload executes argv[0] again. */

static struct arena *arena;
static char directory[] = "/tmp/work-XXXXXX";
static const char *log_file;
static pid_t pools[POOLS_MAX];

static void
begin(void)
{
	arena = arena_new(64 * 1024 * 1024);
	testdb_open(arena);
	testdb_spoil();
	testdb_sql("CREATE TABLE effects (job uuid, n bigint, attempt int, pid int, what text,"
		   " at timestamptz NOT NULL DEFAULT clock_timestamp())");
	cr_assert_not_null(mkdtemp(directory));
	log_file = arena_printf(arena, "%s/log", directory);
}

static void
stop(pid_t *pool, int signal)
{
	if (*pool)
		kill(*pool, signal);
	if (*pool)
		waitpid(*pool, NULL, 0);
	*pool = 0;
}

static void
end(void)
{
	for (size_t i = 0; i < POOLS_MAX; i++)
		stop(&pools[i], SIGTERM);
	unlink(log_file);
	rmdir(directory);
	testdb_sql("DROP TABLE IF EXISTS effects");
	testdb_close();
	arena_free(arena);
}

TestSuite(work, .init = begin, .fini = end, .timeout = 180);

/* ---- the program */

static NORETURN void
become(const char *const *given, const char *const *args)
{
	int log = open(log_file, O_WRONLY | O_CREAT | O_APPEND, 0600);

	prctl(PR_SET_PDEATHSIG, SIGTERM); /* exits with a failing test */
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	setenv("DATABASE_URL", settings.database_url, 1);
	setenv("DB_SCHEMA", settings.db_schema, 1);
	setenv("ENV_FILE", "/dev/null", 1);
	setenv("LOG_FORMAT", "json", 1);
	setenv("LOG_LEVEL", "debug", 1);
	for (; given && *given; given++)
		putenv((char *)(uintptr_t)*given);
	execv(APP, (char *const *)args);
	_exit(127);
}

#define SETTINGS(...) ((const char *const[]) { __VA_ARGS__, NULL })
#define NO_DRAIN      SETTINGS("JOB_DRAIN_SECONDS=0") /* The end of the test does not wait for jobs. */

static pid_t
start(const char *const *given)
{
	const char *const args[] = { APP, "work", NULL };
	pid_t pid = fork();

	if (pid == 0)
		become(given, args);
	cr_assert(pid > 0);
	for (size_t i = 0; i < POOLS_MAX; i++) {
		if (!pools[i]) {
			pools[i] = pid;
			return pid;
		}
	}
	cr_assert_fail("too many pools");
	return 0;
}

/* Returns the exit status. */
static int
run(const char *first, ...)
{
	const char *args[ARGS_MAX] = { APP, first };
	int status = -1, n = 2;
	va_list rest;
	pid_t pid;

	va_start(rest, first);
	while (n < ARGS_MAX - 1 && (args[n] = va_arg(rest, const char *)))
		n++;
	va_end(rest);
	args[n] = NULL;
	pid = fork();
	if (pid == 0)
		become(NULL, args);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static const char *
the_log(void)
{
	static char text[8 * 1024 * 1024]; /* the log has every statement */
	FILE *in = fopen(log_file, "r");
	size_t n = in ? fread(text, 1, sizeof(text) - 1, in) : 0;

	text[n] = '\0';
	if (in)
		fclose(in);
	return text;
}

/* ---- jobs */

static const char *
add(const char *kind, int64_t n)
{
	return testdb_sql("INSERT INTO jobs (kind, queue, args, timeout, max_attempts)"
			  " VALUES ('%s', '%s', '{\"n\": %" PRId64 "}', 30, %d) RETURNING id",
			  kind, strcmp(kind, "limited") == 0 ? kind : "default", n,
			  strcmp(kind, "failing") == 0    ? 3
			  : strcmp(kind, "crashing") == 0 ? 2
			  : strcmp(kind, "late") == 0 || strcmp(kind, "deaf") == 0 ||
				  strcmp(kind, "greedy") == 0
			      ? 1
			      : 10);
}

#define wait_for(wanted, ...) wait_for_((wanted), arena_printf(arena, __VA_ARGS__), __LINE__)
static void
wait_for_(const char *wanted, const char *sql, int line)
{
	const char *got = "";

	for (int waited = 0; waited < TIMEOUT_MS; waited += NAP_MS) {
		got = testdb_sql("%s", sql);
		got = got ? got : "NULL";
		if (strcmp(got, wanted) == 0)
			return;
		poll(NULL, 0, NAP_MS);
	}
	cr_assert_fail("line %d: %s: got %s, expected %s; log:\n%s", line, sql, got, wanted,
		       the_log());
}

static void
wait_status(const char *id, const char *status)
{
	wait_for(status, "SELECT status FROM jobs WHERE id = '%s'", id);
}

static const char *
of_job(const char *id, const char *column)
{
	const char *value = testdb_sql("SELECT %s FROM jobs WHERE id = '%s'", column, id);

	return value ? value : "NULL";
}

static const char *
effects(const char *what)
{
	return testdb_sql("SELECT count(*) FROM effects WHERE what = '%s'", what);
}

/* ---- metrics */

static void
wait_total(const char *wanted, const char *task, const char *result)
{
	wait_for(wanted,
		 "SELECT (SELECT sum(n) FROM unnest(cells[:15]) AS n) FROM job_totals"
		 " WHERE task = '%s' AND result = '%s'",
		 task, result);
}

Test(work, counts_outcomes)
{
	const char *late;
	pid_t first;

	add("effect", 1);
	add("failing", 1);
	late = add("slow", 30000);
	first = start(NULL);
	wait_total("1", "effect", "succeeded");
	wait_total("1", "failing", "retried");
	wait_status(late, "running");
	cr_assert_eq(run("jobs", "cancel", late, NULL), 0, "%s", the_log());
	wait_total("1", "slow", "cancelled");

	/* Another pool adds to the totals; counts from just before the exit are not lost. */
	start(NULL);
	for (int i = 0; i < 100; i++)
		add("effect", i);
	wait_for("0", "SELECT count(*) FROM jobs WHERE kind = 'effect' AND status <> 'succeeded'");
	kill(first, SIGTERM);
	wait_total("101", "effect", "succeeded");
	cr_assert_eq(run("jobs", "stats", NULL), 0);
	cr_expect_not_null(
	    strstr(the_log(), "slow                           cancelled             1"), "%s",
	    the_log());
	wait_for("t", "SELECT cells[16] > 0 FROM job_totals WHERE task = 'slow'");
}

/* ---- outcomes */

Test(work, runs_jobs)
{
	const char *id = add("effect", 7);

	start(NULL);
	wait_status(id, "succeeded");
	cr_expect_str_eq(of_job(id, "progress"), "100");
	cr_expect_str_eq(of_job(id, "attempts"), "1");
	cr_expect_str_eq(of_job(id, "finished_at IS NOT NULL AND lease IS NULL"), "t");
	cr_expect_str_eq(testdb_sql("SELECT n FROM effects"), "7");

	cr_assert_eq(run("enqueue", "effect", "500", "50", NULL), 0, "%s", the_log());
	wait_for("501", "SELECT count(*) FROM jobs WHERE kind <> 'timed' AND status = 'succeeded'");
	cr_expect_str_eq(effects("effect"), "501");
}

/* The next poll would be too late, so a notification must have caused it. */
Test(work, starts_jobs_soon_after_the_commit)
{
	start(SETTINGS("JOB_POLL_SECONDS=60"));
	for (int i = 0; i < 5; i++)
		cr_assert_eq(run("enqueue", "effect", "1", NULL), 0);
	wait_for("5", "SELECT count(*) FROM jobs WHERE kind <> 'timed' AND status = 'succeeded'");
}

Test(work, polls_if_listen_is_off)
{
	const char *id;

	start(SETTINGS("JOB_LISTEN=off", "JOB_POLL_SECONDS=1"));
	id = add("effect", 0);
	wait_status(id, "succeeded");
	id = add("effect", 0);
	wait_status(id, "succeeded");
	cr_expect_null(strstr(the_log(), "LISTEN"));
}

Test(work, retries_failed_jobs)
{
	const char *id = add("failing", 2), *dead = add("failing", 9);

	start(NULL);
	wait_status(id, "succeeded");
	cr_expect_str_eq(of_job(id, "attempts"), "3");
	cr_expect_str_eq(of_job(id, "error"), "NULL");
	cr_expect_str_eq(of_job(id, "jsonb_array_length(errors)"), "2");
	cr_expect_str_eq(of_job(id, "errors -> 1 ->> 'error'"), "try 2 fails");
	cr_expect_str_eq(of_job(id, "errors -> 1 ->> 'attempt'"), "2");
	wait_status(dead, "failed");
	cr_expect_str_eq(of_job(dead, "attempts"), "3");
	cr_expect_str_eq(of_job(dead, "error"), "try 3 fails");
	cr_expect_str_eq(of_job(dead, "jsonb_array_length(errors)"), "3");
}

Test(work, does_not_retry_hopeless_jobs)
{
	const char *id = add("hopeless", 0), *unread;

	unread = testdb_sql("INSERT INTO jobs (kind, queue, args)"
			    " VALUES ('effect', 'default', '{\"m\": 1}') RETURNING id");
	start(NULL);
	wait_status(id, "failed");
	cr_expect_str_eq(of_job(id, "attempts"), "1");
	cr_expect_str_eq(of_job(id, "error"), "no further attempt is useful");
	wait_status(unread, "failed");
	cr_expect_not_null(strstr(of_job(unread, "error"), "n is required"), "%s",
			   of_job(unread, "error"));
}

Test(work, survives_a_job_that_exhausts_its_memory)
{
	const char *id = add("greedy", 0), *next = add("effect", 0);

	start(SETTINGS("JOB_WORKERS=1"));
	wait_status(id, "failed");
	cr_expect_str_eq(of_job(id, "error"), "it used more memory than allowed");
	wait_status(next, "succeeded");
}

Test(work, snoozing_is_not_an_attempt)
{
	const char *id = add("snoozing", 1);

	start(SETTINGS("JOB_WORKERS=1"));
	wait_status(id, "succeeded");
	cr_expect_str_eq(of_job(id, "attempts"), "1");
	cr_expect_str_eq(effects("seen"), "2");
}

Test(work, the_effect_and_the_end_are_atomic)
{
	start(NULL);
	cr_assert_eq(run("enqueue", "once", "100", "100", NULL), 0);
	wait_for("100", "SELECT count(*) FROM jobs WHERE kind <> 'timed' AND status = 'succeeded'");
	cr_expect_str_eq(effects("once"), "100");
}

/* ---- time */

Test(work, stops_jobs_that_take_too_long)
{
	const char *late = add("late", 60000), *deaf = add("deaf", 60000), *next;

	testdb_sql("UPDATE jobs SET timeout = 1");
	start(SETTINGS("JOB_WORKERS=2"));
	wait_status(late, "failed");
	cr_expect_str_eq(of_job(late, "error"), "it took longer than its timeout");
	wait_status(deaf, "failed"); /* the worker exits too */
	cr_expect_str_eq(of_job(deaf, "error"), "it took longer than its timeout");
	next = add("effect", 0);
	wait_status(next, "succeeded");
}

Test(work, runs_scheduled_jobs_when_they_are_due)
{
	const char *id, *never;

	id = testdb_sql("INSERT INTO jobs (kind, queue, args, status, run_at) VALUES ('effect',"
			" 'default', '{\"n\": 1}', 'scheduled', now() + interval '1500 ms')"
			" RETURNING id");
	never = testdb_sql("INSERT INTO jobs (kind, queue, args, status, run_at) VALUES ('effect',"
			   " 'default', '{\"n\": 1}', 'scheduled', now() + interval '1 day')"
			   " RETURNING id");
	start(NULL);
	wait_status(id, "succeeded");
	cr_expect_str_eq(of_job(id, "started_at >= run_at"), "t");
	cr_expect_str_eq(of_job(id, "started_at < run_at + interval '4 s'"), "t");
	cr_expect_str_eq(of_job(never, "status"), "scheduled");
}

/* Times that were missed while no pool ran enqueue one job, by one of the pools. */
Test(work, a_cron_entry_is_enqueued_once)
{
	testdb_sql("INSERT INTO job_crons VALUES ('every_minute',"
		   " date_trunc('minute', now()) - interval '10 minutes')");
	for (int i = 0; i < POOLS_MAX; i++)
		start(SETTINGS("JOB_WORKERS=1"));
	wait_for("t",
		 "SELECT count(*) > 0 FROM jobs WHERE kind = 'timed' AND status = 'succeeded'");
	wait_for("t", "SELECT last_at >= date_trunc('minute', now()) - interval '1 minute'"
		      " FROM job_crons");
	cr_expect_leq(strtol(testdb_sql("SELECT count(*) FROM jobs"), NULL, 10), 2);
}

/* ---- order and limits */

Test(work, the_highest_priority_is_first)
{
	for (int i = 0; i < 20; i++)
		testdb_sql("INSERT INTO jobs (kind, queue, args, priority) VALUES ('effect',"
			   " 'default', '{\"n\": %d}', %d)",
			   i, (i * 7) % 20);
	start(SETTINGS("JOB_WORKERS=1"));
	wait_for("20", "SELECT count(*) FROM effects");
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM (SELECT (n * 7) %% 20 AS p,"
				    " lag((n * 7) %% 20) OVER (ORDER BY at) AS before FROM effects)"
				    " AS x WHERE p > before"),
			 "0");
}

Test(work, a_paused_queue_waits)
{
	const char *id;

	cr_assert_eq(run("jobs", "pause", "default", NULL), 0, "%s", the_log());
	id = add("effect", 0);
	start(NULL);
	testdb_sql("INSERT INTO jobs (kind, queue, args)"
		   " VALUES ('effect', 'other', '{\"n\": 1}')");
	wait_for("1", "SELECT count(*) FROM effects WHERE n = 1");
	cr_expect_str_eq(of_job(id, "status"), "queued");
	cr_assert_eq(run("jobs", "resume", "default", NULL), 0);
	wait_status(id, "succeeded");
}

Test(work, serves_only_its_queues)
{
	const char *id = add("effect", 0);

	start(SETTINGS("JOB_QUEUES=one,two:1"));
	for (int i = 0; i < 2; i++)
		testdb_sql("INSERT INTO jobs (kind, queue, args)"
			   " VALUES ('effect', '%s', '{\"n\": 1}')",
			   i ? "two" : "one");
	wait_for("2", "SELECT count(*) FROM effects");
	cr_expect_str_eq(of_job(id, "status"), "queued");
}

Test(work, ignores_unknown_tasks)
{
	const char *id = add("of_the_next_version", 0), *next = add("effect", 0);

	start(NULL);
	wait_status(next, "succeeded");
	cr_expect_str_eq(of_job(id, "status"), "queued");
}

Test(work, respects_the_limit_of_a_queue)
{
	for (int i = 0; i < 8; i++)
		add("limited", 300);
	start(SETTINGS("JOB_WORKERS=3"));
	start(SETTINGS("JOB_WORKERS=3"));
	wait_for("8", "SELECT count(*) FROM effects WHERE what = 'ended'");
	cr_expect_str_eq(
	    testdb_sql("SELECT max(running) FROM (SELECT sum(CASE what WHEN 'begun' THEN 1 ELSE -1"
		       " END) OVER (ORDER BY at) AS running FROM effects) AS x"),
	    "2");
}

/* One worker runs it, the other one the jobs that follow. */
Test(work, a_slow_job_does_not_delay_others)
{
	const char *slow;

	start(SETTINGS("JOB_WORKERS=2"));
	cr_assert_eq(run("enqueue", "effect", "300", "300", NULL), 0);
	wait_for("300", "SELECT count(*) FROM jobs WHERE kind = 'effect' AND status = 'succeeded'");
	slow = testdb_sql("INSERT INTO jobs (kind, queue, args, timeout, priority) VALUES"
			  " ('slow', 'default', '{\"n\": 20000}', 60, 1) RETURNING id");
	cr_assert_eq(run("enqueue", "effect", "50", "50", NULL), 0);
	wait_for("350", "SELECT count(*) FROM jobs WHERE kind = 'effect' AND status = 'succeeded'");
	cr_expect_str_eq(of_job(slow, "status"), "running");
	cr_assert_eq(run("jobs", "cancel", slow, NULL), 0);
	wait_status(slow, "cancelled");
}

/* Users wait for e-mails, so long jobs must not delay them. */
Test(work, long_jobs_do_not_delay_mail)
{
	const char *slow[3], *mail;

	start(SETTINGS("JOB_WORKERS=2"));
	for (size_t i = 0; i < 3; i++)
		slow[i] = add("slow", 25000);
	wait_for("2", "SELECT count(*) FROM jobs WHERE status = 'running'");
	mail = testdb_sql("INSERT INTO jobs (kind, queue, args)"
			  " VALUES ('effect', 'mail', '{\"n\": 1}') RETURNING id");
	testdb_sql("NOTIFY jobs, 'queued'");
	wait_status(mail, "succeeded");
	cr_expect_str_eq(testdb_sql("SELECT string_agg(status, ' ' ORDER BY status) FROM jobs"
				    " WHERE kind = 'slow'"),
			 "queued running running");
	for (size_t i = 0; i < 3; i++)
		run("jobs", "cancel", slow[i], NULL);
	for (size_t i = 0; i < 3; i++)
		wait_status(slow[i], "cancelled");
}

/* ---- stopping */

Test(work, stops_a_running_job_that_is_cancelled)
{
	const char *id = add("slow", 30000);

	start(NO_DRAIN);
	wait_for("begun", "SELECT what FROM effects");
	cr_assert_eq(run("jobs", "cancel", id, NULL), 0, "%s", the_log());
	wait_status(id, "cancelled");
	cr_expect_str_eq(of_job(id, "attempts"), "1");
	cr_expect_str_eq(effects("ended"), "0");
	cr_assert_eq(run("jobs", "retry", id, NULL), 0);
	wait_for("2", "SELECT count(*) FROM effects WHERE what = 'begun'");
}

Test(work, shows_progress)
{
	const char *id = add("slow", 10000);

	start(NO_DRAIN);
	wait_for("t", "SELECT progress BETWEEN 1 AND 99 FROM jobs WHERE id = '%s'", id);
	cr_assert_eq(run("jobs", "show", id, NULL), 0);
	cr_expect_not_null(strstr(the_log(), " %\n"), "%s", the_log());
}

Test(work, lets_running_jobs_finish)
{
	const char *id = add("slow", 1500), *next;
	pid_t pool = start(SETTINGS("JOB_WORKERS=1"));
	int status = -1;

	wait_for("begun", "SELECT what FROM effects");
	next = add("effect", 0);
	kill(pool, SIGTERM);
	waitpid(pool, &status, 0);
	pools[0] = 0;
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	cr_expect_str_eq(of_job(id, "status"), "succeeded");
	cr_expect_str_eq(of_job(next, "status"), "queued");
}

Test(work, releases_jobs_that_do_not_finish_in_time)
{
	const char *id = add("slow", 60000);
	pid_t pool = start(NO_DRAIN);

	wait_for("begun", "SELECT what FROM effects");
	kill(pool, SIGTERM);
	waitpid(pool, NULL, 0);
	pools[0] = 0;
	cr_expect_str_eq(of_job(id, "status"), "queued");
	cr_expect_str_eq(of_job(id, "attempts"), "0");
}

Test(work, a_reload_lets_jobs_continue)
{
	const char *id = add("slow", 3000), *next;
	pid_t pool = start(NULL);

	wait_for("begun", "SELECT what FROM effects");
	kill(pool, SIGHUP);
	for (int i = 0; i < 1000 && !strstr(the_log(), "pool reloaded"); i++)
		poll(NULL, 0, NAP_MS);
	cr_expect_not_null(strstr(the_log(), "pool reloaded"), "%s", the_log());
	next = add("effect", 0);
	wait_status(next, "succeeded");
	wait_status(id, "succeeded");
	cr_expect_str_eq(of_job(id, "attempts"), "1");
	cr_expect_str_eq(effects("begun"), "1");
}

/* ---- lost workers */

Test(work, another_worker_gets_the_job_of_a_killed_worker)
{
	const char *id = add("slow", 2000);

	start(SETTINGS("JOB_WORKERS=2"));
	wait_for("begun", "SELECT what FROM effects");
	poll(
	    NULL, 0,
	    1200); /* time for the supervisor to register the worker, so that the lease need not expire */
	kill((pid_t)strtol(testdb_sql("SELECT pid FROM effects"), NULL, 10), SIGKILL);
	wait_status(id, "succeeded");
	cr_expect_str_eq(of_job(id, "attempts"), "2");
	cr_expect_str_eq(of_job(id, "errors -> 0 ->> 'error'"), "its worker was lost");
}

/* Kills all processes of the pool except the first, the supervisor. */
static void
kill_workers(pid_t pool)
{
	char text[400] = "", *at = text;
	FILE *in = fopen(arena_printf(arena, "/proc/%d/task/%d/children", pool, pool), "r");
	bool supervisor = true;

	cr_assert_not_null(in);
	cr_assert_not_null(fgets(text, sizeof(text), in));
	fclose(in);
	for (long pid; (pid = strtol(at, &at, 10)) > 0; supervisor = false)
		if (!supervisor)
			kill((pid_t)pid, SIGKILL);
}

Test(work, jobs_fetched_after_the_death_of_their_worker_are_rescued)
{
	const char *id;
	pid_t pool;

	/* The supervisor that wrote this total knows the worker. */
	pool = start(SETTINGS("JOB_LEASE_SECONDS=3600", "JOB_WORKERS=1"));
	add("effect", 0);
	wait_total("1", "effect", "succeeded");

	testdb_sql("CREATE FUNCTION take_long() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
		   " PERFORM pg_advisory_xact_lock(hashtext('take_long'),"
		   " hashtext(current_schema()));"
		   " PERFORM pg_sleep(4); RETURN NEW; END $$");
	testdb_sql("CREATE TRIGGER take_long BEFORE UPDATE ON jobs FOR EACH ROW"
		   " WHEN (NEW.status = 'running' AND NEW.attempts = 1)"
		   " EXECUTE FUNCTION take_long()");
	id = add("effect", 1);
	wait_for("1", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
		      " AND classid = hashtext('take_long')::oid"
		      " AND objid = hashtext(current_schema())::oid");
	kill_workers(pool);
	wait_status(id, "succeeded");
	cr_expect_str_eq(of_job(id, "attempts"), "2");
}

Test(work, a_job_that_kills_its_worker_fails_eventually)
{
	const char *id = add("crashing", 0);

	start(SETTINGS("JOB_WORKERS=1", "JOB_LEASE_SECONDS=1"));
	wait_status(id, "failed");
	cr_expect_str_eq(of_job(id, "attempts"), "2");
	cr_expect_str_eq(effects("crash"), "2");
}

/* Parent and workers are killed, so only the lease can expire. */
Test(work, another_pool_gets_the_jobs_of_a_killed_pool)
{
	const char *id = add("slow", 2000);
	pid_t pool = start(SETTINGS("JOB_LEASE_SECONDS=2"));

	wait_for("begun", "SELECT what FROM effects");
	kill((pid_t)strtol(testdb_sql("SELECT pid FROM effects"), NULL, 10), SIGKILL);
	kill(pool, SIGKILL);
	waitpid(pool, NULL, 0);
	pools[0] = 0;
	start(NULL);
	wait_status(id, "succeeded");
	cr_expect_str_eq(of_job(id, "attempts"), "2");
}

/* The worker continues and finds that another one has taken over its job. */
Test(work, a_worker_without_lease_cannot_finish_the_job)
{
	const char *id = add("deaf", 4000);
	pid_t worker;

	testdb_sql("UPDATE jobs SET max_attempts = 5, timeout = 60");
	start(SETTINGS("JOB_LEASE_SECONDS=1", "JOB_WORKERS=2"));
	wait_for("begun", "SELECT what FROM effects");
	worker = (pid_t)strtol(testdb_sql("SELECT pid FROM effects"), NULL, 10);
	kill(worker, SIGSTOP);
	wait_for("2", "SELECT count(*) FROM effects WHERE what = 'begun'");
	testdb_sql("UPDATE jobs SET priority = 7");
	kill(worker, SIGCONT);
	wait_status(id, "succeeded");
	cr_expect_str_eq(of_job(id, "attempts"), "2");
	wait_for("t", "SELECT count(*) >= 1 FROM effects WHERE what = 'ended' AND pid <> %d",
		 (int)worker);
}

Test(work, leases_are_renewed)
{
	const char *id = add("slow", 4000);

	start(SETTINGS("JOB_LEASE_SECONDS=1"));
	start(SETTINGS("JOB_LEASE_SECONDS=1"));
	wait_status(id, "succeeded");
	cr_expect_str_eq(of_job(id, "attempts"), "1");
	cr_expect_str_eq(effects("begun"), "1");
}

/* ---- signals */

/* Sends a signal to the supervisor and the workers. Returns their number. */
static size_t
signal_children(pid_t pool, int number)
{
	char path[64];
	size_t n = 0;
	FILE *in;
	int pid;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pool, (int)pool);
	in = fopen(path, "r");
	cr_assert_not_null(in);
	for (; fscanf(in, "%d", &pid) == 1; n++)
		kill(pid, number);
	fclose(in);
	return n;
}

Test(work, no_signal_terminates_it_silently)
{
	static const int ends[] = { SIGTERM, SIGINT,  SIGQUIT, SIGHUP, SIGKILL, SIGSTOP,
				    SIGTSTP, SIGUSR1, SIGXCPU, SIGILL, SIGTRAP, SIGABRT,
				    SIGBUS,  SIGFPE,  SIGSEGV, SIGSYS };
	pid_t pool = start(SETTINGS("JOB_WORKERS=1"));

	wait_status(add("effect", 1), "succeeded");
	for (int number = 1; number <= SIGRTMAX; number++) {
		bool skip = number == 32 || number == 33;

		for (size_t i = 0; i < COUNT(ends); i++)
			skip |= number == ends[i];
		if (skip)
			continue;
		cr_assert_eq(kill(pool, number), 0, "signal %d", number);
		cr_expect_eq(signal_children(pool, number), 3, "signal %d", number);
	}
	wait_status(add("effect", 2), "succeeded");
	cr_expect_null(strstr(the_log(), "exited on signal"));
	cr_expect_not_null(strstr(the_log(), "ignored signal"));
}

Test(work, a_worker_at_its_cpu_limit_logs_a_line)
{
	pid_t pool = start(SETTINGS("JOB_WORKERS=1"));
	int lines = 0;

	wait_status(add("effect", 1), "succeeded");
	cr_expect_eq(signal_children(pool, SIGXCPU), 3);
	wait_status(add("effect", 2), "succeeded");
	for (int waited = 0; lines < 3 && waited < TIMEOUT_MS; waited += NAP_MS) {
		lines = 0;
		for (const char *at = the_log(); (at = strstr(at, "RLIMIT_CPU")); at++)
			lines++;
		poll(NULL, 0, NAP_MS);
	}
	cr_expect_eq(lines, 3);
}

Test(work, stopped_processes_are_replaced)
{
	pid_t pool = start(SETTINGS("JOB_WORKERS=1"));

	wait_status(add("effect", 1), "succeeded");
	cr_expect_eq(signal_children(pool, SIGSTOP), 3);
	wait_status(add("effect", 2), "succeeded");
	cr_expect_not_null(strstr(the_log(), "is stopped: killed"));
}

/* ---- work --once */

Test(work, once_runs_due_jobs_and_exits)
{
	const char *quick = add("effect", 1), *late = add("effect", 2),
		   *failing = add("failing", 3);
	int status;

	testdb_sql("UPDATE jobs SET status = 'scheduled', run_at = now() + interval '1 hour'"
		   " WHERE id = '%s'",
		   late);
	testdb_sql("UPDATE jobs SET status = 'scheduled', run_at = now() - interval '1 s'"
		   " WHERE id = '%s'",
		   failing);
	status = run("work", "--once", NULL);
	cr_expect_eq(status, 0, "%s", the_log());
	cr_expect_str_eq(of_job(quick, "status"), "succeeded");
	cr_expect_str_eq(of_job(late, "status"), "scheduled");
	cr_expect_str_eq(of_job(failing, "attempts"), "1", "the due job was queued and run");
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM jobs WHERE status = 'running'"), "0");
	wait_total("1", "effect", "succeeded");
	cr_expect_eq(run("work", "--once", NULL), 0, "with nothing to do");
}

Test(work, a_command_queues_a_task_with_checked_arguments)
{
	cr_expect_eq(run("jobs", "run", "effect", "{\"n\":7}", NULL), 0, "%s", the_log());
	cr_expect_str_eq(testdb_sql("SELECT args->>'n' FROM jobs WHERE kind = 'effect'"), "7");
	cr_expect_eq(run("jobs", "run", "effect", "{\"n\":\"x\"}", NULL), 1);
	cr_expect_eq(run("jobs", "run", "effect", "7 7", NULL), 1);
	cr_expect_eq(run("jobs", "run", "nothing", NULL), 1);
	cr_expect_not_null(strstr(the_log(), "unknown task nothing (one of: "));
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM jobs"), "1");
	cr_expect_eq(run("work", "--once", NULL), 0);
	cr_expect_str_eq(effects("effect"), "1", "%s", the_log());
}
