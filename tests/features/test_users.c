/* Accounts: one's own, and administration. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/crowd.h"
#include "support/testdb.h"

#include "app/settings.h"
#include "features/sessions/sessions.h"
#include "features/users/users_priv.h"

#define P "/api/v1"

TEST_SUITE(users);

static struct test_response
ask(const struct account *who, const char *method, const char *path, const char *json)
{
	return call(t, method, arena_printf(t->arena, P "%s", path), .token = who->token,
		    .json = json);
}

static struct test_response
change_me(const struct account *who, const char *json)
{
	return ask(who, "PATCH", "/users/me", json);
}

static struct test_response
on_user(const struct account *who, const char *method, const char *id, const char *json)
{
	return ask(who, method, arena_printf(t->arena, "/users/%s", id), json);
}

/* "action outcome" of every event on the target, oldest first. */
static const char *
events(const char *target)
{
	const char *text = testdb_sql("SELECT string_agg(action || ' ' || outcome, ', '"
				      " ORDER BY id) FROM audit_events WHERE target = '%s'",
				      target);

	return text ? text : "";
}

/* --- one's own account --- */

Test(users, everybody_may_change_his_name)
{
	for (const char *const *role = role_names; *role; role++) {
		struct account user = make_user(t, .role = *role, .full_name = "Before");
		struct test_response a = change_me(&user, "{\"full_name\":\"Ada L.\"}");

		cr_assert_eq(a.status, 200, "%s", a.body);
		cr_expect_eq(response_count(&a, ""), 8);
		cr_expect_str_eq(response_text(&a, "full_name"), "Ada L.");
		cr_expect_str_eq(response_text(&a, "role"), *role);
		a = change_me(&user, "{\"full_name\":null}");
		cr_expect(response_is_null(&a, "full_name"));
		cr_expect_str_eq(events(user.id), "user_updated success, user_updated success");
	}
}

Test(users, what_is_not_named_stays)
{
	struct account ada = make_user(t, .full_name = "Ada");
	struct test_response a = change_me(&ada, "{}");

	cr_assert_eq(a.status, 200);
	cr_expect_str_eq(response_text(&a, "full_name"), "Ada");
	cr_expect_str_eq(response_text(&a, "email"), ada.email);
	cr_expect_str_eq(events(ada.id), "");
}

Test(users, what_is_not_ones_own_to_set_is_refused)
{
	struct account ada = make_user(t);
	struct test_response a =
	    change_me(&ada, "{\"role\":\"owner\",\"is_active\":true,\"id\":\"x\","
			    "\"password\":\"another one\",\"full_name\":\"\"}");

	expect_fields(&a, "body role unknown_field", "body is_active unknown_field",
		      "body id unknown_field", "body password unknown_field",
		      "body full_name too_short");
	a = change_me(&ada, "{\"email\":null}");
	expect_fields(&a, "body email not_null");
	a = change_me(&ada, "{\"email\":\"nobody\"}");
	expect_fields(&a, "body email invalid_format");
}

Test(users, a_new_address_needs_the_password)
{
	struct account ada = make_user(t);
	struct test_response a = change_me(&ada, "{\"email\":\"new@example.com\"}");

	expect_fields(&a, "body current_password required");
	a = change_me(&ada, "{\"email\":\"new@example.com\",\"current_password\":\"wrong\"}");
	expect_problem(&a, 401, "invalid_credentials");
	cr_expect_eq(call_login(t, ada.email, ada.password).status, 200);
	cr_expect_str_eq(events(ada.id), "user_updated failure");

	testdb_sql("UPDATE users SET email_verified_at = now()");
	a = change_me(&ada, arena_printf(t->arena,
					 "{\"email\":\" New@example.com\","
					 "\"current_password\":\"%s\",\"full_name\":\"N\"}",
					 ada.password));
	cr_assert_eq(a.status, 200, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "email"), "New@example.com");
	cr_expect_str_eq(response_text(&a, "full_name"), "N");
	cr_expect_eq(call_login(t, "new@example.com", ada.password).status, 200);
	cr_expect_eq(call_login(t, ada.email, ada.password).status, 401);
	cr_expect_null(testdb_sql("SELECT email_verified_at FROM users WHERE id = '%s'", ada.id));
}

