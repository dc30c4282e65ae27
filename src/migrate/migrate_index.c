/* Invalid indexes. An interrupted CREATE or REINDEX INDEX CONCURRENTLY leaves one, which slows
 * writes down, is used by no query, and makes the next attempt fail. */
#include "app/print.h"
#include "db/db_priv.h"
#include "migrate_priv.h"

enum { FOREVER = -1 };

struct index_row {
	const char *name, *quoted;
	bool building;
};

static const struct field index_fields[] = {
	{ TEXT(struct index_row, name) },
	{ TEXT(struct index_row, quoted) },
	{ BOOL(struct index_row, building) },
};
static const struct schema index_schema = SCHEMA("InvalidIndex", struct index_row, index_fields);

/* Without the indexes of partitioned tables (relkind I), which are invalid until all partitions
 * have theirs. For builds by other roles, PostgreSQL hides the table: they may be of any index. */
const struct query migrate_index_queries[] = {
	QUERY_READ("migrate_invalid_indexes", &index_schema,
		   "SELECT c.relname::text AS name,"
		   " format('%I.%I', n.nspname, c.relname) AS quoted,"
		   " EXISTS (SELECT FROM pg_stat_progress_create_index p"
		   " WHERE p.datname = current_database()"
		   " AND (p.relid = i.indrelid OR p.relid IS NULL)) AS building"
		   " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
		   " JOIN pg_namespace n ON n.oid = c.relnamespace"
		   " WHERE NOT i.indisvalid AND c.relkind = 'i' AND n.nspname = current_schema()"
		   " AND pg_has_role(c.relowner, 'USAGE') ORDER BY c.relname"),
	{ 0 },
};

/* Whether the script creates this index. A script that does not name it may have created it under a
 * generated name. */
static bool
concerns(const struct migration_part *part, const struct index_row *index)
{
	if (strstr(part->text, index->name))
		return !strcasestr(part->text, "drop index");
	return !index->building && part->no_transaction && strcasestr(part->text, "concurrently");
}

static enum error
drop_index(struct ctx *c, const struct index_row *index, FILE *out)
{
	enum error e;

	print(out, "dropping the invalid index %s, left behind by an interrupted build\n",
	      index->quoted);
	fflush(out);
	e = db_command(c, "migrate_wait", "SET lock_timeout = 0", db_timeout(), NULL);
	if (!e)
		e = db_command(
		    c, "migrate_drop_index",
		    arena_printf(c->arena, "DROP INDEX CONCURRENTLY IF EXISTS %s", index->quoted),
		    FOREVER, NULL);
	if (!e)
		e = db_command(c, "migrate_reset_wait", "RESET lock_timeout", db_timeout(), NULL);
	return e;
}

enum error
migrate_drop_invalid(struct ctx *c, const struct migration_part *part, FILE *out)
{
	const struct index_row *index;
	struct records found;
	enum error e;

	e = db_all(c, &migrate_index_queries[0], &found);
	index = found.rows;
	for (size_t i = 0; !e && i < found.n; i++, index++)
		if (concerns(part, index) && !index->building)
			e = drop_index(c, index, out);
	return e;
}

enum error
migrate_check_indexes(struct ctx *c, const char *file, const struct migration_part *part)
{
	const struct index_row *index;
	struct records found;
	enum error e;

	e = db_all(c, &migrate_index_queries[0], &found);
	if (e)
		return e;

	index = found.rows;
	for (size_t i = 0; i < found.n; i++, index++)
		if (concerns(part, index))
			return fail(c, E_CONFLICT,
				    "%s: the index %s is invalid%s, so the file is not recorded as"
				    " applied. Run `migrate up` again%s",
				    file, index->quoted,
				    index->building ? ", because another session builds it" : "",
				    index->building ? " once that has ended" : "");
	return OK;
}
