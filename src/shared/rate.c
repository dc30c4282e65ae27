/* Rate limits: GCRA on one number a key, the moment from which on nothing counts any more
 * ("theoretical arrival time"), in a table of the shared segment. */
#include "app/rate.h"

#include "app/clock.h"
#include "shared/shared_priv.h"

enum { MICROS = 1000000, TRIES = 16 };

static uint32_t
tag_at(uint64_t tags, unsigned way)
{
	return (uint32_t)(tags >> 32 * way);
}

/* Gives the place that is over first, or will be, to this tag. False: somebody else did
 * something here in the meantime. `was` are the times from before `tags` was read: if the
 * tag has come since, and counted, the first exchange fails. */
static bool
claim(struct rate_set *set, uint64_t tags, const int64_t was[RATE_WAYS], uint32_t tag)
{
	unsigned way = was[0] <= was[1] ? 0 : 1;
	int64_t over = was[way];
	uint64_t with = (tags & ~((uint64_t)UINT32_MAX << 32 * way)) | (uint64_t)tag << 32 * way;

	return atomic_compare_exchange_strong(&set->tat[way], &over, 0) &&
	       atomic_compare_exchange_strong(&set->tags, &tags, with);
}

/* All tags of a set are one word, so that of two processes with the same new key one alone
 * finds it a place. */
static unsigned
find_way(struct rate_set *set, uint32_t tag)
{
	for (;;) {
		int64_t was[RATE_WAYS] = { set->tat[0], set->tat[1] };
		uint64_t tags = set->tags;

		for (unsigned way = 0; way < RATE_WAYS; way++) {
			if (tag_at(tags, way) == tag)
				return way;
		}
		claim(set, tags, was, tag);
	}
}

/* Returns whether it passes; `ahead` is how much of the window is used up after it. The clock
 * is read after the cell: what stands there is never beyond the window, unless it is of
 * another rate or another start of the machine, and then it does not count. */
static bool
count(_Atomic int64_t *cell, int64_t step, int64_t window, int64_t *ahead)
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
seconds(int64_t micros)
{
	return micros > 0 ? (micros + MICROS - 1) / MICROS : 1;
}

void
rate_take(const unsigned char key[HASH_SIZE], struct rate rate, struct rate_state *out)
{
	int64_t step = rate.seconds * MICROS / rate.n, window = step * rate.n, ahead;
	struct rate_set *set;
	uint64_t place;
	uint32_t tag;

	memcpy(&place, key, sizeof(place));
	memcpy(&tag, key + sizeof(place), sizeof(tag));
	tag += tag == 0; /* of nobody */
	set = shared_rates(place);
	for (int tries = 0; tries < TRIES; tries++) {
		unsigned way = find_way(set, tag);

		out->refused = !count(&set->tat[way], step, window, &ahead);
		if (tag_at(set->tags, way) == tag) /* else others have taken the place */
			break;
	}
	out->remaining = out->refused ? 0 : (window - ahead) / step;
	out->wait = seconds(ahead - (window - (out->remaining + 1) * step));
}
