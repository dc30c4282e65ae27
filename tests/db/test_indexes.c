/* Indexes: the default order of each list, and foreign keys. */
#include <criterion/criterion.h>

#include "support/test_app.h"
#include "support/testdb.h"

#include "app/feature.h"
#include "db/table_priv.h"

static struct arena *arena;

static void
setup(void)
{
	arena = arena_new(64 * 1024 * 1024);
	testdb_open(arena);
	testdb_sql("SET plan_cache_mode = force_generic_plan");
	testdb_sql("SET enable_seqscan = off");
	testdb_sql("SET enable_bitmapscan = off");
}

static void
teardown(void)
{
	testdb_close();
	arena_free(arena);
}

TestSuite(indexes, .init = setup, .fini = teardown);

/* Returns the plan of a statement without its values. */
static const char *
plan(const char *sql)
{
	const char *nulls, *plan;

	testdb_sql("PREPARE page AS %s", sql);
	nulls = testdb_sql("SELECT repeat('NULL, ', cardinality(parameter_types) - 1) || 'NULL'"
			   " FROM pg_prepared_statements WHERE name = 'page'");
	plan = testdb_sql("EXPLAIN (FORMAT JSON) EXECUTE page(%s)", nulls);
	testdb_sql("DEALLOCATE page");
	return plan;
}

/* A page after a cursor, in both directions, is a range of an index. */
static void
check_pages(struct list_shape shape)
{
	for (int up = 0; up < 2; up++) {
		const char *p;

		shape.ascending = up;
		p = plan(list_sql(arena, &shape));
		cr_expect_not_null(strstr(p, "\"Index"), "%s: no index: %s", shape.table->name, p);
		cr_expect_null(strstr(p, "Sort\""), "%s: no index has the default order: %s",
			       shape.table->name, p);
	}
}

static size_t
check_table(const struct table *table)
{
	struct list_shape shape = { .table = table, .sort = table->sorts, .mode = LIST_AFTER };
	uint32_t bit = 1;

	if (table->by_values) /* a search, which has to rank what it finds */
		return 0;

	for (const struct list_filter *f = table->filters; list_is_filter(f); f++, bit <<= 1)
		shape.filters |= f->value.flags & F_REQUIRED ? bit : 0;
	shape.parent = table->parent;
	if (!table->owner || table->readers != OWNER_ONLY)
		check_pages(shape);
	shape.owner = table->owner;
	if (table->owner)
		check_pages(shape);
	return 1;
}

/* Of everyone's rows, if the list can have them, and of the caller's own. */
Test(indexes, of_the_default_order)
{
	size_t n = 0;

	for (const struct feature *const *f = test_app()->features; *f; f++)
		for (const struct table *const *t = (*f)->tables; t && *t; t++)
			n += check_table(*t);
	cr_assert_gt(n, 0, "no feature has a table");
}

/* Otherwise the deletion of a row scans each table that refers to it. */
Test(indexes, of_foreign_keys)
{
	const char *missing = testdb_sql(
	    "SELECT string_agg(conrelid::regclass || ' (' || attname || ')', ', ')"
	    " FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]"
	    " WHERE contype = 'f' AND connamespace = current_schema()::regnamespace"
	    " AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = conrelid AND indkey[0] = attnum"
	    "  AND coalesce(pg_get_expr(indpred, indrelid) = '(' || attname || ' IS NOT NULL)',"
	    "   true))");

	cr_expect_null(missing, "no index for the foreign key: %s", missing);
}
