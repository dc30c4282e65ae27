/* The audit log: events, access, immutability, retention. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/testdb.h"

#include "app/settings.h"
#include "features/audit/audit_priv.h"
#include "features/auth/auth.h"

#define P "/api/v1"

static struct test *t;
static struct account admin;

static void
begin(void)
{
	t = test_begin();
	admin = make_user(t, .role = "admin");
}

TestSuite(audit, .init = begin, .fini = test_end);

static struct test_response
events(const char *query)
{
	struct test_response a =
	    call(t, "GET", arena_printf(t->arena, P "/audit%s", query), .token = admin.token);

	cr_assert_eq(a.status, 200, "%s", a.body);
	return a;
}

static void
write_event(enum audit_action action, const char *target)
{
	struct audit_event event = { .action = action, .target = target };

	cr_assert_eq(audit_write(t->ctx, &event), OK);
}

Test(audit, an_event_has_the_members_of_the_contract)
{
	struct test_response a;

	t->ctx->caller.user_id = admin.id;
	t->ctx->ip = "192.0.2.7";
	t->ctx->user_agent = "lamp/1.0";
	t->ctx->request_id = "request-1";
	cr_assert_eq(audit_write(t->ctx, &(struct audit_event) { .action = AUDIT_AUTHZ_CHANGE,
								 .target = "that one",
								 .detail = audit_detail(
								     t->ctx, "from", "a \"b\"",
								     "to", NULL, NULL) }),
		     OK);
	a = events("");
	cr_assert_eq(response_int(&a, "total"), 1);
	cr_expect_eq(response_count(&a, "items.0"), 11);
	cr_expect_str_eq(response_text(&a, "items.0.action"), "authz_change");
	cr_expect_str_eq(response_text(&a, "items.0.outcome"), "success");
	cr_expect_str_eq(response_text(&a, "items.0.actor_id"), admin.id);
	cr_expect_str_eq(response_text(&a, "items.0.actor_kind"), "user");
	cr_expect_str_eq(response_text(&a, "items.0.target"), "that one");
	cr_expect_str_eq(response_text(&a, "items.0.ip"), "192.0.2.7");
	cr_expect_str_eq(response_text(&a, "items.0.user_agent"), "lamp/1.0");
	cr_expect_str_eq(response_text(&a, "items.0.request_id"), "request-1");
	cr_expect_str_eq(response_text(&a, "items.0.detail.from"), "a \"b\"");
	cr_expect(response_is_null(&a, "items.0.detail.to"));
	cr_expect_eq(strlen(response_text(&a, "items.0.at")),
		     strlen("2026-11-20T15:08:41.218287Z"));
}

Test(audit, the_kind_tells_who_acted)
{
	struct test_response a;

	write_event(AUDIT_USER_CREATED, "1");
	t->ctx->process = "cli";
	write_event(AUDIT_USER_CREATED, "2");
	t->ctx->process = "system";
	write_event(AUDIT_USER_CREATED, "3");
	t->ctx->caller.user_id = admin.id;
	write_event(AUDIT_USER_CREATED, "4");
	t->ctx->caller.api_key_id = admin.session_id;
	write_event(AUDIT_USER_CREATED, "5");
	a = events("");
	cr_expect_str_eq(response_text(&a, "items.0.actor_kind"), "api_key");
	cr_expect_str_eq(response_text(&a, "items.1.actor_kind"), "user");
	cr_expect_str_eq(response_text(&a, "items.2.actor_kind"), "system");
	cr_expect_str_eq(response_text(&a, "items.3.actor_kind"), "cli");
	cr_expect_str_eq(response_text(&a, "items.4.actor_kind"), "anonymous");
	cr_expect(response_is_null(&a, "items.4.actor_id"));
}

Test(audit, a_hostile_user_agent_is_kept_as_far_as_it_is_text)
{
	char long_one[1000];
	struct test_response a;

	memset(long_one, 'x', sizeof(long_one) - 1);
	long_one[sizeof(long_one) - 1] = '\0';
	t->ctx->user_agent = long_one;
	write_event(AUDIT_USER_CREATED, "long");
	t->ctx->user_agent = "good\xff bad";
	write_event(AUDIT_USER_CREATED, "bad");
	a = events("");
	cr_expect_str_eq(response_text(&a, "items.0.user_agent"), "good");
	cr_expect_eq(strlen(response_text(&a, "items.1.user_agent")), 400);
}

Test(audit, an_event_without_an_action_is_refused)
{
	cr_expect_eq(audit_write(t->ctx, &(struct audit_event) { .target = "x" }), E_INTERNAL);
	cr_expect_eq(audit_write(t->ctx, &(struct audit_event) { .action = AUDIT_ACTIONS }),
		     E_INTERNAL);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM audit_events"), "0");
}

Test(audit, an_event_is_there_only_with_its_act)
{
	cr_assert_eq(db_begin(t->ctx), OK);
	write_event(AUDIT_USER_CREATED, "undone");
	cr_expect_eq(db_finish(t->ctx, E_CONFLICT), E_CONFLICT);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM audit_events"), "0");
}

Test(audit, only_admins_read_it)
{
	static const char *const lower[] = { "viewer", "member" };
	struct test_response a;

	for (size_t i = 0; i < COUNT(lower); i++) {
		struct account user = make_user(t, .role = lower[i]);

		a = call(t, "GET", P "/audit", .token = user.token);
		expect_problem(&a, 403, "forbidden");
	}
	a = call(t, "GET", P "/audit");
	expect_problem(&a, 401, "unauthenticated");
	a = call(t, "GET", P "/audit", .token = make_user(t, .role = "owner").token);
	cr_expect_eq(a.status, 200);
}

Test(audit, the_filters_narrow_it)
{
	char other[] = "0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10";
	struct test_response a;

	write_event(AUDIT_USER_CREATED, "stranger");
	t->ctx->caller.user_id = other;
	write_event(AUDIT_USER_DELETED, "other");
	cr_assert_eq(audit_write(t->ctx, &(struct audit_event) { .action = AUDIT_LOGIN_FAIL,
								 .failed = true,
								 .target = "failed" }),
		     OK);
	a = events(arena_printf(t->arena, "?actor_id=%s", other));
	cr_expect_eq(response_int(&a, "total"), 2);
	a = events("?action=user_created");
	cr_expect_eq(response_int(&a, "total"), 1);
	cr_expect_str_eq(response_text(&a, "items.0.target"), "stranger");
	a = events("?outcome=failure");
	cr_expect_eq(response_int(&a, "total"), 1);
	cr_expect_str_eq(response_text(&a, "items.0.target"), "failed");
	a = events(arena_printf(t->arena, "?outcome=success&actor_id=%s", other));
	cr_expect_eq(response_int(&a, "total"), 1);
}

Test(audit, since_is_from_that_moment_and_until_before_it)
{
	struct test_response a;
	const char *at;

	write_event(AUDIT_USER_CREATED, "first");
	write_event(AUDIT_USER_CREATED, "second");
	write_event(AUDIT_USER_CREATED, "third");
	a = events("");
	at = response_text(&a, "items.1.at");
	a = events(arena_printf(t->arena, "?since=%s", at));
	cr_expect_eq(response_int(&a, "total"), 2);
	cr_expect_str_eq(response_text(&a, "items.1.target"), "second");
	a = events(arena_printf(t->arena, "?until=%s", at));
	cr_expect_eq(response_int(&a, "total"), 1);
	cr_expect_str_eq(response_text(&a, "items.0.target"), "first");
}

Test(audit, bad_filters_are_named_all_at_once)
{
	struct test_response a =
	    call(t, "GET", P "/audit?actor_id=x&action=y&outcome=z&since=w&until=v&nothing=1",
		 .token = admin.token);

	expect_fields(&a, "query actor_id invalid_format", "query action invalid_choice",
		      "query outcome invalid_choice", "query since invalid_format",
		      "query until invalid_format", "query nothing unknown_field");
}

Test(audit, it_can_be_read_and_nothing_else)
{
	static const char *const methods[] = { "POST", "PUT", "PATCH", "DELETE" };
	struct test_response a;

	for (size_t i = 0; i < COUNT(methods); i++) {
		a = call(t, methods[i], P "/audit", .token = admin.token, .json = "{}");
		expect_problem(&a, 405, "method_not_allowed");
	}
}

/* --- refusals --- */

