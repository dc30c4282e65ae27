/* The supervisor: renews the leases of the workers of its pool, rescues jobs of dead workers, queues
 * scheduled jobs that are due, and runs cron entries. It runs no job itself, so that no job can block
 * it. */
#include "job_priv.h"

#include "app/clock.h"
#include "app/feature.h"
#include "app/log.h"
#include "app/settings.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

enum {
	ARENA_LIMIT = 16 * 1024 * 1024,
	WORKERS_MAX = 4096,
	CRONS_MAX = 256,
	REPORT_US = 2000000,
};

struct cron_entry {
	const struct cron *row;
	struct cron_times times;
	int64_t handled_at; /* handled up to this time, in seconds since 1970; 0: unknown */
};

static struct supervisor {
	struct arena *arena;
	struct db *db;
	struct ctx ctx;
	int signals;
	bool exiting, exit_now;
	bool signalled; /* a signal requested the exit */

	int64_t live[WORKERS_MAX]; /* the leases of the live workers */
	size_t nlive;
	struct cron_entry crons[CRONS_MAX];
	size_t ncrons;

	int64_t check_at, renew_at, cron_at, report_at;
} sup;

/* ---- workers: leases, dead workers */

/* A process that is stopped (by SIGSTOP or a debugger) makes no progress with its jobs. */
static bool
process_is_stopped(pid_t pid)
{
	char path[40], text[400], *at;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	in = fopen(path, "re");
	if (!in)
		return false;

	at = fgets(text, sizeof(text), in) ? strrchr(text, ')') : NULL;
	fclose(in);
	return at && at[1] == ' ' && (at[2] == 'T' || at[2] == 't' || at[2] == 'Z');
}

static bool
is_worker(const struct worker_slot *slot)
{
	return slot->pid && slot->pid != getpid() && (kill(slot->pid, 0) == 0 || errno == EPERM);
}

/* Rescues jobs of dead workers and jobs with expired leases. The last lease is read before the
 * slots: a worker that took a lease since then is not considered dead. */
static enum error
rescue_jobs(void)
{
	int64_t last = shared->leases, live[WORKERS_MAX];
	struct worker_slot *slot;
	const struct rescued_job *r;
	struct records rescued;
	size_t n = 0;
	enum error e;

	for (unsigned i = 0; (slot = shared_slot_at(i)) && n < WORKERS_MAX; i++) {
		if (!is_worker(slot))
			continue;
		live[n++] = slot->lease;
		if (!live[n - 1])
			last = 0; /* it may be about to store one */
	}
	e = jobs_rescue(&sup.ctx, last - last % LEASES_EACH, last, live, n, &rescued);
	if (e || !rescued.n)
		return e;

	r = rescued.rows;
	for (size_t i = 0; i < rescued.n; i++, r++)
		log_warn(&sup.ctx, "rescued job %s (%s): %s; its status is now %s", r->id, r->task,
			 r->error ? r->error : "unknown reason", r->status);
	return OK;
}

/* Returns whether a worker was started or has died since the last call. */
static bool
workers_changed(void)
{
	int64_t live[WORKERS_MAX];
	struct worker_slot *slot;
	size_t n = 0;
	bool changed;

	for (unsigned i = 0; (slot = shared_slot_at(i)) && n < WORKERS_MAX; i++)
		if (is_worker(slot))
			live[n++] = slot->lease;
	changed = n != sup.nlive || memcmp(live, sup.live, n * sizeof(*live)) != 0;
	memcpy(sup.live, live, n * sizeof(*live));
	sup.nlive = n;
	return changed;
}

static enum error
renew_leases(int64_t now)
{
	int64_t leases[WORKERS_MAX];
	struct worker_slot *slot;
	size_t n = 0;

	sup.renew_at = now + settings.job_lease_seconds * SECOND / 3;
	for (unsigned i = 0; (slot = shared_slot_at(i)) && n < WORKERS_MAX; i++)
		if (is_worker(slot) && slot->lease && !process_is_stopped(slot->pid))
			leases[n++] = slot->lease;
	return n ? jobs_renew(&sup.ctx, leases, n) : OK;
}

