/* Statements: named literals; values are parameters. */
#include "api_keys_priv.h"

#define COLUMNS "id, name, prefix, scopes, last_used_at, expires_at, created_at"

enum { INSERT, COUNT_ALL, FIND, DELETE_ONE, DELETE_ALL, FIND_HOLDER, TOUCH };

const struct query api_keys_queries[] = {
	/* Locks the user, then the session (the order used everywhere): no key is created while all
	 * sessions of the account end, and concurrent transactions count keys one after the other. */
	[INSERT] =
	    QUERY("api_keys_insert", &api_key_schema,
		  "INSERT INTO api_keys (user_id, name, scopes, expires_at, prefix, key_hash)"
		  " SELECT u.id, $2::text, $3::text[], $4::timestamptz, $5::text, $6::bytea"
		  " FROM users u JOIN sessions s ON s.user_id = u.id"
		  " WHERE s.id = $1 AND s.ended_at IS NULL AND s.expires_at > now()"
		  " FOR NO KEY UPDATE OF u FOR SHARE OF s RETURNING " COLUMNS),
	[COUNT_ALL] = QUERY("api_keys_count", &db_number_schema,
			    "SELECT count(*) AS n FROM api_keys WHERE user_id = $1"),
	[FIND] = QUERY_READ("api_keys_find", &api_key_schema,
			    "SELECT " COLUMNS " FROM api_keys WHERE id = $1 AND user_id = $2"),
	[DELETE_ONE] =
	    QUERY("api_keys_delete", NULL, "DELETE FROM api_keys WHERE id = $1 AND user_id = $2"),
	[DELETE_ALL] = QUERY("api_keys_delete_all", &api_key_schema,
			     "DELETE FROM api_keys WHERE user_id = $1 RETURNING " COLUMNS),
	[FIND_HOLDER] =
	    QUERY_READ("api_keys_find_holder", &key_holder_schema,
		       "SELECT k.id, k.user_id, u.role, encode(k.key_hash, 'hex') AS key_hash,"
		       " k.scopes, coalesce((extract(epoch FROM k.expires_at) * 1000000)::bigint,"
		       " 9223372036854775807) AS expires"
		       " FROM api_keys k JOIN users u ON u.id = k.user_id"
		       " WHERE k.prefix = $1 AND u.is_active"),
	[TOUCH] =
	    QUERY("api_keys_touch", NULL,
		  "UPDATE api_keys SET last_used_at = now() WHERE id = $1"
		  " AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')"),
	{ 0 },
};

static const struct list_filter filters[] = {
	[API_KEYS_OF_USER] = { .sql = "user_id = $",
			       .field = { .type = TYPE_UUID, .flags = F_REQUIRED } },
	{ 0 },
};

static const struct list_sort sorts[] = { { "created_at", TYPE_TIME }, { 0 } };

const struct list api_keys_rows = {
	.name = "api_keys",
	.row = &api_key_schema,
	.columns = COLUMNS,
	.from = "api_keys",
	.filters = filters,
	.sorts = sorts,
};

enum error
api_keys_insert(struct ctx *c, const struct api_key *in, const char *prefix, const char *key,
		struct api_key *out)
{
	enum error e = db_one(c, &api_keys_queries[INSERT], out, c->caller.session_id, in->name,
			      p_array(c, in->scopes), in->expires_at, prefix, p_digest(c, key));

	return e == E_NOT_FOUND ? fail(c, E_INVALID_TOKEN, "the session has ended") : e;
}

enum error
api_keys_get(struct ctx *c, const char *id, struct api_key *out)
{
	return db_one(c, &api_keys_queries[FIND], out, id, c->caller.user_id);
}

enum error
api_keys_remove(struct ctx *c, const char *id)
{
	return db_exec_one(c, &api_keys_queries[DELETE_ONE], id, c->caller.user_id);
}

enum error
api_keys_remove_all(struct ctx *c, const char *user_id, struct records *out)
{
	return db_all(c, &api_keys_queries[DELETE_ALL], out, user_id);
}

enum error
api_keys_count(struct ctx *c, int64_t *n)
{
	return db_one(c, &api_keys_queries[COUNT_ALL], n, c->caller.user_id);
}

enum error
api_keys_find_holder(struct ctx *c, const char *prefix, struct key_holder *out)
{
	return db_one(c, &api_keys_queries[FIND_HOLDER], out, prefix);
}

enum error
api_keys_touch(struct ctx *c, const char *id)
{
	return db_exec(c, &api_keys_queries[TOUCH], NULL, id);
}
