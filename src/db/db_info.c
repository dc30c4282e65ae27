/* The state of the database, for `doctor`, in one statement. */
#include "db_info.h"

#include "db_priv.h"

static const struct field db_info_fields[] = {
	{ TEXT(struct db_info, version) },  { TEXT(struct db_info, role) },
	{ INT(struct db_info, now) },       { INT(struct db_info, connections) },
	{ INT(struct db_info, forbidden) }, { BOOL(struct db_info, superuser) },
	{ BOOL(struct db_info, owner) },    { BOOL(struct db_info, standby) },
	{ TEXT(struct db_info, invalid) },
};
static const struct schema db_info_schema = SCHEMA("DatabaseInfo", struct db_info, db_info_fields);

const struct query db_info_queries[] = {
	QUERY_READ(
	    "db_info", &db_info_schema,
	    "SELECT current_setting('server_version') AS version, current_user::text AS role,"
	    " (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now,"
	    " current_setting('max_connections')::bigint"
	    "  - current_setting('superuser_reserved_connections')::bigint AS connections,"
	    " (SELECT count(*) FROM pg_class"
	    "  WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')"
	    "  AND NOT has_table_privilege(oid, 'SELECT')) AS forbidden,"
	    " coalesce((SELECT rolsuper FROM pg_roles WHERE rolname = current_user), false)"
	    "  AS superuser,"
	    " EXISTS (SELECT FROM pg_class JOIN pg_roles r ON r.oid = relowner"
	    "  WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')"
	    "  AND rolname = current_user) AS owner,"
	    " pg_is_in_recovery() AS standby,"
	    " coalesce((SELECT string_agg(relname, ', ' ORDER BY relname) FROM pg_index"
	    "  JOIN pg_class ON pg_class.oid = indexrelid"
	    "  WHERE NOT indisvalid AND relkind = 'i'"
	    "  AND relnamespace = current_schema()::regnamespace"
	    "  AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p"
	    "   WHERE p.datname = current_database()"
	    "   AND (p.relid = indrelid OR p.relid IS NULL))), '') AS invalid"),
	{ 0 },
};

enum error
db_target(struct ctx *c, const char **text)
{
	PGresult *result;
	const PGconn *conn;
	enum error e;

	e = db_connect(c);
	if (!e)
		e = db_command(c, "db_target", "SELECT current_user", db_timeout(), &result);
	if (e)
		return e;

	conn = c->db->conn;
	*text = arena_printf(c->arena, "database %s on %s, port %s, as role %s", PQdb(conn),
			     PQhost(conn), PQport(conn), PQgetvalue(result, 0, 0));
	return OK;
}

enum error
db_info(struct ctx *c, struct db_info *out)
{
	return db_one(c, &db_info_queries[0], out);
}
