/* Private to this folder. */
#ifndef APP_BROWSER_SESSIONS_PRIV_H
#define APP_BROWSER_SESSIONS_PRIV_H

#include "browser_sessions.h"

/* A live session as its cookie finds it. */
struct cookie_session {
	const char *id, *user_id, *role;
	int64_t expires;   /* seconds since 1970 */
	int64_t confirmed; /* microseconds since 1970 */
	bool current;      /* false: another cookie has just replaced this one */
};

extern const struct schema cookie_session_schema;
extern const struct query browser_sessions_queries[];

/* browser_sessions_cookie.c: HTTP. */

/* The name for requests by https or http. */
const char *cookie_name(bool https);
/* Whether the request has the cookie, and no Authorization or X-API-Key, which take precedence. */
bool cookie_is_credential(const struct request *);
/* Makes a successful response set the cookie. */
void cookie_set(struct ctx *, const char *secret);
enum error cookie_authenticate(struct request *) MUST_CHECK;
enum error cookie_log_out(struct request *) MUST_CHECK;

/* browser_sessions_csrf.c */
enum error csrf_check(struct request *) MUST_CHECK;

/* browser_sessions_service.c. The secret is that in the cookie. */
enum error browser_sessions_issue(struct ctx *, const char *session_id) MUST_CHECK;
enum error browser_sessions_identify(struct ctx *, const char *secret) MUST_CHECK;
/* E_NOT_FOUND if there is no such live session. */
enum error browser_sessions_end(struct ctx *, const char *secret) MUST_CHECK;

/* browser_sessions_repo.c. E_NOT_FOUND if there is no such live session. */
enum error browser_sessions_find(struct ctx *, const char *secret,
				 struct cookie_session *out) MUST_CHECK;
enum error browser_sessions_set_cookie(struct ctx *, const char *session_id,
				       const char *secret) MUST_CHECK;
/* Records a use, at most once in `seconds`, and moves the end of the idle time. */
enum error browser_sessions_touch(struct ctx *, const char *session_id, int64_t seconds) MUST_CHECK;

#endif
