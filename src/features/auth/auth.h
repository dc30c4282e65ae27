/* Signing in and out, and who is asking: the only auth header that another feature may
 * include. */
#ifndef APP_AUTH_H
#define APP_AUTH_H

#include "app/feature.h"

extern const struct feature auth_feature;

/* An access token for development, of a session of its own, without a refresh token or a
 * check of the password. Both expire after that many hours, or SESSION_MAX_DAYS if that is
 * less: `*expires_in` seconds. */
enum error auth_issue(struct ctx *, const char *user_id, const char *role, int64_t hours,
		      const char **token, int64_t *expires_in) MUST_CHECK;

#endif
