/* Schemas of tests: taken, emptied, released. */
#include <criterion/criterion.h>

#include "support/test_app.h"
#include "support/testdb.h"

#include "app/command.h"
#include "app/keys.h"
#include "app/migrate.h"
#include "app/secret.h"
#include "app/settings.h"
#include "migrate/migrate_priv.h"

#include <libpq-fe.h>

enum { SCHEMAS_MAX = 200, SQL_SIZE = 16 * 1024, ARENA_LIMIT = 64 * 1024 * 1024 };

/* The lock of a schema lasts as long as this connection. */
static PGconn *lock_connection;
static struct db *opened, *owners;
static const char *owner_url;
static struct arena *memory, *results;
static char schema[32];

static void
load_settings(const char *url)
{
	const struct setting *const *more;
	const char *src = getenv("srcdir"), *wrong, *level = getenv("TEST_LOG_LEVEL");

	memory = arena_new(ARENA_LIMIT);
	more = cli_feature_settings(memory, test_app());
	setenv("DATABASE_URL", url, 1);
	setenv("ENVIRONMENT", "test", 1);
	setenv("MAIL_TEMPLATES", arena_printf(memory, "%s/deploy/mail", src ? src : "."), 1);
	setenv("JWT_SECRET_KEY", "a key that the tests alone use, long enough", 0);
	setenv("LOG_LEVEL", level ? level : "error", 0);
	wrong = settings_load(memory, more, "/dev/null", true);
	if (!wrong)
		wrong = keys_load(memory);
	cr_assert_null(wrong, "settings: %s", wrong);
	settings.cache_ttl_seconds = 0;
	settings.auth_recovery_rate_limit = settings.auth_recovery_ip_rate_limit =
	    settings.rate_limit = (struct rate) { 0 };
	for (size_t i = 0; more[i]; i++)
		for (const struct setting *row = more[i]; row->name; row++)
			if (row->kind == KIND_RATE)
				*(struct rate *)row->value = (struct rate) { 0 };
}

static PGresult *
run(const char *sql)
{
	PGresult *result = PQexec(lock_connection, sql);
	ExecStatusType status = PQresultStatus(result);

	cr_assert(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, "%s: %s", sql,
		  PQerrorMessage(lock_connection));
	return result;
}

static void
clear_result(void *result)
{
	PQclear(result);
}

const char *
testdb_sql(const char *format, ...)
{
	char sql[SQL_SIZE];
	PGresult *result;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(sql, sizeof(sql), format, args);
	va_end(args);
	cr_assert(len >= 0 && len < SQL_SIZE);

	result = run(sql);
	arena_defer(results, clear_result, result);
	return PQntuples(result) > 0 && !PQgetisnull(result, 0, 0) ? PQgetvalue(result, 0, 0)
								   : NULL;
}

static void
ignore_notice(void *arg UNUSED, const PGresult *notice UNUSED)
{
}

static void
take_schema(void)
{
	const char *number;

	lock_connection = PQconnectdb(owner_url);
	cr_assert_eq(PQstatus(lock_connection), CONNECTION_OK, "TEST_MIGRATE_DATABASE_URL: %s",
		     PQerrorMessage(lock_connection));
	PQsetNoticeReceiver(lock_connection, ignore_notice, NULL);
	number = testdb_sql("SELECT n FROM generate_series(1, %d) AS n"
			    " WHERE pg_try_advisory_lock(hashtext('testdb'), n) LIMIT 1",
			    SCHEMAS_MAX);
	cr_assert_not_null(number, "all %d schemas are in use", SCHEMAS_MAX);
	snprintf(schema, sizeof(schema), "test_%s", number);
	settings.db_schema = schema;
	testdb_sql("SET search_path = %s", schema);
}

