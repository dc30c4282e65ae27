/* Browser sessions: sign-in with a cookie, its rules, and requests that other sites cause. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/test_app.h"
#include "support/testdb.h"

#include "features/sessions/sessions.h"

#include "app/feature.h"
#include "app/openapi.h"
#include "app/settings.h"
#include "features/browser_sessions/browser_sessions.h"

#define P       "/api/v1"
#define LOGIN   P "/auth/login"
#define ME      P "/users/me"
#define ID      "0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10"
#define LISTED  "https://shop.example.net"
#define APP_URL "https://app.example.com"
#define SAME    "HTTP_SEC_FETCH_SITE=same-origin"
#define SECRET  "0123456789012345678901234567890123456789abc"

static struct test *t;
static struct account ada;

static const char *const listed[] = { "http://localhost:3000", LISTED, NULL };

static void
begin(void)
{
	t = test_begin();
	settings.auth_cookie = true;
	settings.session_cache_seconds = 300;
	settings.cors_origins = listed;
	settings.app_url = APP_URL;
	ada = make_user(t);
}

TestSuite(browser_sessions, .init = begin, .fini = test_end, .timeout = 300);

/* Gives the account's session this cookie. */
static void
give_cookie(const struct account *user, const char *secret)
{
	testdb_sql("UPDATE sessions SET cookie_hash = sha256('%s') WHERE id = '%s'", secret,
		   user->session_id);
}

static struct test_response
sign_in_with(const char *cookie_header, const char *scheme)
{
	const char *json =
	    arena_printf(t->arena, "{\"email\":\"%s\",\"password\":\"%s\",\"cookie\":true}",
			 ada.email, ada.password);

	return call(t, "POST", LOGIN, .json = json, .header = cookie_header, .header2 = scheme,
		    .header3 = SAME);
}

static struct test_response
sign_in(void)
{
	return sign_in_with(NULL, NULL);
}

/* The text before the first semicolon: "session=…". */
static const char *
cookie_of(const struct test_response *a)
{
	const char *header = response_header_value(a, "Set-Cookie");

	cr_assert_neq(header, NULL, "no cookie: %s", a->body);
	return arena_text_n(t->arena, header, strcspn(header, ";"));
}

static struct test_response
ask(const char *method, const char *path, const char *cookie, const char *json)
{
	return call(t, method, path, .json = json, .header3 = SAME,
		    .header = arena_printf(t->arena, "HTTP_COOKIE=%s", cookie));
}

static bool
clears(const struct test_response *a)
{
	const char *header = response_header_value(a, "Set-Cookie");

	return header && strstr(header, "=; ") && strstr(header, "Max-Age=0");
}

static void
expect_ended(const char *cookie)
{
	struct test_response a = ask("GET", ME, cookie, NULL);

	expect_problem(&a, 401, "invalid_token");
	cr_expect(clears(&a), "%s is not cleared", cookie);
}

Test(browser_sessions, a_sign_in_sets_a_cookie_and_returns_no_token)
{
	struct test_response a = sign_in();
	const char *header = response_header_value(&a, "Set-Cookie");

	cr_assert_eq(a.status, 200, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "id"), ada.id);
	cr_expect_not(response_has(&a, "access_token"));
	cr_expect_str_eq(header + strlen("session=") + 43,
			 "; Path=/; HttpOnly; SameSite=Lax; Max-Age=15552000");
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM refresh_tokens"), "0");
	cr_expect_str_eq(
	    testdb_sql("SELECT count(*) FROM sessions WHERE cookie_hash = sha256('%s')",
		       cookie_of(&a) + strlen("session=")),
	    "1");
	a = ask("GET", ME, cookie_of(&a), NULL);
	cr_expect_eq(a.status, 200);
	cr_expect_str_eq(response_text(&a, "id"), ada.id);
}