Test(audit, a_refusal_by_role_is_written)
{
	struct account ada = make_user(t, .role = "member");
	struct test_response a = call(t, "GET", P "/audit?limit=1", .token = ada.token,
				      .header = "HTTP_X_REQUEST_ID=refused-request");

	expect_problem(&a, 403, "forbidden");
	a = events("");
	cr_assert_eq(response_int(&a, "total"), 1, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "items.0.action"), "authz_fail");
	cr_expect_str_eq(response_text(&a, "items.0.outcome"), "failure");
	cr_expect_str_eq(response_text(&a, "items.0.actor_id"), ada.id);
	cr_expect_str_eq(response_text(&a, "items.0.target"), P "/audit");
	cr_expect_str_eq(response_text(&a, "items.0.request_id"), "refused-request");
	cr_expect_str_eq(response_text(&a, "items.0.ip"), "192.0.2.1");
	cr_expect_str_eq(response_text(&a, "items.0.detail.method"), "GET");
	cr_expect_str_eq(response_text(&a, "items.0.detail.code"), "forbidden");
}

Test(audit, the_last_owner_who_may_not_go_is_written)
{
	struct account owner = make_user(t, .role = "owner");
	struct test_response a = call(t, "DELETE", P "/users/me", .token = owner.token);

	expect_problem(&a, 409, "last_owner");
	a = events("?action=authz_fail");
	cr_assert_eq(response_int(&a, "total"), 1, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "items.0.actor_id"), owner.id);
	cr_expect_str_eq(response_text(&a, "items.0.detail.code"), "last_owner");
}

