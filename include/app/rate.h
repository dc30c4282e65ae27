/*
 * Rate limits by GCRA: `5/minute` is a burst of 5, then one more every 12 seconds. All processes
 * of the segment (app/shared.h) share the count, which is exact under concurrency. A counter
 * expires when it limits nothing any more. There are 262,144 places for windows of up to a minute
 * and as many for longer ones; in a full set of four, the counter closest to expiry is evicted.
 * A flood that uses up a limit of 3/hour from 100,000 addresses lets 25 others make at most 80
 * attempts instead of 75 (tests/unit/test_rate.c). Which routes have limits: app/http.h.
 */
#ifndef APP_RATE_H
#define APP_RATE_H

#include "app/hash.h"
#include "app/settings.h"

struct rate_state {
	bool refused;
	int64_t remaining; /* how many more pass now */
	int64_t wait;      /* seconds until one more than that does; at least 1 */
};

/* Counts one attempt. The key is a keyed hash, so that clients cannot choose which counters share
 * their set; rate.n must not be 0. */
void rate_take(const unsigned char key[HASH_SIZE], struct rate, struct rate_state *out);

/* Undoes one rate_take(). */
void rate_give_back(const unsigned char key[HASH_SIZE], struct rate, struct rate_state *out);

#endif
