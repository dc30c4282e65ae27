/* A worker: fetches a job, runs it, and writes its end together with the fetch of the next job. */
#include "job_priv.h"

#include "app/clock.h"
#include "app/feature.h"
#include "app/ids.h"
#include "app/log.h"
#include "app/metrics.h"
#include "app/settings.h"

#include <poll.h>
#include <signal.h>
#include <sys/time.h>

enum {
	ARENA_LIMIT = 64 * 1024 * 1024,
	PLAN_US = 1000000,
	IDLE_MS = 30000, /* in case a notification was lost */
	POLL_MIN_MS = 100,
	RETRY_MS = 250,    /* between two attempts while the database is unavailable */
	FAILURES_MAX = 20, /* at intervals of RETRY_MS, in `work --once` */
};

static struct job_worker {
	struct worker_slot *slot;
	bool mail_only;
	struct db *db;
	struct arena *arena; /* of the worker itself; each job_run has its own */
	struct ctx ctx;
	struct job_run runs[2]; /* the job that ended, and the one that is fetched with its end */
	char last_queue[101];
	int64_t plan_at; /* when to plan the statements again */
	int poll_ms;     /* with JOB_LISTEN=off: until the next poll */
	int failures;    /* consecutive ones of the database */
	volatile sig_atomic_t over_cpu_limit;
} w;

/* ---- signals: exit, and the deadline of a job */

static int64_t
now(void)
{
	return clock_monotonic();
}

