/* Health checks, with the database available and unavailable. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/testdb.h"

#include "app/settings.h"
#include "app/shared.h"

TEST_SUITE(health);

static void
free_database(void *db)
{
	db_free(db);
}

/* The application loses its database; the test keeps its own connection. */
static void
lose_database(void)
{
	struct db *lost = db_new("host=/nonexistent dbname=nobody");

	arena_defer(t->arena, free_database, lost);
	t->db = lost;
}

Test(health, live)
{
	struct test_response a = call(t, "GET", "/health/live");

	cr_expect_eq(a.status, 200);
	cr_expect_str_eq(a.body, "{\"status\":\"ok\"}");
	cr_expect_str_eq(a.media_type, "application/json");
}

Test(health, live_asks_no_dependency)
{
	struct test_response a;

	t->db = NULL;
	a = call(t, "GET", "/health/live");
	cr_expect_eq(a.status, 200);
}

Test(health, whole)
{
	struct test_response a = call(t, "GET", "/health");

	cr_assert_eq(a.status, 200, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "status"), "ok");
	cr_expect_str_eq(response_text(&a, "service"), settings.app_name);
	cr_expect_str_eq(response_text(&a, "version"), PACKAGE_VERSION);
	cr_expect_str_eq(response_text(&a, "environment"), "test");
	cr_expect_str_eq(response_text(&a, "checks.database.status"), "ok");
	cr_expect_geq(response_int(&a, "checks.database.latency_ms"), 0);
	cr_expect_str_eq(response_text(&a, "checks.migrations.status"), "ok");
	cr_expect_str_eq(response_text(&a, "checks.cache.status"), "ok");
	cr_expect_str_eq(response_text(&a, "checks.cache.backend"), "memory");
	cr_expect_str_eq(response_text(&a, "checks.jobs.status"), "ok");
	cr_expect_eq(response_int(&a, "checks.jobs.queued"), 0);
}

Test(health, ready)
{
	struct test_response a = call(t, "GET", "/health/ready");

	cr_expect_eq(a.status, 200, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "status"), "ok");
}

Test(health, is_for_everybody_and_not_below_the_prefix)
{
	struct test_response a;

	a = call(t, "GET", "/health", .token = "whatever");
	cr_expect_eq(a.status, 200);
	a = call(t, "GET", "/api/v1/health");
	expect_problem(&a, 404, "not_found");
	a = call(t, "HEAD", "/health/live");
	cr_expect_eq(a.status, 200);
	a = call(t, "POST", "/health");
	expect_problem(&a, 405, "method_not_allowed");
	cr_expect_str_eq(response_header_value(&a, "Allow"), "GET, HEAD, OPTIONS");
}

Test(health, database_away)
{
	struct test_response a;

	lose_database();
	a = call(t, "GET", "/health");
	cr_expect_eq(a.status, 503);
	cr_expect_str_eq(a.media_type, "application/json");
	cr_expect_str_eq(response_text(&a, "status"), "degraded");
	cr_expect_str_eq(response_text(&a, "checks.database.status"), "away");
	cr_expect_str_eq(response_text(&a, "checks.migrations.status"), "unknown");
	cr_expect_str_eq(response_text(&a, "checks.jobs.status"), "unknown");
	cr_expect_null(strstr(a.body, "nonexistent"), "it tells where the database is: %s", a.body);

	a = call(t, "GET", "/health/ready");
	expect_problem(&a, 503, "unavailable");
	a = call(t, "GET", "/health/live");
	cr_expect_eq(a.status, 200);
}

Test(health, database_away_is_503_for_the_api)
{
	struct account user = make_user(t);
	struct test_response a;

	lose_database();
	a = call(t, "GET", "/api/v1/jobs", .token = user.token);
	expect_problem(&a, 503, "unavailable");
	a = call(t, "POST", "/api/v1/jobs/example?name=x&duration=0", .token = user.token);
	expect_problem(&a, 503, "unavailable");
	a = call(t, "POST", "/api/v1/auth/login",
		 .json = "{\"email\":\"a@example.com\",\"password\":\"12345678\"}");
	expect_problem(&a, 503, "unavailable");
	a = call(t, "GET", "/api/v1/jobs");
	expect_problem(&a, 401, "unauthenticated");
	a = call(t, "GET", "/nowhere");
	expect_problem(&a, 404, "not_found");
}

struct backend {
	int64_t pid;
};
static const struct field backend_fields[] = { { INT(struct backend, pid) } };
static const struct schema backend_schema = SCHEMA("Backend", struct backend, backend_fields);

Test(health, a_lost_connection_is_found_before_a_request_suffers)
{
	static const struct query which =
	    QUERY("backend", &backend_schema, "SELECT pg_backend_pid() AS pid");
	struct account user = make_user(t);
	struct backend backend;
	struct test_response a;

	cr_assert_eq(db_one(t->ctx, &which, &backend), OK);
	testdb_sql("SELECT pg_terminate_backend(%" PRId64 ", 5000)", backend.pid);
	a = call(t, "POST", "/api/v1/jobs/example?name=x&duration=0", .token = user.token);
	cr_expect_eq(a.status, 202, "%s", a.body);
}

