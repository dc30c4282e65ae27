/*
 * Compares the rows of tables with the database and writes the migration between them.
 *
 * A transaction that is rolled back creates the tables in another schema, as their rows describe
 * them, so that the catalogs have both versions in PostgreSQL's normal form.
 */
#include "app/migrate.h"

#include "app/buf.h"
#include "app/print.h"
#include "db/db_priv.h"
#include "migrate_priv.h"

enum { TEXT_MAX = 1024 * 1024 };

struct schema_change {
	const char *up, *down;
};

static const struct field change_fields[] = {
	{ TEXT(struct schema_change, up) },
	{ TEXT(struct schema_change, down), .flags = F_NULLABLE },
};
static const struct schema change_schema =
    SCHEMA("SchemaChange", struct schema_change, change_fields);

const struct query migrate_auto_queries[] = {
	QUERY(
	    "migrate_compare", &change_schema,
	    /* The tables of the rows (`wanted`) and those of the same names in the database, in the order
	     * of their rows (`place`). `paired`: the other side has it too. */
	    "WITH tables AS (SELECT * FROM (SELECT c.oid, relname AS tab,"
	    " nspname = 'autogenerate' AS wanted, count(*) OVER same = 2 AS paired,"
	    " max(CASE WHEN nspname = 'autogenerate' THEN c.oid::bigint END) OVER same AS place"
	    " FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
	    " WHERE nspname = ANY ((current_schemas(false))[1:2]) AND relkind IN ('r', 'p')"
	    " WINDOW same AS (PARTITION BY relname)) t WHERE place IS NOT NULL),"
	    " columns AS (SELECT tab, wanted, place, paired AS altered, attname AS col, attnum,"
	    " count(*) OVER (PARTITION BY tab, attname) = 2 AS paired, t.oid,"
	    " format_type(atttypid, atttypmod) AS type, atttypid, atttypmod,"
	    " attnotnull AS required,"
	    " CASE WHEN attgenerated = '' THEN pg_get_expr(adbin, adrelid) END AS value,"
	    " typcategory IN ('S', 'N', 'A') AS limited, col_description(t.oid, attnum) AS sql"
	    " FROM tables t JOIN pg_attribute ON attrelid = t.oid"
	    " JOIN pg_type y ON y.oid = atttypid"
	    " LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum"
	    " WHERE attnum > 0 AND NOT attisdropped),"
	    /* Constraints of columns with a field, and indexes. An existing object suffices if its
	     * key begins with that of the wanted one: an index may have further columns, and the
	     * index of a foreign key needs only the first. `ours`: not written by hand, nor part of
	     * a new column. `apart`: needs a DROP of its own. */
	    " objects AS (SELECT tab, wanted, place, altered OR contype = 'f' AS apart,"
	    " contype = 'f' OR paired AND (wanted OR count(*) OVER (PARTITION BY tab, conname) = 2"
	    " OR def ~ concat('^CHECK \\(((char|octet)_length\\(|cardinality\\()?', col,"
	    " '\\)? (<=|>=?|= ANY)'))"
	    " AS ours,"
	    " concat(regexp_replace(def, ' ON DELETE (RESTRICT|SET [A-Z]+)', ''), col, ';')"
	    " AS key,"
	    " format('ALTER TABLE %I ADD CONSTRAINT %I %s;', tab, conname, def) AS adds,"
	    " format('ALTER TABLE %I DROP CONSTRAINT %I;', tab, conname) AS drops"
	    " FROM columns c JOIN pg_constraint k ON conrelid = c.oid"
	    " AND conkey = ARRAY[attnum]"
	    " CROSS JOIN LATERAL (SELECT replace(pg_get_constraintdef(k.oid, true),"
	    " quote_ident((current_schemas(false))[2]) || '.', '') AS def) d"
	    " WHERE (paired OR wanted) AND (contype = 'f'"
	    " OR contype = 'c' AND limited AND conname = tab || '_' || col || '_check')"
	    " UNION ALL SELECT tab, wanted, place, paired, wanted OR NOT indisunique"
	    " AND (starts_with(name, tab || '_by_') OR starts_with(name, tab || '_of_')),"
	    " concat(CASE WHEN wanted THEN obj_description(id, 'pg_class') ELSE def END, ', '),"
	    " format('CREATE INDEX %I ON %I (%s);', name, tab, def),"
	    " format('DROP INDEX %I;', name)"
	    " FROM (SELECT tab, wanted, place, paired, i.relname AS name, i.oid AS id, indisunique,"
	    " (SELECT string_agg(pg_get_indexdef(indexrelid, k, true), ', ' ORDER BY k)"
	    " FROM generate_series(1, indnkeyatts) k) AS def"
	    " FROM tables t JOIN pg_index ON indrelid = t.oid"
	    " JOIN pg_class i ON i.oid = indexrelid JOIN pg_am m ON m.oid = i.relam"
	    " WHERE amname = 'btree' AND NOT indisprimary AND indpred IS NULL"
	    " AND indexprs IS NULL AND indisvalid AND indoption::text !~ '[^0 ]') i),"
	    /* What changes a column from the side `f` to the side `t`, in both directions. */
	    " steps AS (SELECT tab, col, t.wanted, t.place, t.attnum,"
	    " concat(CASE WHEN f.type <> t.type AND NOT (t.atttypid = 'text'::regtype"
	    " OR f.atttypid = t.atttypid AND (t.atttypmod = -1"
	    " OR f.atttypmod BETWEEN 0 AND t.atttypmod)"
	    " OR EXISTS (SELECT FROM pg_cast WHERE castsource = f.atttypid"
	    " AND casttarget = t.atttypid AND castcontext = 'i')) THEN format("
	    " E'-- DECIDE: is %I::%s right for each value of %I.%1$I (%s)?"
	    " Else change USING.\\n', col, t.type, tab, f.type) END,"
	    " CASE WHEN t.required AND NOT f.required AND t.value IS NULL THEN format("
	    " E'-- DECIDE: SET NOT NULL fails if %I.%I has nulls. First:\\n"
	    "-- UPDATE %1$I SET %2$I = … WHERE %2$I IS NULL;\\n', tab, col) END) AS decide,"
	    " concat_ws(E'\\n', CASE WHEN f.value IS NOT NULL"
	    " AND (t.value IS NULL OR f.type <> t.type) THEN alters || 'DROP DEFAULT;' END,"
	    " CASE WHEN f.type <> t.type"
	    " THEN alters || format('TYPE %s USING %I::%1$s;', t.type, col) END,"
	    " CASE WHEN t.value IS DISTINCT FROM f.value OR f.type <> t.type"
	    " THEN alters || 'SET DEFAULT ' || t.value || ';' END,"
	    " CASE WHEN t.required AND NOT f.required AND t.value IS NOT NULL"
	    " THEN format('UPDATE %I SET %I = DEFAULT WHERE %2$I IS NULL;', tab, col) END,"
	    " CASE WHEN t.required AND NOT f.required THEN alters || 'SET NOT NULL;'"
	    " WHEN f.required AND NOT t.required THEN alters || 'DROP NOT NULL;' END) AS sql"
	    " FROM columns f JOIN columns t USING (tab, col) CROSS JOIN LATERAL"
	    " (SELECT format('ALTER TABLE %I ALTER COLUMN %I ', tab, col) AS alters) a"
	    " WHERE f.wanted <> t.wanted)"
	    /* First drop objects, then change columns, then add objects. */
	    " SELECT up, down FROM ("
	    " SELECT 1 AS phase, place, 0 AS part, drops AS up, adds AS down FROM objects o"
	    " WHERE ours AND NOT wanted AND NOT EXISTS (SELECT FROM objects n"
	    " WHERE n.wanted AND n.tab = o.tab AND starts_with(o.key, n.key))"
	    " UNION ALL SELECT 2, place, 0, format(E'CREATE TABLE %I (\\n\\t%s\\n);', tab,"
	    " string_agg(sql, E',\\n\\t' ORDER BY attnum)), format('DROP TABLE %I;', tab)"
	    " FROM columns WHERE NOT altered GROUP BY place, tab"
	    " UNION ALL SELECT 2, place, attnum, concat(CASE WHEN required AND value IS NULL"
	    " THEN format(E'-- DECIDE: %I.%I has no default, so this fails if the table has"
	    " rows. Give them a value:\\n-- ADD COLUMN … NOT NULL DEFAULT …, then"
	    " ALTER COLUMN %2$I DROP DEFAULT.\\n', tab, col) END,"
	    " format('ALTER TABLE %I ADD COLUMN %s;', tab, sql)),"
	    " format('ALTER TABLE %I DROP COLUMN %I;', tab, col)"
	    " FROM columns WHERE altered AND wanted AND NOT paired"
	    " UNION ALL SELECT 2, up.place, up.attnum, up.decide || up.sql, down.sql"
	    " FROM steps up JOIN steps down USING (tab, col)"
	    " WHERE up.wanted AND NOT down.wanted AND down.sql <> ''"
	    /* A column without a field: dropped or renamed? */
	    " UNION ALL SELECT 2, o.place, 2000 + o.attnum, concat(format("
	    " E'-- DECIDE: no field describes %I.%I. Choose a statement, or list the column in"
	    " .unlisted:\\n-- ALTER TABLE %1$I DROP COLUMN %2$I;', tab, o.col), string_agg(format("
	    " E'\\n-- ALTER TABLE %I RENAME COLUMN %I TO %I; -- and delete what adds %3$I,"
	    " and below, what drops it', tab, o.col, n.col), '') FILTER (WHERE n.wanted)),"
	    " concat(format(E'-- DECIDE: the reverse of the statement for %I.%I.\\n"
	    "-- ALTER TABLE %1$I ADD COLUMN %2$I %s%s%s;', tab, o.col, o.type,"
	    " CASE WHEN o.required THEN ' NOT NULL' END, ' DEFAULT ' || o.value),"
	    " string_agg(format(E'\\n-- ALTER TABLE %I RENAME COLUMN %I TO %I;', tab, n.col, "
	    "o.col), '')"
	    " FILTER (WHERE n.wanted))"
	    " FROM tables t JOIN columns o USING (tab) LEFT JOIN (SELECT tab AS of, col, type,"
	    " wanted FROM columns WHERE wanted AND NOT paired) n ON n.of = tab AND n.type = o.type"
	    " WHERE t.wanted AND NOT o.wanted AND NOT o.paired"
	    " AND o.col <> ALL (string_to_array(obj_description(t.oid, 'pg_class'), ' '))"
	    " GROUP BY o.place, tab, o.col, o.attnum, o.type, o.required, o.value"
	    " UNION ALL SELECT 3, place, 0, adds, CASE WHEN apart THEN drops END"
	    " FROM objects n"
	    " WHERE ours AND wanted AND NOT EXISTS (SELECT FROM objects o WHERE o.tab = n.tab"
	    " AND starts_with(o.key, n.key) AND (NOT o.wanted OR o.key <> n.key)))"
	    " changes ORDER BY phase, place, part, up"),
	{ 0 },
};

