/* The supervisor: renews the leases of the workers of its pool, rescues jobs of dead workers,
 * receives notifications, queues scheduled jobs that are due, and runs cron entries. It runs no job
 * itself, so that no job can block it. */
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
	STATEMENT_MS = 10000, /* assumed for a statement if DB_STATEMENT_TIMEOUT_MS is 0 */
	LONG_US = 1000000,    /* a job that takes longer releases the rest of its batch */
	POLL_FIRST_US = 100000,
	REPORT_US = 2000000,
};

struct cron_entry {
	const struct cron *row;
	struct cron_times times;
	int64_t handled_at; /* handled up to this time, in seconds since 1970; 0: unknown */
};

/* A dead worker, identified by its first lease, and how long its jobs are searched for. */
struct dead {
	int64_t leases, until; /* until 0: not yet searched for */
};

static struct supervisor {
	struct arena *arena;
	struct db *db;
	struct ctx ctx;
	int signals;
	bool exiting, exit_now;
	bool signalled; /* a signal requested the exit */

	int64_t known[WORKERS_MAX]; /* the first leases of the known workers */
	size_t nknown;
	struct dead dead[WORKERS_MAX];
	size_t ndead;
	struct cron_entry crons[CRONS_MAX];
	size_t ncrons;

	int64_t rescue_at, check_at, renew_at, cron_at, report_at, poll_us;
} sup;

/* ---- workers: leases, dead workers, batches */

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
	return slot->pid && slot->leases && (kill(slot->pid, 0) == 0 || errno == EPERM);
}

static bool
contains(const int64_t *numbers, size_t n, int64_t number)
{
	for (size_t i = 0; i < n; i++)
		if (numbers[i] == number)
			return true;
	return false;
}

/* Rescues jobs with expired leases and jobs of dead workers. */
static enum error
rescue_jobs(const int64_t *dead, size_t ndead)
{
	struct records rescued;
	const struct rescued_job *r;
	enum error e;

	e = jobs_rescue(&sup.ctx, dead, ndead, &rescued);
	if (e || !rescued.n)
		return e;

	r = rescued.rows;
	for (size_t i = 0; i < rescued.n; i++, r++)
		log_warn(&sup.ctx, "rescued job %s (%s): %s; its status is now %s", r->id, r->task,
			 r->error ? r->error : "unknown reason", r->status);
	wake_workers();
	return OK;
}

/* Releases the rest of a batch that a long job would delay. */
static enum error
release_batch(struct worker_slot *slot, int64_t now)
{
	int64_t lease = slot->lease, keys[BATCH_MAX];
	size_t n = 0;
	enum error e;

	if (!slot->job || now - slot->since < LONG_US || !lease || slot->surplus == lease ||
	    slot->nstarted >= slot->nbatch)
		return OK;

	slot->surplus = lease; /* from now on, the worker starts no further job of it */
	for (size_t i = slot->nstarted; i < slot->nbatch && i < BATCH_MAX; i++)
		keys[n++] = slot->batch[i];
	if (!n || slot->lease != lease)
		return OK;

	e = jobs_release(&sup.ctx, lease, keys, n, 0, NULL);
	wake_workers();
	return e;
}

/* Updates the list of workers; those that are missing have died. Also called while the database is
 * unavailable, when workers may die too. */
static void
update_workers(void)
{
	int64_t here[WORKERS_MAX];
	struct worker_slot *slot;
	size_t n = 0;

	for (unsigned i = 0; (slot = shared_slot_at(i)) && n < WORKERS_MAX; i++)
		if (is_worker(slot))
			here[n++] = slot->leases;
	for (size_t i = 0; i < sup.nknown; i++)
		if (!contains(here, n, sup.known[i]) && sup.ndead < WORKERS_MAX)
			sup.dead[sup.ndead++] = (struct dead) { .leases = sup.known[i] };
	memcpy(sup.known, here, n * sizeof(*here));
	sup.nknown = n;
}

/* Whether there is a dead worker whose jobs have not been searched for. */
static bool
has_new_dead(void)
{
	for (size_t i = 0; i < sup.ndead; i++)
		if (!sup.dead[i].until)
			return true;
	return false;
}

/* Searches repeatedly: the server may still be running the statement with which a dead worker
 * fetched jobs, and their rows are locked until it ends. */
static enum error
rescue_from_dead(int64_t now)
{
	int64_t late_ms = settings.db_statement_timeout_ms, leases[WORKERS_MAX];
	size_t n = 0;
	enum error e;

	if (!has_new_dead() && (!sup.ndead || now < sup.rescue_at))
		return OK;

	sup.rescue_at = now + SECOND;
	for (size_t i = 0; i < sup.ndead; i++)
		leases[i] = sup.dead[i].leases;
	e = rescue_jobs(leases, sup.ndead);
	if (e)
		return e;

	for (size_t i = 0; i < sup.ndead; i++) {
		struct dead d = sup.dead[i];

		if (!d.until)
			d.until = now + SECOND + (late_ms ? late_ms : STATEMENT_MS) * 1000;
		if (now < d.until)
			sup.dead[n++] = d;
	}
	sup.ndead = n;
	return OK;
}

