/* Statements that list and end sessions. */
#include "sessions_priv.h"

#include "app/settings.h"

#define LIVE "ended_at IS NULL AND expires_at > now()"

enum {
	CLOSE,
	CLOSE_ALL,
	ADVANCE_ACCOUNT,
	SHORTEN,
	COUNT_FAILURE,
	CLEAR_FAILURES,
	SET_CONFIRMED,
	REMOVE_OVER,
	REMOVE_TOKENS,
};

const struct query sessions_queries[] = {
	[CLOSE] = QUERY("sessions_close", NULL,
			"UPDATE sessions SET ended_at = now()"
			" WHERE user_id = $1 AND id = $2 AND " LIVE),
	[CLOSE_ALL] = QUERY("sessions_close_all", NULL,
			    "WITH pending AS (DELETE FROM mail_tokens WHERE user_id = $1)"
			    " UPDATE sessions SET ended_at = now()"
			    " WHERE user_id = $1 AND ($2::uuid IS NULL OR id <> $2) AND " LIVE),
	[ADVANCE_ACCOUNT] = QUERY("sessions_advance_account", NULL,
				  "UPDATE users SET security_version = security_version + 1"
				  " WHERE id = $1"),
	[SHORTEN] = QUERY("sessions_shorten", NULL,
			  "UPDATE sessions SET expires_at = created_at + make_interval(days => $2)"
			  " WHERE id = ANY (ARRAY(SELECT id FROM sessions"
			  " WHERE expires_at > created_at + make_interval(days => $2)"
			  " LIMIT $1 FOR UPDATE SKIP LOCKED))"),
	[COUNT_FAILURE] =
	    QUERY("sessions_count_failure", &db_number_schema,
		  "UPDATE sessions SET password_failures = password_failures + 1"
		  " WHERE user_id = $1 AND id = $2 AND " LIVE " RETURNING password_failures AS n"),
	[CLEAR_FAILURES] = QUERY("sessions_clear_failures", NULL,
				 "UPDATE sessions SET password_failures = 0"
				 " WHERE id = $1 AND password_failures > 0"),
	[SET_CONFIRMED] = QUERY("sessions_set_confirmed", NULL,
				"UPDATE sessions SET confirmed_at = clock_timestamp()"
				" WHERE user_id = $1 AND id = $2 AND " LIVE),
	[REMOVE_OVER] = QUERY("sessions_remove_over", NULL,
			      "DELETE FROM sessions WHERE id = ANY (ARRAY(SELECT id FROM sessions"
			      " WHERE ended_at IS NOT NULL OR expires_at <= now()"
			      " LIMIT $1 FOR UPDATE SKIP LOCKED))"),
	/* Keeps a token while its parent is valid: when the parent is reused, it matters whether
	 * this token was used. */
	[REMOVE_TOKENS] =
	    QUERY("sessions_remove_tokens", NULL,
		  "DELETE FROM refresh_tokens WHERE token_hash = ANY (ARRAY(SELECT t.token_hash"
		  " FROM refresh_tokens t WHERE t.expires_at <= now() AND NOT EXISTS"
		  " (SELECT FROM refresh_tokens parent WHERE parent.token_hash = t.parent_hash"
		  " AND parent.expires_at > now())"
		  " LIMIT $1 FOR UPDATE OF t SKIP LOCKED))"),
	{ 0 },
};

static const struct list_sort sorts[] = { { "created_at" }, { 0 } };

const struct table sessions_table = {
	.name = "sessions",
	.schema = &session_schema,
	.owner = "user_id",
	.readers = OWNER_ONLY,
	.sorts = sorts,
	.from = "(SELECT *, false AS current FROM sessions WHERE " LIVE ") AS live",
};

enum error
sessions_close(struct ctx *c, const char *user_id, const char *id)
{
	return db_exec_one(c, &sessions_queries[CLOSE], user_id, id);
}

enum error
sessions_close_all(struct ctx *c, const char *user_id, const char *keep, int64_t *n)
{
	return db_exec(c, &sessions_queries[CLOSE_ALL], n, user_id, keep);
}

enum error
sessions_advance_account(struct ctx *c, const char *user_id)
{
	return db_exec_one(c, &sessions_queries[ADVANCE_ACCOUNT], user_id);
}

enum error
sessions_shorten(struct ctx *c, int64_t limit, int64_t *n)
{
	return db_exec(c, &sessions_queries[SHORTEN], n, p_int(c, limit),
		       p_int(c, sessions_settings.max_days));
}

enum error
sessions_count_failure(struct ctx *c, const char *user_id, const char *id, int64_t *n)
{
	enum error e = db_one(c, &sessions_queries[COUNT_FAILURE], n, user_id, id);

	if (e != E_NOT_FOUND)
		return e;

	failure_clear(c);
	*n = 0;
	return OK;
}

enum error
sessions_clear_failures(struct ctx *c, const char *id)
{
	return db_exec(c, &sessions_queries[CLEAR_FAILURES], NULL, id);
}

enum error
sessions_set_confirmed(struct ctx *c, const char *user_id, const char *id)
{
	return db_exec_one(c, &sessions_queries[SET_CONFIRMED], user_id, id);
}

enum error
sessions_remove_over(struct ctx *c, int64_t limit, int64_t *n)
{
	return db_exec(c, &sessions_queries[REMOVE_OVER], n, p_int(c, limit));
}

enum error
sessions_remove_tokens(struct ctx *c, int64_t limit, int64_t *n)
{
	return db_exec(c, &sessions_queries[REMOVE_TOKENS], n, p_int(c, limit));
}
