/*
 * Prepares all statements of all features on the migrated database, and compares names, types and
 * nullability of their columns with their schemas.
 */
#include <criterion/criterion.h>

#include "support/list_statements.h"
#include "support/test_app.h"
#include "support/testdb.h"

#include "app/feature.h"
#include "app/settings.h"
#include "db/db_priv.h"
#include "db/table_priv.h"
#include "db/db_info.h"
#include "migrate/migrate_priv.h"

enum { NAMES_MAX = 20000, NAME_LENGTH_MAX = 63, UTF8_MAX = 4 };

/* OIDs of types, which never change (pg_type.dat of PostgreSQL). */
enum {
	BOOL_OID = 16,
	INT8_OID = 20,
	INT2_OID = 21,
	INT4_OID = 23,
	TEXT_OID = 25,
	JSON_OID = 114,
	BPCHAR_OID = 1042,
	VARCHAR_OID = 1043,
	DATE_OID = 1082,
	TIMESTAMPTZ_OID = 1184,
	NUMERIC_OID = 1700,
	VOID_OID = 2278,
	UUID_OID = 2950,
	JSONB_OID = 3802,
};

static const Oid types[][6] = {
	[TYPE_TEXT] = { TEXT_OID, VARCHAR_OID, BPCHAR_OID, JSON_OID, JSONB_OID },
	[TYPE_EMAIL] = { TEXT_OID, VARCHAR_OID },
	[TYPE_SLUG] = { TEXT_OID },
	[TYPE_UUID] = { UUID_OID },
	[TYPE_TIME] = { TIMESTAMPTZ_OID },
	[TYPE_DATE] = { DATE_OID },
	[TYPE_ENUM] = { TEXT_OID, VARCHAR_OID },
	[TYPE_INT] = { INT8_OID, INT4_OID, INT2_OID },
	[TYPE_DECIMAL] = { NUMERIC_OID },
	[TYPE_BOOL] = { BOOL_OID },
	[TYPE_RECORDS] = { 0 },
	[TYPE_JSON] = { JSON_OID, JSONB_OID },
};

static const struct {
	Oid array, of;
} arrays[] = {
	{ 1000, BOOL_OID },    { 1016, INT8_OID },    { 1005, INT2_OID }, { 1007, INT4_OID },
	{ 1009, TEXT_OID },    { 1015, VARCHAR_OID }, { 1182, DATE_OID }, { 1185, TIMESTAMPTZ_OID },
	{ 1231, NUMERIC_OID }, { 2951, UUID_OID },
};

static struct arena *arena;
static struct ctx *c;
static PGconn *conn;
static const char *names[NAMES_MAX];
static size_t nnames, checked;

static void
setup(void)
{
	arena = arena_new(256 * 1024 * 1024);
	testdb_open(arena);
	c = testdb_ctx(arena);
	conn = PQconnectdb(settings.database_url);
	cr_assert_eq(PQstatus(conn), CONNECTION_OK);
	PQclear(PQexec(conn, arena_printf(arena, "SET search_path = %s", settings.db_schema)));
	nnames = checked = 0;
}

static void
teardown(void)
{
	PQfinish(conn);
	testdb_close();
	arena_free(arena);
}

TestSuite(statements, .init = setup, .fini = teardown);

static void
clear_result(void *result)
{
	PQclear(result);
}

static PGresult *
owned(PGresult *result)
{
	arena_defer(arena, clear_result, result);
	return result;
}

/* Returns the columns of a statement, or NULL if PostgreSQL rejects it. */
static const PGresult *
describe(const char *name, const char *sql)
{
	PGresult *result = owned(PQprepare(conn, "", sql, 0, NULL));

	cr_expect_eq(PQresultStatus(result), PGRES_COMMAND_OK, "%s: %s\n%s", name,
		     PQresultErrorMessage(result), sql);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		return NULL;

	checked++;
	return owned(PQdescribePrepared(conn, ""));
}

static void
check_name(const char *name)
{
	cr_expect_leq(strlen(name), NAME_LENGTH_MAX, "%s: PostgreSQL would cut the name", name);
	for (size_t i = 0; i < nnames; i++)
		cr_assert_str_neq(names[i], name, "two statements have the name %s", name);
	cr_assert_lt(nnames, NAMES_MAX);
	names[nnames++] = arena_text(arena, name);
}

/* Whether the column is directly a nullable column of a table. */
static bool
may_be_null(const PGresult *r, int column)
{
	Oid table = PQftable(r, column);
	const char *response;

	if (table == InvalidOid)
		return false;

	response =
	    testdb_sql("SELECT attnotnull FROM pg_attribute WHERE attrelid = %u AND attnum = %d",
		       table, PQftablecol(r, column));
	return response && strcmp(response, "f") == 0;
}

/* `modifier` of a numeric: precision << 16 | scale, plus 4; -1 if the column is an expression. */
static bool
type_fits(const struct field *f, Oid oid, int modifier)
{
	if (f->type == TYPE_ARRAY) {
		for (size_t i = 0; i < COUNT(arrays); i++)
			if (arrays[i].array == oid)
				return type_fits(f->item, arrays[i].of, modifier);
		return false;
	}
	if (f->type == TYPE_DECIMAL && modifier >= 0 && ((modifier - 4) & 0x7ff) != f->scale)
		return false;
	for (size_t i = 0; i < COUNT(types[f->type]) && types[f->type][i]; i++)
		if (types[f->type][i] == oid)
			return true;
	return false;
}