Test(browser_sessions, by_https_the_cookie_belongs_to_the_host)
{
	struct test_response a = sign_in_with(NULL, "REQUEST_SCHEME=https");
	const char *header = response_header_value(&a, "Set-Cookie");

	cr_assert_eq(strncmp(header, "__Host-session=", 15), 0, "%s", header);
	cr_expect_str_eq(header + 15 + 43,
			 "; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=15552000");
	browser_sessions_settings.domain = "example.com";
	browser_sessions_settings.samesite = "strict";
	sessions_settings.max_days = 0;
	a = sign_in_with(NULL, "REQUEST_SCHEME=https");
	header = response_header_value(&a, "Set-Cookie");
	cr_assert_eq(strncmp(header, "__Secure-session=", 17), 0, "%s", header);
	cr_expect_str_eq(header + 17 + 43, "; Path=/; Secure; HttpOnly; SameSite=Strict;"
					   " Max-Age=34560000; Domain=example.com");
}

Test(browser_sessions, production_refuses_http)
{
	struct test_response a;

	settings.environment = "production";
	a = sign_in();
	expect_problem(&a, 403, "forbidden");
	cr_expect_null(response_header_value(&a, "Set-Cookie"));
	give_cookie(&ada, SECRET);
	a = ask("GET", ME, "session=" SECRET, NULL);
	expect_problem(&a, 401, "unauthenticated");
	a = ask("GET", ME, "__Host-session=" SECRET, NULL);
	expect_problem(&a, 401, "invalid_token");
	a = call(t, "GET", ME, .header = "HTTP_COOKIE=__Host-session=" SECRET,
		 .header2 = "REQUEST_SCHEME=https");
	cr_expect_eq(a.status, 200);
}

Test(browser_sessions, if_off_there_is_no_trace)
{
	struct test_response a;

	settings.auth_cookie = false;
	give_cookie(&ada, SECRET);
	a = sign_in();
	expect_fields(&a, "body cookie unknown_field");
	a = ask("GET", ME, "session=" SECRET, NULL);
	expect_problem(&a, 401, "unauthenticated");
	cr_expect_null(response_header_value(&a, "Set-Cookie"));
	a = ask("POST", P "/auth/logout", "session=" SECRET, NULL);
	expect_problem(&a, 400, "malformed_json");
	a = call(t, "POST", P "/auth/logout", .header = "HTTP_COOKIE=session=" SECRET,
		 .json = "{\"refresh_token\":\"x\"}",
		 .header2 = "HTTP_ORIGIN=https://evil.example");
	cr_expect_eq(a.status, 204);
}

/* Over both headers, and what each combination permits. */
static const char *const sites[] = { "none", "same-origin", "same-site", "cross-site", NULL };
static const struct origin {
	const char *text;
	bool ours;
} origins[] = {
	{ "http://api.example.com", true },
	{ APP_URL, true },
	{ LISTED, true },
	{ "https://evil.example", false },
	{ "null", false },
	{ NULL, false },
	{ LISTED ".evil.example", false },
	{ "https://app.example.com.evil.example", false },
	{ "http://app.example.com", false },
	{ "https://api.example.com", false },
	{ "*", false },
	{ "", false },
};

static struct test_response
forge(const struct route *r, const char *cookie, const char *site, const char *origin)
{
	return call(t, method_name(r->method), route_uri(t, r, ID),
		    .header = arena_printf(t->arena, "HTTP_COOKIE=session=%s", cookie),
		    .header2 = site ? arena_printf(t->arena, "HTTP_SEC_FETCH_SITE=%s", site) : NULL,
		    .header3 = origin ? arena_printf(t->arena, "HTTP_ORIGIN=%s", origin) : NULL,
		    .header4 = "HTTP_HOST=api.example.com");
}

static const char *
all_rows(void)
{
	return testdb_sql("SELECT md5(string_agg(table_to_xml(tablename::regclass, true, true, '')"
			  "::text, '' ORDER BY tablename)) FROM pg_tables"
			  " WHERE schemaname = current_schema()");
}

static bool
is_permitted(const char *site, const struct origin *origin)
{
	return origin->ours || (site && strcmp(site, "same-origin") == 0);
}

/* A permitted request may end the session or the account, so it has an account of its own. */
static void
check_forgery(const struct route *r, const char *site, const struct origin *origin)
{
	bool permitted = is_permitted(site, origin);
	const char *secret = SECRET;
	struct test_response a;

	if (permitted) {
		struct account user = make_user(t, .role = "owner");

		secret = arena_printf(t->arena, "%.7s%s", user.id, user.id);
		give_cookie(&user, secret);
	}
	a = forge(r, secret, site, origin->text);
	cr_expect_eq(strcmp(response_code(&a), "csrf_refused") == 0, !permitted,
		     "%s with Sec-Fetch-Site %s and Origin %s: %u %s", r->id, site ? site : "-",
		     origin->text ? origin->text : "-", a.status, a.body);
	cr_expect(permitted || !response_header_value(&a, "Set-Cookie"), "%s sets a cookie", r->id);
}

