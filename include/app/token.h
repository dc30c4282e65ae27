/* Access tokens: JWT (RFC 7519, 8725, 9068), by libjwt. */
#ifndef APP_TOKEN_H
#define APP_TOKEN_H

#include "app/ctx.h"

struct claims {
	const char *sub;  /* user id */
	const char *sid;  /* session id */
	const char *role; /* at the time of issue; authorization uses the current role */
	int64_t iat, exp; /* seconds since 1970 */
};

/* Signs a token with keys_signing(). Adds iss, aud, nbf and a new jti. */
enum error token_sign(struct ctx *, const struct claims *, const char **token) MUST_CHECK;

/* Checks format, key, algorithm, signature, typ, iss, aud and times. E_TOKEN_EXPIRED, or
 * E_INVALID_TOKEN for all other failures. */
enum error token_verify(struct ctx *, const char *token, struct claims *) MUST_CHECK;

#endif