/* At least a millisecond, since 0 disables the timer. */
static void
set_timer(int64_t until)
{
	int64_t left = until - now();
	struct itimerval timer = { 0 };

	if (left < 1000)
		left = 1000;
	timer.it_value.tv_sec = left / SECOND;
	timer.it_value.tv_usec = left % SECOND;
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void
on_exit_signal(int signal)
{
	int64_t none = 0, by = now();
	int saved = errno;

	if (signal == SIGXCPU)
		w.over_cpu_limit = 1;
	if (signal == SIGTERM)
		by += settings.job_drain_seconds * SECOND;
	else
		by = INT64_MAX / 2; /* a reload: the job may finish */
	if (!atomic_compare_exchange_strong(&job_exit_at, &none, by) && by < none)
		job_exit_at = by;
	if (w.slot->busy_until && by + JOB_GRACE_SECONDS * SECOND < w.slot->busy_until) {
		w.slot->busy_until = by + JOB_GRACE_SECONDS * SECOND;
		set_timer(w.slot->busy_until);
	}
	errno = saved;
}

/* Logging is not async-signal-safe: if it waits for a lock that the interrupted code holds, the
 * parent kills the worker. */
static void
job_on_alarm(int signal UNUSED)
{
	if (!w.slot->busy_until || now() < w.slot->busy_until)
		return;

	log_error(NULL, "a job did not stop in time; this worker exits");
	_exit(EXIT_OVERRUN);
}

static void
set_signal_handlers(void)
{
	struct sigaction exit_action = { .sa_handler = on_exit_signal, .sa_flags = SA_RESTART };
	struct sigaction alarm = { .sa_handler = job_on_alarm, .sa_flags = SA_RESTART };
	sigset_t none;

	sigaction(SIGTERM, &exit_action, NULL);
	sigaction(SIGUSR1, &exit_action, NULL);
	sigaction(SIGXCPU, &exit_action, NULL); /* RLIMIT_CPU */
	sigaction(SIGALRM, &alarm, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* ---- the end of a job */

static const char *
error_text(const struct job_run *r)
{
	const struct failure *f = &r->ctx.failure;
	struct buf b = buf_new(w.arena, 2000);

	buf_text(&b, f->detail ? f->detail : error_info(r->error)->detail);
	for (const struct field_error *field = f->fields; field; field = field->next)
		buf_printf(&b, "; %s %s", field->field, field->message);
	return b.data;
}

enum outcome { SUCCEEDED, FAILED, CANCELLED, TO_RETRY, RELEASED, SNOOZED, LOST };

static const struct {
	const char *text;
	enum log_level level;
	const char *result; /* label of the metric; NULL: not counted */
} outcomes[] = {
	[SUCCEEDED] = { "succeeded", LOG_INFO, "succeeded" },
	[FAILED] = { "failed", LOG_ERROR, "failed" },
	[CANCELLED] = { "cancelled", LOG_INFO, "cancelled" },
	[TO_RETRY] = { "to be retried", LOG_WARN, "retried" },
	[RELEASED] = { "released", LOG_INFO, NULL },
	[SNOOZED] = { "snoozed", LOG_INFO, NULL },
	[LOST] = { "lost", LOG_ERROR, NULL },
};

static enum outcome
outcome_of(const struct job_run *r)
{
	const struct job_state *s = &r->state;

	if (s->stopped == STOP_LOST)
		return LOST;
	if (!r->error)
		return SUCCEEDED;
	if (s->stopped == STOP_CANCELLED)
		return CANCELLED;
	if (s->stopped == STOP_EXITING)
		return RELEASED;
	if (s->snooze && !s->stopped)
		return SNOOZED;
	return s->given_up || r->job.attempts >= r->job.max_attempts ? FAILED : TO_RETRY;
}

/* What to write; its key is 0 if there is nothing to write. */
static struct job_end
end_of(const struct job_run *r, enum outcome outcome)
{
	static const char *const statuses[] = {
		[SUCCEEDED] = "succeeded", [FAILED] = "failed",     [CANCELLED] = "cancelled",
		[TO_RETRY] = "scheduled",  [SNOOZED] = "scheduled", [RELEASED] = "queued",
	};
	struct job_end end = { .key = r->state.key, .status = statuses[outcome] };

	if (r->state.ended || outcome == LOST)
		return (struct job_end) { 0 };
	if (outcome == SUCCEEDED)
		end.result = r->state.result;
	else if (outcome == CANCELLED)
		end.error = "it was cancelled";
	else if (outcome == FAILED || outcome == TO_RETRY)
		end.error = error_text(r);
	if (outcome == TO_RETRY)
		end.delay = task_backoff(r->job.task, r->job.attempts);
	else if (outcome == SNOOZED)
		end.delay = r->state.snooze;
	return end;
}

static void
log_job(const struct job_run *r, enum outcome outcome, int64_t took)
{
	const struct log_field fields[] = {
		{ .name = "job_id", .text = r->job.id },
		{ .name = "attempt", .number = r->job.attempts, .is = LOG_NUMBER },
		{ .name = "duration", .number = took, .is = LOG_SECONDS },
		{ .name = "result", .text = outcomes[outcome].text },
		{ .name = "error", .text = r->error ? error_text(r) : NULL },
		{ 0 },
	};

	log_write(outcomes[outcome].level, &r->ctx, fields, "job");
}

/* If the database is unavailable, tries again while the lease is valid. False: the lease is lost. */
static bool
finish_job(const struct job_end *end)
{
	int64_t until = now() + settings.job_lease_seconds * SECOND, n = 0;
	enum error e;

	for (;;) {
		e = jobs_finish(&w.ctx, end, w.slot->lease, &n);
		db_reset(w.db);
		failure_clear(&w.ctx);
		if (e != E_UNAVAILABLE || now() > until)
			return !e && n == 1;

		poll(NULL, 0, RETRY_MS);
	}
}

/* Tells the supervisors about a job to retry, and the workers about one that was released. */
static void
notify_of(const char *status)
{
	if (jobs_notify(&w.ctx, status))
		failure_clear(&w.ctx);
	db_reset(w.db);
}

/* ---- fetching */

int64_t
job_new_lease(void)
{
	int64_t none = 0;
	uint32_t random;

	if (!shared->leases) {
		random_bytes(&random, sizeof(random));
		atomic_compare_exchange_strong(&shared->leases, &none,
					       ((int64_t)(random >> 1) + 1) * LEASES_EACH);
	}
	return ++shared->leases;
}

/* The table may have grown from empty to a million rows since the statements were planned. */
static enum error
plan_again(void)
{
	if (now() < w.plan_at)
		return OK;

	w.plan_at = now() + PLAN_US;
	return jobs_discard_plans(&w.ctx);
}

/* Subscribes to notifications, and drops pending ones: the fetch that follows finds their jobs. */
static enum error
listen_for_jobs(void)
{
	enum error e;

	if (!settings.job_listen)
		return OK;

	e = db_listen(&w.ctx, "jobs");
	while (!e && db_notification(&w.ctx))
		;
	return e;
}

/* Writes the end of a job (key 0: none) and fetches the next one into `next`. *written: whether the
 * lease still held the job that ended. False: there is no next job. */
static bool
finish_and_fetch(const struct job_end *end, struct job_run *next, bool *written)
{
	struct job_fetch f = { .lease = w.slot->lease, .last_queue = w.last_queue };
	enum error e;

	arena_reset(next->ctx.arena);
	w.ctx.arena = next->ctx.arena;
	next->taken = (struct taken_job) { 0 };
	if (job_exit_at) {
		*written = !end->key || finish_job(end);
		return false;
	}
	f.queues = w.mail_only ? "{" JOB_QUEUE_MAIL "}" : queue_names(&w.ctx);
	queue_limits(&w.ctx, &f.limited, &f.limits);
	e = listen_for_jobs();
	if (!e)
		e = plan_again();
	if (!e)
		e = jobs_next(&w.ctx, end, &f, &next->taken);
	if (!e) {
		db_reset(w.db);
		w.failures = 0;
		*written = next->taken.finished;
		return next->taken.key;
	}
	w.failures++;
	db_reset(w.db);
	failure_clear(&w.ctx);
	*written = end->key && finish_job(end);
	w.slot->lease =
	    job_new_lease(); /* the old one may hold a job that this worker does not know */
	return false;
}

/* ---- running */

static void
start_clock(const struct job_task *task, struct job_run *r)
{
	int64_t ends, exit_at;

	r->state.deadline = now() + task_timeout(task) * SECOND;
	ends = r->state.deadline;
	exit_at = job_exit_at;
	if (exit_at && exit_at < ends)
		ends = exit_at;
	ends += JOB_GRACE_SECONDS * SECOND;
	w.slot->busy_until = ends;
	set_timer(ends);
}

/* The timer keeps running; its handler checks busy_until. */
static void
stop_clock(void)
{
	w.slot->busy_until = 0;
	w.slot->requests++;
}

static void
prepare_run(struct job_run *r, const struct job_task *task)
{
	const struct taken_job *t = &r->taken;

	r->ctx = (struct ctx) { .app = w.ctx.app,
				.arena = r->ctx.arena,
				.db = w.db,
				.route = task->name,
				.request_id = t->request_id ? t->request_id : t->id,
				.process = "system",
				.traceparent = t->traceparent };
	r->job = (struct job) { .ctx = &r->ctx,
				.task = task,
				.id = t->id,
				.owner = t->owner_id,
				.attempts = t->attempts,
				.max_attempts = t->max_attempts,
				.state = &r->state };
	r->state =
	    (struct job_state) { .key = t->key, .lease = w.slot->lease, .checked_at = now() };
	r->error = OK;
}

/* Runs a job, writes its end and fetches the next one. Returns it, or NULL. */
static struct job_run *
run_and_fetch(struct job_run *r)
{
	struct job_run *next = r == &w.runs[0] ? &w.runs[1] : &w.runs[0];
	int64_t start = now(), took;
	enum outcome outcome;
	struct job_end end;
	bool written, more;

	arena_reset(w.arena);
	prepare_run(r, job_task_find(w.ctx.app, r->taken.task));
	snprintf(w.last_queue, sizeof(w.last_queue), "%s", r->taken.queue);
	start_clock(r->job.task, r);
	job_run(r);
	stop_clock();
	took = now() - start;
	outcome = outcome_of(r);
	end = end_of(r, outcome);
	more = finish_and_fetch(&end, next, &written);
	if (end.key && !written)
		outcome = LOST;
	if (outcomes[outcome].result)
		metric_observe(&metric_job_duration, took, r->job.task->name,
			       outcomes[outcome].result);
	log_job(r, outcome, took);
	if (outcome == TO_RETRY || outcome == SNOOZED || outcome == RELEASED)
		notify_of(end.status);
	arena_recycle(r->ctx.arena, strlen(r->taken.args));
	return more ? next : NULL;
}

/* Runs jobs until there is none. False: there was none. */
static bool
run_jobs(void)
{
	static const struct job_end none;
	struct job_run *r = &w.runs[0];
	bool found, written;

	found = finish_and_fetch(&none, r, &written);
	for (r = found ? r : NULL; r;)
		r = run_and_fetch(r);
	return found;
}

/* ---- waiting */

/* How long to wait for a notification, or until the next poll. */
static int
wait_ms(bool found)
{
	int max = (int)settings.job_poll_seconds * 1000;

	if (w.failures)
		return RETRY_MS;
	if (settings.job_listen)
		return IDLE_MS;

	w.poll_ms = found ? POLL_MIN_MS : 2 * w.poll_ms;
	if (w.poll_ms > max)
		w.poll_ms = max;
	return w.poll_ms;
}

static void
wait_for_jobs(int milliseconds)
{
	struct timespec timeout = { milliseconds / 1000, milliseconds % 1000 * 1000000L };
	struct pollfd p = { .fd = w.failures ? -1 : db_descriptor(w.db), .events = POLLIN };
	sigset_t exit_set, before;

	sigemptyset(&exit_set);
	sigaddset(&exit_set, SIGTERM);
	sigaddset(&exit_set, SIGUSR1);
	sigaddset(&exit_set, SIGXCPU);
	sigprocmask(SIG_BLOCK, &exit_set, &before);
	if (!job_exit_at && !db_notification(&w.ctx))
		ppoll(&p, 1, &timeout, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* ---- start and end of a worker */

void
job_worker_init(const struct app *app, struct worker_slot *slot, bool mail_only)
{
	w.slot = slot;
	w.mail_only = mail_only;
	set_signal_handlers();
	w.poll_ms = POLL_MIN_MS;
	w.db = db_new(settings.database_url);
	w.arena = arena_new(ARENA_LIMIT);
	for (size_t i = 0; i < COUNT(w.runs); i++)
		w.runs[i].ctx.arena = arena_new(ARENA_LIMIT);
	w.ctx = (struct ctx) { .app = app, .db = w.db, .request_id = "worker" };
}

static void
job_worker_close(void)
{
	if (w.over_cpu_limit)
		log_warn(NULL, "this worker reached its limit of CPU time (RLIMIT_CPU) and exits");
	db_free(w.db);
	for (size_t i = 0; i < COUNT(w.runs); i++)
		arena_free(w.runs[i].ctx.arena);
	arena_free(w.arena);
}

void
job_worker_run(void)
{
	while (!job_exit_at) {
		bool found = run_jobs();

		/* The end of the last job may have made room in its queue. */
		if (!found || w.failures)
			wait_for_jobs(wait_ms(found));
	}
	job_worker_close();
}

bool
job_worker_run_all(void)
{
	while (!job_exit_at && w.failures < FAILURES_MAX && (run_jobs() || w.failures)) {
		if (w.failures)
			wait_for_jobs(RETRY_MS);
	}
	job_worker_close();
	return w.failures == 0;
}
