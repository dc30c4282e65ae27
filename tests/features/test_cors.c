/* CORS: allowed origins and exposed headers. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/test_app.h"
#include "support/testdb.h"

#include "app/feature.h"
#include "app/settings.h"

#define GIZMOS "/api/v1/gizmos"
#define APP    "https://app.example.com"
#define ORIGIN "HTTP_ORIGIN=" APP

static struct test *t;
static struct account ada;

static const char *const listed[] = { "http://localhost:3000", APP, NULL };
static const char *const any[] = { "*", NULL };

static void
begin(void)
{
	t = test_begin();
	ada = make_user(t);
	settings.cors_origins = listed;
}

TestSuite(cors, .init = begin, .fini = test_end);

static void
expect_header(const struct test_response *a, const char *name, const char *value)
{
	const char *is = response_header_value(a, name);

	cr_expect(is == value || (is && value && strcmp(is, value) == 0), "%s is %s, not %s", name,
		  is ? is : "missing", value ? value : "missing");
}

static void
expect_no_cors(const struct test_response *a)
{
	for (size_t i = 0; i < a->nheaders; i++)
		cr_expect_neq(strncmp(a->headers[i].name, "Access-Control-", 15), 0, "%s: %s",
			      a->headers[i].name, a->headers[i].value);
}

/* Whether the comma-separated list contains the word. */
static bool
lists(const struct test_response *a, const char *name, const char *word)
{
	const char *list = response_header_value(a, name);

	return list &&
	       strstr(arena_printf(t->arena, ", %s,", list), arena_printf(t->arena, ", %s,", word));
}

/* Without cookies, there are no credentials that a browser could add. test_browser_sessions.c tests
 * the other case. */
static const char *
credentials(void)
{
	return cookie_sessions(test_app()) ? "true" : NULL;
}

static struct test_response
preflight(const char *path, const char *origin, const char *method)
{
	return call(t, "OPTIONS", path, .header = arena_printf(t->arena, "HTTP_ORIGIN=%s", origin),
		    .header2 =
			arena_printf(t->arena, "HTTP_ACCESS_CONTROL_REQUEST_METHOD=%s", method),
		    .header3 = "HTTP_ACCESS_CONTROL_REQUEST_HEADERS=authorization,content-type");
}

Test(cors, no_origin_is_allowed_by_default)
{
	static const char *const none[] = { NULL };
	struct test_response a;

	settings.cors_origins = none;
	a = call(t, "GET", GIZMOS, .token = ada.token, .header = ORIGIN);
	cr_expect_eq(a.status, 200);
	expect_no_cors(&a);
	expect_header(&a, "Vary", NULL);
	a = preflight(GIZMOS, APP, "POST");
	cr_expect_eq(a.status, 204);
	expect_no_cors(&a);
}

Test(cors, a_listed_origin_is_echoed)
{
	static const char *const seen[] = {
		"ETag",         "Link", "Location", "Retry-After", "RateLimit", "RateLimit-Policy",
		"X-Request-ID",
	};

	for (size_t i = 0; listed[i]; i++) {
		struct test_response a =
		    call(t, "GET", GIZMOS, .token = ada.token,
			 .header = arena_printf(t->arena, "HTTP_ORIGIN=%s", listed[i]));

		cr_expect_eq(a.status, 200);
		expect_header(&a, "Access-Control-Allow-Origin", listed[i]);
		expect_header(&a, "Access-Control-Allow-Credentials", credentials());
		expect_header(&a, "Vary", "Origin");
		expect_header(&a, "Access-Control-Allow-Methods", NULL);
		for (size_t k = 0; k < COUNT(seen); k++)
			cr_expect(lists(&a, "Access-Control-Expose-Headers", seen[k]), "%s",
				  seen[k]);
	}
}

Test(cors, another_origin_is_not_allowed)
{
	static const char *const others[] = {
		"http://app.example.com",
		"https://app.example.com:8443",
		"https://app.example.co",
		"https://app.example.com.evil.example",
		"https://evil.example",
		"null",
		"*",
		"",
		"HTTPS://APP.EXAMPLE.COM",
		"https://app.example.com/",
		"http://localhost:30000",
	};

	for (size_t i = 0; i < COUNT(others); i++) {
		struct test_response a =
		    call(t, "GET", GIZMOS, .token = ada.token,
			 .header = arena_printf(t->arena, "HTTP_ORIGIN=%s", others[i]));

		cr_expect_eq(a.status, 200);
		expect_no_cors(&a);
		expect_header(&a, "Vary", "Origin");
		a = preflight(GIZMOS, others[i], "POST");
		cr_expect_eq(a.status, 204);
		expect_no_cors(&a);
	}
}

