/* /metrics: content and access. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/testdb.h"

#include "features/prometheus/prometheus.h"

#include "app/job.h"
#include "app/metrics.h"
#include "app/settings.h"
#include "job/job_priv.h"

TEST_SUITE(prometheus);

static const char *
scrape(void)
{
	struct test_response a = call(t, "GET", "/metrics", .address = "127.0.0.1");

	cr_assert_eq(a.status, 200, "%s", a.body);
	cr_expect_str_eq(a.media_type, "text/plain; version=0.0.4");
	return a.body;
}

#define expect_line(text, ...) expect_line_((text), arena_printf(t->arena, __VA_ARGS__))
static void
expect_line_(const char *text, const char *line)
{
	cr_expect_not_null(strstr(text, arena_printf(t->arena, "\n%s\n", line)),
			   "'%s' is not in:\n%s", line, text);
}

Test(prometheus, names_all_that_is_promised)
{
	static const char *const names[] = {
		"http_requests_total counter",
		"http_request_duration_seconds histogram",
		"http_requests_in_progress gauge",
		"auth_attempts_total counter",
		"db_query_duration_seconds histogram",
		"db_errors_total counter",
		"cache_hits_total counter",
		"cache_misses_total counter",
		"rate_limited_total counter",
		"unavailable_total counter",
		"jobs_finished_total counter",
		"job_duration_seconds histogram",
		"jobs_queue_depth gauge",
		"jobs_oldest_age_seconds gauge",
		"workers gauge",
		"worker_restarts_total counter",
		"log_lines_dropped_total counter",
		"build_info gauge",
	};
	const char *text = scrape();

	for (size_t i = 0; i < COUNT(names); i++)
		expect_line(text, "# TYPE %s", names[i]);
	expect_line(text, "build_info{name=\"%s\",version=\"%s\"} 1", PACKAGE, PACKAGE_VERSION);
}

Test(prometheus, counts_requests_by_method_pattern_and_status)
{
	struct account ada = make_user(t);
	const char *text;

	for (int i = 0; i < 3; i++)
		call(t, "GET", arena_printf(t->arena, "/api/v1/users/%s", ada.id),
		     .token = ada.token);
	call(t, "HEAD", "/health/live");
	call(t, "GET", "/api/v1/users");
	call(t, "GET", "/nowhere/at/all");
	call(t, "BREW", "/health/live");
	call(t, "GET", "/../etc/passwd");
	text = scrape();
	expect_line(text, "http_requests_total{method=\"GET\",route=\"/api/v1/users/{id}\","
			  "status=\"200\"} 3");
	expect_line(text, "http_request_duration_seconds_count{method=\"GET\","
			  "route=\"/api/v1/users/{id}\",status=\"200\"} 3");
	expect_line(text, "http_request_duration_seconds_bucket{method=\"GET\","
			  "route=\"/api/v1/users/{id}\",status=\"200\",le=\"+Inf\"} 3");
	expect_line(text, "http_requests_total{method=\"HEAD\",route=\"/health/live\","
			  "status=\"200\"} 1");
	expect_line(text, "http_requests_total{method=\"GET\",route=\"/api/v1/users\","
			  "status=\"401\"} 1");
	expect_line(text, "http_requests_total{method=\"GET\",route=\"unmatched\","
			  "status=\"404\"} 1");
	expect_line(text, "http_requests_total{method=\"_OTHER\",route=\"unmatched\","
			  "status=\"405\"} 1");
	expect_line(text, "http_requests_total{method=\"GET\",route=\"unmatched\","
			  "status=\"400\"} 1");
	cr_expect_null(strstr(text, ada.id), "an id is no label");
	cr_expect_null(strstr(text, "BREW"), "what a client sends is no label");
}

Test(prometheus, counts_credentials)
{
	struct account ada = make_user(t);
	const char *text;

	call(t, "GET", "/api/v1/users/me", .token = ada.token);
	call(t, "GET", "/api/v1/users/me", .token = "rubbish");
	call(t, "GET", "/api/v1/users/me", .header = "HTTP_X_API_KEY=rubbish");
	call(t, "POST", "/api/v1/auth/login",
	     .json = arena_printf(t->arena, "{\"email\":\"%s\",\"password\":\"%s\"}", ada.email,
				  ada.password));
	call(t, "POST", "/api/v1/auth/login",
	     .json = arena_printf(t->arena, "{\"email\":\"%s\",\"password\":\"not that one\"}",
				  ada.email));
	call(t, "POST", "/api/v1/auth/refresh", .json = "{\"refresh_token\":\"rubbish\"}");
	text = scrape();
	expect_line(text, "auth_attempts_total{kind=\"access_token\",result=\"success\"} 1");
	expect_line(text, "auth_attempts_total{kind=\"access_token\",result=\"failure\"} 1");
	expect_line(text, "auth_attempts_total{kind=\"api_key\",result=\"failure\"} 1");
	expect_line(text, "auth_attempts_total{kind=\"password\",result=\"success\"} 1");
	expect_line(text, "auth_attempts_total{kind=\"password\",result=\"failure\"} 1");
	expect_line(text, "auth_attempts_total{kind=\"refresh_token\",result=\"failure\"} 1");
}

static const struct query wrong = QUERY("prometheus_wrong", NULL, "SELECT 1 / 0");

Test(prometheus, counts_statements_and_their_errors)
{
	struct account ada = make_user(t, .role = "admin");
	const char *text;

	for (int i = 0; i < 2; i++) {
		cr_expect_neq(db_exec(t->ctx, &wrong, NULL), OK);
		db_reset(t->db);
	}
	call(t, "GET", "/api/v1/users?sort=email", .token = ada.token);
	call(t, "GET", "/api/v1/users", .token = ada.token);
	text = scrape();
	expect_line(text, "db_query_duration_seconds_count{query=\"prometheus_wrong\"} 2");
	expect_line(text, "db_query_duration_seconds_count{query=\"users_list\"} 2");
	expect_line(text, "db_errors_total{class=\"22\"} 2");
}

Test(prometheus, knows_jobs_from_the_database)
{
	struct metric_series s = { .values = { "example", "succeeded" } };
	const char *text;

	testdb_sql("INSERT INTO jobs (kind, queue, run_at) SELECT 'example', 'default',"
		   " now() - interval '90 s' FROM generate_series(1, 3)");
	testdb_sql("INSERT INTO jobs (kind, queue, run_at) VALUES ('example', 'still',"
		   " now() - interval '9000 s')");
	testdb_sql("INSERT INTO job_pauses (queue) VALUES ('still')");
	testdb_sql("INSERT INTO jobs (kind, queue, status) VALUES ('x', 'default', 'scheduled')");
	s.cells[2] = 4;
	s.cells[METRIC_CELLS - 1] = 80000;
	for (int i = 0; i < 2; i++)
		cr_assert_eq(job_totals_add(t->ctx, &s), OK);
	text = scrape();
	expect_line(text, "jobs_queue_depth{status=\"queued\"} 4");
	expect_line(text, "jobs_queue_depth{status=\"scheduled\"} 1");
	expect_line(text, "jobs_queue_depth{status=\"running\"} 0");
	cr_expect(strstr(text, "\njobs_oldest_age_seconds 9") &&
		      !strstr(text, "\njobs_oldest_age_seconds 9000"),
		  "%s", text);
	expect_line(text, "jobs_finished_total{task=\"example\",result=\"succeeded\"} 8");
	expect_line(text, "job_duration_seconds_bucket{task=\"example\",result=\"succeeded\","
			  "le=\"0.01\"} 0");
	expect_line(text, "job_duration_seconds_bucket{task=\"example\",result=\"succeeded\","
			  "le=\"0.05\"} 8");
	expect_line(text, "job_duration_seconds_sum{task=\"example\",result=\"succeeded\"} 0.16");
}

Test(prometheus, what_cannot_be_told_is_told_later)
{
	enum error e;

	metric_observe(&metric_job_duration, 10, "example", "failed");
	testdb_spoil();
	testdb_sql("ALTER TABLE job_totals RENAME TO elsewhere");
	cr_expect_neq(job_totals_report(t->ctx), OK);
	db_reset(t->db);
	testdb_sql("ALTER TABLE elsewhere RENAME TO job_totals");
	for (int i = 0; i < 2; i++) {
		e = job_totals_report(t->ctx);
		cr_assert_eq(e, OK);
	}
	expect_line(scrape(), "jobs_finished_total{task=\"example\",result=\"failed\"} 1");
}

static void
free_database(void *db)
{
	db_free(db);
}

Test(prometheus, answers_without_the_database)
{
	const char *text;

	call(t, "GET", "/health/live");
	t->db = db_new("host=/nonexistent dbname=nobody");
	arena_defer(t->arena, free_database, t->db);
	text = scrape();
	expect_line(text, "http_requests_total{method=\"GET\",route=\"/health/live\","
			  "status=\"200\"} 1");
	expect_line(text, "# TYPE jobs_queue_depth gauge");
	cr_expect_null(strstr(text, "\njobs_queue_depth{"));
	cr_expect_not_null(strstr(scrape(), "\ndb_errors_total{class=\"08\"} "));
}

Test(prometheus, is_closed_to_strangers)
{
	static const char *const others[] = { "127.0.0.1", "198.51.100.7", NULL };
	static const char *const all[] = { "*", NULL };
	struct test_response a;

	a = call(t, "GET", "/metrics");
	expect_problem(&a, 404, "not_found");
	a = call(t, "GET", "/metrics", .address = "127.0.0.11");
	expect_problem(&a, 404, "not_found");
	a = call(t, "GET", "/metrics", .address = "::1");
	cr_expect_eq(a.status, 200);
	a = call(t, "GET", "/metrics", .address = "unix:");
	cr_expect_eq(a.status, 200);
	a = call(t, "GET", "/api/v1/metrics", .address = "::1");
	expect_problem(&a, 404, "not_found");

	prometheus_settings.allow = others;
	a = call(t, "GET", "/metrics", .address = "198.51.100.7");
	cr_expect_eq(a.status, 200);
	a = call(t, "GET", "/metrics", .address = "::1");
	expect_problem(&a, 404, "not_found");
	prometheus_settings.allow = all;
	a = call(t, "GET", "/metrics");
	cr_expect_eq(a.status, 200);
	prometheus_settings.allow = NULL;
	a = call(t, "GET", "/metrics", .address = "127.0.0.1");
	expect_problem(&a, 404, "not_found");
}
