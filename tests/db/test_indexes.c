/* Indexes: the default order of each list, and foreign keys. */
#include <criterion/criterion.h>

#include "support/testdb.h"

#include "app/feature.h"
#include "db/list_priv.h"

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
check_pages(const struct list *list, uint32_t filters)
{
	for (int up = 0; up < 2; up++) {
		struct list_shape shape = { .list = list,
					    .sort = list->sorts,
					    .ascending = up,
					    .filters = filters,
					    .mode = LIST_AFTER };
		const char *p = plan(list_sql(arena, &shape));

		cr_expect_not_null(strstr(p, "\"Index"), "%s: no index: %s", list->name, p);
		cr_expect_null(strstr(p, "Sort\""), "%s: no index has the default order: %s",
			       list->name, p);
	}
}

static size_t
check_list(const struct list *list)
{
	uint32_t own = 0, required = 0, bit = 1;

	if (list->by_values) /* a search, which has to rank what it finds */
		return 0;

	for (const struct list_filter *f = list->filters; f && f->sql; f++, bit <<= 1) {
		own |= f->own ? bit : 0;
		required |= f->field.flags & F_REQUIRED ? bit : 0;
	}
	check_pages(list, required);
	if (own)
		check_pages(list, required | own);
	return 1;
}

/* Of everyone's rows, if the list can have them, and of the caller's own. */
Test(indexes, of_the_default_order)
{
	size_t n = 0;

	for (const struct feature *const *f = features; *f; f++)
		for (const struct list *const *l = (*f)->lists; l && *l; l++)
			n += check_list(*l);
	cr_assert_gt(n, 0, "no feature has a list");
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
