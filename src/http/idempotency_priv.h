/* Kept answers, between idempotency.c and idempotency_repo.c. */
#ifndef APP_IDEMPOTENCY_PRIV_H
#define APP_IDEMPOTENCY_PRIV_H

#include "app/idempotency.h"
#include "app/secret.h"

/* Whose key it is, which, and what it was sent with. */
struct idempotency_key {
	const char *user_id;
	unsigned char hash[SHA256_SIZE], fingerprint[SHA256_SIZE];
};

struct stored_response {
	bool free;  /* nobody else is at a request with this key */
	bool found; /* there is an response, and the rest is it */
	bool same;  /* to the same request */
	int64_t status;
	const char *body, *location, *etag; /* the latter two, or NULL */
};

enum error idempotency_find(struct ctx *, const struct idempotency_key *,
			    struct stored_response *out) MUST_CHECK;

/* With COMMIT, which fails where somebody else came first; then idempotency_already_stored(). */
void idempotency_store(struct ctx *, const struct idempotency_key *,
		       const struct stored_response *);
bool idempotency_already_stored(struct ctx *);

#endif