static enum error
release_batches(int64_t now)
{
	struct worker_slot *slot;
	enum error e = OK;

	for (unsigned i = 0; !e && (slot = shared_slot_at(i)); i++)
		if (is_worker(slot))
			e = release_batch(slot, now);
	return e;
}

/* Makes the worker stop the job. */
static void
stop_job(struct worker_slot *slot, int64_t job, enum job_stop reason)
{
	slot->stop_reason = reason;
	slot->stop = job;
}

/* The row of a job that is held under the lease, or NULL. */
static const struct held_job *
find_held(const struct records *held, int64_t job, int64_t lease)
{
	const struct held_job *h = held->rows;

	for (size_t i = 0; i < held->n; i++, h++)
		if (h->key == job && h->lease == lease)
			return h;
	return NULL;
}

/* A job that started after `checked_at` may be missing from the rows, but is not lost. */
static void
stop_lost_jobs(const int64_t *leases, size_t n, int64_t checked_at, const struct records *held)
{
	struct worker_slot *slot;

	for (unsigned i = 0; (slot = shared_slot_at(i)); i++) {
		int64_t job = slot->job, lease = slot->lease;
		const struct held_job *h = find_held(held, job, lease);

		if (!job || !contains(leases, n, lease))
			continue;
		if (h && h->stopping)
			stop_job(slot, job, STOP_CANCELLED);
		else if (!h && slot->since < checked_at)
			stop_job(slot, job, STOP_LOST);
	}
}

static enum error
renew_leases(int64_t now)
{
	int64_t leases[WORKERS_MAX];
	struct records held;
	struct worker_slot *slot;
	size_t n = 0;
	enum error e;

	sup.renew_at = now + settings.job_lease_seconds * SECOND / 3;
	if (!settings.job_listen && sup.renew_at > now + settings.job_poll_seconds * SECOND)
		sup.renew_at = now + settings.job_poll_seconds * SECOND;
	for (unsigned i = 0; (slot = shared_slot_at(i)) && n < WORKERS_MAX; i++)
		if (is_worker(slot) && slot->lease && !process_is_stopped(slot->pid))
			leases[n++] = slot->lease;
	if (!n)
		return OK;

	e = jobs_renew(&sup.ctx, leases, n, &held);
	if (!e)
		stop_lost_jobs(leases, n, now, &held);
	return e;
}

/* ---- jobs that are due */

static enum error
check_queue(int64_t now)
{
	int64_t wait = settings.job_poll_seconds * SECOND;
	struct due_jobs due;
	enum error e;

	sup.check_at = now + SECOND;
	e = jobs_check(&sup.ctx, &due);
	if (!e && due.waiting)
		e = jobs_discard_plans(&sup.ctx);
	if (!e && due.lost)
		e = rescue_jobs(NULL, 0);
	if (e)
		return e;

	if (due.moved || due.waiting)
		wake_workers();
	if (!settings.job_listen) {
		sup.poll_us = due.moved || due.waiting ? POLL_FIRST_US : 2 * sup.poll_us;
		if (sup.poll_us > wait)
			sup.poll_us = wait;
		wait = sup.poll_us;
	}
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
		if (strcmp(notification, "stop") == 0)
			sup.renew_at = now;
		else if (strcmp(notification, "scheduled") == 0)
			sup.check_at = now;
		else
			wake_workers();
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

	update_workers();
	e = read_notifications(now);
	if (!was_connected)
		sup.check_at = now;
	if (!e)
		e = rescue_from_dead(now);
	if (!e)
		e = release_batches(now);
	if (!e && now >= sup.renew_at)
		e = renew_leases(now);
	if (!e && now >= sup.check_at && !sup.exiting)
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
		{ .fd = job_wakeups.supervisor, .events = POLLIN },
		{ .fd = failed ? -1 : db_descriptor(sup.db), .events = POLLIN },
	};
	int64_t now = clock_monotonic(), until = now + (sup.exiting ? SECOND / 20 : SECOND);
	uint64_t count;

	if (!failed && sup.check_at < until)
		until = sup.check_at;
	if (!failed && sup.renew_at < until)
		until = sup.renew_at;
	poll(fds, COUNT(fds), until > now ? (int)((until - now + 999) / 1000) : 0);
	if (fds[0].revents)
		supervisor_read_signal();
	if (fds[1].revents && read(job_wakeups.supervisor, &count, sizeof(count)) > 0)
		sup.check_at = now;
}

static bool
workers_left(void)
{
	struct worker_slot *slot;

	for (unsigned i = 0; (slot = shared_slot_at(i)); i++)
		if (is_worker(slot))
			return true;
	return has_new_dead();
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
	sup.poll_us = POLL_FIRST_US;
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
		if (pid < 0 && (e || !has_new_dead()))
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
