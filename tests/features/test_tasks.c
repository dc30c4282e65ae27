/* Tasks: validation, responses, access, completion, lists by due date. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/make_task.h"
#include "support/testdb.h"

#include "app/ids.h"
#include "app/settings.h"

#include <sys/wait.h>

static struct test *t;
static struct account ada;

static void
begin(void)
{
	t = test_begin();
	ada = make_user(t);
}

TestSuite(tasks, .init = begin, .fini = test_end);

#define TASKS   "/api/v1/tasks"
#define NOWHERE TASKS "/0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10"

static const char *
path_of(const char *id)
{
	return arena_printf(t->arena, TASKS "/%s", id);
}

static struct test_response
create(const char *json)
{
	return call(t, "POST", TASKS, .token = ada.token, .json = json);
}

static struct test_response
show(const char *id)
{
	return call(t, "GET", path_of(id), .token = ada.token);
}

static struct test_response
patch(const char *id, const char *json)
{
	return call(t, "PATCH", path_of(id), .token = ada.token, .json = json);
}

static struct test_response
put(const char *id, const char *json)
{
	return call(t, "PUT", path_of(id), .token = ada.token, .json = json);
}

/* ---- create */

Test(tasks, create_with_defaults)
{
	struct test_response a = create("{\"title\":\"Polish\"}"), b;

	cr_assert_eq(a.status, 201, "%s", a.body);
	cr_expect_eq(response_count(&a, ""), 9, "%s", a.body);
	cr_expect(uuid_valid(response_text(&a, "id")));
	cr_expect_str_eq(response_text(&a, "owner_id"), ada.id);
	cr_expect_str_eq(response_text(&a, "title"), "Polish");
	cr_expect(response_is_null(&a, "description"));
	cr_expect_str_eq(response_text(&a, "status"), "todo");
	cr_expect(response_is_null(&a, "due_at"));
	cr_expect(response_is_null(&a, "completed_at"));
	cr_expect_str_eq(response_text(&a, "created_at"), response_text(&a, "updated_at"));
	cr_expect_str_eq(response_header_value(&a, "Location"), path_of(response_text(&a, "id")));
	b = call(t, "GET", response_header_value(&a, "Location"), .token = ada.token);
	cr_expect_str_eq(b.body, a.body);
}

Test(tasks, create_with_everything)
{
	struct test_response a = create("{\"title\":\"Polish\",\"description\":\"The shade, too\","
					"\"status\":\"in_progress\","
					"\"due_at\":\"2026-11-20T18:08:41.5+01:00\"}");

	cr_assert_eq(a.status, 201, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "description"), "The shade, too");
	cr_expect_str_eq(response_text(&a, "status"), "in_progress");
	cr_expect_str_eq(response_text(&a, "due_at"), "2026-11-20T17:08:41.500000Z");
	cr_expect(response_is_null(&a, "completed_at"));
}

static const struct {
	const char *json, *wrong;
} wrong_members[] = {
	{ "{\"title\":null}", "body title not_null" },
	{ "{\"title\":\"\"}", "body title too_short" },
	{ "{\"title\":\"x\",\"description\":5}", "body description invalid_type" },
	{ "{\"title\":\"x\",\"status\":\"active\"}", "body status invalid_choice" },
	{ "{\"title\":\"x\",\"status\":null}", "body status not_null" },
	{ "{\"title\":\"x\",\"due_at\":\"tomorrow\"}", "body due_at invalid_format" },
	{ "{\"title\":\"x\",\"due_at\":\"2026-11-20\"}", "body due_at invalid_format" },
	{ "{\"title\":\"x\",\"due_at\":5}", "body due_at invalid_type" },
	{ "{\"title\":\"x\",\"completed_at\":\"2026-11-20T15:08:41Z\"}",
	  "body completed_at unknown_field" },
	{ "{\"title\":\"x\",\"owner_id\":null}", "body owner_id unknown_field" },
	{ "{\"title\":\"x\",\"version\":5}", "body version unknown_field" },
};

Test(tasks, wrong_members_are_refused_by_each_method)
{
	static const char *const methods[] = { "POST", "PUT", "PATCH" };
	const char *id = make_task(t, &ada);
	struct test_response before = show(id), a;

	for (size_t i = 0; i < COUNT(wrong_members); i++) {
		for (size_t m = 0; m < COUNT(methods); m++) {
			a = call(t, methods[m], m ? path_of(id) : TASKS, .token = ada.token,
				 .json = wrong_members[i].json);
			expect_fields(&a, wrong_members[i].wrong);
		}
	}
	cr_expect_str_eq(show(id).body, before.body);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM tasks"), "1");
	a = create("{}");
	expect_fields(&a, "body title required");
	a = put(id, "{\"status\":\"done\"}");
	expect_fields(&a, "body title required");
}

