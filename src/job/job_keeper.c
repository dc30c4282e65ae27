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

enum {
	ARENA_LIMIT = 16 * 1024 * 1024,
	WORKERS_MAX = 4096,
	CRONS_MAX = 256,
	LONG_US = 1000000, /* a job that takes longer lets go of the rest of its batch */
	POLL_FIRST_US = 100000,
	TELL_US = 2000000,
};

struct time_row {
	const struct cron *row;
	struct cron_times times;
	int64_t last_at; /* seconds since 1970; 0: not known yet */
	int64_t seen_at; /* nothing was due since last_at up to here */
};

/* A worker as it was seen last. */
struct known {
	int64_t leases, job, since;
	int64_t renewed; /* the lease that was renewed last */
	bool seen;
};

static struct keeper {
	struct slot *slot;
	struct arena *arena;
	struct db *db;
	struct ctx ctx;
	int signals;
	bool leaving, leave_now;

	struct known known[WORKERS_MAX];
	size_t nknown;
	struct time_row crons[CRONS_MAX];
	size_t ncrons;

	int64_t look_at, renew_at, cron_at, tell_at, poll_us;
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
is_worker(const struct slot *slot)
{
	return slot->pid && slot->leases && (kill(slot->pid, 0) == 0 || errno == EPERM);
}

static struct known *
known_by(int64_t leases)
{
	for (size_t i = 0; i < k.nknown; i++)
		if (k.known[i].leases == leases)
			return &k.known[i];
	if (k.nknown == WORKERS_MAX)
		return NULL;
	k.known[k.nknown] = (struct known) { .leases = leases };
	return &k.known[k.nknown++];
}

static void
put_number(struct buf *b, int64_t n)
{
	buf_printf(b, "%c%" PRId64, b->len ? ',' : '{', n);
}

static struct buf
numbers(void)
{
	return buf_new(k.arena, 128 * 1024);
}

static void
log_rescued(const struct records *rescued)
{
	const struct rescued *r = rescued->rows;

	for (size_t i = 0; i < rescued->n; i++, r++)
		log_warn(&k.ctx, "took job %s (%s) back, for %s: it is %s now", r->id, r->kind,
			 r->error ? r->error : "an unknown reason", r->status);
	if (rescued->n)
		bell_ring(job_bells.workers);
}

/* Those whose lease ran out, and those of the dead. */
static enum error
rescue(const char *dead)
{
	struct records rescued;
	enum error e;

	e = jobs_rescue(&k.ctx, dead, &rescued);
	if (!e)
		log_rescued(&rescued);
	return e;
}

/* A job that began long ago would keep the rest of its batch waiting. */
static enum error
free_batch(struct slot *slot, const struct known *known, int64_t now)
{
	int64_t lease = slot->lease, n;
	struct buf keys = numbers();
	size_t nbatch;
	enum error e;

	if (!known->job || now - known->since < LONG_US || !lease || slot->surplus == lease ||
	    slot->begun >= slot->nbatch)
		return OK;

	slot->surplus = lease; /* from now on it begins nothing more of it */
	nbatch = slot->nbatch;
	for (size_t i = slot->begun; i < nbatch && i < BATCH_MAX; i++)
		put_number(&keys, slot->batch[i]);
	if (!keys.len || slot->lease != lease)
		return OK;

	buf_char(&keys, '}');
	e = jobs_put_back(&k.ctx, lease, keys.data, 0, &n);
	bell_ring(job_bells.workers);
	return e;
}

/* Looks at every worker of the pool: who is there, and since when it runs which job. */
static enum error
look_at_workers(int64_t now)
{
	struct buf dead = numbers();
	struct slot *slot;
	enum error e = OK;
	size_t left = 0;

	for (size_t i = 0; i < k.nknown; i++)
		k.known[i].seen = false;
	for (unsigned i = 0; (slot = shared_slot_at(i)) && !e; i++) {
		struct known *known = is_worker(slot) ? known_by(slot->leases) : NULL;

		if (!known)
			continue;
		known->seen = true;
		if (known->job != slot->job) {
			known->job = slot->job;
			known->since = now;
		}
		e = free_batch(slot, known, now);
	}
	if (e)
		return e;

	for (size_t i = 0; i < k.nknown; i++)
		if (!k.known[i].seen)
			put_number(&dead, k.known[i].leases);
	if (dead.len) {
		buf_char(&dead, '}');
		e = rescue(dead.data);
	}
	for (size_t i = 0; i < k.nknown && !e; i++)
		if (k.known[i].seen)
			k.known[left++] = k.known[i];
	if (!e)
		k.nknown = left;
	return e;
}

/* Passes on to the worker what its row says. */
static void
tell_stop(struct slot *slot, int64_t job, enum stop why)
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

static void
tell_workers(const struct records *held)
{
	struct slot *slot;

	for (unsigned i = 0; (slot = shared_slot_at(i)); i++) {
		int64_t job = slot->job, lease = slot->lease;
		struct known *known = is_worker(slot) ? known_by(slot->leases) : NULL;
		const struct held *h = find_held(held, job, lease);

		if (!known || !job || known->renewed != lease)
			continue;
		if (!h)
			tell_stop(slot, job, STOP_LOST);
		else if (h->stopping)
			tell_stop(slot, job, STOP_CANCELLED);
	}
}

/* Notes a lease that will be renewed. */
static void
put_lease(struct buf *leases, const struct slot *slot)
{
	struct known *known = is_worker(slot) ? known_by(slot->leases) : NULL;

	if (!known || !slot->lease || is_stopped(slot->pid))
		return;
	known->renewed = slot->lease;
	put_number(leases, known->renewed);
}

static enum error
renew(int64_t now)
{
	struct buf leases = numbers();
	struct records held;
	struct slot *slot;
	enum error e;

	k.renew_at = now + settings.job_lease_seconds * SECOND / 3;
	if (!settings.job_listen && k.renew_at > now + settings.job_poll_seconds * SECOND)
		k.renew_at = now + settings.job_poll_seconds * SECOND;
	for (unsigned i = 0; (slot = shared_slot_at(i)); i++)
		put_lease(&leases, slot);
	if (!leases.len)
		return OK;

	buf_char(&leases, '}');
	e = jobs_renew(&k.ctx, leases.data, &held);
	if (!e)
		tell_workers(&held);
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
	e = jobs_look(&k.ctx, &due);
	if (!e && due.waiting)
		e = jobs_plan_anew(&k.ctx);
	if (!e && due.lost)
		e = rescue("{}");
	if (e)
		return e;

	if (due.moved || due.waiting)
		bell_ring(job_bells.workers);
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
tell_totals(int64_t now)
{
	k.tell_at = now + TELL_US;
	return job_totals_tell(&k.ctx);
}

static enum error
enqueue_due(struct time_row *t, int64_t at)
{
	bool mine = false;
	enum error e;

	e = db_begin(&k.ctx);
	if (!e)
		e = cron_claim(&k.ctx, t->row->name, at, &mine);
	if (!e && mine)
		e = job_enqueue(&k.ctx, t->row->kind, t->row->args);
	e = db_finish(&k.ctx, e);
	if (e == E_UNAVAILABLE)
		return e;

	if (e)
		log_error(&k.ctx, "cron %s: cannot enqueue %s: %s", t->row->name,
			  t->row->kind->name, error_info(e)->code);
	t->last_at = at;
	return OK;
}

static enum error
see_to_crons(int64_t now)
{
	int64_t seconds = clock_now() / SECOND;
	enum error e = OK;

	for (size_t i = 0; i < k.ncrons && !e; i++) {
		struct time_row *t = &k.crons[i];
		struct cron_seen seen;
		int64_t due;

		if (!t->last_at) {
			e = cron_begin(&k.ctx, t->row->name, seconds, &seen);
			if (e)
				break;
			t->last_at = seen.last_at;
		}
		due = cron_last_due(&t->times, t->row->zone,
				    t->seen_at > t->last_at ? t->seen_at : t->last_at, seconds);
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

	while ((notice = db_notice(&k.ctx))) {
		if (strcmp(notice, "stop") == 0)
			k.renew_at = now;
		else if (strcmp(notice, "scheduled") == 0)
			k.look_at = now;
		else
			bell_ring(job_bells.workers);
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

	e = hear(now);
	if (!was_connected)
		k.look_at = now;
	if (!e)
		e = look_at_workers(now);
	if (!e && now >= k.renew_at)
		e = renew(now);
	if (!e && now >= k.look_at && !k.leaving)
		e = look(now);
	if (!e && now >= k.cron_at && !k.leaving)
		e = see_to_crons(now);
	if (!e && (now >= k.tell_at || k.leaving))
		e = tell_totals(now);
	return e ? e : hear(now); /* notices that came with the answers */
}

static void
read_signal(void)
{
	struct signalfd_siginfo info;

	while (read(k.signals, &info, sizeof(info)) == sizeof(info)) {
		k.leaving = true;
		k.leave_now |= info.ssi_signo == SIGUSR1; /* another one sees to the workers */
	}
}

/* A second at most: then it looks at the workers again. */
static void
sleep_until_due(bool failed)
{
	struct pollfd fds[] = {
		{ .fd = k.signals, .events = POLLIN },
		{ .fd = job_bells.keeper, .events = POLLIN },
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
	if (fds[1].revents && read(job_bells.keeper, &rings, sizeof(rings)) > 0)
		k.look_at = now;
}

static bool
workers_left(void)
{
	struct slot *slot;

	for (unsigned i = 0; (slot = shared_slot_at(i)); i++)
		if (is_worker(slot))
			return true;
	return k.nknown > 0;
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
			else if (k.ncrons < CRONS_MAX - 1)
				k.ncrons++;
		}
	}
}

static bool
set_up(void)
{
	sigset_t set;

	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_SETMASK, &set, NULL);
	k.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	k.slot = shared_slot_take();
	k.arena = arena_new(ARENA_LIMIT);
	k.db = db_new(settings.database_url);
	k.ctx = (struct ctx) { .arena = k.arena, .db = k.db, .request_id = "keeper" };
	k.poll_us = POLL_FIRST_US;
	read_crons();
	return k.signals >= 0 && k.slot;
}

int
job_keeper(const struct seat_info *info)
{
	if (!set_up()) {
		log_error(NULL, "cannot start the keeper: %s", strerror(errno));
		return EXIT_FAILURE;
	}

	k.slot->ready = true;
	kill(info->parent, SIGUSR1);
	while (!k.leave_now && !(k.leaving && !workers_left())) {
		enum error e = keep();

		db_settle(k.db);
		failure_clear(&k.ctx);
		sleep_until_due(e != OK);
		arena_reset(k.arena);
	}
	db_free(k.db);
	arena_free(k.arena);
	shared_forget(getpid());
	return EXIT_SUCCESS;
}