/* The digest of all migrations: a schema that was built from others must be rebuilt. */
static const char *
fingerprint(void)
{
	struct buf b = buf_new(memory, 64 * 1024 * 1024);
	unsigned char hash[SHA256_SIZE];
	char *text = arena_alloc(memory, 2 * sizeof(hash) + 1);

	for (const struct migration_file *f = migration_files; f->name; f++)
		buf_put(&b, f->text, strlen(f->text) + 1);
	sha256(b.data, b.len, hash);
	for (size_t i = 0; i < sizeof(hash); i++)
		snprintf(text + 2 * i, 3, "%02x", hash[i]);
	return text;
}

static const char *
built_from(void)
{
	return testdb_sql("SELECT obj_description(oid) FROM pg_namespace WHERE nspname = '%s'",
			  schema);
}

void
testdb_spoil(void)
{
	testdb_sql("COMMENT ON SCHEMA %s IS NULL", schema);
}

static void
build(void)
{
	struct ctx c = {
		.app = test_app(), .arena = memory, .db = testdb_owner(), .request_id = "testdb"
	};
	char *output = NULL;
	size_t len;
	FILE *out = open_memstream(&output, &len);
	enum error e;

	testdb_sql("DROP SCHEMA IF EXISTS %s CASCADE", schema);
	e = migrate_up(&c, out);
	fclose(out);
	cr_assert_eq(e, OK, "%s%s", output, c.failure.detail ? c.failure.detail : "");
	free(output);
	testdb_sql("COMMENT ON SCHEMA %s IS '%s'", schema, fingerprint());
}

/* DELETE, since TRUNCATE creates new files for each table and index. Rows that others refer to are
 * deleted in the next round. */
static void
empty(void)
{
	testdb_sql("DO $$ DECLARE t regclass; again boolean; BEGIN"
		   " PERFORM set_config('audit.prune', 'on', true);"
		   " FOR round IN 1..20 LOOP"
		   "  again := false;"
		   "  FOR t IN SELECT oid FROM pg_class WHERE relkind IN ('r', 'p')"
		   "   AND relnamespace = '%s'::regnamespace AND relname NOT LIKE "
		   "'schema\\_migration%%' LOOP"
		   "   BEGIN EXECUTE format('DELETE FROM %%s', t);"
		   "   EXCEPTION WHEN foreign_key_violation THEN again := true; END;"
		   "  END LOOP;"
		   "  EXIT WHEN NOT again;"
		   " END LOOP;"
		   "END $$",
		   schema);
}

static void
start(struct arena *a)
{
	const char *url = getenv("TEST_DATABASE_URL");
	const char *owner = getenv("TEST_MIGRATE_DATABASE_URL");

	if (!url || !*url)
		cr_skip_test("TEST_DATABASE_URL is not set");

	results = a;
	load_settings(url);
	owner_url = owner && *owner ? owner : url;
	take_schema();
	opened = db_new(url);
}

struct db *
testdb_open(struct arena *a)
{
	const char *from;

	start(a);
	from = built_from();
	if (from && strcmp(from, fingerprint()) == 0)
		empty();
	else
		build();
	return opened;
}

struct db *
testdb_open_bare(struct arena *a)
{
	start(a);
	testdb_sql("DROP SCHEMA IF EXISTS %s CASCADE", schema);
	testdb_sql("CREATE SCHEMA %s", schema);
	db_free(opened);
	opened = db_new(owner_url);
	settings.database_url = owner_url;
	return opened;
}

struct db *
testdb_owner(void)
{
	if (!owners)
		owners = db_new(owner_url);
	return owners;
}

struct ctx *
testdb_ctx(struct arena *a)
{
	struct ctx *c = ARENA_NEW(a, struct ctx);

	c->app = test_app();
	c->arena = a;
	c->db = opened;
	c->request_id = "test";
	return c;
}

void
testdb_close(void)
{
	db_free(opened);
	db_free(owners);
	opened = owners = NULL;
	arena_free(memory);
	memory = NULL;
	PQfinish(lock_connection);
	lock_connection = NULL;
}