Test(audit, strangers_cannot_fill_it)
{
	call(t, "GET", P "/audit");
	call(t, "GET", P "/audit", .token = "rubbish");
	call(t, "POST", P "/auth/refresh", .json = "{\"refresh_token\":\"rubbish\"}");
	call(t, "POST", P "/auth/logout", .json = "{\"refresh_token\":\"rubbish\"}");
	auth_settings.registration = "closed";
	call(t, "POST", P "/auth/register",
	     .json = "{\"email\":\"a@example.com\",\"password\":\"correct horse\"}");
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM audit_events"), "0");
}

Test(audit, a_refusal_that_cannot_be_written_is_still_a_refusal)
{
	struct account ada = make_user(t, .role = "member");
	struct test_response a;

	testdb_spoil();
	testdb_sql("ALTER TABLE audit_events RENAME TO elsewhere");
	a = call(t, "GET", P "/audit", .token = ada.token);
	expect_problem(&a, 403, "forbidden");
}

/* --- immutability --- */

static const struct query tampering[] = {
	QUERY("tamper_update", NULL, "UPDATE audit_events SET target = 'forged'"),
	QUERY("tamper_delete", NULL, "DELETE FROM audit_events"),
	QUERY("tamper_truncate", NULL, "TRUNCATE audit_events"),
	QUERY("tamper_nothing", NULL, "DELETE FROM audit_events WHERE false"),
};

Test(audit, the_application_can_neither_change_nor_remove_an_event)
{
	write_event(AUDIT_USER_CREATED, "kept");
	for (size_t i = 0; i < COUNT(tampering); i++)
		cr_expect_eq(db_exec(t->ctx, &tampering[i], NULL), E_INTERNAL, "%s",
			     tampering[i].name);
	cr_expect_str_eq(testdb_sql("SELECT target FROM audit_events"), "kept");
}

struct whoami {
	const char *name;
};
static const struct field whoami_fields[] = { { TEXT(struct whoami, name) } };
static const struct schema whoami_schema = SCHEMA("Whoami", struct whoami, whoami_fields);
static const struct query whoami =
    QUERY("whoami", &whoami_schema, "SELECT current_user::text AS name");