Test(cors, without_an_origin_the_response_still_varies)
{
	struct test_response a = call(t, "GET", "/health/live");

	expect_no_cors(&a);
	expect_header(&a, "Vary", "Origin");
}

Test(cors, a_star_allows_all_origins_without_credentials)
{
	struct test_response a;

	settings.cors_origins = any;
	a = call(t, "GET", GIZMOS, .token = ada.token, .header = ORIGIN);
	expect_header(&a, "Access-Control-Allow-Origin", "*");
	expect_header(&a, "Access-Control-Allow-Credentials", NULL);
	expect_header(&a, "Vary", "Origin");
	a = preflight(GIZMOS, "null", "GET");
	expect_header(&a, "Access-Control-Allow-Origin", "*");
	expect_header(&a, "Access-Control-Allow-Credentials", NULL);
	cr_expect(lists(&a, "Access-Control-Allow-Methods", "GET"));
}

Test(cors, a_preflight_needs_no_credentials)
{
	static const char *const headers[] = {
		"Authorization", "Content-Type",    "If-Match",     "If-None-Match",
		"X-API-Key",     "Idempotency-Key", "X-Request-ID", "traceparent",
	};
	struct test_response a = preflight(GIZMOS, APP, "POST");

	cr_expect_eq(a.status, 204);
	cr_expect_eq(a.len, 0);
	expect_header(&a, "Access-Control-Allow-Origin", APP);
	expect_header(&a, "Access-Control-Allow-Credentials", credentials());
	expect_header(&a, "Access-Control-Allow-Methods", "GET, POST, HEAD, OPTIONS");
	expect_header(&a, "Access-Control-Max-Age", "7200");
	expect_header(&a, "Vary", "Origin");
	for (size_t i = 0; i < COUNT(headers); i++)
		cr_expect(lists(&a, "Access-Control-Allow-Headers", headers[i]), "%s", headers[i]);
	a = preflight(GIZMOS "/0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10", APP, "PATCH");
	expect_header(&a, "Access-Control-Allow-Methods", "GET, PUT, PATCH, DELETE, HEAD, OPTIONS");
	a = preflight("/api/v1/users", "null", "POST");
	cr_expect_eq(a.status, 204);
}

Test(cors, options_without_a_request_method_is_not_a_preflight)
{
	struct test_response a = call(t, "OPTIONS", GIZMOS, .header = ORIGIN);

	cr_expect_eq(a.status, 204);
	expect_header(&a, "Access-Control-Allow-Origin", APP);
	expect_header(&a, "Access-Control-Allow-Methods", NULL);
}

/* Pages must be able to read errors. */
Test(cors, errors_have_the_headers)
{
	struct test_response responses[] = {
		call(t, "GET", GIZMOS, .header = ORIGIN),
		call(t, "GET", "/nowhere", .header = ORIGIN),
		call(t, "PUT", GIZMOS, .header = ORIGIN),
		call(t, "GET", GIZMOS "/..", .header = ORIGIN),
		call(t, "POST", GIZMOS, .token = ada.token, .json = "{", .header = ORIGIN),
		call(t, "POST", GIZMOS, .token = ada.token, .json = "{}", .header = ORIGIN),
		call(t, "POST", GIZMOS, .token = ada.token, .too_large = true, .header = ORIGIN),
	};
	static const unsigned statuses[] = { 401, 404, 405, 400, 400, 422, 413 };

	for (size_t i = 0; i < COUNT(responses); i++) {
		cr_expect_eq(responses[i].status, statuses[i], "%s", responses[i].body);
		expect_header(&responses[i], "Access-Control-Allow-Origin", APP);
		expect_header(&responses[i], "Vary", "Origin");
		cr_expect(lists(&responses[i], "Access-Control-Expose-Headers", "X-Request-ID"));
	}
}
