/* Migrations: applying, reverting, changed files, locking. */
#include <criterion/criterion.h>

#include "support/testdb.h"

#include "app/migrate.h"
#include "app/settings.h"
#include "migrate/migrate_priv.h"

#include <libpq-fe.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Replaces the application's migrations. A test may replace the last one. */
static char last[1024] = "-- migrate:up\nCREATE TABLE last (id int);\n"
			 "-- migrate:down\nDROP TABLE last;\n";

const struct migration_file migration_files[] = {
	{ "20260101000000_first.sql", "-- Why it is there.\n\n-- migrate:up\n"
				      "CREATE TABLE first (id int);\n"
				      "CREATE INDEX first_index ON first (id);\n"
				      "-- migrate:down\nDROP TABLE first;\n" },
	{ "20260102000000_alone.sql", "-- migrate:up transaction:false\n"
				      "CREATE INDEX CONCURRENTLY first_other ON first (id);\n"
				      "-- migrate:down transaction:false\n"
				      "DROP INDEX CONCURRENTLY first_other;\n" },
	{ "20260103000000_wanders_off.sql",
	  "-- migrate:up\n"
	  "CREATE TABLE third (id int); SET search_path = pg_catalog;\n"
	  "SET statement_timeout = 2000;\n"
	  "-- migrate:down\nDROP TABLE third;\n" },
	{ "20260104000000_last.sql", last },
	{ 0 },
};

enum { TRIES = 1500 }; /* of 10 ms */

static struct arena *arena;
static struct ctx *c;
static char *printed;
static size_t printed_size;
static FILE *out;

static void
setup(void)
{
	arena = arena_new(64 * 1024 * 1024);
	testdb_open_bare(arena);
	c = testdb_ctx(arena);
	out = open_memstream(&printed, &printed_size);
}

static void
teardown(void)
{
	if (out)
		fclose(out);
	free(printed);
	testdb_close();
	arena_free(arena);
}

TestSuite(migrate, .init = setup, .fini = teardown);

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

static bool
printed_has(const char *text)
{
	fflush(out);
	return strstr(printed, text);
}

static const char *
versions(void)
{
	return testdb_sql(
	    "SELECT string_agg(version, ' ' ORDER BY version) FROM schema_migrations");
}

Test(migrate, up_applies_each_file_once)
{
	cr_expect_eq(pending(), (int64_t)nfiles());
	cr_assert_eq(migrate_up(c, out), OK, "%s", c->failure.detail);
	cr_expect_eq(pending(), 0);
	for (size_t i = 0; i < nfiles(); i++)
		cr_expect(printed_has(arena_printf(arena, "applied %s", migration_files[i].name)));
	cr_expect_not(printed_has("nothing to do"));
	cr_assert_eq(migrate_up(c, out), OK, "%s", c->failure.detail);
	cr_expect(printed_has("nothing to do"));
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM schema_migrations"),
			 arena_printf(arena, "%zu", nfiles()));
}

Test(migrate, the_table_is_that_of_dbmate)
{
	cr_assert_eq(migrate_up(c, out), OK, "%s", c->failure.detail);
	cr_expect_str_eq(
	    testdb_sql("SELECT string_agg(column_name || ' ' || data_type || ' ' ||"
		       " character_maximum_length || ' ' || is_nullable, ',')"
		       " FROM information_schema.columns WHERE table_schema = current_schema()"
		       " AND table_name = 'schema_migrations'"),
	    "version character varying 128 NO");
	cr_expect_str_eq(testdb_sql("SELECT pg_get_constraintdef(oid) FROM pg_constraint"
				    " WHERE conrelid = 'schema_migrations'::regclass"),
			 "PRIMARY KEY (version)");
	cr_expect_str_eq(testdb_sql("SELECT min(version) FROM schema_migrations"),
			 migration_version(arena, migration_files[0].name));
}

Test(migrate, down_reverts_the_last_migration)
{
	const char *name = migration_files[nfiles() - 1].name;

	cr_assert_eq(migrate_up(c, out), OK, "%s", c->failure.detail);
	cr_assert_eq(migrate_down(c, 1, out), OK);
	cr_expect(printed_has(arena_printf(arena, "reverted %s", name)));
	cr_expect_eq(pending(), 1);
	cr_assert_eq(migrate_down(c, 1000, out), OK, "more than there are is all there are");
	cr_assert_eq(migrate_down(c, 1, out), OK);
	cr_expect(printed_has("nothing to revert"));
}