Test(tasks, a_key_makes_one_task)
{
	struct test_response a = call(t, "POST", TASKS, .token = ada.token,
				      .json = "{\"title\":\"x\"}",
				      .header = "HTTP_IDEMPOTENCY_KEY=once"),
			     b = call(t, "POST", TASKS, .token = ada.token,
				      .json = "{\"title\":\"x\"}",
				      .header = "HTTP_IDEMPOTENCY_KEY=once");

	cr_assert_eq(a.status, 201, "%s", a.body);
	cr_expect_str_eq(b.body, a.body);
	cr_expect_str_eq(response_header_value(&b, "Idempotency-Replayed"), "true");
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM tasks"), "1");
}

/* ---- change */

Test(tasks, patch_changes_what_is_named)
{
	const char *id =
	    make_task(t, &ada, .title = "Polish", .description = "Shade", .status = "in_progress",
		      .due_at = "2026-11-20T17:00:00Z", .created_at = "2026-01-01T00:00:00Z");
	struct test_response a = patch(id, "{\"title\":\"Wax\"}");

	cr_assert_eq(a.status, 200, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "title"), "Wax");
	cr_expect_str_eq(response_text(&a, "description"), "Shade");
	cr_expect_str_eq(response_text(&a, "status"), "in_progress");
	cr_expect_str_eq(response_text(&a, "due_at"), "2026-11-20T17:00:00.000000Z");
	cr_expect_gt(strcmp(response_text(&a, "updated_at"), response_text(&a, "created_at")), 0);
	a = patch(id, "{\"due_at\":null,\"description\":null}");
	cr_expect(response_is_null(&a, "due_at"));
	cr_expect(response_is_null(&a, "description"));
	cr_expect_str_eq(response_text(&a, "title"), "Wax");
	cr_expect_str_eq(patch(id, "{}").body, a.body);
	cr_expect_str_eq(show(id).body, a.body);
}

Test(tasks, put_goes_back_to_defaults)
{
	const char *id =
	    make_task(t, &ada, .title = "Polish", .description = "Shade", .status = "done",
		      .due_at = "2026-11-20T17:00:00Z", .created_at = "2026-01-01T00:00:00Z");
	struct test_response a = put(id, "{\"title\":\"Wax\"}");

	cr_assert_eq(a.status, 200, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "title"), "Wax");
	cr_expect(response_is_null(&a, "description"));
	cr_expect_str_eq(response_text(&a, "status"), "todo");
	cr_expect(response_is_null(&a, "due_at"));
	cr_expect(response_is_null(&a, "completed_at"));
	cr_expect_str_eq(response_text(&a, "created_at"), "2026-01-01T00:00:00.000000Z");
	a = call(t, "PUT", NOWHERE, .token = ada.token, .json = "{\"title\":\"Wax\"}");
	expect_problem(&a, 404, "not_found");
}

Test(tasks, deleted_is_gone)
{
	const char *id = make_task(t, &ada), *other = make_task(t, &ada);
	struct test_response a = call(t, "DELETE", path_of(id), .token = ada.token);

	cr_expect_eq(a.status, 204);
	a = show(id);
	expect_problem(&a, 404, "not_found");
	a = call(t, "DELETE", path_of(id), .token = ada.token);
	expect_problem(&a, 404, "not_found");
	a = patch(id, "{}");
	expect_problem(&a, 404, "not_found");
	cr_expect_eq(show(other).status, 200);
}

Test(tasks, a_stale_version_changes_nothing)
{
	const char *id = make_task(t, &ada, .title = "Polish");
	struct test_response first = show(id), a = patch(id, "{\"status\":\"in_progress\"}");
	const char *stale =
	    arena_printf(t->arena, "HTTP_IF_MATCH=%s", response_header_value(&first, "ETag"));

	cr_expect_str_neq(response_header_value(&a, "ETag"), response_header_value(&first, "ETag"));
	a = call(t, "PUT", path_of(id), .token = ada.token, .json = "{\"title\":\"Wax\"}",
		 .header = stale);
	expect_problem(&a, 412, "precondition_failed");
	a = call(t, "DELETE", path_of(id), .token = ada.token, .header = stale);
	expect_problem(&a, 412, "precondition_failed");
	a = show(id);
	cr_expect_str_eq(response_text(&a, "title"), "Polish");
}

/* ---- completion */

