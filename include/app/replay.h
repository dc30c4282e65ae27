/* Answers that are kept for a day, for who repeats a request with its Idempotency-Key. */
#ifndef APP_REPLAY_H
#define APP_REPLAY_H

#include "app/db.h"

extern const struct query replay_queries[];

/* Removes those that are past their day, at most `limit`; counts them. */
enum error replay_clean(struct ctx *, int64_t limit, int64_t *removed) MUST_CHECK;

#endif
