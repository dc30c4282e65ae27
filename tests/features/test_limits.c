/* Rate limits as clients see them. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/hash_places.h"
#include "support/test_app.h"
#include "support/testdb.h"

#include "features/auth/auth.h"
#include "features/users/users.h"

#include "app/feature.h"
#include "app/hash_queue.h"
#include "app/settings.h"

static struct test *t;

static void
begin(void)
{
	t = test_begin();
	auth_settings.login_rate_limit = (struct rate) { 5, 60 };
	auth_settings.login_ip_rate_limit = (struct rate) { 30, 60 };
	auth_settings.refresh_rate_limit = (struct rate) { 10, 60 };
	users_settings.password_rate_limit = (struct rate) { 5, 60 };
	auth_settings.register_rate_limit = (struct rate) { 10, 3600 };
	settings.auth_recovery_rate_limit = (struct rate) { 5, 60 };
	settings.auth_recovery_ip_rate_limit = (struct rate) { 30, 60 };
}

TestSuite(limits, .init = begin, .fini = test_end);

#define LOGIN    "/api/v1/auth/login"
#define REFRESH  "/api/v1/auth/refresh"
#define ME       "/api/v1/users/me"
#define PASSWORD ME "/change-password"

static const char *
credentials(const char *email, const char *password)
{
	return arena_printf(t->arena, "{\"email\":\"%s\",\"password\":\"%s\"}", email, password);
}

static struct test_response
try_login(const char *email, const char *ip)
{
	return call(t, "POST", LOGIN, .address = ip, .json = credentials(email, "wrong password"));
}

static void
expect_headers(const struct test_response *a, const char *policy, const char *limit)
{
	cr_assert_not_null(response_header_value(a, "RateLimit"), "%u %s", a->status, a->body);
	cr_expect_str_eq(response_header_value(a, "RateLimit-Policy"), policy);
	cr_expect_str_eq(response_header_value(a, "RateLimit"), limit);
}

static int64_t
count_events(void)
{
	return strtol(testdb_sql("SELECT count(*) FROM audit_events"
				 " WHERE action = 'excess_rate_limit_exceeded'"),
		      NULL, 10);
}

Test(limits, five_logins_then_429)
{
	struct account ada = make_user(t);
	struct test_response a;

	a = call(t, "POST", LOGIN, .json = credentials(ada.email, ada.password));
	cr_expect_eq(a.status, 200);
	expect_headers(&a, "\"login\";q=5;w=60", "\"login\";r=4;t=12");
	for (int left = 3; left >= 0; left--) {
		char limit[40];

		a = try_login(ada.email, NULL);
		cr_expect_eq(a.status, 401);
		snprintf(limit, sizeof(limit), "\"login\";r=%d;t=12", left);
		expect_headers(&a, "\"login\";q=5;w=60", limit);
	}
	a = call(t, "POST", LOGIN, .json = credentials(ada.email, ada.password));
	expect_problem(&a, 429, "rate_limited");
	expect_headers(&a, "\"login\";q=5;w=60", "\"login\";r=0;t=12");
	cr_expect_str_eq(response_header_value(&a, "Retry-After"), "12");
	a = call(t, "POST", "/api/v1/auth/token",
		 .form = arena_printf(t->arena, "username=%s&password=x", ada.email));
	expect_problem(&a, 429, "rate_limited");
}

Test(limits, accounts_are_case_insensitive)
{
	for (int i = 0; i < 5; i++)
		cr_expect_eq(try_login(i % 2 ? "ada@example.com" : "ADA@Example.com", NULL).status,
			     401);
	cr_expect_eq(try_login("Ada@example.com", NULL).status, 429);
}

Test(limits, other_accounts_and_addresses_have_their_own_counters)
{
	for (int i = 0; i < 6; i++)
		try_login("ada@example.com", NULL);
	cr_expect_eq(try_login("ada@example.com", NULL).status, 429);
	cr_expect_eq(try_login("bob@example.com", NULL).status, 401);
	cr_expect_eq(try_login("ada@example.com", "192.0.2.2").status, 401);
	cr_expect_eq(try_login("ada@example.com", "::ffff:192.0.2.1").status, 429);
}

Test(limits, an_ipv6_client_is_its_64_network)
{
	for (int i = 0; i < 5; i++) {
		const char *ip = arena_printf(t->arena, "2001:db8:1:2:%x::1", i);

		cr_expect_eq(try_login("ada@example.com", ip).status, 401);
	}
	cr_expect_eq(try_login("ada@example.com", "2001:DB8:1:2::9").status, 429);
	cr_expect_eq(try_login("ada@example.com", "2001:db8:1:3::9").status, 401);
}

/* The limit looks up the owner of the token; the response must not change. */
Test(limits, a_validation_error_with_an_unknown_token)
{
	struct test_response a =
	    call(t, "POST", REFRESH, .json = "{\"refresh_token\":\"unknown\",\"extra\":1}");

	expect_fields(&a, "body extra unknown_field");
}