Test(users, other_capitals_are_no_new_address)
{
	struct account ada = make_user(t, .email = "ada@example.com");
	struct test_response a;

	testdb_sql("UPDATE users SET email_verified_at = now()");
	a = change_me(&ada, "{\"email\":\"Ada@Example.com\"}");
	cr_assert_eq(a.status, 200, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "email"), "Ada@Example.com");
	cr_expect_not_null(
	    testdb_sql("SELECT email_verified_at FROM users WHERE id = '%s'", ada.id));
}

Test(users, an_address_that_is_taken_is_refused)
{
	struct account ada = make_user(t), eve = make_user(t, .email = "eve@example.com");
	struct test_response a = change_me(&ada, arena_printf(t->arena,
							      "{\"email\":\"EVE@example.com\","
							      "\"current_password\":\"%s\"}",
							      ada.password));

	expect_problem(&a, 409, "email_taken");
	cr_expect_eq(call_login(t, eve.email, eve.password).status, 200);
	cr_expect_str_eq(events(ada.id), "");
}

static struct test_response
change_password(const struct account *who, const char *current, const char *fresh)
{
	return ask(who, "POST", "/users/me/change-password",
		   arena_printf(t->arena, "{\"current_password\":\"%s\",\"new_password\":\"%s\"}",
				current, fresh));
}

Test(users, a_new_password_ends_the_other_sessions_and_not_this_one)
{
	struct account ada = make_user(t, .role = "viewer");
	struct test_response other = call_login(t, ada.email, ada.password), a;

	settings.session_cache_seconds = 300;
	a = call(t, "GET", P "/users/me", .token = response_text(&other, "access_token"));
	cr_expect_eq(a.status, 200);
	a = change_password(&ada, ada.password, "another password");
	cr_expect_eq(a.status, 204, "%s", a.body);
	cr_expect_eq(ask(&ada, "GET", "/users/me", NULL).status, 200);
	a = call(t, "GET", P "/users/me", .token = response_text(&other, "access_token"));
	expect_problem(&a, 401, "invalid_token");
	cr_expect_eq(call_login(t, ada.email, ada.password).status, 401);
	cr_expect_eq(call_login(t, ada.email, "another password").status, 200);
	cr_expect_str_eq(events(ada.id), "session_ended success, authn_password_change success");
}

Test(users, a_wrong_current_password_changes_nothing)
{
	struct account ada = make_user(t);
	struct test_response a = change_password(&ada, "wrong", "another password");

	expect_problem(&a, 401, "invalid_credentials");
	cr_expect_eq(call_login(t, ada.email, ada.password).status, 200);
	cr_expect_str_eq(events(ada.id), "authn_password_change_fail failure");
	cr_expect_null(testdb_sql("SELECT 1 FROM audit_events"
				  " WHERE audit_events::text LIKE '%%wrong%%'"));
}

/* Only the right password resets the count; a refresh does not. */
Test(users, ten_wrong_current_passwords_in_a_row_end_the_session)
{
	struct account ada = make_user(t);
	struct test_response a = call_login(t, ada.email, ada.password), fresh;
	struct account thief = { .id = ada.id, .token = response_text(&a, "access_token") };

	for (int i = 0; i < 9; i++)
		cr_expect_eq(change_password(&thief, "wrong", "another one").status, 401);
	a = change_password(&thief, ada.password, "short");
	cr_expect_eq(a.status, 422, "the current password was right");
	a = call_login(t, ada.email, ada.password);
	thief.token = response_text(&a, "access_token");
	for (int i = 0; i < 5; i++)
		cr_expect_eq(change_password(&thief, "wrong", "another one").status, 401);
	fresh = call_refresh(t, response_text(&a, "refresh_token"));
	cr_expect_eq(fresh.status, 200);
	for (int i = 0; i < 5; i++) {
		a = change_me(&thief,
			      "{\"email\":\"x@example.net\",\"current_password\":\"wrong\"}");
		expect_problem(&a, 401, "invalid_credentials");
	}
	a = change_password(&thief, ada.password, "another password");
	expect_problem(&a, 401, "invalid_token");
	cr_expect_eq(ask(&ada, "GET", "/users/me", NULL).status, 200, "another session goes on");
	cr_expect_str_eq(testdb_sql("SELECT string_agg(detail->>'reason', ',') FROM audit_events"
				    " WHERE action = 'session_ended'"),
			 "password_failures");
}

