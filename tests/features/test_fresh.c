/* Fresh sessions: what requires a recent sign-in, and auth/confirm. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/testdb.h"

#include "features/users/users.h"

#include "app/settings.h"

#define P       "/api/v1"
#define CONFIRM P "/auth/confirm"
#define KEY     "{\"name\":\"backup\",\"scopes\":[\"jobs:read\"]}"
#define RIGHT   "{\"password\":\"correct horse battery staple\"}"
#define WRONG   "{\"password\":\"wrong\"}"

static struct test *t;
static struct account ada;

static void
begin(void)
{
	t = test_begin();
	settings.session_cache_seconds = 300;
	ada = make_user(t);
}

TestSuite(fresh, .init = begin, .fini = test_end, .timeout = 120);

static void
make_stale(const struct account *user)
{
	testdb_sql("UPDATE sessions SET confirmed_at = now() - interval '%d minutes'"
		   " WHERE id = '%s'",
		   (int)settings.fresh_minutes, user->session_id);
}

static struct test_response
create_key(void)
{
	return call(t, "POST", P "/api-keys", .token = ada.token, .json = KEY);
}

Test(fresh, a_sign_in_is_fresh)
{
	cr_expect_eq(create_key().status, 201);
	cr_expect_eq(call(t, "DELETE", P "/users/me", .token = ada.token).status, 204);
}

Test(fresh, a_stale_session_must_be_confirmed)
{
	struct test_response a;

	make_stale(&ada);
	a = create_key();
	expect_problem(&a, 401, "confirmation_required");
	cr_expect_str_eq(response_header_value(&a, "WWW-Authenticate"),
			 "Bearer error=\"insufficient_user_authentication\"");
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM api_keys"), "0");

	a = call(t, "DELETE", P "/users/me", .token = ada.token);
	expect_problem(&a, 401, "confirmation_required");
	cr_expect_eq(call(t, "GET", P "/users/me", .token = ada.token).status, 200);
}

Test(fresh, a_confirmation_takes_effect_with_the_next_request)
{
	make_stale(&ada);
	cr_expect_eq(create_key().status, 401); /* the caller is cached now */
	cr_expect_eq(call(t, "POST", CONFIRM, .token = ada.token, .json = RIGHT).status, 204);
	cr_expect_eq(create_key().status, 201);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM audit_events WHERE action ="
				    " 'authn_login_success' AND target = '%s' AND"
				    " detail->>'reason' = 'confirmation'",
				    ada.session_id),
			 "1");
}

Test(fresh, it_is_a_matter_of_one_session)
{
	struct test_response login = call_login(t, ada.email, ada.password), a;

	make_stale(&ada);
	a = create_key();
	expect_problem(&a, 401, "confirmation_required");
	a = call(t, "POST", P "/api-keys", .token = response_text(&login, "access_token"),
		 .json = KEY);
	cr_expect_eq(a.status, 201);
}

Test(fresh, a_refresh_does_not_make_it_fresh)
{
	struct test_response a = call_login(t, ada.email, ada.password);

	testdb_sql("UPDATE sessions SET confirmed_at = now() - interval '1 day'");
	a = call_refresh(t, response_text(&a, "refresh_token"));
	cr_assert_eq(a.status, 200);
	a = call(t, "POST", P "/api-keys", .token = response_text(&a, "access_token"), .json = KEY);
	expect_problem(&a, 401, "confirmation_required");
}

Test(fresh, a_wrong_password_confirms_nothing)
{
	struct test_response a;

	make_stale(&ada);
	a = call(t, "POST", CONFIRM, .token = ada.token, .json = WRONG);
	expect_problem(&a, 401, "invalid_credentials");
	a = create_key();
	expect_problem(&a, 401, "confirmation_required");
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM audit_events WHERE action ="
				    " 'authn_login_fail' AND actor_id = '%s'",
				    ada.id),
			 "1");
	cr_expect_str_eq(
	    testdb_sql("SELECT password_failures FROM sessions WHERE id = '%s'", ada.session_id),
	    "1");
}

Test(fresh, ten_wrong_passwords_end_the_session)
{
	struct test_response a;

	users_settings.password_rate_limit = (struct rate) { 0 };
	for (size_t i = 0; i < 10; i++) {
		a = call(t, "POST", CONFIRM, .token = ada.token, .json = WRONG);
		expect_problem(&a, 401, "invalid_credentials");
	}
	a = call(t, "POST", CONFIRM, .token = ada.token, .json = RIGHT);
	expect_problem(&a, 401, "invalid_token");
}

/* The count is the one of all routes that check the current password. */
Test(fresh, attempts_are_limited_for_each_account)
{
	struct test_response a = { 0 };

	users_settings.password_rate_limit = (struct rate) { 2, 60 };
	call(t, "POST", CONFIRM, .token = ada.token, .json = WRONG);
	call(t, "POST", P "/users/me/change-password", .token = ada.token,
	     .json = "{\"current_password\":\"wrong\",\"new_password\":\"a new password\"}");
	a = call(t, "POST", CONFIRM, .token = ada.token, .json = RIGHT);
	expect_problem(&a, 429, "rate_limited");
}

/* In an e-mail change, the current password takes the place of a confirmation. */
Test(fresh, an_email_change_needs_the_password_but_no_confirmation)
{
	struct test_response a;

	make_stale(&ada);
	a = call(t, "PATCH", P "/users/me", .token = ada.token,
		 .json = "{\"email\":\"new@example.com\"}");
	expect_fields(&a, "body current_password required");
	a = call(t, "PATCH", P "/users/me", .token = ada.token,
		 .json = "{\"email\":\"new@example.com\","
			 "\"current_password\":\"correct horse battery staple\"}");
	cr_expect_eq(a.status, 200, "%s", a.body);
}

Test(fresh, it_ends_after_fresh_minutes)
{
	testdb_sql("UPDATE sessions SET confirmed_at = now() - interval '3 minutes'");
	settings.fresh_minutes = 4;
	cr_expect_eq(create_key().status, 201);
	settings.fresh_minutes = 3;
	cr_expect_eq(create_key().status, 401);
}
