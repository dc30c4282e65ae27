/* Jobs in the API and enqueueing. tests/e2e/test_work.c runs jobs. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/crowd.h"
#include "support/test_app.h"
#include "support/testdb.h"

#include "app/clock.h"
#include "app/feature.h"
#include "app/job.h"
#include "app/settings.h"

static struct test *t;
static struct account ada, bob, boss;

static void
begin(void)
{
	t = test_begin();
	ada = make_user(t);
	bob = make_user(t);
	boss = make_user(t, .role = "admin");
}

TestSuite(jobs, .init = begin, .fini = test_end);

#define JOBS "/api/v1/jobs"

static const char *
start_example(const struct account *who)
{
	struct test_response a =
	    call(t, "POST", JOBS "/example?name=Ada&duration=1", .token = who->token);

	cr_assert_eq(a.status, 202, "%s", a.body);
	return response_text(&a, "job_id");
}

static struct test_response
show(const char *id, const struct account *who)
{
	return call(t, "GET", arena_printf(t->arena, JOBS "/%s", id), .token = who->token);
}

static struct test_response
act(const char *id, const char *what, const struct account *who)
{
	return call(t, "POST", arena_printf(t->arena, JOBS "/%s/%s", id, what),
		    .token = who->token);
}

/* Writes what a worker writes. */
static void
set_status(const char *id, const char *status)
{
	bool running = strcmp(status, "running") == 0;
	bool over = !running && strcmp(status, "queued") != 0 && strcmp(status, "scheduled") != 0;

	testdb_sql("UPDATE jobs SET status = '%s', lease = %s, attempts = 1, finished_at = %s"
		   " WHERE id = '%s'",
		   status, running ? "1" : "NULL", over ? "now()" : "NULL", id);
}

Test(jobs, example_is_queued)
{
	struct test_response a =
	    call(t, "POST", JOBS "/example?name=Ada&duration=0", .token = ada.token);
	const char *id;

	cr_assert_eq(a.status, 202, "%s", a.body);
	id = response_text(&a, "job_id");
	cr_expect_str_eq(response_text(&a, "task"), "example");
	cr_expect_str_eq(response_text(&a, "status"), "queued");
	cr_expect_str_eq(response_header_value(&a, "Location"),
			 arena_printf(t->arena, JOBS "/%s", id));

	a = call(t, "GET", response_header_value(&a, "Location"), .token = ada.token);
	cr_assert_eq(a.status, 200);
	cr_expect_str_eq(response_text(&a, "id"), id);
	cr_expect_str_eq(response_text(&a, "job_id"), id);
	cr_expect_str_eq(response_text(&a, "task"), "example");
	cr_expect_str_eq(response_text(&a, "status"), "queued");
	cr_expect_eq(response_int(&a, "progress"), 0);
	cr_expect_eq(response_int(&a, "attempts"), 0);
	cr_expect_eq(response_int(&a, "max_attempts"), 3);
	cr_expect(response_is_null(&a, "result"));
	cr_expect(response_is_null(&a, "error"));
	cr_expect(response_is_null(&a, "started_at"));
	cr_expect(response_is_null(&a, "finished_at"));
	cr_expect_not(response_has(&a, "owner_id"));
	cr_expect_not(response_has(&a, "args"));
}

