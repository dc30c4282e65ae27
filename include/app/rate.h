/*
 * Rate limits by GCRA: `5/minute` is a burst of 5, then one more every 12 seconds. The count
 * is one for all processes of the segment (app/shared.h), and exact: of any number at once
 * as many pass as may. A key of which nobody hears is forgotten; where too many are alive at
 * once, the one that would be forgotten first. Which routes have limits: app/http.h.
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

/* Counts one try. The key is a hash under a secret, so that nobody can choose with whom he
 * shares a place; the rate must have an n. */
void rate_take(const unsigned char key[HASH_SIZE], struct rate, struct rate_state *out);

#endif
