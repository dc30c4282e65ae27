/* Stored responses for retries with an Idempotency-Key (doc/API.md, Idempotency). */
#ifndef APP_IDEMPOTENCY_H
#define APP_IDEMPOTENCY_H

#include "app/db.h"

extern const struct query idempotency_queries[];

/* Deletes at most `limit` responses that are older than 24 hours; stores their number in
 * `removed`. */
enum error idempotency_prune(struct ctx *, int64_t limit, int64_t *removed) MUST_CHECK;

#endif