static bool
is_done_since(const struct test_response *a, const char *name)
{
	return strcmp(response_text(a, "completed_at"), response_text(a, name)) == 0;
}

Test(tasks, a_task_made_done_is_done_since_then)
{
	struct test_response a = create("{\"title\":\"x\",\"status\":\"done\"}");

	cr_assert_eq(a.status, 201, "%s", a.body);
	cr_expect(is_done_since(&a, "created_at"), "%s", a.body);
}

Test(tasks, the_status_sets_and_clears_completed_at)
{
	const char *id = make_task(t, &ada, .created_at = "2026-01-01T00:00:00Z");
	struct test_response a = patch(id, "{\"status\":\"in_progress\"}");

	cr_expect(response_is_null(&a, "completed_at"));
	a = patch(id, "{\"status\":\"done\"}");
	cr_expect(is_done_since(&a, "updated_at"), "%s", a.body);
	a = patch(id, "{\"status\":\"todo\"}");
	cr_expect(response_is_null(&a, "completed_at"), "%s", a.body);
	a = put(id, "{\"title\":\"x\",\"status\":\"done\"}");
	cr_expect(is_done_since(&a, "updated_at"), "%s", a.body);
	a = put(id, "{\"title\":\"x\",\"status\":\"in_progress\"}");
	cr_expect(response_is_null(&a, "completed_at"), "%s", a.body);
}

Test(tasks, what_stays_done_keeps_its_moment)
{
	const char *id = make_task(t, &ada, .status = "done", .created_at = "2026-01-01T00:00:00Z");
	static const char *const bodies[] = { "{\"title\":\"x\"}", "{\"status\":\"done\"}",
					      "{\"status\":\"done\",\"title\":\"y\"}" };
	struct test_response a;

	for (size_t i = 0; i < COUNT(bodies); i++) {
		a = patch(id, bodies[i]);
		cr_expect(is_done_since(&a, "created_at"), "%s: %s", bodies[i], a.body);
	}
	a = put(id, "{\"title\":\"z\",\"status\":\"done\"}");
	cr_expect(is_done_since(&a, "created_at"), "%s", a.body);
}

/* Whether another transaction waits for this connection's transaction. */
static bool
is_waited_for(void)
{
	return testdb_sql("SELECT 1 FROM pg_locks WHERE NOT granted"
			  " AND transactionid = pg_current_xact_id()::xid") != NULL;
}

Test(tasks, a_task_made_done_meanwhile_keeps_its_moment)
{
	const char *id = make_task(t, &ada, .created_at = "2026-01-01T00:00:00Z");
	struct test_response a;
	int status;
	pid_t pid;

	testdb_sql("BEGIN");
	testdb_sql("UPDATE tasks SET status = 'done', completed_at = created_at");
	pid = fork();
	if (pid == 0) {
		t->ctx->db = t->db = db_new(settings.database_url);
		_exit(patch(id, "{\"status\":\"done\"}").status != 200);
	}
	while (!is_waited_for())
		cr_assert_eq(waitpid(pid, &status, WNOHANG), 0, "it does not wait");
	testdb_sql("COMMIT");
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(status, 0);
	a = show(id);
	cr_expect(is_done_since(&a, "created_at"), "%s", a.body);
}

/* ---- access */

static void
expect_all(const struct account *who, const char *id, unsigned get, unsigned write, unsigned gone)
{
	expect_access(t, who, path_of(id), "{\"status\":\"done\"}", "{\"title\":\"Mine\"}", get,
		      write, gone);
}

Test(tasks, whose_they_are)
{
	struct account eve = make_user(t), viewer = make_user(t, .role = "viewer"),
		       admin = make_user(t, .role = "admin");
	const char *id = make_task(t, &ada);
	struct test_response before = show(id), a;

	expect_all(&eve, id, 404, 404, 404);
	expect_all(&viewer, id, 404, 403, 403);
	expect_all(&viewer, make_task(t, &viewer), 200, 403, 403);
	cr_expect_str_eq(show(id).body, before.body);
	expect_all(&admin, id, 200, 200, 204);
	a = call(t, "POST", TASKS, .token = viewer.token, .json = "{\"title\":\"x\"}");
	expect_problem(&a, 403, "forbidden");
	a = call(t, "GET", TASKS);
	expect_problem(&a, 401, "unauthenticated");
}

