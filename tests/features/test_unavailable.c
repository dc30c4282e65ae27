/* Each 503 states its cause in its access line and in unavailable_total. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/hash_places.h"
#include "support/testdb.h"

#include "app/settings.h"
#include "app/shared.h"

#include <unistd.h>

TEST_SUITE(unavailable);

static const char login[] = "{\"email\":\"a@example.com\",\"password\":\"12345678\"}";

static int64_t
count(const char *cause)
{
	struct test_response a = call(t, "GET", "/metrics", .address = "127.0.0.1");
	const char *series = arena_printf(t->arena, "\nunavailable_total{cause=\"%s\"} ", cause);
	const char *at = strstr(a.body, series);

	cr_assert_eq(a.status, 200);
	return at ? strtoll(at + strlen(series), NULL, 10) : 0;
}

/* What a call writes to the log. */
static const char *
logged(const char *method, const char *uri, struct call_options options)
{
	int stderr_was = dup(STDERR_FILENO), file = fileno(tmpfile());
	char *text = arena_alloc(t->arena, 64 * 1024);
	struct test_response a;

	dup2(file, STDERR_FILENO);
	a = call_(t, method, uri, options);
	dup2(stderr_was, STDERR_FILENO);
	cr_expect_geq(pread(file, text, 64 * 1024 - 1, 0), 0);
	close(stderr_was);
	close(file);
	cr_expect_eq(a.status, 503, "%s %s: %u %s", method, uri, a.status, a.body);
	return text;
}

#define expect_cause(cause, method, uri, ...)                                                      \
	expect_cause_((cause), (method), (uri), (struct call_options) { __VA_ARGS__ })
static void
expect_cause_(const char *cause, const char *method, const char *uri, struct call_options options)
{
	int64_t before = count(cause);
	const char *log;

	log = logged(method, uri, options);
	cr_expect_not_null(strstr(log, arena_printf(t->arena, "\"cause\":\"%s\"", cause)),
			   "%s is not in %s", cause, log);
	cr_expect_eq(count(cause), before + 1, "%s", cause);
}

static void
free_database(void *db)
{
	db_free(db);
}

static void
use_database(const char *url)
{
	struct db *db = db_new(url);

	arena_defer(t->arena, free_database, db);
	t->db = db;
}

static const char *
url_with(const char *options)
{
	return arena_printf(t->arena, "%s%coptions=%s", settings.database_url,
			    strchr(settings.database_url, '?') ? '&' : '?', options);
}

Test(unavailable, while_the_database_is_down)
{
	struct account ada = make_user(t);

	use_database("host=/nonexistent dbname=nobody");
	expect_cause("db_backoff", "GET", "/api/v1/jobs", .token = ada.token);
	expect_cause("db_backoff", "POST", "/api/v1/auth/login", .json = login);
	use_database("host=/nonexistent dbname=nobody");
	cr_expect_not_null(
	    strstr(logged("GET", "/api/v1/jobs", (struct call_options) { .token = ada.token }),
		   "\"cause\":\"db_connect\""));
	use_database("unknown=setting");
	cr_expect_not_null(
	    strstr(logged("GET", "/api/v1/jobs", (struct call_options) { .token = ada.token }),
		   "\"cause\":\"settings\""));
}

Test(unavailable, for_errors_of_postgresql)
{
	static const char *const rows[][2] = {
		{ "40001", "db_conflict" },  { "53100", "db_resources" }, { "55P03", "db_lock" },
		{ "57014", "db_timeout" },   { "57000", "db_shutdown" },  { "58030", "db_system" },
		{ "42P05", "db_statement" },
	};
	struct account ada = make_user(t);
	const struct call_options change = { .token = ada.token,
					     .json = "{\"full_name\":\"Ada\"}" };

	use_database(url_with("-cdefault_transaction_read_only%3Don"));
	expect_cause_("db_read_only", "PATCH", "/api/v1/users/me", change);
	use_database(settings.database_url);
	testdb_spoil();
	testdb_sql("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
		   " RAISE EXCEPTION 'no' USING ERRCODE = NEW.full_name; END $$");
	testdb_sql("CREATE TRIGGER refuse BEFORE UPDATE ON users FOR EACH ROW"
		   " WHEN (NEW.full_name ~ '^[0-9A-Z]{5}$') EXECUTE FUNCTION refuse()");
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_cause(rows[i][1], "PATCH", "/api/v1/users/me", .token = ada.token,
			     .json = arena_printf(t->arena, "{\"full_name\":\"%s\"}", rows[i][0]));
}

Test(unavailable, when_too_many_passwords_are_hashed)
{
	hash_places_take();
	expect_cause("hash_queue", "POST", "/api/v1/auth/login", .json = login);
}

Test(unavailable, for_probes)
{
	testdb_spoil();
	testdb_sql("DELETE FROM schema_migrations WHERE version = (SELECT max(version) FROM"
		   " schema_migrations)");
	expect_cause("db_migrations", "GET", "/health/ready");
}

Test(unavailable, to_probes_while_stopping)
{
	shared_drain();
	expect_cause("draining", "GET", "/health/ready");
}

Test(unavailable, to_probes_without_a_database)
{
	use_database("host=/nonexistent dbname=nobody");
	expect_cause("db_backoff", "GET", "/health");
	expect_cause("db_backoff", "GET", "/health/ready");
}
