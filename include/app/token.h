/* Access tokens: JWT by RFC 7519, 8725 and 9068. The only file with libjwt behind it. */
#ifndef APP_TOKEN_H
#define APP_TOKEN_H

#include "app/ctx.h"

struct claims {
	const char *sub;  /* user id */
	const char *sid;  /* session id */
	const char *role; /* at the time of issue: what counts is the live account */
	int64_t iat, exp; /* seconds since 1970 */
};

/* Signs a token by keys_signing(), with iss, aud, nbf and a jti of its own; iat and exp as given. */
enum error token_sign(struct ctx *, const struct claims *, const char **token) MUST_CHECK;

/* Checks form, key, algorithm, signature, typ, iss, aud, times. E_TOKEN_EXPIRED, or
 * E_INVALID_TOKEN for all else. */
enum error token_verify(struct ctx *, const char *token, struct claims *) MUST_CHECK;

#endif
