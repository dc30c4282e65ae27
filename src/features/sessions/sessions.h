/* Sessions: one for each sign-in. The public header of this feature. */
#ifndef APP_SESSIONS_H
#define APP_SESSIONS_H

#include "app/feature.h"
#include "app/settings.h"

extern const struct feature sessions_feature;

/* Sessions end in the transaction of the action that ends them; its commit invalidates the auth
 * caches of all workers. `reason` is a word for the audit log. */

/* Ends a session of the user on behalf of `actor_id` (NULL: the caller). E_NOT_FOUND if the user
 * has no such live session. */
enum error sessions_end(struct ctx *, const char *user_id, const char *id, const char *actor_id,
			const char *reason) MUST_CHECK;

/* Why all sessions of an account end. */
enum sessions_end_reason {
	SESSIONS_LOGOUT_ALL,
	SESSIONS_PASSWORD_CHANGE, /* by the user, with the current password */
	SESSIONS_PASSWORD_RESET,  /* by e-mail */
	SESSIONS_PASSWORD_SET,    /* by an administrator or on the command line */
	SESSIONS_ROLE_CHANGE,
	SESSIONS_DEACTIVATION,
	SESSIONS_END_REASONS,
};

/* Their words in the audit log. */
extern const char *const sessions_end_words[SESSIONS_END_REASONS];

/* Ends all sessions of the account except `keep` (NULL: all), with their refresh tokens, and
 * invalidates all pending mail tokens (verifications, address changes, password resets), including
 * those that a concurrent transaction is creating. Call it in the transaction of the action. API
 * keys remain valid; see api_keys_delete_all(). */
enum error sessions_end_all(struct ctx *, const char *user_id, const char *keep,
			    enum sessions_end_reason) MUST_CHECK;

/* Counts a wrong current password in the caller's session, in the open transaction. The tenth
 * consecutive one ends the session. */
enum error sessions_password_wrong(struct ctx *) MUST_CHECK;

/* Resets that count. */
enum error sessions_password_right(struct ctx *) MUST_CHECK;

/* Records, in the open transaction, that the caller has just proved the password. E_INVALID_TOKEN if
 * the session has ended. */
enum error sessions_confirm(struct ctx *) MUST_CHECK;

/* Call it in the transaction of an action that raises the privileges of the caller's session or
 * changes its password: a cookie that was known before becomes invalid. */
enum error sessions_raised(struct ctx *) MUST_CHECK;

/* Removes ended sessions and expired refresh tokens; counts both. A used token stays
 * until it expires, so that its reuse is detected. Applies SESSION_MAX_DAYS first. */
enum error sessions_prune(struct ctx *, int64_t *sessions, int64_t *tokens) MUST_CHECK;

struct sessions_settings {
#define SETTING SETTING_MEMBER
#include "features/sessions/sessions_settings.def"
#undef SETTING
};
extern struct sessions_settings sessions_settings;

#endif
