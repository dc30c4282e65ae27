/* The queue for password hashing: numbered places in the shared segment (app/hash_queue.h). */
#include "app/hash_queue.h"

#include "app/clock.h"
#include "app/hash.h"
#include "shared/shared_priv.h"

#include <arpa/inet.h>

enum {
	PLACES_EACH = 32,
	WAIT_US = 5000000,
	STALE_US = 2 * WAIT_US,
	RUNNING_MAX = HASH_PLACES_MAX / PLACES_EACH
};

enum { PLACE_WAITING, PLACE_CHECKING, PLACE_HASHING }; /* state of a place */

/* The number of processes that may hash at a time. */
static unsigned
limit(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN) / 2;
	unsigned n = shared->workers / 4;

	if (cores < n)
		n = (unsigned)cores;
	if (n < 1)
		return 1;
	return n < RUNNING_MAX ? n : RUNNING_MAX;
}

/* Never 0. */
static uint64_t
hash_bytes(const void *bytes, size_t len)
{
	uint64_t hash = hash_add(HASH_START, bytes, len);

	return hash ? hash : 1;
}

/* 0: no address. IPv6 clients are counted by their /64 prefix, as in rate limits. */
static uint64_t
client_key(const char *ip)
{
	struct in6_addr six;

	if (!ip)
		return 0;
	if (inet_pton(AF_INET6, ip, &six) == 1 && !IN6_IS_ADDR_V4MAPPED(&six))
		return hash_bytes(&six, sizeof(six) / 2);
	return hash_bytes(ip, strlen(ip));
}

/* Whether the share of the caller or the client is exceeded. A place is written before the others
 * are read, so if two are taken at the same time, at least one sees the other. */
static bool
is_over_share(const struct hash_place *own, unsigned places)
{
	unsigned same_client = 0;

	for (unsigned i = 0; i < places; i++) {
		const struct hash_place *p = &shared->hash_places[i];
		bool caller = own->caller && p->caller == own->caller;
		bool client = own->client && p->client == own->client;

		if (p == own || !(caller || client) || !p->pid || shared_is_dead(p->pid))
			continue;
		if (caller)
			return true;
		same_client++;
	}
	return same_client >= places - 1;
}

static void
clear_place(struct hash_place *p)
{
	p->number = p->caller = p->client = 0;
	p->state = PLACE_WAITING;
}

static bool
take_place(struct hash_ticket *t, uint64_t caller, uint64_t client)
{
	unsigned places = limit() * PLACES_EACH;
	struct hash_place *p = NULL;

	for (unsigned i = 0; i < places && !p; i++) {
		if (shared_claim(&shared->hash_places[i].pid))
			p = &shared->hash_places[i];
	}
	if (!p)
		return false;

	clear_place(p);
	p->since = clock_monotonic();
	p->caller = caller;
	p->client = client;
	*t = (struct hash_ticket) { .place = (unsigned)(p - shared->hash_places) };
	if (is_over_share(p, places)) {
		clear_place(p);
		p->pid = 0;
		return false;
	}
	p->state = PLACE_CHECKING;
	t->since = p->since;
	t->number = ++shared->hash_numbers;
	p->number = t->number;
	return true;
}

/* Whether a process is busy with another request, so that it cannot use its turn. */
static bool
is_busy(int32_t pid)
{
	const struct worker_slot *slot = shared_slot_of(pid);

	return slot && slot->busy_until;
}

/* Whether a place belongs to another process that hashes, or that should hash before this number. A
 * place older than any ticket belongs to a dead process, whose pid may have been reused. */
static bool
is_before(const struct hash_place *p, uint64_t own_number)
{
	int32_t pid = p->pid, state = p->state;
	uint64_t number = p->number;
	int64_t age;

	if (pid == 0 || pid == getpid() || number == 0)
		return false;
	if (state != PLACE_HASHING &&
	    (number > own_number || (state == PLACE_WAITING && is_busy(pid))))
		return false;

	age = clock_monotonic() - p->since;
	if (age > STALE_US || age < -STALE_US) /* negative: written before a reboot */
		return false;
	return !shared_is_dead(pid);
}

/* A process hashes one ticket at a time, so the processes with the lowest numbers may hash, up to the
 * limit. */
static bool
is_turn(const struct hash_ticket *t)
{
	int32_t before[RUNNING_MAX];
	unsigned n = 0, max = limit();

	for (unsigned i = 0; i < HASH_PLACES_MAX && n < max; i++) {
		const struct hash_place *p = &shared->hash_places[i];
		bool known = !is_before(p, t->number);

		for (unsigned k = 0; k < n && !known; k++)
			known = before[k] == p->pid;
		if (!known)
			before[n++] = p->pid;
	}
	return n < max;
}

/* PLACE_CHECKING: tickets with higher numbers that are checked at the same time must wait. */
enum hash_turn
hash_turn(struct hash_ticket *t)
{
	struct hash_place *p = &shared->hash_places[t->place];

	p->state = PLACE_CHECKING;
	t->ran = t->ran || is_turn(t);
	p->state = t->ran ? PLACE_HASHING : PLACE_WAITING;
	if (t->ran)
		return HASH_RUN;
	if (clock_monotonic() - t->since < WAIT_US)
		return HASH_WAIT;

	hash_leave(t);
	t->refused = true;
	return HASH_REFUSED;
}

enum hash_turn
hash_enter(struct ctx *c)
{
	const char *id = c->caller.user_id;

	if (c->hash.refused)
		return HASH_REFUSED;
	if (!c->hash.number &&
	    !take_place(&c->hash, id ? hash_bytes(id, strlen(id)) : 0, client_key(c->ip)))
		return HASH_REFUSED;

	return hash_turn(&c->hash);
}

void
hash_pause(struct hash_ticket *t)
{
	if (t->number)
		shared->hash_places[t->place].state = PLACE_WAITING;
}

void
hash_leave(struct hash_ticket *t)
{
	struct hash_place *p = &shared->hash_places[t->place];

	if (!t->number)
		return;

	t->number = 0;
	t->ran = false;
	clear_place(p);
	p->pid = 0;
}

void
hash_queue_release(pid_t pid)
{
	for (unsigned i = 0; i < HASH_PLACES_MAX; i++) {
		struct hash_place *p = &shared->hash_places[i];
		int32_t holder = pid;

		if (p->pid != pid)
			continue;
		clear_place(p);
		atomic_compare_exchange_strong(&p->pid, &holder, 0);
	}
}