Test(migrate, a_changed_file_is_rejected_by_up_and_shown_by_status)
{
	const char *version = migration_version(arena, migration_files[0].name);

	cr_assert_eq(migrate_up(c, out), OK, "%s", c->failure.detail);
	cr_assert_eq(migrate_down(c, 1, out), OK);
	testdb_sql("UPDATE schema_migration_checksums SET sha256 = 'x' WHERE version = '%s'",
		   version); /* as if the file had changed */
	cr_expect_eq(migrate_up(c, out), E_CONFLICT);
	cr_expect(strstr(c->failure.detail, migration_files[0].name));
	cr_expect(strstr(c->failure.detail, version));
	cr_expect_eq(pending(), 1, "nothing was done");
	cr_assert_eq(migrate_status(c, false, out), OK);
	cr_expect(printed_has(arena_printf(arena, "changed  %s", migration_files[0].name)));

	/* The fix that the message suggests. */
	testdb_sql("DELETE FROM schema_migration_checksums WHERE version = '%s'", version);
	cr_expect_eq(migrate_up(c, out), OK);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM schema_migration_checksums"),
			 arena_printf(arena, "%zu", nfiles()));
}

Test(migrate, migrations_of_another_tool_are_adopted)
{
	cr_assert_eq(migrate_up(c, out), OK, "%s", c->failure.detail);
	testdb_sql("DROP TABLE schema_migration_checksums");
	cr_expect_eq(pending(), 0);
	cr_assert_eq(migrate_status(c, false, out), OK);
	cr_expect(printed_has("0 pending"));
	cr_assert_eq(migrate_up(c, out), OK, "%s", c->failure.detail);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM schema_migration_checksums"),
			 arena_printf(arena, "%zu", nfiles()));
}

Test(migrate, a_migration_of_a_newer_program_is_kept)
{
	cr_assert_eq(migrate_up(c, out), OK, "%s", c->failure.detail);
	testdb_sql("INSERT INTO schema_migrations VALUES ('99990101000000')");
	cr_expect_eq(pending(), 0);
	cr_assert_eq(migrate_up(c, out), OK, "%s", c->failure.detail);
	cr_assert_eq(migrate_status(c, false, out), OK);
	cr_expect(printed_has("unknown  99990101000000"));
	cr_expect_eq(migrate_down(c, 1, out), E_CONFLICT);
	cr_expect(strstr(c->failure.detail, "99990101000000"));
	cr_expect(strstr(versions(), "99990101000000"));
}

Test(migrate, status_as_json)
{
	cr_assert_eq(migrate_status(c, true, out), OK);
	cr_expect(printed_has("\"state\": \"pending\"}"));
	cr_expect_not(printed_has("applied"));
	cr_expect_null(testdb_sql("SELECT to_regclass('schema_migrations')"),
		       "to look changes nothing");
}

static void
write_last(const char *text)
{
	snprintf(last, sizeof(last), "%s", text);
}

Test(migrate, a_failure_is_rolled_back_and_reports_file_and_line)
{
	write_last(
	    "-- migrate:up\nCREATE TABLE last (id int);\n-- é ü\nCREATE TABLE other (id nothing);\n"
	    "-- migrate:down\n");
	cr_expect_eq(migrate_up(c, out), E_INTERNAL);
	cr_expect_str_eq(c->failure.detail,
			 "20260104000000_last.sql, line 4: type \"nothing\" does not exist");
	cr_expect_eq(pending(), 1, "those before it stay");
	cr_expect_null(testdb_sql("SELECT to_regclass('last')"));
}

Test(migrate, a_script_must_not_end_the_transaction)
{
	write_last("-- migrate:up\nCREATE TABLE last (id int); COMMIT;\n-- migrate:down\n");
	cr_expect_eq(migrate_up(c, out), E_INTERNAL);
	cr_expect(strstr(c->failure.detail, "must not begin or end"), "%s", c->failure.detail);
}

Test(migrate, a_script_must_not_begin_a_transaction)
{
	write_last("-- migrate:up transaction:false\nBEGIN;\n-- migrate:down\n");
	cr_expect_eq(migrate_up(c, out), E_INTERNAL);
	cr_expect(strstr(c->failure.detail, "must not begin or end"), "%s", c->failure.detail);
}

