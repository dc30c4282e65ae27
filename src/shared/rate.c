/* Rate limits: GCRA with one number for each key, the theoretical arrival time (TAT), after which
 * the whole window is available again, in a table of the shared segment. */
#include "app/rate.h"

#include "app/clock.h"
#include "app/redis.h"
#include "app/text.h"
#include "shared/shared_priv.h"

enum { MICROS = 1000000, TRIES = 16, TAG_BITS = 16, TAG_MAX = UINT16_MAX, SHORT_SECONDS = 60 };

static uint64_t
tag_at(uint64_t tags, unsigned way)
{
	return tags >> TAG_BITS * way & TAG_MAX;
}

/* Gives the counter with the earliest expiry to the tag. False: another process has changed the set.
 * `was` has the times from before `tags` was read, so if another process has counted since, the first
 * exchange fails. */
static bool
evict(struct rate_set *set, uint64_t tags, const int64_t was[RATE_WAYS], uint64_t tag)
{
	unsigned way = 0;
	int64_t tat;

	for (unsigned i = 1; i < RATE_WAYS; i++)
		way = was[i] < was[way] ? i : way;
	tat = was[way];
	return atomic_compare_exchange_strong(&set->tat[way], &tat, 0) &&
	       atomic_compare_exchange_strong(&set->tags, &tags,
					      (tags & ~((uint64_t)TAG_MAX << TAG_BITS * way)) |
						  tag << TAG_BITS * way);
}

/* All tags of a set are in one word, so that two processes cannot both add the same key. */
static unsigned
find_way(struct rate_set *set, uint64_t tag)
{
	for (;;) {
		int64_t was[RATE_WAYS];
		uint64_t tags;

		for (unsigned way = 0; way < RATE_WAYS; way++)
			was[way] = set->tat[way];
		tags = set->tags;
		for (unsigned way = 0; way < RATE_WAYS; way++) {
			if (tag_at(tags, way) == tag)
				return way;
		}
		evict(set, tags, was, tag);
	}
}

/* Returns whether the attempt is allowed; *ahead is the part of the window that is used after it. The
 * clock is read after the cell, so a time beyond the window is from another rate or before a reboot,
 * and is ignored. */
static bool
gcra_count(_Atomic int64_t *cell, int64_t step, int64_t window, int64_t *ahead)
{
	int64_t tat = *cell, from, now;

	do {
		now = clock_monotonic();
		from = tat < now || tat > now + window + MICROS ? now : tat;
		*ahead = from - now;
		if (*ahead + step > window)
			return false;
	} while (!atomic_compare_exchange_weak(cell, &tat, from + step));
	*ahead += step;
	return true;
}

static int64_t
round_up_seconds(int64_t micros)
{
	return micros > 0 ? (micros + MICROS - 1) / MICROS : 1;
}

/* Windows of up to a minute use one half of the table, longer ones the other, so that a flood of
 * sign-ins does not evict counters of an hour. */
static struct rate_set *
find_rate_set(const unsigned char key[HASH_SIZE], int64_t window)
{
	uint64_t place;

	memcpy(&place, key, sizeof(place));
	place %= RATE_SETS / 2;
	return &shared->rates[window > (int64_t)SHORT_SECONDS * MICROS ? place + RATE_SETS / 2
								       : place];
}

/* Counts in the shared segment. */
static bool
count_locally(const unsigned char key[HASH_SIZE], int64_t step, int64_t window, int64_t *ahead)
{
	struct rate_set *set = find_rate_set(key, window);
	uint16_t tag;
	bool passed = false;

	memcpy(&tag, key + sizeof(uint64_t), sizeof(tag));
	if (!tag)
		tag = TAG_MAX; /* 0: free */
	for (int tries = 0; tries < TRIES; tries++) {
		unsigned way = find_way(set, tag);

		passed = gcra_count(&set->tat[way], step, window, ahead);
		if (tag_at(set->tags, way) == tag) /* not evicted meanwhile */
			break;
	}
	return passed;
}

/* The same for all hosts, with the clock of Redis. */
static const char count_script[] = "local t = redis.call('TIME')\n"
				   "local now = t[1] * 1000000 + t[2]\n"
				   "local step, window = tonumber(ARGV[1]), tonumber(ARGV[2])\n"
				   "local tat = tonumber(redis.call('GET', KEYS[1]) or 0)\n"
				   "if tat < now or tat > now + window then tat = now end\n"
				   "if tat + step - now > window then return {0, tat - now} end\n"
				   "tat = tat + step\n"
				   "redis.call('SET', KEYS[1], string.format('%.0f', tat), 'PX',"
				   " math.max(1, math.ceil((tat - now) / 1000)))\n"
				   "return {1, tat - now}\n";

static void
count_in_redis(const unsigned char key[HASH_SIZE], int64_t step, int64_t window, bool *passed,
	       int64_t *ahead)
{
	char name[sizeof(PACKAGE ":rate:") + 2 * HASH_SIZE] = PACKAGE ":rate:";
	char step_text[24], window_text[24];
	const char *args[] = { step_text, window_text, NULL };
	int64_t numbers[2];

	hex_write(name + strlen(name), key, HASH_SIZE);
	snprintf(step_text, sizeof(step_text), "%" PRId64, step);
	snprintf(window_text, sizeof(window_text), "%" PRId64, window);
	if (!redis_eval(count_script, name, args, numbers, 2) || numbers[1] < 0 ||
	    numbers[1] > window)
		return;

	*passed = numbers[0];
	*ahead = numbers[1];
}

/* Always counts on this host too, so that the count is available if Redis is not. */
static void
count_all(const unsigned char key[HASH_SIZE], int64_t step, struct rate rate,
	  struct rate_state *out)
{
	int64_t each = rate.seconds * MICROS / rate.n, window = each * rate.n, ahead = 0;
	bool passed = count_locally(key, step, window, &ahead);

	if (redis_enabled())
		count_in_redis(key, step, window, &passed, &ahead);
	if (ahead < 0)
		ahead = 0;
	out->refused = !passed;
	out->remaining = passed ? (window - ahead) / each : 0;
	out->wait = round_up_seconds(ahead - (window - (out->remaining + 1) * each));
}

void
rate_take(const unsigned char key[HASH_SIZE], struct rate rate, struct rate_state *out)
{
	count_all(key, rate.seconds * MICROS / rate.n, rate, out);
}

void
rate_undo(const unsigned char key[HASH_SIZE], struct rate rate, struct rate_state *out)
{
	count_all(key, -rate.seconds * MICROS / rate.n, rate, out);
}