Test(users, a_new_password_keeps_the_rules)
{
	struct account ada = make_user(t, .email = "ada.lovelace@example.com");
	struct test_response a = change_password(&ada, ada.password, "short");

	expect_fields(&a, "body new_password too_short");
	a = change_password(&ada, ada.password, "Ada.Lovelace@example.com");
	cr_expect_eq(a.status, 422);
	a = ask(&ada, "POST", "/users/me/change-password", "{}");
	expect_fields(&a, "body current_password required", "body new_password required");
	cr_expect_eq(call_login(t, ada.email, ada.password).status, 200);
}

Test(users, a_deleted_account_takes_all_of_its_own_along)
{
	struct account ada = make_user(t, .role = "viewer");
	struct test_response a;

	settings.session_cache_seconds = 300;
	make_user(t);
	a = ask(&ada, "DELETE", "/users/me", NULL);
	cr_assert_eq(a.status, 204);
	a = ask(&ada, "GET", "/users/me", NULL);
	expect_problem(&a, 401, "invalid_token");
	cr_expect_eq(call_login(t, ada.email, ada.password).status, 401);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM users"), "1");
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM sessions"), "1");
	cr_expect_str_eq(events(ada.id), "user_deleted success");
	cr_expect_str_eq(testdb_sql("SELECT actor_id FROM audit_events"
				    " WHERE action = 'user_deleted'"),
			 ada.id);
}

/* --- lists --- */

Test(users, the_list_searches_addresses_and_names)
{
	struct account admin = make_user(t, .role = "admin", .email = "boss@example.com");
	static const struct {
		const char *q;
		int64_t n;
	} searches[] = {
		{ "ada", 2 },    { "ADA@", 1 },   { "lace", 1 },     { "%25", 1 },
		{ "_", 1 },      { "%5C", 1 },    { "'", 0 },        { "example", 4 },
		{ "nobody", 0 }, { "%C3%84", 1 }, { "%C3%A4rm", 1 },
	};
	struct test_response a;

	make_user(t, .email = "ada@example.com", .full_name = "A. Lovelace");
	make_user(t, .email = "x_y@example.com", .full_name = "100% Ada \\o/");
	make_user(t, .email = "n@example.com", .full_name = "Ärmel");
	for (size_t i = 0; i < COUNT(searches); i++) {
		a = ask(&admin, "GET", arena_printf(t->arena, "/users?q=%s", searches[i].q), NULL);
		cr_assert_eq(a.status, 200, "%s", a.body);
		cr_expect_eq(response_int(&a, "total"), searches[i].n, "%s: %s", searches[i].q,
			     a.body);
	}
	a = ask(&admin, "GET", "/users?q=", NULL);
	expect_fields(&a, "query q too_short");
}

Test(users, the_list_filters_and_sorts)
{
	struct account admin = make_user(t, .role = "admin", .email = "c@example.com");
	struct test_response a;

	make_user(t, .email = "b@example.com", .role = "viewer", .inactive = true);
	make_user(t, .email = "a@example.com", .role = "viewer");
	a = ask(&admin, "GET", "/users?role=viewer&is_active=false", NULL);
	cr_assert_eq(response_int(&a, "total"), 1);
	cr_expect_str_eq(response_text(&a, "items.0.email"), "b@example.com");
	cr_expect_eq(response_count(&a, "items.0"), 8);
	a = ask(&admin, "GET", "/users?is_active=true", NULL);
	cr_expect_eq(response_int(&a, "total"), 2);
	a = ask(&admin, "GET", "/users?sort=email", NULL);
	cr_expect_str_eq(response_text(&a, "items.0.email"), "a@example.com");
	a = ask(&admin, "GET", "/users", NULL);
	cr_expect_str_eq(response_text(&a, "items.0.email"), "a@example.com", "the newest first");
	a = ask(&admin, "GET", "/users?role=king&is_active=perhaps&sort=role", NULL);
	expect_fields(&a, "query role invalid_choice", "query is_active invalid_type",
		      "query sort invalid_choice");
}

