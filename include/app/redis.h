/*
 * Redis (REDIS_URL): counters and cached responses that several hosts share. It never holds the only
 * copy of data; every caller must work without it. A call takes at most 100 ms; after a failure, no
 * process of this host calls Redis for REDIS_PAUSE seconds, then a single process tries again.
 */
#ifndef APP_REDIS_H
#define APP_REDIS_H

#include "app/arena.h"

enum { REDIS_PAUSE = 3, REDIS_ARGS_MAX = 8 };

struct redis_bytes {
	const char *data; /* NULL: the key does not exist */
	size_t len;
};

/* Checks REDIS_URL at startup. Returns NULL or an error message in the arena. */
const char *redis_check(struct arena *) MUST_CHECK;

/* Whether REDIS_URL is a Redis server, not memory://. */
bool redis_enabled(void);

/* This and the following functions return false if Redis is not enabled or not available. */
bool redis_ping(void) MUST_CHECK;

/* Runs a Lua script with one key and NULL-terminated arguments. It must return `n` integers. */
bool redis_eval(const char *script, const char *key, const char *const *args, int64_t *numbers,
		size_t n) MUST_CHECK;

/* Reads up to REDIS_ARGS_MAX keys in one call. The arena owns the results. */
bool redis_get(struct arena *, const char *const *keys, size_t n,
	       struct redis_bytes *out) MUST_CHECK;

/* Writes a key that expires after some seconds. */
bool redis_set(const char *key, const void *data, size_t len, int64_t seconds) MUST_CHECK;

#endif