/* ---- jobs that are due */

static enum error
check_queue(int64_t now)
{
	int64_t wait = settings.job_poll_seconds * SECOND;
	struct due_jobs due;
	enum error e;

	sup.check_at = now + SECOND;
	e = rescue_jobs();
	if (!e)
		e = jobs_check(&sup.ctx, &due);
	if (!e && due.waiting)
		e = jobs_discard_plans(&sup.ctx);
	if (!e && (due.moved || due.waiting))
		e = jobs_notify(&sup.ctx, "queued");
	if (e)
		return e;

	if (due.next_ms >= 0 && due.next_ms * 1000 < wait)
		wait = due.next_ms * 1000;
	sup.check_at = now + wait;
	return OK;
}

static enum error
enqueue_due(const struct cron_entry *t, int64_t at)
{
	bool claimed = false;
	enum error e;

	e = db_begin(&sup.ctx);
	if (!e)
		e = cron_claim(&sup.ctx, t->row->name, at, &claimed);
	if (!e && claimed)
		e = job_enqueue(&sup.ctx, t->row->task, t->row->args);
	e = db_finish(&sup.ctx, e);
	if (e == E_UNAVAILABLE)
		return e;

	if (e)
		log_error(&sup.ctx, "cron %s: cannot enqueue %s: %s", t->row->name,
			  t->row->task->name, error_info(e)->code);
	return OK;
}

static enum error
run_crons(int64_t now)
{
	int64_t seconds = clock_now() / SECOND;
	enum error e = OK;

	for (size_t i = 0; i < sup.ncrons && !e; i++) {
		struct cron_entry *t = &sup.crons[i];
		int64_t due;

		if (!t->handled_at) {
			e = cron_register(&sup.ctx, t->row->name, seconds, &t->handled_at);
			if (e)
				break;
		}
		due = cron_last_due(&t->times, t->row->zone, t->handled_at, seconds);
		if (due)
			e = enqueue_due(t, due);
		if (!e)
			t->handled_at = seconds;
	}
	sup.cron_at = now + (60 - seconds % 60) * SECOND - clock_now() % SECOND;
	return e;
}

/* ---- the main loop */

static enum error
read_notifications(int64_t now)
{
	const char *notification;
	enum error e;

	if (!settings.job_listen)
		return OK;

	e = db_listen(&sup.ctx, "jobs");
	if (e)
		return e;

	while ((notification = db_notification(&sup.ctx))) {
		if (strcmp(notification, "scheduled") == 0)
			sup.check_at = now;
	}
	return OK;
}

/* After a new connection, checks the queue, since notifications may have been missed. */
static enum error
supervise_jobs(void)
{
	int64_t now = clock_monotonic();
	bool was_connected = db_descriptor(sup.db) >= 0;
	enum error e;

	e = read_notifications(now);
	if (workers_changed() || !was_connected)
		sup.check_at = now;
	if (!e && now >= sup.renew_at)
		e = renew_leases(now);
	if (!e && now >= sup.check_at)
		e = check_queue(now);
	if (!e && now >= sup.cron_at && !sup.exiting)
		e = run_crons(now);
	if (!e && (now >= sup.report_at || sup.exiting)) {
		sup.report_at = now + REPORT_US;
		e = job_totals_report(&sup.ctx);
	}
	return e ? e : read_notifications(now); /* notifications that arrived with the results */
}

static void
supervisor_read_signal(void)
{
	struct signalfd_siginfo info;

	while (read(sup.signals, &info, sizeof(info)) == sizeof(info)) {
		sup.exiting = true;
		if (info.ssi_signo == SIGXCPU)
			log_warn(NULL, "this process reached its limit of CPU time (RLIMIT_CPU) and"
				       " exits");
		sup.exit_now |= info.ssi_signo != SIGTERM; /* the parent stops the workers */
		sup.signalled = true;
	}
}