/* All combinations that are permitted, or all that are not. Returns their number. */
static size_t
check_forgeries(const struct route *r, bool permitted)
{
	size_t n = 0;

	for (size_t s = 0; s < COUNT(sites); s++)
		for (size_t o = 0; o < COUNT(origins); o++)
			if (is_permitted(sites[s], &origins[o]) == permitted) {
				check_forgery(r, sites[s], &origins[o]);
				n++;
			}
	return n;
}

static size_t
check_unsafe_route(const struct route *r)
{
	struct arena *kept = t->arena;
	const char *before, *after;
	size_t n;

	t->arena = arena_new(64 << 20);
	before = all_rows();
	n = check_forgeries(r, false);
	after = all_rows();
	cr_expect_str_eq(before, after, "%s had an effect", r->id);
	n += check_forgeries(r, true);
	arena_free(t->arena);
	t->arena = kept;
	return n;
}

Test(browser_sessions, no_unsafe_route_can_be_forged)
{
	size_t n = 0;

	give_cookie(&ada, SECRET);
	for (const struct feature *const *f = test_app()->features; *f; f++)
		for (const struct route *r = (*f)->routes; r && r->method; r++)
			if (r->method != GET)
				n += check_unsafe_route(r);
	cr_assert_gt(n, 600);
}

Test(browser_sessions, a_star_permits_no_origin_to_use_the_cookie)
{
	static const char *const any[] = { "*", NULL };
	static const char *const sent[] = { "HTTP_ORIGIN=https://evil.example", "HTTP_ORIGIN=*" };
	struct test_response a;

	settings.cors_origins = any;
	give_cookie(&ada, SECRET);
	for (size_t i = 0; i < COUNT(sent); i++) {
		a = call(t, "PATCH", ME, .json = "{\"full_name\":\"X\"}",
			 .header = "HTTP_COOKIE=session=" SECRET, .header2 = sent[i]);
		expect_problem(&a, 403, "csrf_refused");
		cr_expect_null(response_header_value(&a, "Access-Control-Allow-Credentials"));
	}
}

Test(browser_sessions, other_sites_can_read_nothing)
{
	struct test_response a;

	give_cookie(&ada, SECRET);
	a = call(t, "GET", ME, .header = "HTTP_COOKIE=session=" SECRET,
		 .header2 = "HTTP_ORIGIN=https://evil.example");
	cr_expect_eq(a.status, 200);
	cr_expect_null(response_header_value(&a, "Access-Control-Allow-Origin"));
	a = call(t, "GET", ME, .header = "HTTP_COOKIE=session=" SECRET,
		 .header2 = "HTTP_ORIGIN=" LISTED);
	cr_expect_str_eq(response_header_value(&a, "Access-Control-Allow-Origin"), LISTED);
	cr_expect_str_eq(response_header_value(&a, "Access-Control-Allow-Credentials"), "true");
	a = call(t, "OPTIONS", ME, .header = "HTTP_ORIGIN=" LISTED,
		 .header2 = "HTTP_ACCESS_CONTROL_REQUEST_METHOD=PATCH");
	cr_expect_str_eq(response_header_value(&a, "Access-Control-Allow-Credentials"), "true");
	settings.auth_cookie = false;
	a = call(t, "GET", ME, .token = ada.token, .header = "HTTP_ORIGIN=" LISTED);
	cr_expect_str_eq(response_header_value(&a, "Access-Control-Allow-Origin"), LISTED);
	cr_expect_null(response_header_value(&a, "Access-Control-Allow-Credentials"));
}