/* A standby, or a read-only database. */
Test(health, a_database_that_only_reads_serves_what_only_reads)
{
	struct account user = make_user(t), other = make_user(t);
	struct db *db = t->db;
	struct test_response a;

	t->db = db_new(arena_printf(t->arena, "%s%coptions=-cdefault_transaction_read_only%%3Don",
				    settings.database_url,
				    strchr(settings.database_url, '?') ? '&' : '?'));
	a = call(t, "GET", "/api/v1/users/me", .token = user.token);
	cr_expect_eq(a.status, 200, "%s", a.body);
	a = call(t, "GET", "/api/v1/jobs", .token = other.token);
	cr_expect_eq(a.status, 200, "%s", a.body);
	a = call(t, "PATCH", "/api/v1/users/me", .token = user.token,
		 .json = "{\"full_name\":\"Ada\"}");
	expect_problem(&a, 503, "unavailable");
	cr_expect_not_null(response_header_value(&a, "Retry-After"));
	a = call(t, "GET", "/health");
	cr_expect_eq(a.status, 200);
	cr_expect_str_eq(response_text(&a, "status"), "degraded");
	cr_expect_str_eq(response_text(&a, "checks.database.status"), "read-only");
	a = call(t, "GET", "/health/ready");
	expect_problem(&a, 503, "unavailable");
	db_free(t->db);
	t->db = db;
	a = call(t, "PATCH", "/api/v1/users/me", .token = user.token,
		 .json = "{\"full_name\":\"Ada\"}");
	cr_expect_eq(a.status, 200, "%s", a.body);
}

Test(health, migrations_pending)
{
	struct test_response a;

	testdb_spoil();
	testdb_sql("DELETE FROM schema_migrations WHERE version = (SELECT max(version) FROM"
		   " schema_migrations)");
	a = call(t, "GET", "/health");
	cr_expect_eq(a.status, 200);
	cr_expect_str_eq(response_text(&a, "status"), "degraded");
	cr_expect_str_eq(response_text(&a, "checks.database.status"), "ok");
	cr_expect_str_eq(response_text(&a, "checks.migrations.status"), "pending");
	cr_expect_eq(response_int(&a, "checks.migrations.pending"), 1);
	a = call(t, "GET", "/health/ready");
	expect_problem(&a, 503, "unavailable");
}

Test(health, stopping)
{
	struct test_response a;

	shared_drain();
	a = call(t, "GET", "/health/ready");
	expect_problem(&a, 503, "unavailable");
	a = call(t, "GET", "/health/live");
	cr_expect_eq(a.status, 200);
	a = call(t, "GET", "/health");
	cr_expect_eq(a.status, 200);
}

Test(health, a_queue_that_nobody_works_on)
{
	struct test_response a;

	testdb_sql("INSERT INTO jobs (kind, queue, run_at)"
		   " VALUES ('example', 'default', now() - interval '301 s')");
	a = call(t, "GET", "/health");
	cr_expect_eq(a.status, 200);
	cr_expect_str_eq(response_text(&a, "status"), "degraded");
	cr_expect_str_eq(response_text(&a, "checks.jobs.status"), "late");
	cr_expect_eq(response_int(&a, "checks.jobs.queued"), 1);
	cr_expect_geq(response_int(&a, "checks.jobs.oldest_seconds"), 301);
	a = call(t, "GET", "/health/ready");
	cr_expect_eq(a.status, 200, "jobs can wait");
}

Test(health, a_paused_queue_is_not_late)
{
	struct test_response a;

	testdb_sql("INSERT INTO jobs (kind, queue, run_at)"
		   " VALUES ('example', 'default', now() - interval '1 day')");
	testdb_sql("INSERT INTO job_pauses (queue) VALUES ('default')");
	a = call(t, "GET", "/health");
	cr_expect_str_eq(response_text(&a, "status"), "ok");
	cr_expect_eq(response_int(&a, "checks.jobs.queued"), 1);
}

Test(health, probes_cannot_load_the_database)
{
	struct test_response a;

	a = call(t, "GET", "/health");
	cr_expect_eq(a.status, 200);
	lose_database();
	a = call(t, "GET", "/health");
	cr_expect_eq(a.status, 200, "it was asked again within a second: %s", a.body);
	a = call(t, "GET", "/health/ready");
	cr_expect_eq(a.status, 200);
	while (a.status != 503) {
		usleep(20000);
		a = call(t, "GET", "/health");
	}
	cr_expect_str_eq(response_text(&a, "checks.database.status"), "away");
}

Test(health, redis_is_not_needed)
{
	struct test_response a;

	settings.redis_url = "redis://127.0.0.1:1";
	a = call(t, "GET", "/health");
	cr_expect_eq(a.status, 200);
	cr_expect_str_eq(response_text(&a, "status"), "degraded");
	cr_expect_str_eq(response_text(&a, "checks.cache.status"), "error");
	cr_expect_str_eq(response_text(&a, "checks.cache.backend"), "redis");
	a = call(t, "GET", "/health/ready");
	cr_expect_eq(a.status, 200);
}