Test(migrate, each_script_starts_with_the_settings_of_a_new_session)
{
	write_last("-- migrate:up\nCREATE TABLE last AS SELECT "
		   "current_setting('statement_timeout') AS t;\n"
		   "-- migrate:down\nDROP TABLE last;\n");
	cr_assert_eq(migrate_up(c, out), OK, "%s", c->failure.detail);
	cr_expect_str_eq(testdb_sql("SELECT t FROM last"), "0", "the script before set 2 s");
}

Test(migrate, a_part_may_be_empty_but_not_missing)
{
	write_last("-- migrate:up\n\n-- migrate:down\n-- nothing\n");
	cr_expect_eq(migrate_up(c, out), OK);
	cr_expect_eq(migrate_down(c, 1, out), OK);
	cr_expect_eq(pending(), 1);
	write_last("CREATE TABLE last (id int);\n");
	cr_expect_eq(migrate_up(c, out), E_INTERNAL);
	cr_expect(strstr(c->failure.detail, "-- migrate:up"), "%s", c->failure.detail);
	cr_expect_eq(pending(), 1);
}

Test(migrate, a_file_that_needs_a_decision_is_refused)
{
	write_last("-- migrate:up\n-- DECIDE: dropped or renamed?\n-- DROP TABLE first;\n"
		   "-- migrate:down\n");
	cr_expect_eq(migrate_up(c, out), E_CONFLICT);
	cr_expect(strstr(c->failure.detail, "20260104000000_last.sql, line 2"), "%s",
		  c->failure.detail);
	cr_expect(strstr(c->failure.detail, "-- DECIDE"), "%s", c->failure.detail);
	cr_expect_eq(pending(), 1);

	write_last("-- migrate:up\n-- It was DECIDEd.\n-- migrate:down\n-- DECIDE: too\n");
	cr_expect_eq(migrate_up(c, out), E_CONFLICT);
	write_last("-- migrate:up\n-- It was DECIDEd.\n-- migrate:down\n");
	cr_expect_eq(migrate_up(c, out), OK, "%s", c->failure.detail);
}

Test(migrate, a_lock_on_a_table_times_out)
{
	PGconn *other = PQconnectdb(settings.database_url);

	cr_assert_eq(migrate_up(c, out), OK, "%s", c->failure.detail);
	PQclear(
	    PQexec(other, arena_printf(arena, "BEGIN; LOCK TABLE %s.last", settings.db_schema)));
	cr_expect_eq(migrate_down(c, 1, out), E_CONFLICT);
	cr_expect(strstr(c->failure.detail, "holds a lock"), "%s", c->failure.detail);
	PQfinish(other);
	cr_expect_eq(pending(), 0);
}

/* CONCURRENTLY waits for all older transactions, but no query queues behind it. */
Test(migrate, concurrently_waits_for_older_transactions)
{
	PGconn *other = PQconnectdb(settings.database_url);
	struct db *usual = c->db;

	cr_assert_eq(migrate_up(c, out), OK, "%s", c->failure.detail);
	c->db = db_new(
	    arena_printf(arena, "%s&options=-c%%20lock_timeout%%3D50", settings.database_url));
	write_last("-- migrate:up transaction:false\n"
		   "CREATE INDEX CONCURRENTLY last_again ON first (id);\n-- migrate:down\n");
	testdb_sql("DELETE FROM schema_migrations WHERE version = '20260104000000'");
	testdb_sql("DELETE FROM schema_migration_checksums WHERE version = '20260104000000'");
	cr_assert(PQsendQuery(
	    other, "DO $$ BEGIN FOR i IN 1..3000 LOOP PERFORM pg_stat_clear_snapshot();"
		   " EXIT WHEN EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'virtualxid'"
		   " AND query LIKE '%last_again%' AND clock_timestamp() - query_start > '0.2 s');"
		   " PERFORM pg_sleep(0.01); END LOOP; END $$"));
	testdb_sql(
	    "DO $$ BEGIN FOR i IN 1..3000 LOOP PERFORM pg_stat_clear_snapshot();"
	    " EXIT WHEN EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE 'DO%%last_again%%'"
	    " AND state = 'active' AND pid <> pg_backend_pid());"
	    " PERFORM pg_sleep(0.01); END LOOP; END $$");
	cr_expect_eq(migrate_up(c, out), OK, "%s", c->failure.detail);
	db_free(c->db);
	c->db = usual;
	PQfinish(other);
}

