/*
 * Redis (REDIS_URL): what several hosts share. Never the truth of anything: whoever asks it
 * can do without. A call takes 100 ms at most; after one that failed, no process of this host
 * asks again for REDIS_PAUSE seconds, then a single one tries.
 */
#ifndef APP_REDIS_H
#define APP_REDIS_H

#include "app/arena.h"

enum { REDIS_PAUSE = 3, REDIS_ARGS_MAX = 8 };

struct redis_bytes {
	const char *data; /* NULL: not there */
	size_t len;
};

/* At the start: NULL, or a line that tells what is wrong with REDIS_URL. */
const char *redis_check(struct arena *) MUST_CHECK;

/* Whether REDIS_URL names one. */
bool redis_wanted(void);

/* False, for all that follow: there is none, or it is away. */
bool redis_ping(void) MUST_CHECK;

/* Runs a script (Lua) on one key that returns `n` whole numbers; the arguments end with NULL. */
bool redis_run(const char *script, const char *key, const char *const *args, int64_t *numbers,
	       size_t n) MUST_CHECK;

/* Reads up to REDIS_ARGS_MAX keys at once; the bytes live as long as the arena. */
bool redis_get(struct arena *, const char *const *keys, size_t n,
	       struct redis_bytes *out) MUST_CHECK;

/* Writes one, for so many seconds. */
bool redis_put(const char *key, const void *data, size_t len, int64_t seconds) MUST_CHECK;

#endif