Test(limits, clients_without_an_address_share_a_key)
{
	for (int i = 0; i < 5; i++)
		cr_expect_eq(try_login("ada@example.com", i % 2 ? "" : "unix:").status, 401);
	cr_expect_eq(try_login("ada@example.com", "").status, 429);
}

Test(limits, an_address_has_thirty_logins)
{
	struct test_response a = { 0 };

	for (int i = 0; i < 30; i++) {
		a = try_login(arena_printf(t->arena, "user-%d@example.net", i), NULL);
		cr_expect_eq(a.status, 401);
	}
	expect_headers(&a, "\"login_ip\";q=30;w=60", "\"login_ip\";r=0;t=2");
	a = try_login("another@example.net", NULL);
	expect_problem(&a, 429, "rate_limited");
	expect_headers(&a, "\"login_ip\";q=30;w=60", "\"login_ip\";r=0;t=2");
}

Test(limits, invalid_requests_count)
{
	static const char *const bodies[] = { "{", "[]", "{}", "{\"email\":1}",
					      "{\"email\":\"x\",\"password\":\"y\"}" };
	struct test_response a;

	for (size_t i = 0; i < COUNT(bodies); i++) {
		a = call(t, "POST", LOGIN, .json = bodies[i]);
		cr_expect_geq(a.status, 400);
		cr_expect_neq(a.status, 429);
	}
	a = call(t, "POST", LOGIN, .json = "{");
	cr_expect_eq(a.status, 429);
	a = call(t, "POST", LOGIN, .body = "x", .type = "text/plain");
	cr_expect_eq(a.status, 429);
	a = call(t, "POST", LOGIN, .json = "{}", .too_large = true);
	cr_expect_eq(a.status, 429);
}

/* A hash takes 30 ms; a refused attempt must not compute one. */
Test(limits, refused_requests_do_not_hash)
{
	struct account ada = make_user(t);
	struct test_response a;

	for (int i = 0; i < 5; i++)
		try_login(ada.email, NULL);
	hash_places_take();
	cr_expect_eq(try_login(ada.email, NULL).status, 429);
	a = try_login("bob@example.com", NULL);
	cr_expect_eq(a.status, 503);
	hash_places_free();
}

/* The client can use its attempts once the server has capacity. */
Test(limits, overloaded_requests_are_not_counted)
{
	struct account ada = make_user(t);
	struct test_response a;

	hash_places_take();
	for (int i = 0; i < 8; i++) {
		a = try_login(ada.email, NULL);
		expect_problem(&a, 503, "overloaded");
		cr_expect_not_null(response_header_value(&a, "Retry-After"));
		expect_headers(&a, "\"login\";q=5;w=60", "\"login\";r=5;t=12");
	}
	hash_places_free();
	for (int i = 4; i >= 0; i--) {
		a = try_login(ada.email, NULL);
		expect_problem(&a, 401, "invalid_credentials");
	}
	cr_expect_eq(try_login(ada.email, NULL).status, 429);
}

