/* Statements on the cookies of sessions. */
#include "browser_sessions_priv.h"

#include "features/sessions/sessions.h"

#include "app/settings.h"

enum { FIND, SET_COOKIE, TOUCH };

enum { DAY_MINUTES = 24 * 60 };

#define LIVE "ended_at IS NULL AND expires_at > now()"
/* After $2 minutes without a use, and SESSION_MAX_DAYS ($3) after the sign-in; least() ignores the
 * null of no limit. */
#define END                                                                                        \
	"least(now() + make_interval(mins => $2),"                                                 \
	" created_at + make_interval(days => nullif($3, 0)))"

const struct query browser_sessions_queries[] = {
	[FIND] = QUERY_READ(
	    "browser_sessions_find", &cookie_session_schema,
	    "SELECT s.id, s.user_id, u.role, extract(epoch FROM s.expires_at)::bigint AS expires,"
	    " (extract(epoch FROM s.confirmed_at) * 1000000)::bigint AS confirmed,"
	    " s.cookie_hash = $1 AS current"
	    " FROM sessions s JOIN users u ON u.id = s.user_id"
	    " WHERE (s.cookie_hash = $1 OR (s.former_cookie_hash = $1"
	    " AND s.cookie_changed_at > now() - make_interval(secs => $2)))"
	    " AND s.ended_at IS NULL AND s.expires_at > now() AND u.is_active"),
	[SET_COOKIE] = QUERY("browser_sessions_set_cookie", NULL,
			     "UPDATE sessions SET former_cookie_hash = cookie_hash,"
			     " cookie_hash = $4, cookie_changed_at = clock_timestamp(),"
			     " last_used_at = now(), expires_at = " END " WHERE id = $1 AND " LIVE),
	[TOUCH] = QUERY("browser_sessions_touch", NULL,
			"UPDATE sessions SET last_used_at = now(), expires_at = " END
			" WHERE id = $1 AND " LIVE
			" AND last_used_at < now() - make_interval(secs => $4)"),
	{ 0 },
};

static const char *
p_idle_minutes(struct ctx *c)
{
	int64_t minutes = browser_sessions_settings.idle_minutes;

	return p_int(c, minutes ? minutes : sessions_settings.expire_days * DAY_MINUTES);
}

enum error
browser_sessions_find(struct ctx *c, const char *secret, struct cookie_session *out)
{
	return db_one(c, &browser_sessions_queries[FIND], out, p_digest(c, secret),
		      p_int(c, sessions_settings.reuse_grace_seconds));
}

enum error
browser_sessions_set_cookie(struct ctx *c, const char *session_id, const char *secret)
{
	return db_exec_one(c, &browser_sessions_queries[SET_COOKIE], session_id, p_idle_minutes(c),
			   p_int(c, sessions_settings.max_days), p_digest(c, secret));
}

enum error
browser_sessions_touch(struct ctx *c, const char *session_id, int64_t seconds)
{
	return db_exec(c, &browser_sessions_queries[TOUCH], NULL, session_id, p_idle_minutes(c),
		       p_int(c, sessions_settings.max_days), p_int(c, seconds));
}