Test(migrate, other_statements_do_not_wait_for_long)
{
	PGconn *other = PQconnectdb(settings.database_url);
	struct db *usual = c->db;

	cr_assert_eq(migrate_up(c, out), OK, "%s", c->failure.detail);
	c->db = db_new(
	    arena_printf(arena, "%s&options=-c%%20lock_timeout%%3D50", settings.database_url));
	write_last("-- migrate:up\n-- migrate:down transaction:false\n"
		   "ALTER TABLE first ADD COLUMN more int;\n");
	PQclear(
	    PQexec(other, arena_printf(arena, "BEGIN; LOCK TABLE %s.first", settings.db_schema)));
	cr_expect_eq(migrate_down(c, 1, out), E_CONFLICT);
	PQfinish(other);
	db_free(c->db);
	c->db = usual;
}

/* Waits until the file contains the text. */
static void
wait_for_text(FILE *file, const char *text)
{
	char content[2048] = "";

	for (int i = 0; i < TRIES && !strstr(content, text); i++) {
		usleep(10000);
		rewind(file);
		content[fread(content, 1, sizeof(content) - 1, file)] = '\0';
	}
	cr_assert(strstr(content, text), "not \"%s\" but \"%s\"", text, content);
}

static void
wait_for_answer(const char *sql, bool zero)
{
	for (int i = 0; i < TRIES && (strcmp(testdb_sql("%s", sql), "0") == 0) != zero; i++)
		usleep(10000);
	cr_assert_eq(strcmp(testdb_sql("%s", sql), "0") == 0, zero, "%s", sql);
}

/* Runs migrate_up() in a child process, whose exit status is 0 for success. */
static pid_t
start_up(FILE *output)
{
	struct ctx own = *c;
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid > 0)
		return pid;

	own.db = db_new(settings.database_url); /* must not close the parent's connections */
	_exit(migrate_up(&own, output) == OK ? 0 : 1);
}

Test(migrate, only_one_process_migrates)
{
	PGconn *other = PQconnectdb(settings.database_url);
	FILE *heard = tmpfile();
	pid_t child;
	int status;

	PQclear(PQexec(other, arena_printf(arena,
					   "SELECT pg_advisory_lock(hashtext('schema_migrations'),"
					   " hashtext('%s'))",
					   settings.db_schema)));
	child = start_up(heard);
	wait_for_text(
	    heard, arena_printf(arena, "migration to end: process %d, role ", PQbackendPID(other)));
	wait_for_text(heard, "connected since 20");
	wait_for_text(heard, arena_printf(arena, "pg_terminate_backend(%d)", PQbackendPID(other)));
	cr_expect_null(testdb_sql("SELECT to_regclass('first')"), "it did not wait");
	fclose(heard);
	PQfinish(other);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	cr_expect_eq(pending(), 0);
}

