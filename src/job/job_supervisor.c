/* The keeper: renews the leases of its pool's workers, takes jobs back from those that died,
 * hears notices, moves scheduled jobs up when they are due, and enqueues what comes again. It
 * runs no job, so nothing that a job does can keep it from that. */
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
	LATE_MS = 10000,   /* if statements have no time limit */
	LONG_US = 1000000, /* a job that takes longer lets go of the rest of its batch */
	POLL_FIRST_US = 100000,
	TELL_US = 2000000,
};

struct time_row {
	const struct cron *row;
	struct cron_times times;
	int64_t seen_at; /* up to here, in seconds since 1970, it was seen to; 0: not known yet */
};

/* A dead worker, by its first lease, and until when its jobs are searched for. */
struct dead {
	int64_t leases, until; /* 0: not searched for yet */
};

static struct supervisor {
	struct arena *arena;
	struct db *db;
	struct ctx ctx;
	int signals;
	bool leaving, leave_now;
	bool ending; /* a signal requested it */

	int64_t known[WORKERS_MAX]; /* the first leases of the workers that were there */
	size_t nknown;
	struct dead dead[WORKERS_MAX];
	size_t ndead;
	struct time_row crons[CRONS_MAX];
	size_t ncrons;

	int64_t rescue_at, look_at, renew_at, cron_at, tell_at, poll_us;
} k;

/* ---- workers: leases, death, batches */

/* One that is stopped (SIGSTOP, a debugger) does nothing for its jobs. */
static bool
is_stopped(pid_t pid)
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
has(const int64_t *numbers, size_t n, int64_t number)
{
	for (size_t i = 0; i < n; i++)
		if (numbers[i] == number)
			return true;
	return false;
}

/* Those whose lease ran out, and those of the dead. */
static enum error
rescue(const int64_t *dead, size_t ndead)
{
	struct records rescued;
	const struct rescued *r;
	enum error e;

	e = jobs_rescue(&k.ctx, dead, ndead, &rescued);
	if (e || !rescued.n)
		return e;

	r = rescued.rows;
	for (size_t i = 0; i < rescued.n; i++, r++)
		log_warn(&k.ctx, "took job %s (%s) back, for %s: it is %s now", r->id, r->task,
			 r->error ? r->error : "an unknown reason", r->status);
	wake_workers();
	return OK;
}

/* A job that began long ago would keep the rest of its batch waiting. */
static enum error
free_batch(struct worker_slot *slot, int64_t now)
{
	int64_t lease = slot->lease, keys[BATCH_MAX];
	size_t n = 0;
	enum error e;

	if (!slot->job || now - slot->since < LONG_US || !lease || slot->surplus == lease ||
	    slot->begun >= slot->nbatch)
		return OK;

	slot->surplus = lease; /* from now on it begins nothing more of it */
	for (size_t i = slot->begun; i < slot->nbatch && i < BATCH_MAX; i++)
		keys[n++] = slot->batch[i];
	if (!n || slot->lease != lease)
		return OK;

	e = jobs_put_back(&k.ctx, lease, keys, n, 0, NULL);
	wake_workers();
	return e;
}

/* Records the workers; those that are missing have died. Also called while the database is away,
 * when workers may die too. */
static void
note_workers(void)
{
	int64_t here[WORKERS_MAX];
	struct worker_slot *slot;
	size_t n = 0;

	for (unsigned i = 0; (slot = shared_slot_at(i)) && n < WORKERS_MAX; i++)
		if (is_worker(slot))
			here[n++] = slot->leases;
	for (size_t i = 0; i < k.nknown; i++)
		if (!has(here, n, k.known[i]) && k.ndead < WORKERS_MAX)
			k.dead[k.ndead++] = (struct dead) { .leases = k.known[i] };
	memcpy(k.known, here, n * sizeof(*here));
	k.nknown = n;
}

/* Whether the jobs of a dead worker have not been searched for yet. */
static bool
new_dead(void)
{
	for (size_t i = 0; i < k.ndead; i++)
		if (!k.dead[i].until)
			return true;
	return false;
}

/* More than once: the server may still be running the statement by which a dead worker fetched
 * jobs, and its rows are locked until that has ended. */
static enum error
rescue_from_dead(int64_t now)
{
	int64_t late_ms = settings.db_statement_timeout_ms, leases[WORKERS_MAX];
	size_t kept = 0;
	enum error e;

	if (!new_dead() && (!k.ndead || now < k.rescue_at))
		return OK;

	k.rescue_at = now + SECOND;
	for (size_t i = 0; i < k.ndead; i++)
		leases[i] = k.dead[i].leases;
	e = rescue(leases, k.ndead);
	if (e)
		return e;

	for (size_t i = 0; i < k.ndead; i++) {
		struct dead d = k.dead[i];

		if (!d.until)
			d.until = now + SECOND + (late_ms ? late_ms : LATE_MS) * 1000;
		if (now < d.until)
			k.dead[kept++] = d;
	}
	k.ndead = kept;
	return OK;
}

