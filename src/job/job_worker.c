/* A worker: takes jobs from one queue after the other, runs them, writes how they ended. */
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
	BATCH_US = 50000, /* so much work is taken at a time */
	QUICK_US = 5000,  /* a kind that takes less on average may share a batch */
	WRITE_US = 20000, /* what ended well is written after so long at most */
	PLAN_US = 1000000,
	IDLE_MS = 30000, /* though the keeper rings */
	REST_MS = 4,     /* after a small batch, so that the next one is larger */
	AWAY_MS = 250,   /* between two tries while the database is away */
	TASKS_MAX = 256,
	FAILURES_MAX = 20, /* with AWAY_MS between them, in `work --once` */
};

static struct worker {
	struct worker_slot *slot;
	bool mail_alone;
	int wakeup;
	struct arena *arena, *job_arena; /* of a batch; of a job */
	struct ctx ctx;                  /* of a batch */
	struct db *db;
	int epoll;
	int64_t next_lease;
	int64_t plan_at; /* when statements are to be planned anew */
	int failures;    /* of the database, in a row */
	volatile sig_atomic_t over_cpu_limit;

	/* The batch in hand. */
	const struct taken *taken;
	size_t ntaken, begun;
	int64_t lease, lease_ends;
	int64_t ended[BATCH_MAX]; /* keys of those that ended well and are not written */
	size_t nended;
	int64_t write_by;

	/* What jobs take on average, by kind. */
	const struct job_task *tasks[TASKS_MAX];
	int64_t pace[TASKS_MAX], overall;
	size_t ntasks;
} w;

/* ---- signals: leave, and the end of a job that does not stop */

static int64_t
now(void)
{
	return clock_monotonic();
}

/* Rounds up: 0 would be no timer. */
static void
arm(int64_t until)
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
on_leave(int signal)
{
	int64_t none = 0, by = now();
	int saved = errno;

	if (signal == SIGXCPU)
		w.over_cpu_limit = 1;
	if (signal == SIGTERM)
		by += settings.job_drain_seconds * SECOND;
	else
		by = INT64_MAX / 2; /* a reload: a job may take its time */
	if (!atomic_compare_exchange_strong(&job_leave_by, &none, by) && by < none)
		job_leave_by = by;
	if (w.slot->busy_until && by + JOB_GRACE_SECONDS * SECOND < w.slot->busy_until) {
		w.slot->busy_until = by + JOB_GRACE_SECONDS * SECOND;
		arm(w.slot->busy_until);
	}
	errno = saved;
}

/* The log is no place for a signal handler: should it wait for a lock that the interrupted
 * code holds, the parent ends that. */
static void
on_alarm(int signal UNUSED)
{
	if (!w.slot->busy_until || now() < w.slot->busy_until)
		return;

	log_error(NULL, "a job did not stop in time; this worker ends with it");
	_exit(EXIT_OVERRUN);
}