Test(jobs, example_checks_its_parameters)
{
	static const struct {
		const char *query, *bad;
	} rows[] = {
		{ "", "query name required" },
		{ "?name=", "query name too_short" },
		{ "?name=x&duration=61", "query duration too_large" },
		{ "?name=x&duration=-1", "query duration too_small" },
		{ "?name=x&duration=soon", "query duration invalid_type" },
		{ "?name=x&colour=red", "query colour unknown_field" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct test_response a =
		    call(t, "POST", arena_printf(t->arena, JOBS "/example%s", rows[i].query),
			 .token = ada.token);

		expect_fields(&a, rows[i].bad);
	}
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM jobs"), "0");
}

Test(jobs, keep_who_asked_and_why)
{
	static const char trace[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
	struct test_response a =
	    call(t, "POST", JOBS "/example?name=Ada", .token = ada.token,
		 .header = "HTTP_X_REQUEST_ID=my-request-1",
		 .header2 = arena_printf(t->arena, "HTTP_TRACEPARENT=%s", trace));

	cr_assert_eq(a.status, 202);
	cr_expect_str_eq(testdb_sql("SELECT request_id FROM jobs"), "my-request-1");
	cr_expect_str_eq(testdb_sql("SELECT traceparent FROM jobs"), trace);
	cr_expect_str_eq(testdb_sql("SELECT owner_id FROM jobs"), ada.id);
}

Test(jobs, are_seen_by_owner_and_admin_alone)
{
	const char *id = start_example(&ada);
	struct test_response a = show(id, &ada);

	cr_expect_eq(a.status, 200);
	a = show(id, &boss);
	cr_expect_eq(a.status, 200);
	a = show(id, &bob);
	expect_problem(&a, 404, "not_found");
	a = act(id, "cancel", &bob);
	expect_problem(&a, 404, "not_found");
	a = act(id, "retry", &bob);
	expect_problem(&a, 404, "not_found");
	a = call(t, "GET", arena_printf(t->arena, JOBS "/%s", id));
	expect_problem(&a, 401, "unauthenticated");
	a = call(t, "GET", JOBS "/no-uuid", .token = ada.token);
	expect_problem(&a, 404, "not_found");
	a = call(t, "GET", arena_printf(t->arena, JOBS "/%s/status", id), .token = ada.token);
	cr_expect_eq(a.status, 200);
	cr_expect_str_eq(response_text(&a, "id"), id);
}

Test(jobs, viewers_look_and_start_none)
{
	struct account viewer = make_user(t, .role = "viewer");
	struct test_response a = call(t, "GET", JOBS, .token = viewer.token);

	cr_expect_eq(a.status, 200);
	a = call(t, "POST", JOBS "/example?name=x", .token = viewer.token);
	expect_problem(&a, 403, "forbidden");
}

Test(jobs, are_listed)
{
	const char *first = start_example(&ada), *second = start_example(&ada);
	struct test_response a;

	start_example(&bob);
	set_status(first, "failed");
	a = call(t, "GET", JOBS, .token = ada.token);
	cr_assert_eq(a.status, 200);
	cr_expect_eq(response_int(&a, "total"), 2);
	cr_expect_str_eq(response_text(&a, "items.0.id"), second);
	cr_expect_str_eq(response_text(&a, "items.1.id"), first);

	a = call(t, "GET", JOBS, .token = boss.token);
	cr_expect_eq(response_int(&a, "total"), 3);
	a = call(t, "GET", JOBS "?status=failed", .token = ada.token);
	cr_expect_eq(response_int(&a, "total"), 1);
	cr_expect_str_eq(response_text(&a, "items.0.id"), first);
	a = call(t, "GET", JOBS "?task=example&status=queued", .token = boss.token);
	cr_expect_eq(response_int(&a, "total"), 2);
	a = call(t, "GET", JOBS "?task=another", .token = boss.token);
	cr_expect_eq(response_int(&a, "total"), 0);
	a = call(t, "GET", JOBS "?status=lost", .token = boss.token);
	expect_fields(&a, "query status invalid_choice");
	a = call(t, "GET", JOBS "?queue=default", .token = boss.token);
	expect_fields(&a, "query queue unknown_field");
}

Test(jobs, results_are_json)
{
	const char *id = start_example(&ada);
	struct test_response a;

	set_status(id, "succeeded");
	testdb_sql("UPDATE jobs SET result = '{\"message\": \"Hello\", \"n\": [1]}'");
	a = show(id, &ada);
	cr_assert_eq(a.status, 200);
	cr_expect_str_eq(response_text(&a, "result.message"), "Hello");
	cr_expect_eq(response_int(&a, "result.n.0"), 1);
}

Test(jobs, that_wait_are_cancelled_at_once)
{
	const char *id = start_example(&ada);
	struct test_response a = act(id, "cancel", &ada);

	cr_assert_eq(a.status, 202, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "status"), "cancelled");
	cr_expect_not(response_is_null(&a, "finished_at"));
	a = act(id, "cancel", &ada);
	expect_problem(&a, 409, "conflict");

	id = start_example(&ada);
	set_status(id, "scheduled");
	a = act(id, "cancel", &boss);
	cr_expect_eq(a.status, 202);
	cr_expect_str_eq(response_text(&a, "status"), "cancelled");
}

Test(jobs, that_run_are_told_to_stop)
{
	const char *id = start_example(&ada);
	struct test_response a;

	set_status(id, "running");
	a = act(id, "cancel", &ada);
	cr_assert_eq(a.status, 202, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "status"), "running");
	cr_expect_not_null(testdb_sql("SELECT stop_at FROM jobs WHERE id = '%s'", id));
	a = act(id, "cancel", &ada);
	cr_expect_eq(a.status, 202);
}

