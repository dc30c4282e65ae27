/* Sign-in, sign-out and authentication by access token. The public header of this feature. */
#ifndef APP_AUTH_H
#define APP_AUTH_H

#include "app/feature.h"
#include "app/settings.h"

extern const struct feature auth_feature;

/* Issues an access token for development: a new session without a refresh token or password check.
 * Both expire after `hours`, at most SESSION_MAX_DAYS; sets *expires_in to the lifetime in
 * seconds. */
enum error auth_issue(struct ctx *, const char *user_id, const char *role, int64_t hours,
		      const char **token, int64_t *expires_in) MUST_CHECK;

struct auth_settings {
#define SETTING SETTING_MEMBER
#include "features/auth/auth_settings.def"
#undef SETTING
};
extern struct auth_settings auth_settings;

#endif