Test(browser_sessions, other_credentials_take_precedence)
{
	struct account bob = make_user(t);
	struct test_response a;

	give_cookie(&ada, SECRET);
	a = call(t, "GET", ME, .token = bob.token, .header = "HTTP_COOKIE=session=" SECRET);
	cr_expect_str_eq(response_text(&a, "id"), bob.id);
	/* No cookie is used, so the origin does not matter. */
	a = call(t, "PATCH", ME, .token = bob.token, .header = "HTTP_COOKIE=session=" SECRET,
		 .header2 = "HTTP_ORIGIN=https://evil.example", .json = "{\"full_name\":\"Bob\"}");
	cr_expect_eq(a.status, 200);
	cr_expect_str_eq(response_text(&a, "id"), bob.id);
	/* A wrong credential is refused, and says nothing about the cookie. */
	a = call(t, "GET", ME, .token = "x", .header = "HTTP_COOKIE=session=" SECRET);
	expect_problem(&a, 401, "invalid_token");
	cr_expect_null(response_header_value(&a, "Set-Cookie"));
	a = call(t, "GET", ME, .header = "HTTP_X_API_KEY=x",
		 .header2 = "HTTP_COOKIE=session=" SECRET);
	expect_problem(&a, 401, "invalid_token");
	cr_expect_null(response_header_value(&a, "Set-Cookie"));
	/* Web servers may pass an absent header as an empty one. */
	a = call(t, "GET", ME,
		 .header = "HTTP_AUTHORIZATION=", .header2 = "HTTP_COOKIE=session=" SECRET);
	cr_expect_str_eq(response_text(&a, "id"), ada.id);
}

Test(browser_sessions, a_cookie_is_no_token_and_a_token_no_cookie)
{
	struct test_response a;

	give_cookie(&ada, SECRET);
	for (size_t i = 0; i < 3; i++) /* cached the third time */
		cr_expect_eq(ask("GET", ME, "session=" SECRET, NULL).status, 200);
	a = call(t, "GET", ME, .token = SECRET);
	expect_problem(&a, 401, "invalid_token");
	cr_expect_eq(call(t, "GET", ME, .token = ada.token).status, 200);
	a = ask("GET", ME, arena_printf(t->arena, "session=%s", ada.token), NULL);
	expect_problem(&a, 401, "invalid_token");
}

Test(browser_sessions, a_malformed_cookie_is_refused_and_cleared)
{
	static const char *const values[] = {
		"session=",
		"session=x",
		"session=" SECRET "x",
		"session=\"" SECRET "\"",
		"session=0123456789012345678901234567890123456789ab\r",
		"session=0123456789012345678901234567890123456789ab%",
		"session=" SECRET "; session=" SECRET,
		"session=" SECRET "; a=b; session=x",
		"session=" SECRET ", session=" SECRET,
		"session==" SECRET,
	};

	give_cookie(&ada, SECRET);
	for (size_t i = 0; i < COUNT(values); i++)
		expect_ended(values[i]);
	expect_ended(arena_printf(t->arena, "session=%0*d", 7000, 1));
}

Test(browser_sessions, the_cookie_is_found_among_others)
{
	static const char *const found[] = {
		"a=b; session=" SECRET,
		"session=" SECRET "; a=b",
		"session=" SECRET ";a=session=x;;",
		"Session=x; xsession=x; session2=x; session=" SECRET,
	};
	static const char *const absent[] = {
		"",
		";",
		"session",
		"SESSION=" SECRET,
		"session =" SECRET,
		"a=session=" SECRET,
		"__Host-session=" SECRET,
	};

	give_cookie(&ada, SECRET);
	for (size_t i = 0; i < COUNT(found); i++)
		cr_expect_eq(ask("GET", ME, found[i], NULL).status, 200, "%s", found[i]);
	for (size_t i = 0; i < COUNT(absent); i++) {
		struct test_response a = ask("GET", ME, absent[i], NULL);

		expect_problem(&a, 401, "unauthenticated");
	}
}

Test(browser_sessions, logout_needs_no_body_and_clears_the_cookie)
{
	struct test_response a = sign_in();
	const char *cookie = cookie_of(&a);

	a = ask("POST", P "/auth/logout", cookie, NULL);
	cr_expect_eq(a.status, 204);
	cr_expect(clears(&a));
	expect_ended(cookie);
	a = ask("POST", P "/auth/logout", cookie, NULL);
	cr_expect_eq(a.status, 204);
	cr_expect(clears(&a));
	a = call(t, "POST", P "/auth/logout");
	expect_problem(&a, 400, "malformed_json");
	cr_expect_eq(call(t, "GET", ME, .token = ada.token).status, 200);
}