Test(users, only_admins_and_owners_administer)
{
	static const char *const lower[] = { "viewer", "member" };

	for (size_t i = 0; i < COUNT(lower); i++) {
		struct account user = make_user(t, .role = lower[i]), other = make_user(t);
		struct test_response a = ask(&user, "GET", "/users", NULL);

		expect_problem(&a, 403, "forbidden");
		a = ask(&user, "POST", "/users",
			"{\"email\":\"x@example.com\",\"password\":\"another one\"}");
		expect_problem(&a, 403, "forbidden");
		a = on_user(&user, "PATCH", user.id, "{\"role\":\"owner\"}");
		expect_problem(&a, 403, "forbidden");
		a = on_user(&user, "DELETE", other.id, NULL);
		expect_problem(&a, 403, "forbidden");
		a = on_user(&user, "GET", other.id, NULL);
		expect_problem(&a, 404, "not_found");
		a = on_user(&user, "GET", user.id, NULL);
		cr_expect_eq(a.status, 200);
		cr_expect_str_eq(testdb_sql("SELECT role FROM users WHERE id = '%s'", user.id),
				 lower[i]);
	}
}

Test(users, an_account_can_be_made)
{
	struct account admin = make_user(t, .role = "admin");
	struct test_response a =
	    ask(&admin, "POST", "/users",
		"{\"email\":\"new@example.com\",\"password\":\"another one\"}");

	cr_assert_eq(a.status, 201, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "role"), "member");
	cr_expect(response_bool(&a, "is_active"));
	cr_expect_str_eq(events(response_text(&a, "id")), "user_created success");
	cr_expect_eq(call_login(t, "new@example.com", "another one").status, 200);

	a = ask(&admin, "POST", "/users",
		"{\"email\":\"NEW@example.com\",\"password\":\"another one\"}");
	expect_problem(&a, 409, "email_taken");
	a = ask(&admin, "POST", "/users",
		"{\"email\":\"off@example.com\",\"password\":\"another one\","
		"\"role\":\"viewer\",\"is_active\":false,\"full_name\":\"Off\"}");
	cr_assert_eq(a.status, 201, "%s", a.body);
	cr_expect(!response_bool(&a, "is_active"));
	cr_expect_eq(call_login(t, "off@example.com", "another one").status, 401);
	a = ask(&admin, "POST", "/users", "{\"role\":\"api_key\",\"password\":\"x\"}");
	expect_fields(&a, "body email required", "body role invalid_choice",
		      "body password too_short");
	a = ask(&admin, "POST", "/users",
		"{\"email\":\"someone@example.com\",\"password\":\"Someone@example.com\"}");
	cr_expect_eq(a.status, 422);
}

/* Full-stack templates call members "user". */
Test(users, the_role_user_is_stored_as_member)
{
	struct account admin = make_user(t, .role = "admin");
	struct account ada = make_user(t, .role = "viewer");
	struct test_response a =
	    ask(&admin, "POST", "/users",
		"{\"email\":\"new@example.com\",\"password\":\"another one\",\"role\":\"user\"}");

	cr_assert_eq(a.status, 201, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "role"), "member");
	a = on_user(&admin, "PATCH", ada.id, "{\"role\":\"user\"}");
	cr_assert_eq(a.status, 200, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "role"), "member");
	cr_expect_str_eq(testdb_sql("SELECT string_agg(DISTINCT role, ' ') FROM users"),
			 "admin member");
	a = ask(&admin, "GET", "/users?role=user", NULL);
	cr_expect_eq(response_int(&a, "total"), 2, "%s", a.body);
	a = on_user(&admin, "PATCH", ada.id, "{\"role\":\"User\"}");
	expect_fields(&a, "body role invalid_choice");
}

/* --- permissions --- */