/* Creates the tables of the rows in another schema, which comes first in search_path. */
static enum error
create_tables(struct ctx *c, const struct table *const *tables)
{
	struct buf b = buf_new(c->arena, TEXT_MAX);
	const char *script;

	buf_text(&b, "CREATE SCHEMA autogenerate; SELECT set_config('search_path',"
		     " 'autogenerate, ' || current_setting('search_path'), true);\n");
	for (const struct table *const *t = tables; *t; t++)
		if (!(*t)->from)
			rows_put_table(&b, *t);
	for (const struct table *const *t = tables; *t; t++)
		if (!(*t)->from)
			rows_put_keys(&b, *t);
	script = buf_done(&b);
	if (!script)
		return fail(c, E_INTERNAL, "the tables have too many columns");
	return db_command(c, "migrate_create_tables", script, db_timeout(), NULL);
}

static enum error
compare(struct ctx *c, const struct table *const *tables, struct records *changes)
{
	int64_t pending;
	enum error e;

	e = migrate_pending(c, &pending); /* also begins the transaction */
	if (!e && pending)
		return fail(c, E_CONFLICT,
			    "%" PRId64 " migrations are pending: run `migrate up` first", pending);
	if (!e)
		e = create_tables(c, tables);
	return e ? e : db_all(c, &migrate_auto_queries[0], changes);
}

enum error
migrate_autogenerate(struct ctx *c, const struct table *const *tables, const char *name, FILE *out)
{
	struct buf up = buf_new(c->arena, TEXT_MAX), down = buf_new(c->arena, TEXT_MAX);
	const struct schema_change *change;
	struct records changes;
	enum error e;

	e = db_begin(c);
	if (!e)
		e = compare(c, tables, &changes);
	if (db_finish(c, e ? e : E_INTERNAL) && e)
		return e;

	change = changes.rows;
	for (size_t i = 0; i < changes.n; i++) {
		const char *reverse = change[changes.n - 1 - i].down;

		buf_printf(&up, "%s\n", change[i].up);
		if (reverse)
			buf_printf(&down, "%s\n", reverse);
	}
	if (up.len)
		return migration_write(c, name,
				       arena_printf(c->arena,
						    "-- migrate:up\n\n%s\n-- migrate:down\n\n%s",
						    up.data, down.data),
				       out);
	print(out, "nothing to do: the tables match their rows\n");
	return OK;
}