Test(jobs, are_retried_where_they_failed_or_were_cancelled)
{
	static const struct {
		const char *status;
		unsigned response;
	} rows[] = {
		{ "queued", 409 },    { "scheduled", 409 }, { "running", 409 },
		{ "succeeded", 409 }, { "failed", 202 },    { "cancelled", 202 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *id = start_example(&ada);
		struct test_response a;

		set_status(id, rows[i].status);
		a = act(id, "retry", &ada);
		cr_expect_eq(a.status, rows[i].response, "%s: %s", rows[i].status, a.body);
		if (a.status == 409) {
			expect_problem(&a, 409, "conflict");
			continue;
		}
		cr_expect_str_eq(response_text(&a, "status"), "queued");
		cr_expect_eq(response_int(&a, "attempts"), 0);
		cr_expect(response_is_null(&a, "error"));
		cr_expect(response_is_null(&a, "finished_at"));
	}
}

/* ---- limits */

static struct test_response
start_one(const struct account *who)
{
	return call(t, "POST", JOBS "/example?name=Ada&duration=1", .token = who->token);
}

Test(jobs, an_owner_has_a_maximum_of_unfinished_ones)
{
	struct test_response a;
	const char *first;

	settings.job_max_unfinished = 3;
	first = start_example(&ada);
	start_example(&ada);
	set_status(start_example(&ada), "running");
	a = start_one(&ada);
	expect_problem(&a, 429, "rate_limited");
	cr_expect_str_eq(response_header_value(&a, "Retry-After"), "10");
	a = call(t, "POST", JOBS "/example?name=Ada", .token = ada.token,
		 .header = "HTTP_IDEMPOTENCY_KEY=k");
	expect_problem(&a, 429, "rate_limited");
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM jobs"), "3");
	start_example(&bob);
	cr_expect_eq(act(first, "cancel", &ada).status, 202);
	start_example(&ada);
	a = act(first, "retry", &ada);
	expect_problem(&a, 429, "rate_limited");
	a = act(first, "retry", &boss);
	expect_problem(&a, 429, "rate_limited");
	cr_expect_str_eq(testdb_sql("SELECT status FROM jobs WHERE id = '%s'", first), "cancelled");
}

enum { STARTERS = 8 };

static enum error
start_in_crowd(struct ctx *c, int number, void *arg UNUSED)
{
	struct example {
		const char *name;
		int64_t duration;
	} args = { "Ada", number };

	return job_enqueue(c, job_task_find(test_app(), "example"), &args, .owner = ada.id);
}

Test(jobs, concurrent_requests_do_not_exceed_that_maximum)
{
	const enum error *came;

	settings.job_max_unfinished = 3;
	came = crowd_run(STARTERS, start_in_crowd, NULL);
	cr_expect_eq(crowd_count(came, STARTERS, OK), 3);
	cr_expect_eq(crowd_count(came, STARTERS, E_RATE_LIMITED), STARTERS - 3);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM jobs"), "3");
}

Test(jobs, go_with_their_owner)
{
	start_example(&ada);
	testdb_sql("DELETE FROM users WHERE id = '%s'", ada.id);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM jobs"), "0");
}

/* ---- job_enqueue */

struct word {
	const char *text;
};
static const struct field word_fields[] = {
	{ TEXT(struct word, text), .flags = F_READ | F_CREATE | F_REQUIRED, .min = 1, .max = 10 },
};
static const struct schema word_schema = SCHEMA("Word", struct word, word_fields);

static enum error
never(struct job *job UNUSED)
{
	return OK;
}

static const struct job_task words = { .name = "words", .args = &word_schema, .run = never };
static const struct job_task bare = {
	.name = "bare", .run = never, .queue = "other", .timeout = 7, .max_attempts = 2
};
static const struct job_task few = { .name = "few", .run = never, .concurrency = 2 };

static const char *
column(const char *name)
{
	return testdb_sql("SELECT %s FROM jobs", name);
}

Test(enqueue, takes_what_the_row_says, .init = begin, .fini = test_end)
{
	cr_assert_eq(job_enqueue(t->ctx, &bare, NULL), OK);
	cr_expect_str_eq(column("kind"), "bare");
	cr_expect_str_eq(column("queue"), "other");
	cr_expect_str_eq(column("timeout"), "7");
	cr_expect_str_eq(column("max_attempts"), "2");
	cr_expect_str_eq(column("priority"), "0");
	cr_expect_str_eq(column("status"), "queued");
	cr_expect_str_eq(column("args"), "{}");
	cr_expect_null(column("owner_id"));
}

Test(enqueue, takes_what_the_call_says, .init = begin, .fini = test_end)
{
	struct word word = { "hello" };
	const char *id = NULL;

	cr_assert_eq(job_enqueue(t->ctx, &words, &word, .queue = "mine", .priority = -5,
				 .owner = ada.id, .run_at = clock_now() + 3600000000, .id = &id),
		     OK);
	cr_expect_str_eq(column("id"), id);
	cr_expect_str_eq(column("queue"), "mine");
	cr_expect_str_eq(column("priority"), "-5");
	cr_expect_str_eq(column("owner_id"), ada.id);
	cr_expect_str_eq(column("status"), "scheduled");
	cr_expect_str_eq(column("run_at > now() + interval '59 minutes'"), "t");
	cr_expect_str_eq(column("args ->> 'text'"), "hello");
}

Test(enqueue, one_of_a_limited_kind_has_its_own_queue, .init = begin, .fini = test_end)
{
	cr_assert_eq(job_enqueue(t->ctx, &few, NULL, .queue = "mine"), OK);
	cr_expect_str_eq(column("queue"), "few");
}

Test(enqueue, a_time_that_is_past_is_now, .init = begin, .fini = test_end)
{
	cr_assert_eq(job_enqueue(t->ctx, &bare, NULL, .run_at = clock_now() - 3600000000), OK);
	cr_expect_str_eq(column("status"), "queued");
}

Test(enqueue, refuses_bad_arguments, .init = begin, .fini = test_end)
{
	struct word word = { "" };

	cr_expect_eq(job_enqueue(t->ctx, &words, &word), E_VALIDATION);
	cr_assert_not_null(t->ctx->failure.fields);
	cr_expect_str_eq(t->ctx->failure.fields->field, "text");
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM jobs"), "0");
}

Test(enqueue, belongs_to_the_transaction, .init = begin, .fini = test_end)
{
	cr_assert_eq(db_begin(t->ctx), OK);
	cr_assert_eq(job_enqueue(t->ctx, &bare, NULL), OK);
	cr_expect_eq(db_finish(t->ctx, E_CONFLICT), E_CONFLICT);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM jobs"), "0");

	cr_assert_eq(db_begin(t->ctx), OK);
	cr_assert_eq(job_enqueue(t->ctx, &bare, NULL), OK);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM jobs"), "0", "seen before the commit");
	cr_expect_eq(db_finish(t->ctx, OK), OK);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM jobs"), "1");
}

Test(enqueue, unique_ones_are_there_once, .init = begin, .fini = test_end)
{
	const char *first = NULL, *second = NULL, *other = NULL, *third = NULL;

	cr_assert_eq(job_enqueue(t->ctx, &bare, NULL, .unique = "a", .id = &first), OK);
	cr_assert_eq(job_enqueue(t->ctx, &bare, NULL, .unique = "a", .id = &second), OK);
	cr_expect_str_eq(second, first);
	cr_assert_eq(job_enqueue(t->ctx, &few, NULL, .unique = "a", .id = &other), OK);
	cr_expect_str_neq(other, first);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM jobs"), "2");

	set_status(first, "running");
	cr_assert_eq(job_enqueue(t->ctx, &bare, NULL, .unique = "a", .id = &third), OK);
	cr_expect_str_eq(third, first);
	set_status(first, "succeeded");
	cr_assert_eq(job_enqueue(t->ctx, &bare, NULL, .unique = "a", .id = &third), OK);
	cr_expect_str_neq(third, first);
}

Test(enqueue, a_unique_one_is_not_retried_beside_another, .init = begin, .fini = test_end)
{
	const char *first = NULL;
	struct job_row row;

	cr_assert_eq(job_enqueue(t->ctx, &bare, NULL, .unique = "a", .id = &first), OK);
	set_status(first, "failed");
	cr_assert_eq(job_enqueue(t->ctx, &bare, NULL, .unique = "a"), OK);
	cr_expect_eq(job_retry(t->ctx, first, NULL, &row), E_CONFLICT);
}

Test(enqueue, old_ones_are_pruned, .init = begin, .fini = test_end)
{
	static const char *const rows[] = { "succeeded 71", "succeeded 73", "cancelled 73",
					    "failed 73",    "failed 721",   "queued 9999" };
	int64_t removed = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		char status[20];
		int hours;

		cr_assert_eq(sscanf(rows[i], "%19s %d", status, &hours), 2);
		testdb_sql("INSERT INTO jobs (kind, queue, status, queued_at, finished_at)"
			   " VALUES ('bare', 'q', '%s', now() - interval '%d hours',"
			   " CASE WHEN '%s' <> 'queued' THEN now() - interval '%d hours' END)",
			   status, hours, status, hours);
	}
	cr_assert_eq(job_prune(t->ctx, 0, &removed), OK);
	cr_expect_eq(removed, 3);
	cr_expect_str_eq(testdb_sql("SELECT string_agg(status, ' ' ORDER BY status) FROM jobs"),
			 "failed queued succeeded");
	cr_assert_eq(job_prune(t->ctx, 1, &removed), OK);
	cr_expect_eq(removed, 2);
}

/* Every task and every cron entry of the application is valid. */
Test(enqueue, kinds_are_complete, .init = begin, .fini = test_end)
{
	for (const struct feature *const *f = test_app()->features; *f; f++) {
		for (const struct job_task *const *k = (*f)->jobs; k && *k; k++) {
			cr_expect_not_null((*k)->summary, "%s", (*k)->name);
			cr_expect_not_null((*k)->run, "%s", (*k)->name);
			cr_expect_eq(job_task_find(test_app(), (*k)->name), *k,
				     "two kinds are called %s", (*k)->name);
		}
	}
}