/* Sleeps for at most a second, the interval at which workers are checked. */
static void
sleep_until_due(bool failed)
{
	struct pollfd fds[] = {
		{ .fd = sup.signals, .events = POLLIN },
		{ .fd = failed ? -1 : db_descriptor(sup.db), .events = POLLIN },
	};
	int64_t now = clock_monotonic(), until = now + (sup.exiting ? SECOND / 20 : SECOND);

	if (!failed && sup.check_at < until)
		until = sup.check_at;
	if (!failed && sup.renew_at < until)
		until = sup.renew_at;
	poll(fds, COUNT(fds), until > now ? (int)((until - now + 999) / 1000) : 0);
	if (fds[0].revents)
		supervisor_read_signal();
}

static bool
workers_left(void)
{
	struct worker_slot *slot;

	for (unsigned i = 0; (slot = shared_slot_at(i)); i++)
		if (is_worker(slot))
			return true;
	return false;
}

static void
read_crons(void)
{
	for (const struct feature *const *f = sup.ctx.app->features; *f; f++) {
		for (const struct cron *row = (*f)->crons; row && row->name; row++) {
			struct cron_entry *t = &sup.crons[sup.ncrons];
			const char *err = cron_read(row->at, &t->times);

			t->row = row;
			if (err || !cron_zone_known(row->zone))
				log_error(NULL, "ignoring cron %s, \"%s\" in %s: %s", row->name,
					  row->at, row->zone ? row->zone : "UTC",
					  err ? err : "unknown time zone");
			else if (sup.ncrons == CRONS_MAX - 1)
				log_error(NULL, "too many cron entries (at most %d); ignoring %s",
					  CRONS_MAX - 1, row->name);
			else
				sup.ncrons++;
		}
	}
}

bool
supervisor_init(const struct app *app, enum signal_role role)
{
	sigset_t set = signals_init(role);

	sup.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	sup.arena = arena_new(ARENA_LIMIT);
	sup.db = db_new(settings.database_url);
	sup.ctx = (struct ctx) {
		.app = app, .arena = sup.arena, .db = sup.db, .request_id = "supervisor"
	};
	read_crons();
	return sup.signals >= 0;
}

void
supervisor_run(void)
{
	while (!sup.exit_now && !(sup.exiting && !workers_left())) {
		enum error e = supervise_jobs();

		db_reset(sup.db);
		failure_clear(&sup.ctx);
		sleep_until_due(e != OK);
		arena_reset(sup.arena);
	}
	db_free(sup.db);
	arena_free(sup.arena);
}

/* ---- without a pool: `work --once` */

enum error
supervisor_check_once(void)
{
	enum error e = supervise_jobs();

	db_free(sup.db); /* its socket must not be shared with children */
	sup.db = db_new(settings.database_url);
	sup.ctx.db = sup.db;
	arena_reset(sup.arena);
	sup.exiting = true;
	return e;
}

static void
stop_children(void)
{
	struct worker_slot *slot;

	for (unsigned i = 0; (slot = shared_slot_at(i)); i++)
		if (is_worker(slot))
			kill(slot->pid, SIGTERM);
}

bool
supervisor_wait_children(void)
{
	bool good = true, stopped = false;
	pid_t pid;

	for (;;) {
		enum error e;
		int status;

		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			good &= WIFEXITED(status) && (WEXITSTATUS(status) == EXIT_SUCCESS ||
						      WEXITSTATUS(status) == EXIT_OVERRUN);
		e = supervise_jobs();
		if (pid < 0)
			break;
		db_reset(sup.db);
		failure_clear(&sup.ctx);
		if (sup.signalled && !stopped)
			stop_children();
		stopped = sup.signalled;
		sleep_until_due(e != OK);
		arena_reset(sup.arena);
	}
	db_free(sup.db);
	arena_free(sup.arena);
	return good;
}
