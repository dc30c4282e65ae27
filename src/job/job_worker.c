/* A worker: fetches jobs from each queue in turn, runs them, and writes their outcomes. */
#include "job_priv.h"

#include "app/clock.h"
#include "app/feature.h"
#include "app/ids.h"
#include "app/log.h"
#include "app/metrics.h"
#include "app/settings.h"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/time.h>

enum {
	ARENA_LIMIT = 64 * 1024 * 1024,
	BATCH_US = 50000, /* estimated duration of a batch */
	QUICK_US = 5000,  /* only tasks that take less on average share a batch */
	WRITE_US = 20000, /* maximum delay before successful jobs are written */
	PLAN_US = 1000000,
	IDLE_MS = 30000, /* in case a wakeup was lost */
	PAUSE_MS = 4,    /* pause after a small batch, so that the next one is larger */
	RETRY_MS = 250,  /* between two attempts while the database is unavailable */
	TASKS_MAX = 256,
	FAILURES_MAX = 20, /* at intervals of RETRY_MS, in `work --once` */
};

static struct job_worker {
	struct worker_slot *slot;
	bool mail_only;
	int wakeup;
	struct arena *arena, *job_arena; /* of a batch; of a job */
	struct ctx ctx;                  /* of a batch */
	struct db *db;
	int epoll;
	int64_t next_lease;
	int64_t plan_at; /* when to plan the statements again */
	int failures;    /* consecutive ones of the database */
	volatile sig_atomic_t over_cpu_limit;

	/* The current batch. */
	const struct taken_job *taken;
	size_t ntaken, nstarted;
	int64_t lease, lease_ends;
	int64_t succeeded[BATCH_MAX]; /* keys of successful jobs that are not yet written */
	size_t nsucceeded;
	int64_t write_by;

