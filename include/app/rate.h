/*
 * Rate limits by GCRA: `5/minute` allows a burst of 5, then one every 12 seconds. All processes
 * of the segment (app/shared.h) share the counters, which are exact under concurrency. A counter
 * expires when its whole window is available again. There are 262,144 counters for windows of up
 * to a minute and as many for longer ones; in a full set of four, the counter closest to expiry
 * is evicted. Example: if 100,000 addresses use up a limit of 3/hour, 25 others can make at most
 * 80 attempts instead of 75 (tests/unit/test_rate.c). app/http.h describes which limits a route
 * has.
 */
#ifndef APP_RATE_H
#define APP_RATE_H

#include "app/hash.h"
#include "app/settings.h"

struct rate_state {
	bool refused;
	int64_t remaining; /* further attempts that are allowed now */
	int64_t wait;      /* seconds until `remaining` increases; at least 1 */
};

/* Counts one attempt. The key must be a keyed hash (app/hash.h), so that clients cannot choose which
 * counters share a set. rate.n must not be 0. */
void rate_take(const unsigned char key[HASH_SIZE], struct rate, struct rate_state *out);

/* Undoes one rate_take(). */
void rate_undo(const unsigned char key[HASH_SIZE], struct rate, struct rate_state *out);

#endif