/* Every route that hashes for a caller, while another request of the caller hashes. */
Test(limits, a_caller_hashes_one_password_at_a_time)
{
	struct account ada = make_user(t, .role = "admin"), bob = make_user(t);
	struct ctx other = { .caller = { .user_id = ada.id } };
	const struct {
		const char *method, *uri, *json;
		unsigned status;
	} requests[] = {
		{ "POST", PASSWORD,
		  arena_printf(t->arena, "{\"current_password\":\"%s\",\"new_password\":\"%s\"}",
			       ada.password, ada.password),
		  204 },
		{ "PATCH", ME,
		  arena_printf(t->arena, "{\"email\":\"new-%s\",\"current_password\":\"%s\"}",
			       ada.email, ada.password),
		  200 },
		{ "POST", "/api/v1/users", credentials("eve@example.com", "correct horse battery"),
		  201 },
		{ "PATCH", arena_printf(t->arena, "/api/v1/users/%s", bob.id),
		  "{\"password\":\"correct horse battery\"}", 200 },
	};
	struct test_response a;

	for (size_t i = 0; i < COUNT(requests); i++) {
		cr_assert_eq(hash_enter(&other), HASH_RUN);
		a = call(t, requests[i].method, requests[i].uri, .token = ada.token,
			 .json = requests[i].json);
		expect_problem(&a, 503, "overloaded");
		cr_expect_eq(
		    call(t, "POST", LOGIN, .json = credentials(bob.email, bob.password)).status,
		    200);
		hash_leave(&other.hash);
		a = call(t, requests[i].method, requests[i].uri, .token = ada.token,
			 .json = requests[i].json);
		cr_expect_eq(a.status, requests[i].status, "%s", a.body);
	}
}

Test(limits, refreshes_count_per_session)
{
	struct account ada = make_user(t);
	struct test_response a, other;
	const char *token;

	other = call(t, "POST", LOGIN, .json = credentials(ada.email, ada.password));
	a = call(t, "POST", LOGIN, .json = credentials(ada.email, ada.password));
	for (int i = 0; i < 10; i++) {
		token = response_text(&a, "refresh_token");
		a = call_refresh(t, token);
		cr_assert_eq(a.status, 200);
	}
	expect_headers(&a, "\"refresh\";q=10;w=60", "\"refresh\";r=0;t=6");
	token = response_text(&a, "refresh_token");
	a = call_refresh(t, token);
	expect_problem(&a, 429, "rate_limited");
	a = call_refresh(t, response_text(&other, "refresh_token"));
	cr_expect_eq(a.status, 200);
	for (int i = 0; i < 20; i++) {
		a = call_refresh(t, arena_printf(t->arena, "wrong %d", i));
		expect_problem(&a, 401, "invalid_token");
	}
}

Test(limits, ten_registrations_per_hour)
{
	struct test_response a = { 0 };

	for (int i = 0; i < 10; i++)
		a = call(t, "POST", "/api/v1/auth/register",
			 .json = credentials(arena_printf(t->arena, "user-%d@example.net", i),
					     "correct horse battery"));
	cr_expect_eq(a.status, 201);
	expect_headers(&a, "\"register\";q=10;w=3600", "\"register\";r=0;t=360");
	a = call(t, "POST", "/api/v1/auth/register",
		 .json = credentials("one-more@example.net", "correct horse battery"));
	expect_problem(&a, 429, "rate_limited");
	cr_expect_str_eq(response_header_value(&a, "Retry-After"), "360");
}