static unsigned
expected(const char *actor, const char *target)
{
	bool high = role_parse(target) >= ROLE_ADMIN;

	return strcmp(actor, "owner") == 0 || !high ? 200 : 403;
}

Test(users, owners_alone_change_owners_and_admins)
{
	static const char *const actors[] = { "admin", "owner" };

	for (size_t i = 0; i < COUNT(actors); i++) {
		struct account actor = make_user(t, .role = actors[i]);

		make_user(t, .role = "owner");
		for (const char *const *role = role_names; *role; role++) {
			struct account user = make_user(t, .role = *role);
			unsigned status = expected(actors[i], *role);
			struct test_response a;

			a = on_user(&actor, "PATCH", user.id, "{}");
			cr_expect_eq(a.status, status, "%s changes nothing of %s: %s", actors[i],
				     *role, a.body);
			a = on_user(&actor, "PATCH", user.id, "{\"full_name\":\"X\"}");
			cr_expect_eq(a.status, status, "%s names %s: %s", actors[i], *role, a.body);
			a = on_user(&actor, "PATCH", user.id, "{\"password\":\"another one\"}");
			cr_expect_eq(a.status, status, "%s of %s: %s", actors[i], *role, a.body);
			a = on_user(&actor, "PATCH", user.id, "{\"is_active\":false}");
			cr_expect_eq(a.status, status, "%s ends %s: %s", actors[i], *role, a.body);
			a = on_user(&actor, "PATCH", user.id, "{\"role\":\"viewer\"}");
			cr_expect_eq(a.status, status, "%s lowers %s: %s", actors[i], *role,
				     a.body);
			user = make_user(t, .role = *role);
			a = on_user(&actor, "DELETE", user.id, NULL);
			cr_expect_eq(a.status, status == 200 ? 204 : 403, "%s deletes %s",
				     actors[i], *role);
		}
	}
}

Test(users, nobody_raises_anybody_above_what_he_may_change)
{
	static const char *const actors[] = { "admin", "owner" };

	for (size_t i = 0; i < COUNT(actors); i++) {
		struct account actor = make_user(t, .role = actors[i]);

		for (const char *const *role = role_names; *role; role++) {
			struct account user = make_user(t);
			unsigned status = expected(actors[i], *role);
			struct test_response a;

			a = on_user(&actor, "PATCH", user.id,
				    arena_printf(t->arena, "{\"role\":\"%s\"}", *role));
			cr_expect_eq(a.status, status, "%s makes %s: %s", actors[i], *role, a.body);
			a = ask(&actor, "POST", "/users",
				arena_printf(t->arena,
					     "{\"email\":\"%s-%s@example.com\","
					     "\"password\":\"another one\",\"role\":\"%s\"}",
					     actors[i], *role, *role));
			cr_expect_eq(a.status, status == 200 ? 201 : 403, "%s creates %s: %s",
				     actors[i], *role, a.body);
		}
	}
}

Test(users, an_admin_can_neither_raise_nor_change_himself)
{
	struct account admin = make_user(t, .role = "admin");
	struct test_response a = on_user(&admin, "PATCH", admin.id, "{\"role\":\"owner\"}");

	expect_problem(&a, 403, "forbidden");
	a = on_user(&admin, "PATCH", admin.id, "{\"password\":\"another one\"}");
	expect_problem(&a, 403, "forbidden");
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM audit_events"
				    " WHERE action = 'authz_fail' AND actor_id = '%s'",
				    admin.id),
			 "1", "one event for each actor, route and window");
}

Test(users, an_account_that_is_not_there_is_not_found)
{
	struct account owner = make_user(t, .role = "owner");
	static const char *const ids[] = { "0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10", "x",
					   "0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a1", "'%20OR%201=1" };

	for (size_t i = 0; i < COUNT(ids); i++) {
		struct test_response a = on_user(&owner, "GET", ids[i], NULL);

		expect_problem(&a, 404, "not_found");
		a = on_user(&owner, "PATCH", ids[i], "{\"password\":\"another one\"}");
		expect_problem(&a, 404, "not_found");
		a = on_user(&owner, "PATCH", ids[i], "{\"role\":\"viewer\"}");
		expect_problem(&a, 404, "not_found");
		a = on_user(&owner, "DELETE", ids[i], NULL);
		expect_problem(&a, 404, "not_found");
	}
}

