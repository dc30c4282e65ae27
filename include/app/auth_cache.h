/* Per-worker cache of authenticated callers, keyed by credential. An entry saves the database query
 * for SESSION_CACHE_SECONDS, unless the session, key or user changes. */
#ifndef APP_AUTH_CACHE_H
#define APP_AUTH_CACHE_H

#include "app/ctx.h"
#include "app/ids.h"
#include "app/secret.h"

struct cached_caller {
	unsigned char digest[SHA256_SIZE]; /* of the credential */
	const char *kind;                  /* a literal: "session" */
	char id[UUID_TEXT_SIZE];           /* of the session or key; "": unknown */
	char user_id[UUID_TEXT_SIZE];
	enum role role;
	uint64_t scopes;   /* of an API key, one bit each */
	int64_t expires;   /* seconds since 1970 */
	int64_t confirmed; /* of a session: microseconds since 1970 (struct caller) */
	int64_t touched;   /* when its use was last recorded (clock_monotonic()); 0: never */
	int64_t read_at;   /* when the database was read (clock_monotonic()) */
	uint64_t user_epoch, epoch; /* the epochs at that time, valid if `stamped` */
	bool stamped;
};

/* Looks up a credential. If it is not cached, or expired more than `skew` seconds ago, *out has only
 * digest and kind. */
void auth_cache_find(const char *kind, const char *credential, int64_t skew,
		     struct cached_caller *out);

/* Stores the time and the current epochs; call it before reading the database. For a credential that
 * is not cached, the ids are unknown, so `stamped` stays false: the next request reads the database
 * again. */
void auth_cache_stamp(struct cached_caller *);

/* Whether the entry is still valid. */
bool auth_cache_fresh(const struct cached_caller *);

/* Stores a copy of the entry. */
void auth_cache_put(const struct cached_caller *);

#endif
