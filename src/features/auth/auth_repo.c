/* Statements on sessions and refresh tokens. */
#include "auth_priv.h"

#include "features/sessions/sessions.h"

#include "app/settings.h"

enum {
	INSERT_SESSION,
	RENEW_SESSION,
	FIND_SESSION,
	INSERT_TOKEN,
	LOCK_TOKEN,
	SPEND_TOKEN,
	REVOKE_SUCCESSORS,
	FIND_SESSION_OF,
};

#define LIFE     "id AS session_id, floor(extract(epoch FROM expires_at - now()))::bigint AS expires_in"
/* When SESSION_MAX_DAYS ($3) ends a session, or null for never; least() ignores null. */
#define LAST_DAY "created_at + make_interval(days => nullif($3, 0))"

const struct query auth_queries[] = {
	[INSERT_SESSION] = QUERY("auth_insert_session", &session_life_schema,
				 "INSERT INTO sessions (user_id, expires_at, ip, user_agent)"
				 " VALUES ($1, now() + least(make_interval(hours => $2),"
				 " make_interval(days => nullif($3, 0))), $4, $5)"
				 " RETURNING " LIFE),
	[RENEW_SESSION] =
	    QUERY("auth_renew_session", &session_life_schema,
		  "UPDATE sessions SET last_used_at = now(),"
		  " expires_at = least(now() + make_interval(days => $2), " LAST_DAY ")"
		  " WHERE id = $1 RETURNING " LIFE),
	[FIND_SESSION] = QUERY_READ("auth_find_session", &session_access_schema,
				    "SELECT u.role,"
				    " (extract(epoch FROM s.confirmed_at) * 1000000)::bigint"
				    " AS confirmed FROM sessions s JOIN users u ON u.id = s.user_id"
				    " WHERE s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL"
				    " AND s.expires_at > now() AND u.is_active"),
	[INSERT_TOKEN] = QUERY("auth_insert_token", NULL,
			       "INSERT INTO refresh_tokens"
			       " (session_id, parent_hash, token_hash, expires_at)"
			       " SELECT id, $2, $3, expires_at FROM sessions WHERE id = $1"),
	/* clock_timestamp(), because now() is the start of the transaction: a request that waited
	 * for the lock must see when the other one used the token. */
	[LOCK_TOKEN] =
	    QUERY("auth_lock_token", &refresh_state_schema,
		  "SELECT s.id AS session_id, s.user_id, u.role,"
		  " s.ended_at IS NULL AND s.expires_at > now() AND t.expires_at > now()"
		  " AND coalesce(s." LAST_DAY " > now(), true) AND u.is_active AS live,"
		  " t.revoked_at IS NOT NULL AS revoked, t.spent_at IS NOT NULL AS spent,"
		  " coalesce(t.spent_at > clock_timestamp() - make_interval(secs => $2), false)"
		  " AS in_grace"
		  " FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id"
		  " JOIN users u ON u.id = s.user_id"
		  " WHERE t.token_hash = $1 FOR UPDATE OF s, t"),
	[SPEND_TOKEN] = QUERY("auth_spend_token", NULL,
			      "UPDATE refresh_tokens SET spent_at = clock_timestamp()"
			      " WHERE token_hash = $1 AND spent_at IS NULL"),
	/* A statement of its own: one that waited for the lock would see the successors as they
	 * were before the wait. */
	[REVOKE_SUCCESSORS] = QUERY("auth_revoke_successors", NULL,
				    "UPDATE refresh_tokens SET revoked_at = clock_timestamp()"
				    " WHERE session_id = $1 AND parent_hash = $2"
				    " AND revoked_at IS NULL AND NOT EXISTS"
				    " (SELECT FROM refresh_tokens used WHERE used.session_id = $1"
				    " AND used.parent_hash = $2 AND used.spent_at IS NOT NULL)"),
	[FIND_SESSION_OF] = QUERY("auth_find_session_of", &session_ref_schema,
				  "SELECT s.id AS session_id, s.user_id"
				  " FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id"
				  " WHERE t.token_hash = $1"),
	{ 0 },
};

static const char *
p_max_days(struct ctx *c)
{
	return p_int(c, sessions_settings.max_days);
}

enum error
auth_insert_session(struct ctx *c, const char *user_id, int64_t hours, struct session_life *out)
{
	return db_one(c, &auth_queries[INSERT_SESSION], out, user_id, p_int(c, hours),
		      p_max_days(c), c->ip, ctx_user_agent(c));
}

enum error
auth_renew_session(struct ctx *c, const char *session_id, struct session_life *out)
{
	return db_one(c, &auth_queries[RENEW_SESSION], out, session_id,
		      p_int(c, sessions_settings.expire_days), p_max_days(c));
}

enum error
auth_find_session(struct ctx *c, const char *session_id, const char *user_id,
		  struct session_access *out)
{
	return db_one(c, &auth_queries[FIND_SESSION], out, session_id, user_id);
}

enum error
auth_insert_token(struct ctx *c, const char *session_id, const char *parent, const char *token)
{
	return db_exec(c, &auth_queries[INSERT_TOKEN], NULL, session_id,
		       parent ? p_digest(c, parent) : NULL, p_digest(c, token));
}

enum error
auth_lock_token(struct ctx *c, const char *token, struct refresh_state *out)
{
	return db_one(c, &auth_queries[LOCK_TOKEN], out, p_digest(c, token),
		      p_int(c, sessions_settings.reuse_grace_seconds), p_max_days(c));
}

enum error
auth_spend_token(struct ctx *c, const char *token)
{
	return db_exec(c, &auth_queries[SPEND_TOKEN], NULL, p_digest(c, token));
}

enum error
auth_revoke_successors(struct ctx *c, const char *session_id, const char *token, int64_t *n)
{
	return db_exec(c, &auth_queries[REVOKE_SUCCESSORS], n, session_id, p_digest(c, token));
}

enum error
auth_find_session_of(struct ctx *c, const char *token, struct session_ref *out)
{
	return db_one(c, &auth_queries[FIND_SESSION_OF], out, p_digest(c, token));
}
