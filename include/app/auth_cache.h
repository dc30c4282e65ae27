/* The callers that this worker has seen lately, by what they showed: the same bytes need, for
 * SESSION_CACHE_SECONDS, no question to the database. */
#ifndef APP_AUTH_CACHE_H
#define APP_AUTH_CACHE_H

#include "app/ctx.h"
#include "app/ids.h"
#include "app/secret.h"

struct cached_caller {
	unsigned char digest[SHA256_SIZE]; /* of what he showed */
	const char *kind;                  /* a literal: "session" */
	char id[UUID_TEXT_SIZE];           /* of the thing of that kind; "": not known */
	char user_id[UUID_TEXT_SIZE];
	enum role role;
	uint64_t scopes;            /* of an API key: a bit for each */
	int64_t expires;            /* seconds since 1970 */
	int64_t touched;            /* when its use was noted last (clock_monotonic); 0: never */
	int64_t read_at;            /* when the database was asked (clock_monotonic) … */
	uint64_t user_epoch, epoch; /* … and under which generations */
	bool stamped;               /* which were known then */
};

/* What is known of who shows that text. All zero but digest and kind: nothing, or what it was
 * has expired, more than `skew` seconds ago. */
void auth_cache_find(const char *kind, const char *shown, int64_t skew, struct cached_caller *out);

/* Call it before the database is asked: notes the time and the generations. Where it is not
 * known yet whose they are, the first answer is good for one request, and the second is kept. */
void auth_cache_stamp(struct cached_caller *);

/* Whether what the database said still holds. */
bool auth_cache_fresh(const struct cached_caller *);

void auth_cache_put(const struct cached_caller *);

#endif