Test(migrate, concurrent_processes_apply_each_file_once)
{
	pid_t children[4];
	int status;

	for (size_t i = 0; i < COUNT(children); i++)
		children[i] = start_up(stderr);
	for (size_t i = 0; i < COUNT(children); i++) {
		cr_assert_eq(waitpid(children[i], &status, 0), children[i]);
		cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	cr_expect_eq(pending(), 0);
}

/* Applies all files except the last, replaces that by `text`, and inserts two equal rows into
 * `first`. */
static void
begin_with_duplicates(const char *text)
{
	cr_assert_eq(migrate_up(c, out), OK, "%s", c->failure.detail);
	cr_assert_eq(migrate_down(c, 1, out), OK);
	testdb_sql("INSERT INTO first VALUES (1), (1)");
	write_last(text);
}

static const char *
valid_index(const char *name)
{
	return testdb_sql("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('%s')",
			  name);
}

static const char *const unique_index[] = {
	"-- migrate:up transaction:false\n"
	"CREATE UNIQUE INDEX CONCURRENTLY last_unique ON first (id);\n-- migrate:down\n",
	"-- migrate:up transaction:false\n"
	"CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS last_unique ON first (id);\n"
	"-- migrate:down\n",
	"-- migrate:up transaction:false\n"
	"CREATE UNIQUE INDEX CONCURRENTLY ON first (id);\n-- migrate:down\n",
};

Test(migrate, an_interrupted_index_build_is_repeated)
{
	static const char *const names[] = { "last_unique", "last_unique", "first_id_idx" };

	for (size_t i = 0; i < COUNT(unique_index); i++) {
		begin_with_duplicates(unique_index[i]);
		cr_expect_eq(migrate_up(c, out), E_INTERNAL);
		cr_expect_str_eq(valid_index(names[i]), "f");
		cr_expect_eq(migrate_up(c, out), E_INTERNAL, "it is tried again each time");
		cr_expect(strstr(c->failure.detail, "could not create unique index"), "%s",
			  c->failure.detail);
		cr_expect_eq(pending(), 1);

		testdb_sql("DELETE FROM first");
		cr_expect_eq(migrate_up(c, out), OK, "%s", c->failure.detail);
		cr_expect(printed_has(arena_printf(arena, "dropping the invalid index %s.%s",
						   settings.db_schema, names[i])));
		cr_expect_str_eq(valid_index(names[i]), "t");
		cr_expect_str_eq(testdb_sql("SELECT count(*) FROM pg_index"
					    " WHERE indrelid = 'first'::regclass"),
				 "3");
		cr_expect_eq(pending(), 0);
		testdb_sql("DROP INDEX %s", names[i]);
	}
}

/* Creates an invalid index that is not from a migration. */
static void
leave_invalid(const char *name)
{
	PGconn *other = PQconnectdb(settings.database_url);
	PGresult *result = PQexec(
	    other, arena_printf(arena, "CREATE UNIQUE INDEX CONCURRENTLY %s ON %s.first (id)", name,
				settings.db_schema));

	cr_assert_eq(PQresultStatus(result), PGRES_FATAL_ERROR);
	PQclear(result);
	PQfinish(other);
	cr_assert_str_eq(valid_index(name), "f");
}

Test(migrate, an_interrupted_reindex_is_repeated)
{
	begin_with_duplicates("-- migrate:up transaction:false\n"
			      "REINDEX INDEX CONCURRENTLY first_other;\n-- migrate:down\n");
	leave_invalid("first_other_ccnew");
	cr_expect_eq(migrate_up(c, out), OK, "%s", c->failure.detail);
	cr_expect_null(testdb_sql("SELECT to_regclass('first_other_ccnew')"));
	cr_expect_str_eq(valid_index("first_other"), "t");
}

Test(migrate, an_interrupted_drop_is_repeated)
{
	begin_with_duplicates("-- migrate:up transaction:false\n"
			      "DROP INDEX CONCURRENTLY last_unique;\n-- migrate:down\n");
	leave_invalid("last_unique");
	cr_expect_eq(migrate_up(c, out), OK, "%s", c->failure.detail);
	cr_expect_not(printed_has("dropping the invalid"));
}

Test(migrate, a_file_with_an_invalid_index_is_not_recorded)
{
	begin_with_duplicates("-- migrate:up\nDELETE FROM first;\n"
			      "CREATE UNIQUE INDEX IF NOT EXISTS last_unique ON first (id);\n"
			      "-- migrate:down\n");
	leave_invalid("last_unique");
	cr_expect_eq(migrate_up(c, out), OK, "%s", c->failure.detail);
	cr_expect_str_eq(valid_index("last_unique"), "t");
}

Test(migrate, other_invalid_indexes_are_kept)
{
	begin_with_duplicates("-- migrate:up\nCREATE TABLE last (id int);\n-- migrate:down\n");
	leave_invalid("not_ours");
	cr_expect_eq(migrate_up(c, out), OK, "%s", c->failure.detail);
	cr_expect_str_eq(valid_index("not_ours"), "f");
}

Test(migrate, a_finished_index_without_a_record_is_explained)
{
	begin_with_duplicates("-- migrate:up transaction:false\n"
			      "CREATE INDEX CONCURRENTLY first_index ON first (id);\n"
			      "-- migrate:down\n");
	cr_expect_eq(migrate_up(c, out), E_INTERNAL);
	cr_expect(strstr(c->failure.detail, "write IF NOT EXISTS"), "%s", c->failure.detail);
}

/* Otherwise the server would finish a statement that is not recorded. */
Test(migrate, killing_the_process_cancels_its_statement)
{
	PGconn *other = PQconnectdb(settings.database_url);
	const char *running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
			      " AND pid <> pg_backend_pid() AND query LIKE '%last_killed%'";
	int status;
	pid_t child;

	cr_assert_eq(migrate_up(c, out), OK, "%s", c->failure.detail);
	cr_assert_eq(migrate_down(c, 1, out), OK);
	write_last("-- migrate:up transaction:false\n"
		   "CREATE INDEX CONCURRENTLY last_killed ON first (id);\n-- migrate:down\n");
	PQclear(PQexec(other, arena_printf(arena,
					   "BEGIN; SELECT txid_current();"
					   " INSERT INTO %s.first VALUES (1)",
					   settings.db_schema)));
	child = start_up(stderr);
	wait_for_answer(running, false);
	kill(child, SIGKILL);
	cr_assert_eq(waitpid(child, &status, 0), child);
	wait_for_answer(running, true);
	PQfinish(other);
	cr_expect_str_eq(valid_index("last_killed"), "f");
	cr_expect_eq(migrate_up(c, out), OK, "%s", c->failure.detail);
	cr_expect_str_eq(valid_index("last_killed"), "t");
}

Test(migrate, a_missing_schema_is_created)
{
	testdb_sql("DROP SCHEMA %s CASCADE", settings.db_schema);
	cr_assert_eq(migrate_up(c, out), OK, "%s", c->failure.detail);
	cr_expect_eq(pending(), 0);
}

Test(migrate, parts_of_a_file)
{
	static const char file[] = "-- A word before.\n"
				   "-- migrate:up transaction:false\n"
				   "SELECT 1;\n"
				   "-- migrate: is no marker of ours\n"
				   "--migrate:down\n"
				   "SELECT 2;\n";
	struct migration_part part;

	cr_assert(migration_part(arena, file, "up", &part));
	cr_expect_str_eq(part.text, "SELECT 1;\n");
	cr_expect(part.no_transaction);
	cr_expect_eq(part.line, 3);
	cr_assert(migration_part(arena, file, "down", &part));
	cr_expect_str_eq(part.text, "SELECT 2;\n");
	cr_expect_not(part.no_transaction);
	cr_expect_eq(part.line, 6);
	cr_expect_not(migration_part(arena, "SELECT 1;\n", "up", &part));
	cr_expect_not(migration_part(arena, "-- migrate:upwards\n", "up", &part));
	cr_expect_not(migration_part(arena, "", "up", &part));
	cr_assert(migration_part(arena, "-- migrate:up", "up", &part));
	cr_expect_str_eq(part.text, "");
}

Test(migrate, a_new_file_has_the_highest_version)
{
	char folder[] = "/tmp/migrate-XXXXXX";
	FILE *f;
	char line[64] = "";

	cr_assert(mkdtemp(folder));
	cr_assert_eq(chdir(folder), 0);
	cr_expect_eq(migrate_new(c, "first", out), E_BAD_REQUEST);
	cr_expect(strstr(c->failure.detail, "db/migrations"));
	cr_assert_eq(mkdir("db", 0700), 0);
	cr_assert_eq(mkdir("db/migrations", 0700), 0);
	fclose(fopen("db/migrations/99981231235959_far_ahead.sql", "w"));
	cr_assert_eq(migrate_new(c, "next_one", out), OK);
	cr_expect(printed_has("db/migrations/99981231235960_next_one.sql"));
	f = fopen("db/migrations/99981231235960_next_one.sql", "r");
	cr_assert(f);
	cr_expect(fgets(line, sizeof(line), f));
	cr_expect_str_eq(line, "-- migrate:up\n");
	fclose(f);
	cr_expect_eq(migrate_new(c, "", out), E_BAD_REQUEST);
	cr_expect_eq(migrate_new(c, "../evil", out), E_BAD_REQUEST);
	cr_expect_eq(migrate_new(c, "Capital", out), E_BAD_REQUEST);
	cr_assert_eq(chdir("/"), 0);
	unlink(arena_printf(arena, "%s/db/migrations/99981231235959_far_ahead.sql", folder));
	unlink(arena_printf(arena, "%s/db/migrations/99981231235960_next_one.sql", folder));
	rmdir(arena_printf(arena, "%s/db/migrations", folder));
	rmdir(arena_printf(arena, "%s/db", folder));
	rmdir(folder);
}
