/* Stored responses: the interface between idempotency.c and idempotency_repo.c. */
#ifndef APP_IDEMPOTENCY_PRIV_H
#define APP_IDEMPOTENCY_PRIV_H

#include "app/idempotency.h"
#include "app/secret.h"

/* A client's key, hashed, and a fingerprint of its request. */
struct idempotency_key {
	const char *user_id;
	unsigned char hash[SHA256_SIZE], fingerprint[SHA256_SIZE];
};

struct stored_response {
	bool free;  /* no other request with this key is running */
	bool found; /* a response is stored, in the following members */
	bool same;  /* it belongs to the same request */
	int64_t status;
	const char *body, *location, *etag; /* location and etag may be NULL */
};

enum error idempotency_find(struct ctx *, const struct idempotency_key *,
			    struct stored_response *out) MUST_CHECK;

/* Stores the response with the COMMIT, which fails if a concurrent request has stored one; then
 * idempotency_already_stored() is true. */
void idempotency_store(struct ctx *, const struct idempotency_key *,
		       const struct stored_response *);
bool idempotency_already_stored(struct ctx *);

#endif