/* A thief of an access token can guess the password on every route that checks it. */
Test(limits, five_current_passwords_per_minute_over_all_routes)
{
	static const char wrong[] =
	    "{\"email\":\"new@example.net\",\"current_password\":\"wrong\"}";
	static const char both[] =
	    "{\"current_password\":\"wrong\",\"new_password\":\"a new one 123\"}";
	struct account ada = make_user(t), bob = make_user(t);
	struct test_response a = { 0 };

	for (int left = 4; left >= 0; left--) {
		a = left % 2 ? call(t, "PATCH", ME, .token = ada.token, .json = wrong)
			     : call(t, "POST", PASSWORD, .token = ada.token, .json = both);
		expect_problem(&a, 401, "invalid_credentials");
		expect_headers(&a, "\"password\";q=5;w=60",
			       arena_printf(t->arena, "\"password\";r=%d;t=12", left));
	}
	a = call(t, "PATCH", ME, .token = ada.token, .json = wrong);
	expect_problem(&a, 429, "rate_limited");
	cr_expect_str_eq(response_header_value(&a, "Retry-After"), "12");
	a = call(t, "POST", PASSWORD, .token = ada.token, .json = both, .address = "192.0.2.9");
	expect_problem(&a, 429, "rate_limited");
	a = call(t, "PATCH", ME, .token = ada.token, .json = "{\"full_name\":\"Ada\"}");
	cr_expect_eq(a.status, 200, "requests without a password check do not count");
	a = call(t, "PATCH", ME, .token = bob.token, .json = wrong);
	expect_problem(&a, 401, "invalid_credentials");
}

/* A key may not use the route, so a stolen one must not keep its owner from it. */
Test(limits, an_api_key_does_not_count_for_its_owners_password_checks)
{
	struct account ada = make_user(t);
	struct test_response a = call(t, "POST", "/api/v1/api-keys", .token = ada.token,
				      .json = "{\"name\":\"k\",\"scopes\":[\"gizmos:read\"]}");
	const char *key = response_text(&a, "key");

	for (int i = 0; i < 5; i++) {
		a = call(t, "POST", PASSWORD, .token = key, .json = "{}");
		expect_problem(&a, 403, "forbidden");
	}
	a = call(t, "POST", PASSWORD, .token = ada.token, .json = "{}");
	expect_problem(&a, 422, "validation_error");
	expect_headers(&a, "\"password\";q=5;w=60", "\"password\";r=4;t=12");
}

Test(limits, e_mails_count_per_address_and_account)
{
	static const char *const paths[] = { "/api/v1/auth/forgot-password",
					     "/api/v1/auth/resend-verification" };
	static const char json[] = "{\"email\":\"ada@example.com\"}";
	struct test_response a;

	for (int i = 0; i < 5; i++)
		cr_expect_eq(call(t, "POST", paths[i % 2], .json = json).status, 204);
	a = call(t, "POST", paths[0], .json = json);
	expect_problem(&a, 429, "rate_limited");
	cr_expect_eq(call(t, "POST", paths[0], .json = "{\"email\":\"b@example.com\"}").status,
		     204);
	a = call(t, "POST", "/api/v1/auth/verify-email", .json = "{\"token\":\"x\"}");
	cr_expect_eq(a.status, 401);
	expect_headers(&a, "\"recovery_ip\";q=30;w=60", "\"recovery_ip\";r=22;t=2");
}

Test(limits, are_audited_once)
{
	for (int i = 0; i < 20; i++)
		try_login("ada@example.com", NULL);
	cr_expect_eq(count_events(), 1);
	cr_expect_str_eq(testdb_sql("SELECT target || ' ' || outcome || ' ' || ip FROM audit_events"
				    " WHERE action = 'excess_rate_limit_exceeded'"),
			 LOGIN " failure 192.0.2.1");
	for (int i = 0; i < 12; i++)
		try_login("bob@example.com", "192.0.2.2");
	cr_expect_eq(count_events(), 2);
}

/* An attacker who varies the account does not cause a counter, row or event with each request. */
Test(limits, a_refused_client_creates_no_finer_counter)
{
	struct test_response a = { 0 };

	auth_settings.login_ip_rate_limit = (struct rate) { 3, 60 };
	for (int i = 0; i < 3; i++)
		a = try_login(arena_printf(t->arena, "user-%d@example.net", i), NULL);
	cr_expect_eq(a.status, 401);
	for (int i = 0; i < 10; i++) {
		a = try_login("ada@example.com", NULL);
		expect_problem(&a, 429, "rate_limited");
		expect_headers(&a, "\"login_ip\";q=3;w=60", "\"login_ip\";r=0;t=20");
	}
	auth_settings.login_ip_rate_limit = (struct rate) { 0 };
	a = try_login("ada@example.com", NULL);
	expect_headers(&a, "\"login\";q=5;w=60", "\"login\";r=4;t=12");
}

