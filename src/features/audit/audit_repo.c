/* Statements on the audit log. None changes an event. */
#include "audit_priv.h"

enum { INSERT, ALLOW_PRUNE, PRUNE, PRUNE_EXPIRED };

const struct query audit_queries[] = {
	[INSERT] = QUERY("audit_insert", NULL,
			 "INSERT INTO audit_events (action, outcome, actor_id, actor_kind,"
			 " target, ip, user_agent, request_id, detail)"
			 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"),
	[ALLOW_PRUNE] = QUERY("audit_allow_prune", NULL, "SET LOCAL audit.prune = on"),
	[PRUNE] = QUERY("audit_prune", NULL,
			"DELETE FROM audit_events WHERE id = ANY (ARRAY("
			"SELECT id FROM audit_events WHERE at < $1 ORDER BY at LIMIT $2))"),
	[PRUNE_EXPIRED] =
	    QUERY("audit_prune_expired", &db_number_schema, "SELECT audit_events_forget($1) AS n"),
	{ 0 },
};

static const struct list_filter filters[] = {
	{ "actor_id", "Only events of this user." },
	{ "action", "Only events with this action." },
	{ "outcome", "Only events with this outcome." },
	{ "since", "Only events at or after this time.", "at", ">=" },
	{ "until", "Only events before this time.", "at", "<" },
	{ 0 },
};

static const struct list_sort sorts[] = { { "at" }, { 0 } };

const struct table audit_table = {
	.name = "audit",
	.schema = &audit_schema,
	.filters = filters,
	.sorts = sorts,
	.from = "audit_events",
};

enum error
audit_insert(struct ctx *c, const struct audit_row *row)
{
	return db_exec(c, &audit_queries[INSERT], NULL, row->action, row->outcome, row->actor_id,
		       row->actor_kind, row->target, row->ip, row->user_agent, row->request_id,
		       row->detail);
}

enum error
audit_allow_prune(struct ctx *c)
{
	return db_exec(c, &audit_queries[ALLOW_PRUNE], NULL);
}

enum error
audit_delete(struct ctx *c, const char *before, int64_t limit, int64_t *removed)
{
	return db_exec(c, &audit_queries[PRUNE], removed, before, p_int(c, limit));
}

enum error
audit_prune_expired(struct ctx *c, int64_t days, int64_t *n)
{
	return db_one(c, &audit_queries[PRUNE_EXPIRED], n, p_int(c, days));
}
