/* Signing in and out, and who is asking: the only auth header that another feature may
 * include. */
#ifndef APP_AUTH_H
#define APP_AUTH_H

#include "app/feature.h"

extern const struct feature auth_feature;

/* An access token for development, of a session of its own: both are good for so many
 * hours, and there is no refresh token. For commands: nobody's password is asked for. */
enum error auth_issue(struct ctx *, const char *user_id, const char *role, int64_t hours,
		      const char **token) MUST_CHECK;

#endif