static enum error
free_batches(int64_t now)
{
	struct worker_slot *slot;
	enum error e = OK;

	for (unsigned i = 0; !e && (slot = shared_slot_at(i)); i++)
		if (is_worker(slot))
			e = free_batch(slot, now);
	return e;
}

/* Passes on to the worker what its row says. */
static void
tell_stop(struct worker_slot *slot, int64_t job, enum stop why)
{
	slot->stop_why = why;
	slot->stop = job;
}

/* The row of a job that is held under the lease, or NULL. */
static const struct held *
find_held(const struct records *held, int64_t job, int64_t lease)
{
	const struct held *h = held->rows;

	for (size_t i = 0; i < held->n; i++, h++)
		if (h->key == job && h->lease == lease)
			return h;
	return NULL;
}

/* A job that began after that look at the rows may be missing there, and is not lost. */
static void
tell_workers(const int64_t *leases, size_t n, int64_t looked, const struct records *held)
{
	struct worker_slot *slot;

	for (unsigned i = 0; (slot = shared_slot_at(i)); i++) {
		int64_t job = slot->job, lease = slot->lease;
		const struct held *h = find_held(held, job, lease);

		if (!job || !has(leases, n, lease))
			continue;
		if (h && h->stopping)
			tell_stop(slot, job, STOP_CANCELLED);
		else if (!h && slot->since < looked)
			tell_stop(slot, job, STOP_LOST);
	}
}

static enum error
renew(int64_t now)
{
	int64_t leases[WORKERS_MAX];
	struct records held;
	struct worker_slot *slot;
	size_t n = 0;
	enum error e;

	k.renew_at = now + settings.job_lease_seconds * SECOND / 3;
	if (!settings.job_listen && k.renew_at > now + settings.job_poll_seconds * SECOND)
		k.renew_at = now + settings.job_poll_seconds * SECOND;
	for (unsigned i = 0; (slot = shared_slot_at(i)) && n < WORKERS_MAX; i++)
		if (is_worker(slot) && slot->lease && !is_stopped(slot->pid))
			leases[n++] = slot->lease;
	if (!n)
		return OK;

	e = jobs_renew(&k.ctx, leases, n, &held);
	if (!e)
		tell_workers(leases, n, now, &held);
	return e;
}

/* ---- what is due */

static enum error
look(int64_t now)
{
	int64_t wait = settings.job_poll_seconds * SECOND;
	struct due due;
	enum error e;

	k.look_at = now + SECOND;
	e = jobs_check(&k.ctx, &due);
	if (!e && due.waiting)
		e = jobs_plan_anew(&k.ctx);
	if (!e && due.lost)
		e = rescue(NULL, 0);
	if (e)
		return e;

	if (due.moved || due.waiting)
		wake_workers();
	if (!settings.job_listen) {
		k.poll_us = due.moved || due.waiting ? POLL_FIRST_US : 2 * k.poll_us;
		if (k.poll_us > wait)
			k.poll_us = wait;
		wait = k.poll_us;
	}
	if (due.next_ms >= 0 && due.next_ms * 1000 < wait)
		wait = due.next_ms * 1000;
	k.look_at = now + wait;
	return OK;
}

static enum error
enqueue_due(const struct time_row *t, int64_t at)
{
	bool mine = false;
	enum error e;

	e = db_begin(&k.ctx);
	if (!e)
		e = cron_claim(&k.ctx, t->row->name, at, &mine);
	if (!e && mine)
		e = job_enqueue(&k.ctx, t->row->task, t->row->args);
	e = db_finish(&k.ctx, e);
	if (e == E_UNAVAILABLE)
		return e;

	if (e)
		log_error(&k.ctx, "cron %s: cannot enqueue %s: %s", t->row->name,
			  t->row->task->name, error_info(e)->code);
	return OK;
}

static enum error
see_to_crons(int64_t now)
{
	int64_t seconds = clock_now() / SECOND;
	enum error e = OK;

	for (size_t i = 0; i < k.ncrons && !e; i++) {
		struct time_row *t = &k.crons[i];
		int64_t due;

		if (!t->seen_at) {
			e = cron_begin(&k.ctx, t->row->name, seconds, &t->seen_at);
			if (e)
				break;
		}
		due = cron_last_due(&t->times, t->row->zone, t->seen_at, seconds);
		if (due)
			e = enqueue_due(t, due);
		if (!e)
			t->seen_at = seconds;
	}
	k.cron_at = now + (60 - seconds % 60) * SECOND - clock_now() % SECOND;
	return e;
}

/* ---- the loop */

static enum error
hear(int64_t now)
{
	const char *notice;
	enum error e;

	if (!settings.job_listen)
		return OK;

	e = db_listen(&k.ctx, "jobs");
	if (e)
		return e;

	while ((notice = db_notification(&k.ctx))) {
		if (strcmp(notice, "stop") == 0)
			k.renew_at = now;
		else if (strcmp(notice, "scheduled") == 0)
			k.look_at = now;
		else
			wake_workers();
	}
	return OK;
}

