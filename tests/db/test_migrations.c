/* The application's migrations: down reverts everything that up creates. */
#include <criterion/criterion.h>

#include "support/testdb.h"

#include "app/migrate.h"
#include "migrate/migrate_priv.h"

static struct arena *arena;
static struct ctx *c;
static FILE *out;

static void
setup(void)
{
	arena = arena_new(64 * 1024 * 1024);
	testdb_open_bare(arena);
	c = testdb_ctx(arena);
	out = fopen("/dev/null", "w");
}

static void
teardown(void)
{
	if (out)
		fclose(out);
	testdb_close();
	arena_free(arena);
}

TestSuite(migrations, .init = setup, .fini = teardown);

static size_t
nfiles(void)
{
	size_t n = 0;

	while (migration_files[n].name)
		n++;
	return n;
}

static int64_t
pending(void)
{
	int64_t n = -1;

	cr_expect_eq(migrate_pending(c, &n), OK);
	return n;
}

/* Returns all tables, columns, indexes and checks of the schema, as one string. */
static const char *
picture(void)
{
	return testdb_sql(
	    "SELECT md5(string_agg(line, E'\\n' ORDER BY line)) FROM ("
	    " SELECT table_name || column_name || data_type || is_nullable"
	    "  || coalesce(column_default, '') AS line"
	    " FROM information_schema.columns WHERE table_schema = current_schema()"
	    " UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema()"
	    " UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint"
	    "  WHERE connamespace = current_schema()::regnamespace"
	    " UNION ALL SELECT proname FROM pg_proc"
	    "  WHERE pronamespace = current_schema()::regnamespace) AS lines");
}

Test(migrations, down_drops_everything_and_up_restores_it)
{
	const char *before;

	cr_assert_eq(migrate_up(c, out), OK);
	before = picture();
	cr_assert_eq(migrate_down(c, (int64_t)nfiles(), out), OK);
	cr_expect_eq(pending(), (int64_t)nfiles());
	cr_expect_str_eq(testdb_sql("SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class"
				    " WHERE relkind = 'r'"
				    " AND relnamespace = current_schema()::regnamespace"),
			 "schema_migration_checksums schema_migrations");
	cr_expect_str_eq(
	    testdb_sql("SELECT count(*) FROM (SELECT pronamespace FROM pg_proc"
		       " UNION ALL SELECT cfgnamespace FROM pg_ts_config"
		       " UNION ALL SELECT dictnamespace FROM pg_ts_dict) AS other (oid)"
		       " WHERE oid = current_schema()::regnamespace"),
	    "0");
	cr_assert_eq(migrate_up(c, out), OK);
	cr_expect_str_eq(picture(), before);
}

Test(migrations, each_migration_can_be_reverted_and_applied_again)
{
	cr_assert_eq(migrate_up(c, out), OK);
	for (size_t n = 1; n <= nfiles(); n++) {
		const char *before = picture();

		cr_assert_eq(migrate_down(c, (int64_t)n, out), OK, "%zu: %s", n, c->failure.detail);
		cr_assert_eq(pending(), (int64_t)n);
		cr_assert_eq(migrate_up(c, out), OK, "%zu: %s", n, c->failure.detail);
		cr_expect_str_eq(picture(), before);
	}
}