Test(audit, a_role_of_its_own_lacks_the_right)
{
	static const char *const rights[] = { "UPDATE", "DELETE", "TRUNCATE", "TRIGGER" };
	struct whoami app;
	int64_t removed;

	cr_assert_eq(db_one(t->ctx, &whoami, &app), OK);
	if (strcmp(app.name, testdb_sql("SELECT current_user")) == 0)
		cr_skip_test("TEST_MIGRATE_DATABASE_URL is not set");

	for (size_t i = 0; i < COUNT(rights); i++)
		cr_expect_str_eq(
		    testdb_sql("SELECT has_table_privilege('%s', 'audit_events', '%s')", app.name,
			       rights[i]),
		    "f", "%s", rights[i]);
	testdb_sql("INSERT INTO audit_events (at, action, outcome, actor_kind)"
		   " VALUES ('2020-01-01', 'user_created', 'success', 'cli')");
	cr_expect_eq(audit_prune(t->ctx, 86400, &removed), E_INTERNAL);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM audit_events"), "1");
}

/* --- retention --- */

Test(audit, prune_removes_what_is_old_and_nothing_else)
{
	int64_t removed;

	testdb_sql("INSERT INTO audit_events (at, action, outcome, actor_kind, target)"
		   " SELECT now() - n * interval '1 day', 'user_created', 'success', 'cli', n"
		   " FROM generate_series(0, 20000) n");
	t->ctx->db = testdb_owner();
	cr_assert_eq(audit_prune(t->ctx, 90 * 86400 + 60, &removed), OK);
	cr_expect_eq(removed, 20000 - 90);
	cr_expect_str_eq(testdb_sql("SELECT max(target::int) FROM audit_events"), "90");
	cr_expect_eq(db_exec(t->ctx, &tampering[1], NULL), E_INTERNAL, "the leave ended with it");
}

/* --- pruning --- */

Test(audit, the_application_forgets_old_events_by_a_job)
{
	testdb_sql("INSERT INTO audit_events (at, action, outcome, actor_kind, target)"
		   " SELECT now() - n * interval '1 hour', 'user_created', 'success', 'cli', n"
		   " FROM generate_series(0, 26000) n");
	audit_settings.retention_days = 100;
	run_job(t, "forget_audit", NULL);
	cr_expect_str_eq(testdb_sql("SELECT max(target::int) FROM audit_events"), "2399");
	audit_settings.retention_days = 0;
	run_job(t, "forget_audit", NULL);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM audit_events"), "2400");
	audit_settings.retention_days = 1;
	run_job(t, "forget_audit", NULL);
	cr_expect_str_eq(testdb_sql("SELECT max(target::int) FROM audit_events"), "719",
			 "30 days stay, whoever asks");
	cr_expect_eq(db_exec(t->ctx, &tampering[1], NULL), E_INTERNAL, "the leave ended with it");
}

static const struct query forget = QUERY("forget", NULL, "SELECT audit_events_forget(-1000000)");
static const struct query decoy =
    QUERY("decoy", NULL, "CREATE TEMP TABLE audit_events (key bigint, at timestamptz)");

Test(audit, nothing_leads_the_function_astray)
{
	testdb_sql("INSERT INTO audit_events (at, action, outcome, actor_kind)"
		   " VALUES (now() - interval '29 days', 'user_created', 'success', 'cli'),"
		   " (now() - interval '31 days', 'user_created', 'success', 'cli')");
	cr_assert_eq(db_exec(t->ctx, &decoy, NULL), OK);
	cr_assert_eq(db_exec(t->ctx, &forget, NULL), OK);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM audit_events"), "1");
}

Test(audit, others_may_not_make_it_forget)
{
	cr_expect_str_eq(testdb_sql("SELECT has_function_privilege('public',"
				    " 'audit_events_forget(integer)', 'EXECUTE')"),
			 "f");
}
