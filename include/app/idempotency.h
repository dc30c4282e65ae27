/* Answers that are kept for a day, for who repeats a request with its Idempotency-Key. */
#ifndef APP_IDEMPOTENCY_H
#define APP_IDEMPOTENCY_H

#include "app/db.h"

extern const struct query idempotency_queries[];

/* Removes those that are past their day, at most `limit`; counts them. */
enum error idempotency_prune(struct ctx *, int64_t limit, int64_t *removed) MUST_CHECK;

#endif