Test(tasks, a_list_is_ones_own_and_for_admins_everybodys)
{
	struct account eve = make_user(t), admin = make_user(t, .role = "admin");
	const char *id = make_task(t, &ada);
	struct test_response a;

	make_task(t, &eve);
	a = call(t, "GET", TASKS, .token = ada.token);
	cr_expect_eq(response_int(&a, "total"), 1);
	cr_expect_str_eq(response_text(&a, "items.0.id"), id);
	a = call(t, "GET", TASKS, .token = admin.token);
	cr_expect_eq(response_int(&a, "total"), 2);
}

/* ---- lists */

/* The titles of a list; each is one letter. */
static const char *
titles(const char *query)
{
	struct test_response a =
	    call(t, "GET", arena_printf(t->arena, TASKS "?%s", query), .token = ada.token);
	struct buf b = buf_new(t->arena, 1000);

	cr_assert_eq(a.status, 200, "%s: %s", query, a.body);
	for (size_t i = 0; i < response_count(&a, "items"); i++)
		buf_text(&b, response_text(&a, arena_printf(t->arena, "items.%zu.title", i)));
	cr_expect_eq(response_int(&a, "total"), (int64_t)b.len, "%s: %s", query, a.body);
	return b.data;
}

static void
make_some(void)
{
	make_task(t, &ada, .title = "a", .status = "done", .due_at = "2026-11-03T00:00:00Z",
		  .created_at = "2026-01-01T00:00:00Z");
	make_task(t, &ada, .title = "b", .created_at = "2026-01-02T00:00:00Z");
	make_task(t, &ada, .title = "c", .due_at = "2026-11-01T00:00:00Z",
		  .created_at = "2026-01-03T00:00:00Z");
	make_task(t, &ada, .title = "d", .status = "in_progress", .due_at = "2026-11-02T00:00:00Z",
		  .created_at = "2026-01-04T00:00:00Z");
	make_task(t, &ada, .title = "e", .status = "done", .created_at = "2026-01-05T00:00:00Z");
}

Test(tasks, orders)
{
	make_some();
	cr_expect_str_eq(titles(""), "edcba");
	cr_expect_str_eq(titles("sort=created_at"), "abcde");
	cr_expect_str_eq(titles("sort=-title"), "edcba");
	cr_expect_str_eq(titles("sort=due_at"), "cdabe");
	cr_expect_str_eq(titles("sort=-due_at"), "adceb");
}

Test(tasks, filters)
{
	make_some();
	cr_expect_str_eq(titles("status=done"), "ea");
	cr_expect_str_eq(titles("status=todo&sort=due_at"), "cb");
	cr_expect_str_eq(titles("due_before=2026-11-02T00:00:00Z"), "c");
	cr_expect_str_eq(titles("due_after=2026-11-02T00:00:00Z&sort=due_at"), "da");
	cr_expect_str_eq(
	    titles("due_after=2026-11-01T12:00:00%2B00:00&due_before=2026-11-03T00:00:00Z"), "d");
	cr_expect_str_eq(titles("status=done&due_before=2027-01-01T00:00:00Z"), "a");
	cr_expect_str_eq(titles("due_before=2026-01-01T00:00:00Z"), "");
}

Test(tasks, bad_filters)
{
	struct test_response a = call(
	    t, "GET", TASKS "?status=open&due_before=now&due_after=&sort=updated_at&owner_id=1",
	    .token = ada.token);

	expect_fields(&a, "query status invalid_choice", "query due_before invalid_format",
		      "query due_after invalid_format", "query sort invalid_choice",
		      "query owner_id unknown_field");
}

/* Page by page, across the boundary between due dates and nulls. */
static const char *
titles_by_cursor(const char *sort)
{
	struct buf b = buf_new(t->arena, 1000);
	const char *cursor = "";

	for (;;) {
		struct test_response a = call(t, "GET",
					      arena_printf(t->arena, TASKS "?limit=1&sort=%s%s%s",
							   sort, *cursor ? "&cursor=" : "", cursor),
					      .token = ada.token);

		cr_assert_eq(a.status, 200, "%s", a.body);
		buf_text(&b, response_text(&a, "items.0.title"));
		if (response_is_null(&a, "next_cursor"))
			return b.data;
		cursor = response_text(&a, "next_cursor");
	}
}

Test(tasks, pages_by_cursor)
{
	make_some();
	cr_expect_str_eq(titles_by_cursor("due_at"), "cdabe");
	cr_expect_str_eq(titles_by_cursor("-due_at"), "adceb");
	cr_expect_str_eq(titles_by_cursor("title"), "abcde");
}

Test(tasks, a_task_goes_with_its_owner)
{
	struct account bob = make_user(t);

	make_task(t, &bob);
	make_task(t, &ada);
	testdb_sql("DELETE FROM users WHERE id = '%s'", bob.id);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM tasks"), "1");
}
