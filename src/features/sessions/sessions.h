/* Sessions: each is one sign-in. The only sessions header that another feature may include. */
#ifndef APP_SESSIONS_H
#define APP_SESSIONS_H

#include "app/feature.h"

extern const struct feature sessions_feature;

/* Sessions are ended in the transaction of the act that is the reason; once it is committed,
 * every worker asks the database anew about what it remembers of them. `reason` is a word for
 * the audit log. */

/* Ends one session of that user; `actor_id` does it (NULL: the caller). E_NOT_FOUND where it has
 * none such that lives. */
enum error sessions_end(struct ctx *, const char *user_id, const char *id, const char *actor_id,
			const char *reason) MUST_CHECK;

/* Ends all sessions of the user but `keep` (NULL: all). */
enum error sessions_end_all(struct ctx *, const char *user_id, const char *keep,
			    const char *reason) MUST_CHECK;

/* Removes sessions that are over and refresh tokens past their time; counts both. A spent
 * token stays until then: whoever shows it again is a thief, or was robbed. */
enum error sessions_cleanup(struct ctx *, int64_t *sessions, int64_t *tokens) MUST_CHECK;

#endif