Test(users, what_an_owner_changes_is_written_and_ends_sessions)
{
	struct account owner = make_user(t, .role = "owner"), ada = make_user(t);
	struct test_response a = on_user(&owner, "PATCH", ada.id, "{\"full_name\":\"Ada\"}");

	cr_expect_eq(a.status, 200);
	cr_expect_eq(ask(&ada, "GET", "/users/me", NULL).status, 200, "a name ends nothing");
	a = on_user(&owner, "PATCH", ada.id, "{\"role\":\"member\",\"is_active\":true}");
	cr_expect_eq(a.status, 200);
	cr_expect_eq(ask(&ada, "GET", "/users/me", NULL).status, 200, "nothing new ends nothing");
	cr_expect_str_eq(events(ada.id), "user_updated success");

	a = on_user(&owner, "PATCH", ada.id, "{\"role\":\"viewer\",\"password\":\"another one\"}");
	cr_assert_eq(a.status, 200, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "role"), "viewer");
	a = ask(&ada, "GET", "/users/me", NULL);
	expect_problem(&a, 401, "invalid_token");
	cr_expect_str_eq(events(ada.id),
			 "user_updated success, session_ended success, authz_change success,"
			 " authn_password_change success");
	cr_expect_eq(call_login(t, ada.email, ada.password).status, 401);
	cr_expect_eq(call_login(t, ada.email, "another one").status, 200);
	cr_expect_str_eq(testdb_sql("SELECT detail ->> 'role_to' FROM audit_events"
				    " WHERE action = 'authz_change'"),
			 "viewer");
}

/* --- the last owner --- */

Test(users, the_last_owner_stays)
{
	struct account owner = make_user(t, .role = "owner");
	static const char *const changes[] = { "{\"role\":\"admin\"}", "{\"is_active\":false}",
					       "{\"role\":\"viewer\",\"is_active\":false}" };
	struct test_response a;

	make_user(t, .role = "owner", .inactive = true);
	for (size_t i = 0; i < COUNT(changes); i++) {
		a = on_user(&owner, "PATCH", owner.id, changes[i]);
		expect_problem(&a, 409, "last_owner");
	}
	a = on_user(&owner, "DELETE", owner.id, NULL);
	expect_problem(&a, 409, "last_owner");
	a = ask(&owner, "DELETE", "/users/me", NULL);
	expect_problem(&a, 409, "last_owner");
	a = on_user(&owner, "PATCH", owner.id, "{\"full_name\":\"Still here\"}");
	cr_expect_eq(a.status, 200);
	cr_expect_eq(ask(&owner, "GET", "/users", NULL).status, 200);

	make_user(t, .role = "owner");
	cr_expect_eq(ask(&owner, "DELETE", "/users/me", NULL).status, 204);
}

enum { OWNERS = 8 };

struct owners {
	const char *ids[OWNERS];
	int act;
};

/* All owners demote themselves concurrently. */
static enum error
abdicate(struct ctx *c, int number, void *arg)
{
	const struct owners *owners = arg;
	const char *id = owners->ids[number];
	struct user_change change = { .role = "member" };
	struct user user;

	c->caller = (struct caller) { .role = ROLE_OWNER, .user_id = id };
	switch ((owners->act + number) % 3) {
	case 0:
		return users_change(c, id, &change, USER_CHANGE(role), &user);
	case 1:
		return users_change(c, id, &change, USER_CHANGE(is_active), &user);
	default:
		return users_remove_own(c);
	}
}

Test(users, of_owners_who_leave_at_once_one_stays)
{
	for (int round = 0; round < 6; round++) {
		struct owners owners = { .act = round };
		const enum error *errors;

		testdb_sql("DELETE FROM users");
		for (int i = 0; i < OWNERS; i++)
			owners.ids[i] = make_user(t, .role = "owner").id;
		errors = crowd_run(OWNERS, abdicate, &owners);
		cr_expect_eq(crowd_count(errors, OWNERS, OK), OWNERS - 1);
		cr_expect_eq(crowd_count(errors, OWNERS, E_LAST_OWNER), 1);
		cr_expect_str_eq(testdb_sql("SELECT count(*) FROM users"
					    " WHERE role = 'owner' AND is_active"),
				 "1");
	}
}