/* What was missed while it was not connected is found by looking. */
static enum error
keep(void)
{
	int64_t now = clock_monotonic();
	bool was_connected = db_descriptor(k.db) >= 0;
	enum error e;

	note_workers();
	e = hear(now);
	if (!was_connected)
		k.look_at = now;
	if (!e)
		e = rescue_from_dead(now);
	if (!e)
		e = free_batches(now);
	if (!e && now >= k.renew_at)
		e = renew(now);
	if (!e && now >= k.look_at && !k.leaving)
		e = look(now);
	if (!e && now >= k.cron_at && !k.leaving)
		e = see_to_crons(now);
	if (!e && (now >= k.tell_at || k.leaving)) {
		k.tell_at = now + TELL_US;
		e = job_totals_report(&k.ctx);
	}
	return e ? e : hear(now); /* notices that came with the answers */
}

static void
read_signal(void)
{
	struct signalfd_siginfo info;

	while (read(k.signals, &info, sizeof(info)) == sizeof(info)) {
		k.leaving = true;
		if (info.ssi_signo == SIGXCPU)
			log_warn(NULL, "this process reached its limit of CPU time (RLIMIT_CPU) and"
				       " ends");
		k.leave_now |= info.ssi_signo != SIGTERM; /* the parent stops the workers */
		k.ending = true;
	}
}

/* A second at most: then it looks at the workers again. */
static void
sleep_until_due(bool failed)
{
	struct pollfd fds[] = {
		{ .fd = k.signals, .events = POLLIN },
		{ .fd = job_wakeups.supervisor, .events = POLLIN },
		{ .fd = failed ? -1 : db_descriptor(k.db), .events = POLLIN },
	};
	int64_t now = clock_monotonic(), until = now + (k.leaving ? SECOND / 20 : SECOND);
	uint64_t rings;

	if (!failed && k.look_at < until)
		until = k.look_at;
	if (!failed && k.renew_at < until)
		until = k.renew_at;
	poll(fds, COUNT(fds), until > now ? (int)((until - now + 999) / 1000) : 0);
	if (fds[0].revents)
		read_signal();
	if (fds[1].revents && read(job_wakeups.supervisor, &rings, sizeof(rings)) > 0)
		k.look_at = now;
}

static bool
workers_left(void)
{
	struct worker_slot *slot;

	for (unsigned i = 0; (slot = shared_slot_at(i)); i++)
		if (is_worker(slot))
			return true;
	return new_dead();
}

static void
read_crons(void)
{
	for (const struct feature *const *f = features; *f; f++) {
		for (const struct cron *row = (*f)->crons; row && row->name; row++) {
			struct time_row *t = &k.crons[k.ncrons];
			const char *wrong = cron_read(row->at, &t->times);

			t->row = row;
			if (wrong || !cron_zone_known(row->zone))
				log_error(NULL, "cron %s never comes: %s in \"%s\" %s", row->name,
					  wrong ? wrong : "its zone is not known here", row->at,
					  row->zone ? row->zone : "UTC");
			else if (k.ncrons == CRONS_MAX - 1)
				log_error(NULL, "cron %s never comes: it is one too many",
					  row->name);
			else
				k.ncrons++;
		}
	}
}

bool
supervisor_set_up(enum signal_role role)
{
	sigset_t set = signals_take(role);

	k.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	k.arena = arena_new(ARENA_LIMIT);
	k.db = db_new(settings.database_url);
	k.ctx = (struct ctx) { .arena = k.arena, .db = k.db, .request_id = "keeper" };
	k.poll_us = POLL_FIRST_US;
	read_crons();
	return k.signals >= 0;
}

void
supervisor_live(void)
{
	while (!k.leave_now && !(k.leaving && !workers_left())) {
		enum error e = keep();

		db_reset(k.db);
		failure_clear(&k.ctx);
		sleep_until_due(e != OK);
		arena_reset(k.arena);
	}
	db_free(k.db);
	arena_free(k.arena);
}

/* ---- without a pool: `work --once` */

enum error
supervisor_check_once(void)
{
	enum error e = keep();

	db_free(k.db); /* its socket must not be shared with children */
	k.db = db_new(settings.database_url);
	k.ctx.db = k.db;
	arena_reset(k.arena);
	k.leaving = true;
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
supervisor_live_with_children(void)
{
	bool good = true, told = false;
	pid_t pid;

	for (;;) {
		enum error e;
		int status;

		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			good &= WIFEXITED(status) && (WEXITSTATUS(status) == EXIT_SUCCESS ||
						      WEXITSTATUS(status) == EXIT_OVERRUN);
		e = keep();
		if (pid < 0 && (e || !new_dead()))
			break;
		db_reset(k.db);
		failure_clear(&k.ctx);
		if (k.ending && !told)
			stop_children();
		told = k.ending;
		sleep_until_due(e != OK);
		arena_reset(k.arena);
	}
	db_free(k.db);
	arena_free(k.arena);
	return good;
}
