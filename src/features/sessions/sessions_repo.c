/* The statements that list and end sessions. */
#include "sessions_priv.h"

#define COLUMNS "id, created_at, last_used_at, expires_at, ip, user_agent, false AS current"
#define LIVE    "ended_at IS NULL AND expires_at > now()"

enum { CLOSE, CLOSE_ALL, ADVANCE_ACCOUNT, REMOVE_OVER, REMOVE_TOKENS };

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
	[REMOVE_OVER] = QUERY("sessions_remove_over", NULL,
			      "DELETE FROM sessions WHERE key = ANY (ARRAY(SELECT key FROM sessions"
			      " WHERE ended_at IS NOT NULL OR expires_at <= now()"
			      " LIMIT $1 FOR UPDATE SKIP LOCKED))"),
	[REMOVE_TOKENS] = QUERY("sessions_remove_tokens", NULL,
				"DELETE FROM refresh_tokens WHERE key = ANY (ARRAY(SELECT key"
				" FROM refresh_tokens WHERE expires_at <= now()"
				" LIMIT $1 FOR UPDATE SKIP LOCKED))"),
	{ 0 },
};

static const struct list_filter filters[] = {
	[SESSIONS_LIVE_OF_USER] = { .sql = "user_id = $ AND " LIVE,
				    .field = { .type = TYPE_UUID } },
	{ 0 },
};

static const struct list_sort sorts[] = { { "created_at", TYPE_TIME }, { 0 } };

const struct list sessions_rows = {
	.name = "sessions",
	.row = &session_schema,
	.columns = COLUMNS,
	.from = "sessions",
	.filters = filters,
	.sorts = sorts,
};

enum error
sessions_close(struct ctx *c, const char *user_id, const char *id)
{
	return db_touch(c, &sessions_queries[CLOSE], user_id, id);
}

enum error
sessions_close_all(struct ctx *c, const char *user_id, const char *keep, int64_t *n)
{
	return db_run(c, &sessions_queries[CLOSE_ALL], n, user_id, keep);
}

enum error
sessions_advance_account(struct ctx *c, const char *user_id)
{
	return db_touch(c, &sessions_queries[ADVANCE_ACCOUNT], user_id);
}

enum error
sessions_remove_over(struct ctx *c, int64_t limit, int64_t *n)
{
	return db_run(c, &sessions_queries[REMOVE_OVER], n, p_int(c, limit));
}

enum error
sessions_remove_tokens(struct ctx *c, int64_t limit, int64_t *n)
{
	return db_run(c, &sessions_queries[REMOVE_TOKENS], n, p_int(c, limit));
}