Test(browser_sessions, what_ends_a_session_clears_its_cookie)
{
	static const char *const fates[] = {
		"UPDATE sessions SET ended_at = now()",
		"UPDATE sessions SET expires_at = now()",
		"DELETE FROM sessions",
		"UPDATE users SET is_active = false",
	};

	settings.session_cache_seconds = 0;
	for (size_t i = 0; i < COUNT(fates); i++) {
		struct test_response a = sign_in();

		testdb_sql("%s", fates[i]);
		expect_ended(cookie_of(&a));
	}
}

Test(browser_sessions, it_is_a_session_like_any_other)
{
	struct account owner = make_user(t, .role = "owner");
	struct test_response a = sign_in();
	const char *cookie = cookie_of(&a);
	const char *id = testdb_sql("SELECT id FROM sessions WHERE cookie_hash IS NOT NULL");

	a = ask("GET", P "/auth/sessions", cookie, NULL);
	cr_expect_str_eq(response_text(&a, "items.0.id"), id);
	cr_expect(response_bool(&a, "items.0.current"));
	a = ask("GET", P "/auth/check", cookie, NULL);
	cr_expect_eq(a.status, 204);
	cr_expect_str_eq(response_header_value(&a, "X-User-Id"), ada.id);
	cr_expect_str_eq(response_header_value(&a, "X-Session-Id"), id);
	/* It ends in use, and with a new role. */
	a = call(t, "DELETE", arena_printf(t->arena, P "/auth/sessions/%s", id),
		 .token = ada.token);
	cr_expect_eq(a.status, 204);
	expect_ended(cookie);
	a = sign_in();
	cookie = cookie_of(&a);
	a = call(t, "PATCH", arena_printf(t->arena, P "/users/%s", ada.id), .token = owner.token,
		 .json = "{\"role\":\"viewer\"}");
	cr_expect_eq(a.status, 200);
	expect_ended(cookie);
}

Test(browser_sessions, an_idle_session_ends)
{
	struct test_response a;
	const char *cookie;

	browser_sessions_settings.idle_minutes = 20;
	a = sign_in();
	cookie = cookie_of(&a);
	cr_expect_str_eq(testdb_sql("SELECT round(extract(epoch FROM expires_at - now()) / 60)"
				    " FROM sessions WHERE cookie_hash IS NOT NULL"),
			 "20");
	/* A use moves the end, but never beyond SESSION_MAX_DAYS. */
	testdb_sql("UPDATE sessions SET expires_at = now() + interval '5 minutes',"
		   " last_used_at = now() - interval '15 minutes'");
	cr_expect_eq(ask("GET", ME, cookie, NULL).status, 200);
	cr_expect_str_eq(testdb_sql("SELECT round(extract(epoch FROM expires_at - now()) / 60)"
				    " FROM sessions WHERE cookie_hash IS NOT NULL"),
			 "20");
	settings.session_cache_seconds = 0;
	testdb_sql("UPDATE sessions SET expires_at = now()");
	expect_ended(cookie);
}

Test(browser_sessions, a_use_never_extends_a_session_beyond_its_days)
{
	struct test_response a = sign_in();
	const char *cookie = cookie_of(&a);

	testdb_sql("UPDATE sessions SET created_at = now() - interval '179 days',"
		   " last_used_at = now() - interval '15 minutes'");
	cr_expect_eq(ask("GET", ME, cookie, NULL).status, 200);
	cr_expect_str_eq(testdb_sql("SELECT round(extract(epoch FROM expires_at - now()) / 3600)"
				    " FROM sessions WHERE cookie_hash IS NOT NULL"),
			 "24");
}

/* An attacker who planted a cookie does not know the one after the sign-in. */
Test(browser_sessions, a_planted_cookie_is_not_adopted)
{
	struct test_response a = sign_in_with("HTTP_COOKIE=session=" SECRET, NULL);

	cr_assert_eq(a.status, 200);
	cr_expect_str_neq(cookie_of(&a), "session=" SECRET);
	expect_ended("session=" SECRET);
}