Test(limits, unknown_accounts_cause_one_event_per_policy)
{
	for (int i = 0; i < 60; i++) {
		const char *json =
		    arena_printf(t->arena, "{\"email\":\"user-%d@example.net\"}", i / 6);

		call(t, "POST", "/api/v1/auth/forgot-password", .json = json);
		call(t, "POST", LOGIN,
		     .json =
			 credentials(arena_printf(t->arena, "user-%d@example.net", i / 6), "x"));
	}
	cr_expect_str_eq(
	    testdb_sql("SELECT string_agg(target || ' ' || n, ', ' ORDER BY target)"
		       " FROM (SELECT target, count(*) AS n FROM audit_events"
		       " WHERE action = 'excess_rate_limit_exceeded' GROUP BY 1) AS e"),
	    "/api/v1/auth/forgot-password 2, /api/v1/auth/login 2");
}

Test(limits, repeated_refusals_cause_one_event)
{
	struct account ada = make_user(t), bob = make_user(t);

	for (int i = 0; i < 50; i++) {
		struct test_response a = call(t, "GET", "/api/v1/audit", .token = ada.token);

		expect_problem(&a, 403, "forbidden");
		call(t, "DELETE", arena_printf(t->arena, "/api/v1/users/%s", bob.id),
		     .token = ada.token);
	}
	call(t, "GET", "/api/v1/audit", .token = bob.token);
	cr_expect_str_eq(
	    testdb_sql("SELECT count(*) FROM audit_events WHERE action = 'authz_fail'"), "3",
	    "one for each actor and route");
}

Test(limits, off_sends_no_headers)
{
	struct test_response a;

	auth_settings.login_rate_limit = (struct rate) { 0 };
	a = try_login("ada@example.com", NULL);
	expect_headers(&a, "\"login_ip\";q=30;w=60", "\"login_ip\";r=29;t=2");
	auth_settings.login_ip_rate_limit = (struct rate) { 0 };
	for (int i = 0; i < 40; i++) {
		a = try_login("ada@example.com", NULL);
		cr_assert_eq(a.status, 401);
	}
	cr_expect_null(response_header_value(&a, "RateLimit"));
}

Test(limits, every_route_below_the_prefix_has_the_default_limit)
{
	struct account ada = make_user(t);
	struct test_response a;

	settings.rate_limit = (struct rate) { 600, 60 };
	for (const struct feature *const *f = test_app()->features; *f; f++) {
		for (const struct route *r = (*f)->routes; r && r->id; r++)
			cr_expect_eq(route_limit(r, 0) != NULL, !r->root, "%s", r->id);
	}
	a = call(t, "GET", "/api/v1/gizmos", .token = ada.token);
	expect_headers(&a, "\"default\";q=600;w=60", "\"default\";r=599;t=1");
}

Test(limits, the_default_limit_covers_all_routes)
{
	struct account ada = make_user(t), bob = make_user(t);
	struct test_response a = { 0 };

	settings.rate_limit = (struct rate) { 3, 60 };
	for (int i = 0; i < 3; i++)
		a = call(t, "GET", "/api/v1/gizmos", .token = ada.token);
	cr_expect_eq(a.status, 200);
	expect_headers(&a, "\"default\";q=3;w=60", "\"default\";r=0;t=20");
	a = call(t, "GET", "/api/v1/users/me", .token = ada.token);
	expect_problem(&a, 429, "rate_limited");
	cr_expect_eq(call(t, "GET", "/api/v1/gizmos", .token = bob.token).status, 200);
	for (int i = 0; i < 3; i++)
		cr_expect_eq(call(t, "GET", "/api/v1/gizmos").status, 401);
	cr_expect_eq(call(t, "GET", "/api/v1/gizmos").status, 429);
	for (int i = 0; i < 5; i++)
		cr_expect_eq(call(t, "GET", "/health/live").status, 200);
}