static void
check_columns(const char *name, const PGresult *r, const struct schema *row)
{
	for (int i = 0; i < PQnfields(r); i++) {
		const char *column = PQfname(r, i);
		const struct field *f = schema_field(row, column);

		cr_expect(f, "%s: schema %s has no row for the column %s", name, row->name, column);
		if (!f)
			continue;
		cr_expect_eq(PQfnumber(r, column), i, "%s: two columns are %s", name, column);
		cr_expect(type_fits(f, PQftype(r, i), PQfmod(r, i)),
			  "%s: %s has the wrong type (oid %u, modifier %d)", name, column,
			  PQftype(r, i), PQfmod(r, i));
		cr_expect((f->type != TYPE_INT && f->type != TYPE_BOOL) ||
			      f->pointer == !!(f->flags & F_NULLABLE),
			  "%s: the member of %s must be a pointer if and only if it is F_NULLABLE",
			  name, column);
		cr_expect(f->flags & F_NULLABLE || !may_be_null(r, i),
			  "%s: %s may be null, and its row is not F_NULLABLE", name, column);
	}
	for (size_t i = 0; i < row->nfields; i++)
		cr_expect(row->fields[i].flags & F_COMPUTED ||
			      PQfnumber(r, row->fields[i].name) >= 0,
			  "%s: schema %s has a row %s, and there is no such column", name,
			  row->name, row->fields[i].name);
}

static void
check_query(const struct query *q)
{
	const char *sql = q->sql ? q->sql : q->compose(arena, q->rows);
	const PGresult *r;

	check_name(q->name);
	cr_expect(!q->read_only || strncmp(sql, "SELECT ", 7) == 0 || strncmp(sql, "WITH ", 5) == 0,
		  "%s: read_only, but not a SELECT", q->name);
	r = describe(q->name, sql);
	if (r && q->row)
		check_columns(q->name, r, q->row);
	for (int i = 0; r && !q->row && i < PQnfields(r); i++)
		cr_expect_eq(PQftype(r, i), VOID_OID, "%s: returns rows, but has no schema",
			     q->name);
}

static void
check_queries(const struct query *queries)
{
	for (const struct query *q = queries; q && q->name; q++)
		check_query(q);
}

Test(statements, of_features)
{
	for (const struct feature *const *f = test_app()->features; *f; f++)
		check_queries((*f)->queries);
	check_queries(migrate_queries);
	check_queries(db_info_queries);
	check_queries(migrate_lock_queries);
	check_queries(migrate_index_queries);
	check_queries(migrate_auto_queries);
	cr_assert_gt(checked, 0, "no feature has a statement");
}

static const struct table *the_table;

/* A page has the columns of its rows, and possibly the total. */
static enum error
check_list_statement(struct ctx *with UNUSED, const char *name, const char *sql)
{
	static const struct field total = { .name = LIST_TOTAL, .type = TYPE_INT };
	const PGresult *r = describe(name, sql);
	struct schema row = *the_table->schema;
	struct field fields[65];

	check_name(name);
	if (!r)
		return OK;

	if (PQfnumber(r, LIST_TOTAL) >= 0) {
		memcpy(fields, row.fields, row.nfields * sizeof(*fields));
		fields[row.nfields] = total;
		row.fields = fields;
		row.nfields++;
	}
	check_columns(name, r, &row);
	return OK;
}

static void
check_sort(const struct table *table, const struct list_sort *s)
{
	const struct field *f = schema_field(table->schema, s->name);

	cr_assert(f, "table %s: there is no field for its order by %s", table->name, s->name);
	cr_expect(f->type == TYPE_TEXT || f->type == TYPE_EMAIL || f->type == TYPE_SLUG ||
		      f->type == TYPE_ENUM || f->type == TYPE_TIME || f->type == TYPE_DATE ||
		      f->type == TYPE_INT || f->type == TYPE_DECIMAL,
		  "table %s: a list cannot be ordered by the type of %s", table->name, s->name);
	cr_expect(f->type != TYPE_TEXT || (f->max && f->max * UTF8_MAX <= CURSOR_VALUE_MAX),
		  "table %s: %s has no maximum that fits a cursor", table->name, s->name);
}

static void
check_filter(const struct table *table, const struct list_filter *f)
{
	const char *column = f->column ? f->column : f->name;

	cr_assert(f->sql || schema_field(table->schema, column) || table->columns,
		  "table %s: there is no field for its filter of %s", table->name, column);
}

static void
check_list(const struct table *table)
{
	const struct field *id = schema_field(table->schema, "id");

	cr_expect(id && id->type == TYPE_UUID, "table %s: no id to break ties", table->name);
	cr_assert(table->sorts && table->sorts[0].name, "table %s has no order", table->name);
	for (const struct list_sort *s = table->sorts; s->name; s++)
		check_sort(table, s);
	for (const struct list_filter *f = table->filters; list_is_filter(f); f++) {
		cr_assert_lt(f - table->filters, LIST_FILTERS_MAX, "table %s", table->name);
		check_filter(table, f);
	}
	the_table = table;
	cr_expect_eq(list_statements(c, table, check_list_statement), OK);
}

static void
check_table(const struct table *table)
{
	for (int i = 0; i < TABLE_STATEMENTS && !table->from; i++) {
		struct query q = table_query(arena, table, (enum table_statement)i);

		if (q.name)
			check_query(&q);
	}
	check_list(table);
}

Test(statements, of_tables, .timeout = 300)
{
	size_t n = 0;

	for (const struct feature *const *f = test_app()->features; *f; f++)
		for (const struct table *const *t = (*f)->tables; t && *t; t++, n++)
			check_table(*t);
	cr_assert_gt(n, 0, "no feature has a table");
}