	/* The average duration of jobs in microseconds, by task and overall. */
	const struct job_task *tasks[TASKS_MAX];
	int64_t averages[TASKS_MAX], overall;
	size_t ntasks;
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

/* Waits for a wakeup or a signal to exit. */
static void
wait_for_wakeup(int milliseconds)
{
	struct epoll_event event;
	sigset_t exit_set, before;
	uint64_t count;

	sigemptyset(&exit_set);
	sigaddset(&exit_set, SIGTERM);
	sigaddset(&exit_set, SIGUSR1);
	sigaddset(&exit_set, SIGXCPU);
	sigprocmask(SIG_BLOCK, &exit_set, &before);
	if (!job_exit_at && epoll_pwait(w.epoll, &event, 1, milliseconds, &before) > 0 &&
	    read(w.wakeup, &count, sizeof(count)) < 0 && errno != EAGAIN)
		log_error(NULL, "cannot read an eventfd: %s", strerror(errno));
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* ---- durations of jobs */

static int64_t *
average_of(const struct job_task *task)
{
	static int64_t unknown;

	for (size_t i = 0; i < w.ntasks; i++)
		if (w.tasks[i] == task)
			return &w.averages[i];
	if (w.ntasks == TASKS_MAX) {
		unknown = SECOND;
		return &unknown;
	}
	w.tasks[w.ntasks] = task;
	w.averages[w.ntasks] = SECOND;
	return &w.averages[w.ntasks++];
}

/* Increases at once, decreases gradually. */
static void
update_average(int64_t *average, int64_t took)
{
	*average = took > *average ? took : (3 * *average + took) / 4;
}

static int64_t
batch_size(void)
{
	int64_t n = BATCH_US / (w.overall + 1);

	if (n < 1)
		return 1;
	return n < BATCH_MAX ? n : BATCH_MAX;
}

/* ---- writing outcomes */

/* If the database is unavailable, waits, and returns whether to retry: while the lease is valid, the
 * outcome can still be written. */
static bool
may_retry(enum error e)
{
	db_reset(w.db);
	failure_clear(&w.ctx);
	if (e != E_UNAVAILABLE || now() > w.lease_ends)
		return false;

	poll(NULL, 0, RETRY_MS);
	return true;
}

static void
write_succeeded(void)
{
	int64_t lost = (int64_t)w.nsucceeded, n;
	enum error e;

	if (!w.nsucceeded)
		return;

	do
		e = jobs_succeed(&w.ctx, w.lease, w.succeeded, w.nsucceeded, NULL, &n);
	while (e && may_retry(e));
	if (!e && n < lost)
		log_warn(&w.ctx,
			 "%" PRId64 " jobs were taken over by another worker while they ran here; "
			 "discarding their outcome",
			 lost - n);
	w.nsucceeded = 0;
}

static void
add_succeeded(int64_t key)
{
	if (!w.nsucceeded)
		w.write_by = now() + WRITE_US;
	w.succeeded[w.nsucceeded++] = key;
}

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

static enum error
write_outcome(const struct job_run *r, enum outcome outcome, int64_t *n)
{
	const struct job_state *s = &r->state;

	if (outcome == SUCCEEDED)
		return jobs_succeed(&w.ctx, s->lease, &s->key, 1, s->result, n);
	if (outcome == RELEASED || outcome == SNOOZED)
		return jobs_release(&w.ctx, s->lease, &s->key, 1,
				    outcome == SNOOZED ? s->snooze : 0, n);
	if (outcome == CANCELLED)
		return job_fail(&w.ctx, s->key, s->lease, "cancelled", 0, "it was cancelled", n);
	return job_fail(&w.ctx, s->key, s->lease, outcome == FAILED ? "failed" : "scheduled",
			task_backoff(r->job.task, r->job.attempts), error_text(r), n);
}

/* Writes the outcome, or adds the job to the successful ones of the batch. */
static enum outcome
write_or_defer(const struct job_run *r)
{
	const struct job_state *s = &r->state;
	enum outcome outcome = outcome_of(r);
	int64_t n;
	enum error e;

	if (s->ended)
		return SUCCEEDED;
	if (!r->error && !s->result) {
		add_succeeded(s->key);
		return SUCCEEDED;
	}
	if (outcome == LOST)
		return LOST;

	do
		e = write_outcome(r, outcome, &n);
	while (e && may_retry(e));
	if (e || !n)
		return LOST;
	if (outcome != SUCCEEDED)
		wakeup_send(job_wakeups.supervisor); /* the job may be due soon */
	return outcome;
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

/* ---- a batch */

/* Releases the jobs that have not started, for other workers. */
static void
release_rest(void)
{
	int64_t keys[BATCH_MAX];
	size_t n = 0;
	enum error e;

	while (w.nstarted < w.ntaken)
		keys[n++] = w.taken[w.nstarted++].key;
	w.slot->nstarted = w.ntaken;
	if (!n)
		return;

	do
		e = jobs_release(&w.ctx, w.lease, keys, n, 0, NULL);
	while (e && may_retry(e));
	wake_workers();
}

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
run_one(const struct taken_job *t, const struct job_task *task)
{
	static struct job_run r;
	int64_t start = now(), took;
	enum outcome outcome;

	r = (struct job_run) {
		.ctx = { .app = w.ctx.app,
			 .arena = w.job_arena,
			 .db = w.db,
			 .route = task->name,
			 .request_id = t->request_id ? t->request_id : t->id,
			 .process = "system",
			 .traceparent = t->traceparent },
		.job = { .task = task,
			 .id = t->id,
			 .owner = t->owner_id,
			 .attempts = t->attempts,
			 .max_attempts = t->max_attempts },
		.state = { .slot = w.slot, .key = t->key, .lease = w.lease },
	};
	r.job.ctx = &r.ctx;
	r.job.state = &r.state;
	start_clock(task, &r);
	job_run(&r, t);
	stop_clock();
	took = now() - start;
	update_average(average_of(task), took);
	update_average(&w.overall, took);
	outcome = write_or_defer(&r);
	if (outcomes[outcome].result)
		metric_observe(&metric_job_duration, took, task->name, outcomes[outcome].result);
	log_job(&r, outcome, took);
	arena_recycle(w.job_arena, strlen(t->args));
}

/* Writes `nstarted` before it reads `surplus`, while the supervisor writes `surplus` before it reads
 * `nstarted`, so that a job is never both released and run. */
static void
run_next(void)
{
	const struct taken_job *t = &w.taken[w.nstarted];
	const struct job_task *task = job_task_find(w.ctx.app, t->task);

	w.slot->stop = 0;
	w.slot->since = now();
	w.slot->job = t->key;
	w.slot->nstarted = w.nstarted + 1;
	if (!task || job_exit_at || w.slot->surplus == w.lease) {
		release_rest();
	} else {
		w.nstarted++;
		if (*average_of(task) > QUICK_US) {
			write_succeeded();
			release_rest();
		}
		run_one(t, task);
	}
	w.slot->job = 0;
	if (w.nsucceeded && now() >= w.write_by)
		write_succeeded();
}

static void
start_batch(const struct records *taken)
{
	w.taken = taken->rows;
	w.ntaken = taken->n;
	w.nstarted = 0;
	w.slot->nstarted = 0;
	for (size_t i = 0; i < taken->n; i++)
		w.slot->batch[i] = w.taken[i].key;
	w.slot->nbatch = taken->n;
}

/* Fetches jobs from a queue and runs them. Returns their number. *full: there may be more. */
static size_t
work_on_queue(const char *queue, bool *full)
{
	struct records taken = { 0 };
	int64_t n = batch_size();
	enum error e;

	w.lease = w.next_lease++;
	w.lease_ends = now() + settings.job_lease_seconds * SECOND;
	w.slot->lease = w.lease;
	e = jobs_take(&w.ctx, queue, n, w.lease, &taken);
	if (!e && taken.n) {
		if ((int64_t)taken.n == n) {
			*full = true;
			wakeup_send(w.wakeup); /* another worker may help */
		}
		start_batch(&taken);
		while (w.nstarted < w.ntaken)
			run_next();
		write_succeeded();
	}
	w.slot->nbatch = 0;
	w.slot->lease = 0;
	db_reset(w.db);
	return taken.n;
}

/* Makes one pass over the queues that have jobs. False: there was nothing to do. */
static bool
work_round(void)
{
	struct records open;
	bool found = false, full = false;
	enum error e;

	arena_reset(w.arena);
	e = jobs_open_queues(&w.ctx, w.mail_only ? "{" JOB_QUEUE_MAIL "}" : queue_names(&w.ctx),
			     &open);
	if (!e && open.n && now() >= w.plan_at) {
		w.plan_at = now() + PLAN_US;
		e = jobs_discard_plans(&w.ctx);
	}
	w.failures = e ? w.failures + 1 : 0;
	if (e) {
		db_reset(w.db);
		failure_clear(&w.ctx);
		wait_for_wakeup(RETRY_MS);
		return true;
	}
	for (size_t i = 0; i < open.n && !job_exit_at; i++)
		found |= work_on_queue(((const struct job_queue *)open.rows)[i].queue, &full) > 0;
	if (found && !full && !job_exit_at)
		poll(NULL, 0, PAUSE_MS);
	return found;
}

/* ---- start and end of a worker */

bool
job_worker_init(const struct app *app, struct worker_slot *slot, bool mail_only)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	uint32_t random;

	w.slot = slot;
	w.mail_only = mail_only;
	w.wakeup = mail_only ? job_wakeups.mail : job_wakeups.workers;
	set_signal_handlers();
	random_bytes(&random, sizeof(random));
	w.next_lease = ((int64_t)(random >> 1) + 1) * LEASES_EACH;
	w.slot->leases = w.next_lease;
	wakeup_send(job_wakeups.supervisor); /* it must know this worker in case the worker dies */
	w.overall = SECOND;
	w.arena = arena_new(ARENA_LIMIT);
	w.job_arena = arena_new(ARENA_LIMIT);
	w.db = db_new(settings.database_url);
	w.ctx = (struct ctx) { .app = app, .arena = w.arena, .db = w.db, .request_id = "worker" };
	w.epoll = epoll_create1(EPOLL_CLOEXEC);
	return w.epoll >= 0 && epoll_ctl(w.epoll, EPOLL_CTL_ADD, w.wakeup, &event) == 0;
}

static void
job_worker_close(void)
{
	if (w.over_cpu_limit)
		log_warn(NULL, "this worker reached its limit of CPU time (RLIMIT_CPU) and exits");
	db_free(w.db);
	arena_free(w.job_arena);
	arena_free(w.arena);
}

void
job_worker_run(void)
{
	while (!job_exit_at) {
		if (!work_round())
			wait_for_wakeup(IDLE_MS);
	}
	job_worker_close();
}

bool
job_worker_run_all(void)
{
	while (!job_exit_at && w.failures < FAILURES_MAX && work_round())
		;
	job_worker_close();
	return w.failures == 0;
}