static void
take_signals(void)
{
	struct sigaction leave = { .sa_handler = on_leave, .sa_flags = SA_RESTART };
	struct sigaction alarm = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	sigset_t none;

	sigaction(SIGTERM, &leave, NULL);
	sigaction(SIGUSR1, &leave, NULL);
	sigaction(SIGXCPU, &leave, NULL); /* RLIMIT_CPU */
	sigaction(SIGALRM, &alarm, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Waits until somebody rings, or we shall leave. */
static void
wait_for_wakeup(int milliseconds)
{
	struct epoll_event event;
	sigset_t leave, before;
	uint64_t rings;

	sigemptyset(&leave);
	sigaddset(&leave, SIGTERM);
	sigaddset(&leave, SIGUSR1);
	sigaddset(&leave, SIGXCPU);
	sigprocmask(SIG_BLOCK, &leave, &before);
	if (!job_leave_by && epoll_pwait(w.epoll, &event, 1, milliseconds, &before) > 0 &&
	    read(w.wakeup, &rings, sizeof(rings)) < 0 && errno != EAGAIN)
		log_error(NULL, "cannot read an eventfd: %s", strerror(errno));
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* ---- how long jobs take */

static int64_t *
pace_of(const struct job_task *task)
{
	static int64_t unknown;

	for (size_t i = 0; i < w.ntasks; i++)
		if (w.tasks[i] == task)
			return &w.pace[i];
	if (w.ntasks == TASKS_MAX) {
		unknown = SECOND;
		return &unknown;
	}
	w.tasks[w.ntasks] = task;
	w.pace[w.ntasks] = SECOND;
	return &w.pace[w.ntasks++];
}

/* Up at once, down by and by. */
static void
note_pace(int64_t *pace, int64_t took)
{
	*pace = took > *pace ? took : (3 * *pace + took) / 4;
}

static int64_t
batch_size(void)
{
	int64_t n = BATCH_US / (w.overall + 1);

	if (n < 1)
		return 1;
	return n < BATCH_MAX ? n : BATCH_MAX;
}

/* ---- writing how jobs ended */

/* The database may be away for a while: as long as the lease lasts, what is known is worth
 * another try. */
static bool
try_again(enum error e)
{
	db_reset(w.db);
	failure_clear(&w.ctx);
	if (e != E_UNAVAILABLE || now() > w.lease_ends)
		return false;

	poll(NULL, 0, AWAY_MS);
	return true;
}

static void
write_ended(void)
{
	int64_t lost = (int64_t)w.nended, n;
	enum error e;

	if (!w.nended)
		return;

	do
		e = jobs_succeed(&w.ctx, w.lease, w.ended, w.nended, NULL, &n);
	while (e && try_again(e));
	if (!e && n < lost)
		log_warn(&w.ctx,
			 "%" PRId64 " jobs were taken by others while they ran here: how they "
			 "ended here is not written",
			 lost - n);
	w.nended = 0;
}

static void
note_ended(int64_t key)
{
	if (!w.nended)
		w.write_by = now() + WRITE_US;
	w.ended[w.nended++] = key;
}

static const char *
error_text(const struct run *r)
{
	const struct failure *f = &r->ctx.failure;
	struct buf b = buf_new(w.arena, 2000);

	buf_text(&b, f->detail ? f->detail : error_info(r->error)->detail);
	for (const struct field_error *field = f->fields; field; field = field->next)
		buf_printf(&b, "; %s %s", field->field, field->message);
	return b.data;
}

enum outcome { SUCCEEDED, FAILED, CANCELLED, TO_RETRY, PUT_BACK, SNOOZED, LOST };

static const struct {
	const char *text;
	enum log_level level;
	const char *result; /* as it is counted; what only waits for another time is none */
} outcomes[] = {
	[SUCCEEDED] = { "succeeded", LOG_INFO, "succeeded" },
	[FAILED] = { "failed", LOG_ERROR, "failed" },
	[CANCELLED] = { "cancelled", LOG_INFO, "cancelled" },
	[TO_RETRY] = { "to be retried", LOG_WARN, "retried" },
	[PUT_BACK] = { "put back", LOG_INFO, NULL },
	[SNOOZED] = { "snoozed", LOG_INFO, NULL },
	[LOST] = { "lost", LOG_ERROR, NULL },
};

static enum outcome
judge(const struct run *r)
{
	const struct job_state *s = &r->state;

	if (s->stopped == STOP_LOST)
		return LOST;
	if (!r->error)
		return SUCCEEDED;
	if (s->stopped == STOP_CANCELLED)
		return CANCELLED;
	if (s->stopped == STOP_LEAVING)
		return PUT_BACK;
	if (s->snooze && !s->stopped)
		return SNOOZED;
	return s->given_up || r->job.attempts >= r->job.max_attempts ? FAILED : TO_RETRY;
}

static enum error
write_outcome(const struct run *r, enum outcome outcome, int64_t *n)
{
	const struct job_state *s = &r->state;

	if (outcome == SUCCEEDED)
		return jobs_succeed(&w.ctx, s->lease, &s->key, 1, s->result, n);
	if (outcome == PUT_BACK || outcome == SNOOZED)
		return jobs_put_back(&w.ctx, s->lease, &s->key, 1,
				     outcome == SNOOZED ? s->snooze : 0, n);
	if (outcome == CANCELLED)
		return job_fail(&w.ctx, s->key, s->lease, "cancelled", 0, "it was cancelled", n);
	return job_fail(&w.ctx, s->key, s->lease, outcome == FAILED ? "failed" : "scheduled",
			task_back_off(r->job.task, r->job.attempts), error_text(r), n);
}

/* Returns what became of it. */
static enum outcome
write_end(const struct run *r)
{
	const struct job_state *s = &r->state;
	enum outcome outcome = judge(r);
	int64_t n;
	enum error e;

	if (s->ended)
		return SUCCEEDED;
	if (!r->error && !s->result) {
		note_ended(s->key);
		return SUCCEEDED;
	}
	if (outcome == LOST)
		return LOST;

	do
		e = write_outcome(r, outcome, &n);
	while (e && try_again(e));
	if (e || !n)
		return LOST;
	if (outcome != SUCCEEDED)
		wakeup_send(job_wakeups.supervisor); /* it may be due soon */
	return outcome;
}

static void
log_end(const struct run *r, enum outcome outcome, int64_t took)
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

/* Others may have what is not begun. */
static void
put_back_rest(void)
{
	int64_t keys[BATCH_MAX];
	size_t n = 0;
	enum error e;

	while (w.begun < w.ntaken)
		keys[n++] = w.taken[w.begun++].key;
	w.slot->begun = w.ntaken;
	if (!n)
		return;

	do
		e = jobs_put_back(&w.ctx, w.lease, keys, n, 0, NULL);
	while (e && try_again(e));
	wake_workers();
}

static void
start_clock(const struct job_task *task, struct run *r)
{
	int64_t ends, leave_by;

	r->state.late_at = now() + task_timeout(task) * SECOND;
	ends = r->state.late_at;
	leave_by = job_leave_by;
	if (leave_by && leave_by < ends)
		ends = leave_by;
	ends += JOB_GRACE_SECONDS * SECOND;
	w.slot->busy_until = ends;
	arm(ends);
}

/* The timer runs on: its handler looks what there is to end. */
static void
stop_clock(void)
{
	w.slot->busy_until = 0;
	w.slot->requests++;
}

static void
run_one(const struct taken *t, const struct job_task *task)
{
	static struct run r;
	int64_t start = now(), took;
	enum outcome outcome;

	r = (struct run) {
		.ctx = { .arena = w.job_arena,
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
	note_pace(pace_of(task), took);
	note_pace(&w.overall, took);
	outcome = write_end(&r);
	if (outcomes[outcome].result)
		metric_observe(&metric_job_duration, took, task->name, outcomes[outcome].result);
	log_end(&r, outcome, took);
	arena_recycle(w.job_arena, strlen(t->args));
}

/* That it is begun is shown first: then either this looks in time at what the keeper says of
 * the batch, or the keeper sees it and leaves it here. */
static void
run_next(void)
{
	const struct taken *t = &w.taken[w.begun];
	const struct job_task *task = job_task_find(t->task);

	w.slot->stop = 0;
	w.slot->since = now();
	w.slot->job = t->key;
	w.slot->begun = w.begun + 1;
	if (!task || job_leave_by || w.slot->surplus == w.lease) {
		put_back_rest();
	} else {
		w.begun++;
		if (*pace_of(task) > QUICK_US) {
			write_ended();
			put_back_rest();
		}
		run_one(t, task);
	}
	w.slot->job = 0;
	if (w.nended && now() >= w.write_by)
		write_ended();
}

static void
begin_batch(const struct records *taken)
{
	w.taken = taken->rows;
	w.ntaken = taken->n;
	w.begun = 0;
	w.slot->begun = 0;
	for (size_t i = 0; i < taken->n; i++)
		w.slot->batch[i] = w.taken[i].key;
	w.slot->nbatch = taken->n;
}

/* Takes jobs from a queue and runs them. Returns how many; `full` says that there may be
 * more. */
static size_t
work_on(const char *queue, bool *full)
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
			wakeup_send(w.wakeup); /* others may help */
		}
		begin_batch(&taken);
		while (w.begun < w.ntaken)
			run_next();
		write_ended();
	}
	w.slot->nbatch = 0;
	w.slot->lease = 0;
	db_reset(w.db);
	return taken.n;
}

/* One turn through the queues that have something. False: there is nothing to do. */
static bool
work_once(void)
{
	struct records open;
	bool found = false, full = false;
	enum error e;

	arena_reset(w.arena);
	e = jobs_open(&w.ctx, w.mail_alone ? "{" JOB_QUEUE_MAIL "}" : queue_names(&w.ctx), &open);
	if (!e && open.n && now() >= w.plan_at) {
		w.plan_at = now() + PLAN_US;
		e = jobs_plan_anew(&w.ctx);
	}
	w.failures = e ? w.failures + 1 : 0;
	if (e) {
		db_reset(w.db);
		failure_clear(&w.ctx);
		wait_for_wakeup(AWAY_MS);
		return true;
	}
	for (size_t i = 0; i < open.n && !job_leave_by; i++)
		found |= work_on(((const struct job_queue *)open.rows)[i].queue, &full) > 0;
	if (found && !full && !job_leave_by)
		poll(NULL, 0, REST_MS);
	return found;
}

/* ---- begin and end of a worker */

bool
worker_set_up(struct worker_slot *slot, bool mail_alone)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	uint32_t random;

	w.slot = slot;
	w.mail_alone = mail_alone;
	w.wakeup = mail_alone ? job_wakeups.mail : job_wakeups.workers;
	take_signals();
	random_bytes(&random, sizeof(random));
	w.next_lease = ((int64_t)(random >> 1) + 1) * LEASES_EACH;
	w.slot->leases = w.next_lease;
	wakeup_send(
	    job_wakeups.supervisor); /* it must know this worker before the worker can die */
	w.overall = SECOND;
	w.arena = arena_new(ARENA_LIMIT);
	w.job_arena = arena_new(ARENA_LIMIT);
	w.db = db_new(settings.database_url);
	w.ctx = (struct ctx) { .arena = w.arena, .db = w.db, .request_id = "worker" };
	w.epoll = epoll_create1(EPOLL_CLOEXEC);
	return w.epoll >= 0 && epoll_ctl(w.epoll, EPOLL_CTL_ADD, w.wakeup, &event) == 0;
}

static void
shut_down(void)
{
	if (w.over_cpu_limit)
		log_warn(NULL, "this worker reached its limit of CPU time (RLIMIT_CPU) and ends");
	db_free(w.db);
	arena_free(w.job_arena);
	arena_free(w.arena);
}

void
worker_live(void)
{
	while (!job_leave_by) {
		if (!work_once())
			wait_for_wakeup(IDLE_MS);
	}
	shut_down();
}

bool
worker_empty_queues(void)
{
	while (!job_leave_by && w.failures < FAILURES_MAX && work_once())
		;
	shut_down();
	return w.failures == 0;
}