static const char *
expect_replaced(struct test_response a, const char *old)
{
	const char *cookie;

	cr_assert_eq(a.status, 204, "%s", a.body);
	cookie = cookie_of(&a);
	cr_expect_str_neq(cookie, old);
	cr_expect_eq(ask("GET", ME, cookie, NULL).status, 200);
	return cookie;
}

Test(browser_sessions, a_privilege_change_replaces_the_cookie)
{
	struct test_response a = sign_in();
	const char *first = cookie_of(&a), *second, *third;

	sessions_settings.reuse_grace_seconds = 0;
	for (size_t i = 0; i < 3; i++)
		cr_expect_eq(ask("GET", ME, first, NULL).status, 200);
	second = expect_replaced(ask("POST", P "/auth/confirm", first,
				     "{\"password\":\"correct horse battery staple\"}"),
				 first);
	expect_ended(first);
	third = expect_replaced(ask("POST", ME "/change-password", second,
				    "{\"current_password\":\"correct horse battery staple\","
				    "\"new_password\":\"staple battery horse\"}"),
				second);
	expect_ended(second);
	cr_expect_eq(ask("GET", ME, third, NULL).status, 200);
	a = ask("POST", P "/auth/confirm", third, "{\"password\":\"wrong\"}");
	expect_problem(&a, 401, "invalid_credentials");
	cr_expect_null(response_header_value(&a, "Set-Cookie"));
}

/* Another tab may have sent a request before it got the new cookie. */
Test(browser_sessions, a_replaced_cookie_is_valid_for_seconds_but_not_fresh)
{
	struct test_response a = sign_in();
	const char *first = cookie_of(&a);

	a = ask("POST", P "/auth/confirm", first,
		"{\"password\":\"correct horse battery staple\"}");
	cr_assert_eq(a.status, 204);
	for (size_t i = 0; i < 3; i++)
		cr_expect_eq(ask("GET", ME, first, NULL).status, 200);
	a = ask("DELETE", ME, first, NULL);
	expect_problem(&a, 401, "confirmation_required");
	testdb_sql("UPDATE sessions SET cookie_changed_at = now() - interval '11 seconds'");
	expect_ended(first);
}

Test(browser_sessions, a_cookie_can_be_made_fresh)
{
	struct test_response a = sign_in();
	const char *cookie = cookie_of(&a);

	testdb_sql("UPDATE sessions SET confirmed_at = now() - interval '1 hour'");
	a = ask("DELETE", ME, cookie, NULL);
	expect_problem(&a, 401, "confirmation_required");
	cr_expect_null(response_header_value(&a, "Set-Cookie"));
	cookie = expect_replaced(ask("POST", P "/auth/confirm", cookie,
				     "{\"password\":\"correct horse battery staple\"}"),
				 cookie);
	cr_expect_eq(ask("DELETE", ME, cookie, NULL).status, 204);
	expect_ended(cookie);
}

/* A form of another site cannot sign the browser in to an account of the attacker. */
Test(browser_sessions, a_form_cannot_ask_for_a_cookie)
{
	struct test_response a = call(t, "POST", LOGIN,
				      .form = "username=user-1%40example.com&password="
					      "correct+horse+battery+staple&cookie=true");

	expect_fields(&a, "body cookie unknown_field");
	cr_expect_null(response_header_value(&a, "Set-Cookie"));
}

Test(browser_sessions, a_wrong_password_sets_no_cookie)
{
	struct test_response a = call(t, "POST", LOGIN, .header = SAME,
				      .json = "{\"email\":\"user-1@example.com\","
					      "\"password\":\"wrong\",\"cookie\":true}");

	expect_problem(&a, 401, "invalid_credentials");
	cr_expect_null(response_header_value(&a, "Set-Cookie"));
}

Test(browser_sessions, openapi_documents_the_cookie_only_if_it_is_on)
{
	size_t len;

	cr_expect_neq(
	    strstr(openapi_document(test_app(), &len), "\"cookieAuth\":{\"type\":\"apiKey\""),
	    NULL);
}

Test(browser_sessions, openapi_says_nothing_if_it_is_off)
{
	size_t len;

	settings.auth_cookie = false;
	cr_expect_eq(strstr(openapi_document(test_app(), &len), "ookie"), NULL);
}