/* --- sign-in while the account changes --- */

Test(users, a_sign_in_that_a_change_overtook_makes_no_session)
{
	static const char *const changes[] = { "is_active = false", "password_hash = 'other'" };

	for (size_t i = 0; i < COUNT(changes); i++) {
		struct account ada = make_user(t);
		const struct login *login;
		struct user user;

		cr_assert_eq(users_check_password(t->ctx, ada.email, ada.password, &login), OK);
		testdb_sql("UPDATE users SET %s WHERE id = '%s'", changes[i], ada.id);
		cr_expect_eq(users_signed_in(t->ctx, login, &user), E_NOT_FOUND);
	}
}

Test(users, a_command_may_everything_and_a_stranger_nothing)
{
	struct account ada = make_user(t, .role = "admin");
	struct user_change change = { .role = "owner" };
	struct user user;

	t->ctx->caller = (struct caller) { 0 };
	cr_expect_eq(users_change(t->ctx, ada.id, &change, USER_CHANGE(role), &user), E_FORBIDDEN);
	t->ctx->process = "cli";
	cr_expect_eq(users_change(t->ctx, ada.id, &change, USER_CHANGE(role), &user), OK);
	cr_expect_str_eq(user.role, "owner");
	cr_expect_str_eq(testdb_sql("SELECT actor_kind FROM audit_events"
				    " WHERE action = 'authz_change'"),
			 "cli");
}

/* --- sign-in in the audit log --- */

Test(users, signing_in_is_written)
{
	struct account ada = make_user(t);
	struct test_response a = call_login(t, ada.email, ada.password);
	const char *refresh = response_text(&a, "refresh_token");

	cr_expect_str_eq(testdb_sql("SELECT action || ' ' || outcome || ' ' || actor_kind"
				    " FROM audit_events WHERE actor_id = '%s'",
				    ada.id),
			 "authn_login_success success user");
	call_login(t, ada.email, "hunter2 the wrong one");
	call_login(t, "nobody@example.com", "hunter2 the wrong one");
	make_user(t, .email = "off@example.com", .inactive = true);
	call_login(t, "off@example.com", ada.password);
	cr_expect_str_eq(events(ada.email), "authn_login_fail failure");
	cr_expect_str_eq(events("nobody@example.com"), "authn_login_fail failure");
	cr_expect_str_eq(events("off@example.com"), "authn_login_fail failure");
	cr_expect_null(testdb_sql("SELECT 1 FROM audit_events"
				  " WHERE audit_events::text LIKE '%%hunter2%%'"));

	call(t, "POST", P "/auth/logout",
	     .json = arena_printf(t->arena, "{\"refresh_token\":\"%s\"}", refresh));
	cr_expect_str_eq(testdb_sql("SELECT detail ->> 'reason' FROM audit_events"
				    " WHERE action = 'session_ended' AND actor_id = '%s'",
				    ada.id),
			 "logout");
}

Test(users, a_reused_token_is_written)
{
	struct account ada = make_user(t);
	struct test_response a = call_login(t, ada.email, ada.password);
	const char *token = response_text(&a, "refresh_token"), *session;

	sessions_settings.reuse_grace_seconds = 0;
	a = call_refresh(t, token);
	call_refresh(t, response_text(&a, "refresh_token"));
	a = call_refresh(t, token);
	expect_problem(&a, 401, "token_reused");
	session = testdb_sql("SELECT id FROM sessions WHERE ended_at IS NOT NULL");
	cr_expect_str_eq(events(session), "authn_login_success success, authn_token_reuse failure,"
					  " session_ended success");
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM audit_events WHERE target = '%s'"
				    " AND actor_kind = 'anonymous'",
				    session),
			 "2", "who used it again is not known");
	call_refresh(t, token);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM audit_events"
				    " WHERE action = 'authn_token_reuse'"),
			 "1", "once it is known, it fills no table");
}
