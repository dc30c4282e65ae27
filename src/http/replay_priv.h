/* Kept answers, between replay.c and replay_repo.c. */
#ifndef APP_REPLAY_PRIV_H
#define APP_REPLAY_PRIV_H

#include "app/replay.h"
#include "app/secret.h"

/* Whose key it is, which, and what it was sent with. */
struct replay_key {
	const char *user_id;
	unsigned char hash[SHA256_SIZE], fingerprint[SHA256_SIZE];
};

struct replay {
	bool free;  /* nobody else is at a request with this key */
	bool found; /* there is an answer, and the rest is it */
	bool same;  /* to the same request */
	int64_t status;
	const char *body, *location, *etag; /* the latter two, or NULL */
};

enum error replay_find(struct ctx *, const struct replay_key *, struct replay *out) MUST_CHECK;

/* With COMMIT, which fails where somebody else came first; then replay_was_kept(). */
void replay_keep(struct ctx *, const struct replay_key *, const struct replay *);
bool replay_was_kept(struct ctx *);

#endif
