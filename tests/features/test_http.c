/* Rules for all routes: paths, methods, bodies, types, ids, errors, access. Follows doc/API.md,
 * with gizmos (support/gizmos.c) as the resource. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/make_gizmo.h"
#include "support/test_app.h"
#include "support/testdb.h"

#include "app/feature.h"
#include "app/settings.h"

TEST_SUITE(http);

#define GIZMOS "/api/v1/gizmos"
#define ID     "0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10"

/* ---- paths */

struct path_case {
	const char *uri;
	unsigned status;
};

static void
expect_paths(const struct path_case *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct test_response a = call(t, "GET", rows[i].uri);

		cr_expect_eq(a.status, rows[i].status, "%s: %u %s", rows[i].uri, a.status, a.body);
		if (rows[i].status == 400)
			expect_problem(&a, 400, "bad_request");
		if (rows[i].status == 404)
			expect_problem(&a, 404, "not_found");
	}
}

Test(http, valid_paths)
{
	static const struct path_case rows[] = {
		{ "/health/live", 200 },
		{ "/health/live/", 200 },
		{ "/health/", 200 },
		{ "/health?", 200 },
		{ "/he%61lth", 200 },
		{ "/%68%65%61%6c%74%68/%6C%69%76%65", 200 },
		{ "http://example.com/health/live", 200 },
		{ "HTTPS://EXAMPLE.COM:8443/health/live", 200 },
		{ "http://[::1]:8000/health/live/", 200 },
	};

	expect_paths(rows, COUNT(rows));
}

Test(http, unknown_paths)
{
	static const struct path_case rows[] = {
		{ "/", 404 },
		{ "/nowhere", 404 },
		{ "/Health", 404 },
		{ "/healt", 404 },
		{ "/healthy", 404 },
		{ "/health/liv", 404 },
		{ "/health/live/x", 404 },
		{ "/health%2Flive", 404 },
		{ "/health%2flive", 404 },
		{ "/health%252Flive", 404 },
		{ "/health;v=1", 404 },
		{ "/health&x", 404 },
		{ "/health+live", 404 },
		{ "/health%20", 404 },
		{ "/...", 404 },
		{ "/.well-known", 404 },
		{ "/.health", 404 },
		{ "/%252e%252e", 404 },
		{ "/%c3%a9", 404 },
		{ "/\xc3\xa9", 404 },
		{ "/health/%E2%82%AC", 404 },
		{ "/api", 404 },
		{ "/api/v1", 404 },
		{ "/api/v1/", 404 },
		{ "/api/v2/gizmos", 404 },
		{ "/gizmos", 404 },
		{ "/api/v1/api/v1/gizmos", 404 },
		{ "/{id}", 404 },
		{ "/api/v1/gizmos/{id}", 404 },
		{ "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z/1/2/3/4/5/6/7/8/9", 404 },
	};

	expect_paths(rows, COUNT(rows));
}

Test(http, malformed_paths)
{
	static const struct path_case rows[] = {
		{ "", 400 },
		{ "health", 400 },
		{ "?x=://h/health/live", 400 },
		{ "x?y=http://h/health/live", 400 },
		{ "/%", 400 },
		{ "/%2", 400 },
		{ "/health/%", 400 },
		{ "/health/live%", 400 },
		{ "/health/live%6", 400 },
		{ "/%zz", 400 },
		{ "/%0g", 400 },
		{ "/%%61", 400 },
		{ "/% 61", 400 },
		{ "/%+1", 400 },
		{ "/%00", 400 },
		{ "/health%00", 400 },
		{ "/health/live%00.json", 400 },
		{ "/%01", 400 },
		{ "/health%0a", 400 },
		{ "/health%0D%0Ax", 400 },
		{ "/health%7f", 400 },
		{ "/health%1F", 400 },
		{ "/health\x01", 400 },
		{ "/health\t", 400 },
		{ "/health\x7f", 400 },
		{ "/%ff", 400 },
		{ "/\xff", 400 },
		{ "/%c3", 400 },
		{ "/%c3/%a9", 400 },
		{ "/%c0%af", 400 },
		{ "/%ed%a0%80", 400 },
		{ "/%f4%90%80%80", 400 },
		{ "/.", 400 },
		{ "/..", 400 },
		{ "/./health", 400 },
		{ "/../health", 400 },
		{ "/health/.", 400 },
		{ "/health/..", 400 },
		{ "/health/../health", 400 },
		{ "/health/./live", 400 },
		{ "/%2e", 400 },
		{ "/%2E%2e", 400 },
		{ "/.%2e/health", 400 },
		{ "/health/%2e%2e/", 400 },
		{ "//", 400 },
		{ "//health", 400 },
		{ "/health//", 400 },
		{ "/health//live", 400 },
		{ "/api//v1/gizmos", 400 },
		{ "http://example.com//health", 400 },
		{ "http://example.com/../health", 400 },
	};

	expect_paths(rows, COUNT(rows));
}

Test(http, a_malformed_query_is_400)
{
	static const struct path_case rows[] = {
		{ "/health?x=%zz", 400 }, { "/health?x=%", 400 },      { "/health?%f=1", 400 },
		{ "/health?x=%00", 400 }, { "/health?x=%ff", 400 },    { "/health?x=\xff", 400 },
		{ "/health?%00", 400 },   { "/health?a&&b=&=c", 200 },
	};

	expect_paths(rows, COUNT(rows));
}

Test(http, a_long_uri)
{
	char *uri = arena_alloc(t->arena, 70000);
	struct test_response a;

	memset(uri, 'x', 69999);
	uri[0] = '/';
	a = call(t, "GET", uri);
	expect_problem(&a, 404, "not_found");
	memset(uri, '/', 69999);
	a = call(t, "GET", uri);
	expect_problem(&a, 400, "bad_request");
}

Test(http, trailing_slashes_are_served_without_a_redirect)
{
	struct account user = make_user(t);
	const char *id = make_gizmo(t, &user);
	struct test_response a;

	a = call(t, "GET", GIZMOS "/", .token = user.token);
	cr_expect_eq(a.status, 200);
	a = call(t, "POST", GIZMOS "/", .token = user.token, .json = "{\"title\":\"Lamp\"}");
	cr_expect_eq(a.status, 201);
	cr_expect_eq(strncmp(response_header_value(&a, "Location"), GIZMOS "/0", 15), 0, "%s",
		     response_header_value(&a, "Location"));
	a = call(t, "GET", arena_printf(t->arena, GIZMOS "/%s/", id), .token = user.token);
	cr_expect_eq(a.status, 200);
}

Test(http, malformed_ids_are_not_found)
{
	static const char *const ids[] = {
		"1",
		"me",
		"0",
		"-1",
		"null",
		"0193a5b0",
		"0193a5b07a3e7c529d1f2b8c4e6f8a10",
		"{" ID "}",
		ID "0",
		"0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a1g",
		"0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a1%27",
		"%20" ID,
		ID "%20",
		ID,
		"0193A5B0-7A3E-7C52-9D1F-2B8C4E6F8A10",
		"00000000-0000-0000-0000-000000000000",
	};
	static const char *const methods[] = { "GET", "HEAD", "PATCH", "PUT", "DELETE" };
	struct account user = make_user(t);

	for (size_t i = 0; i < COUNT(ids); i++) {
		for (size_t m = 0; m < COUNT(methods); m++) {
			bool body = methods[m][0] == 'P';
			struct test_response a =
			    call(t, methods[m], arena_printf(t->arena, GIZMOS "/%s", ids[i]),
				 .token = user.token, .json = body ? "{\"title\":\"x\"}" : NULL);

			cr_expect_eq(a.status, 404, "%s %s: %u", methods[m], ids[i], a.status);
		}
	}
}

/* ---- methods */

static void
each_route(void (*look)(const struct route *, const char *path))
{
	size_t n = 0;

	for (const struct feature *const *f = test_app()->features; *f; f++) {
		for (const struct route *r = (*f)->routes; r && r->method; r++, n++)
			look(r, route_uri(t, r, ID));
	}
	cr_assert_gt(n, 10);
}

static void
refuse_unknown_methods(const struct route *r UNUSED, const char *path)
{
	static const char *const methods[] = { "TRACE", "CONNECT", "BREW", "get",
					       "Get",   "GETX",    "",     "PROPFIND" };

	for (size_t i = 0; i < COUNT(methods); i++) {
		struct test_response a = call(t, methods[i], path);

		expect_problem(&a, 405, "method_not_allowed");
	}
}

Test(http, unknown_methods_are_405_everywhere)
{
	each_route(refuse_unknown_methods);
}

static void
ask_for_options(const struct route *r, const char *path)
{
	struct test_response a = call(t, "OPTIONS", path);
	const char *allow = response_header_value(&a, "Allow");

	cr_assert_eq(a.status, 204, "%s: %u", path, a.status);
	cr_assert_not_null(allow);
	cr_expect_not_null(strstr(allow, method_name(r->method)), "%s: %s", path, allow);
}

Test(http, options_lists_the_methods_without_a_token)
{
	each_route(ask_for_options);
}

static void
expect_words(const char *allow, const char *const *words, size_t n)
{
	size_t commas = 0;

	cr_assert_not_null(allow);
	for (const char *at = allow; *at; at++)
		commas += *at == ',';
	cr_expect_eq(commas + 1, n, "%s", allow);
	for (size_t i = 0; i < n; i++)
		cr_expect_not_null(strstr(allow, words[i]), "%s is not in %s", words[i], allow);
}

Test(http, allow_is_complete)
{
	static const char *const list[] = { "GET", "POST", "HEAD", "OPTIONS" };
	static const char *const row[] = { "GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS" };
	static const char *const login[] = { "POST", "OPTIONS" };
	struct test_response a;

	a = call(t, "OPTIONS", GIZMOS);
	expect_words(response_header_value(&a, "Allow"), list, COUNT(list));
	a = call(t, "DELETE", GIZMOS);
	expect_problem(&a, 405, "method_not_allowed");
	expect_words(response_header_value(&a, "Allow"), list, COUNT(list));
	a = call(t, "OPTIONS", GIZMOS "/" ID);
	expect_words(response_header_value(&a, "Allow"), row, COUNT(row));
	a = call(t, "POST", GIZMOS "/" ID);
	expect_problem(&a, 405, "method_not_allowed");
	expect_words(response_header_value(&a, "Allow"), row, COUNT(row));
	a = call(t, "HEAD", "/api/v1/auth/login");
	cr_expect_eq(a.status, 405);
	expect_words(response_header_value(&a, "Allow"), login, COUNT(login));
}

Test(http, options_of_an_unknown_path_is_404)
{
	struct test_response a;

	a = call(t, "OPTIONS", "/nowhere");
	expect_problem(&a, 404, "not_found");
	a = call(t, "OPTIONS", GIZMOS "/1");
	expect_problem(&a, 404, "not_found");
	a = call(t, "TRACE", "/nowhere");
	expect_problem(&a, 404, "not_found");
}

Test(http, head_is_get_without_the_body)
{
	struct account user = make_user(t);
	const char *path = arena_printf(t->arena, GIZMOS "/%s", make_gizmo(t, &user));
	const char *const uris[] = { "/health/live", "/openapi.json", GIZMOS, GIZMOS "/my", path };

	for (size_t i = 0; i < COUNT(uris); i++) {
		struct test_response get = call(t, "GET", uris[i], .token = user.token);
		struct test_response head = call(t, "HEAD", uris[i], .token = user.token);

		cr_expect_eq(get.status, 200);
		cr_expect_eq(head.status, 200);
		cr_expect_eq(head.len, get.len, "%s", uris[i]);
		cr_expect_str_eq(head.media_type, get.media_type);
		cr_expect_eq(head.nheaders, get.nheaders);
		cr_expect_str_eq(head.body, "");
	}
}

/* ---- request ids */

static const char *
id_for(const char *variable)
{
	struct test_response a = call(t, "GET", "/health/live", .header = variable);

	return response_header_value(&a, "X-Request-ID");
}

Test(http, a_valid_request_id_is_kept)
{
	static const char *const ids[] = {
		"abcdefgh",
		"ABC-def_0.9",
		"........",
		"0123456789012345678901234567890123456789012345678901234567890123",
	};

	for (size_t i = 0; i < COUNT(ids); i++)
		cr_expect_str_eq(id_for(arena_printf(t->arena, "HTTP_X_REQUEST_ID=%s", ids[i])),
				 ids[i]);
}

Test(http, an_invalid_request_id_is_replaced)
{
	static const char *const ids[] = {
		"",
		"1234567",
		"01234567890123456789012345678901234567890123456789012345678901234",
		"1234 5678",
		"12345678\r\nX-Evil: 1",
		"12345678\"",
		"12345678\xc3\xa9",
		"<script>alert",
		"12345678,87654321",
	};

	for (size_t i = 0; i < COUNT(ids); i++)
		cr_expect_str_neq(id_for(arena_printf(t->arena, "HTTP_X_REQUEST_ID=%s", ids[i])),
				  ids[i]);
}

Test(http, generated_request_ids_differ)
{
	cr_expect_str_neq(id_for(NULL), id_for(NULL));
}

Test(http, errors_contain_the_request_id)
{
	struct test_response a =
	    call(t, "GET", "/nowhere", .header = "HTTP_X_REQUEST_ID=my-request-1");

	cr_expect_str_eq(response_text(&a, "request_id"), "my-request-1");
}

/* ---- bodies */

static void
expect_body(const struct account *user, const char *body, size_t len, unsigned status)
{
	struct test_response a = call(t, "POST", GIZMOS, .token = user->token, .body = body,
				      .len = len, .type = "application/json");

	expect_problem(&a, status, status == 400 ? "malformed_json" : "validation_error");
	if (a.status != status)
		cr_log_error("for the body %s", body);
}

Test(http, bodies_that_are_not_json)
{
	static const char *const bodies[] = {
		"",
		" ",
		"\n\t ",
		"{",
		"}",
		"{\"title\":\"x\"",
		"{\"title\":\"x}",
		"{\"title\":}",
		"{\"title\"}",
		"{\"title\" \"x\"}",
		"{\"title\":\"x\",}",
		"{,}",
		"{title:\"x\"}",
		"{'title':'x'}",
		"{\"title\":'x'}",
		"{\"title\":\"x\"} x",
		"{\"title\":\"x\"}{}",
		"{\"title\":\"x\"},",
		"{\"title\":\"x\"}\x01",
		"[{\"title\":\"x\"}",
		"title=x",
		"/* no */ {\"title\":\"x\"}",
		"{\"title\":\"x\"} // no",
		"{\"title\":undefined}",
		"{\"title\":NaN}",
		"{\"title\":Infinity}",
		"{\"title\":-Infinity}",
		"{\"title\":nul}",
		"{\"title\":True}",
		"{\"title\":01}",
		"{\"title\":1.}",
		"{\"title\":.5}",
		"{\"title\":+1}",
		"{\"title\":0x10}",
		"{\"title\":1e}",
		"{\"title\":\"a\nb\"}",
		"{\"title\":\"a\tb\"}",
		"{\"title\":\"\\x41\"}",
		"{\"title\":\"\\u12\"}",
		"{\"title\":\"\\\"}",
		"{\"title\":\"\\ud800\"}",
		"{\"title\":\"\\udc00\\ud800\"}",
		"{\"title\":\"\\u0000\"}",
		"{\"title\":\"a\\u0000b\"}",
		"{\"ti\\u0000tle\":\"x\"}",
		"{\"title\":\"x\",\"title\":\"y\"}",
		"{\"title\":\"x\",\"status\":\"draft\",\"title\":\"x\"}",
		"{\"title\":\"x\",\"\\u0074itle\":\"x\"}",
		"{\"title\":\"x\",\"t\\u0069\\u0074le\":\"x\"}",
		"{\"title\":\"x\",\"a\":{\"b\":1,\"b\":2}}",
		"{\"title\":\"x\",\"a\":[{\"b\":1,\"\\u0062\":2}]}",
		"{\"title\":\"\xff\"}",
		"{\"title\":\"\xc3\"}",
		"{\"title\":\"\xc0\xaf\"}",
		"{\"title\":\"\xed\xa0\x80\"}",
		"{\"title\":\"\xf4\x90\x80\x80\"}",
		"{\"\xff\":1}",
		"\xef\xbb\xbf{\"title\":\"x\"}",
		"\xff\xfe{\0}\0",
	};
	struct account user = make_user(t);

	for (size_t i = 0; i < COUNT(bodies); i++)
		expect_body(&user, bodies[i], 0, 400);
}

Test(http, bodies_with_a_nul)
{
	struct account user = make_user(t);

	expect_body(&user, "{\"title\":\"a\0b\"}", 15, 400);
	expect_body(&user, "{\"title\":\"x\"}\0", 14, 400);
	expect_body(&user, "{\"title\":\"x\"}\0{}", 16, 400);
	expect_body(&user, "\0", 1, 400);
	expect_body(&user, "{\"title\0\":\"x\"}", 14, 400);
}

Test(http, bodies_cut_off_at_every_byte)
{
	static const char body[] = "{\"title\":\"L\\u00e4mp\xc3\xa9\",\"description\":null}";
	struct account user = make_user(t);
	struct test_response a;

	for (size_t len = 1; len < sizeof(body) - 1; len++)
		expect_body(&user, body, len, 400);
	a = call(t, "POST", GIZMOS, .token = user.token, .json = body);
	cr_expect_eq(a.status, 201, "%s", a.body);
}

/* {"x":[[…]]}, `levels` deep. */
static const char *
nested(size_t levels, char open, char close)
{
	struct buf b = buf_new(t->arena, 1 << 20);

	buf_text(&b, "{\"x\":");
	for (size_t i = 1; i < levels; i++) {
		buf_char(&b, open);
		if (open == '{' && i + 1 < levels)
			buf_text(&b, "\"x\":");
	}
	for (size_t i = 1; i < levels; i++)
		buf_char(&b, close);
	buf_char(&b, '}');
	return buf_done(&b);
}

Test(http, bodies_may_be_32_levels_deep)
{
	struct account user = make_user(t);

	expect_body(&user, nested(31, '[', ']'), 0, 422);
	expect_body(&user, nested(32, '[', ']'), 0, 422);
	expect_body(&user, nested(33, '[', ']'), 0, 400);
	expect_body(&user, nested(32, '{', '}'), 0, 422);
	expect_body(&user, nested(33, '{', '}'), 0, 400);
	expect_body(&user, nested(100000, '[', ']'), 0, 400);
	expect_body(&user, nested(100000, '{', '}'), 0, 400);
}

Test(http, json_that_is_not_an_object)
{
	static const char *const bodies[] = {
		"[]", "[{\"title\":\"x\"}]", "\"title\"", "1", "-1.5e3", "null", "true", "false",
	};
	static const char *const methods[] = { "POST", "PUT", "PATCH" };
	struct account user = make_user(t);
	const char *path = arena_printf(t->arena, GIZMOS "/%s", make_gizmo(t, &user));

	for (size_t i = 0; i < COUNT(bodies); i++) {
		for (size_t m = 0; m < COUNT(methods); m++) {
			struct test_response a = call(t, methods[m], m ? path : GIZMOS,
						      .token = user.token, .json = bodies[i]);

			expect_problem(&a, 422, "validation_error");
		}
	}
}

Test(http, an_unknown_member)
{
	struct account user = make_user(t);
	struct test_response a;

	a = call(t, "POST", GIZMOS, .token = user.token, .json = "{\"title\":\"x\",\"colour\":1}");
	expect_fields(&a, "body colour unknown_field");
	a = call(t, "POST", GIZMOS, .token = user.token, .json = "{\"title\":\"x\",\"\":1}");
	expect_fields(&a, "body  unknown_field");
	a = call(t, "POST", GIZMOS, .token = user.token, .json = "{\"Title\":\"x\"}");
	expect_fields(&a, "body Title unknown_field", "body title required");
	a = call(t, "POST", GIZMOS, .token = user.token,
		 .json = "{\"title\":\"x\",\"\\u00e4\\n\\\"\":null}");
	expect_fields(&a, "body \xc3\xa4\n\" unknown_field");
}

Test(http, reports_all_invalid_fields)
{
	struct account user = make_user(t);
	struct test_response a =
	    call(t, "POST", GIZMOS, .token = user.token,
		 .json = "{\"title\":\"\",\"status\":\"gone\",\"description\":5,"
			 "\"owner_id\":null,\"x\":1,\"y\":2}");

	expect_fields(&a, "body title too_short", "body status invalid_choice",
		      "body description invalid_type", "body owner_id unknown_field",
		      "body x unknown_field", "body y unknown_field");
	cr_expect_str_eq(response_text(&a, "detail"), "6 fields are not valid");
}

Test(http, one_invalid_field_is_reported_in_the_singular)
{
	struct account user = make_user(t);
	struct test_response a = call(t, "POST", GIZMOS, .token = user.token, .json = "{}");

	expect_fields(&a, "body title required");
	cr_expect_str_eq(response_text(&a, "detail"), "1 field is not valid");
	cr_expect_str_eq(response_text(&a, "title"), "Unprocessable Content");
}

Test(http, many_invalid_fields)
{
	struct account user = make_user(t);
	struct buf b = buf_new(t->arena, 1 << 20);
	struct test_response a;

	buf_text(&b, "{\"title\":\"x\"");
	for (int i = 0; i < 5000; i++)
		buf_printf(&b, ",\"x%d\":1", i);
	buf_char(&b, '}');
	a = call(t, "POST", GIZMOS, .token = user.token, .json = buf_done(&b));
	expect_problem(&a, 422, "validation_error");
	cr_expect_geq(response_count(&a, "errors"), 100);
}

Test(http, a_body_over_the_limit)
{
	struct account user = make_user(t);
	struct test_response a;

	a = call(t, "POST", GIZMOS, .token = user.token, .json = "{\"title\":\"x\"}",
		 .too_large = true);
	expect_problem(&a, 413, "payload_too_large");
	a = call(t, "POST", "/api/v1/auth/login", .json = "{", .too_large = true);
	expect_problem(&a, 413, "payload_too_large");
	a = call(t, "GET", GIZMOS, .token = user.token, .too_large = true);
	expect_problem(&a, 413, "payload_too_large");
}

Test(http, an_incomplete_body)
{
	struct account user = make_user(t);
	struct test_response a = call(t, "POST", GIZMOS, .token = user.token,
				      .json = "{\"title\":\"x\"}", .broken = true);

	expect_problem(&a, 400, "bad_request");
}

/* ---- content types */

struct type_case {
	const char *method, *type;
	unsigned status;
};

Test(http, content_types)
{
	static const struct type_case rows[] = {
		{ "POST", "application/json", 201 },
		{ "POST", "application/json; charset=utf-8", 201 },
		{ "POST", "application/json;charset=UTF-8", 201 },
		{ "POST", "application/json ; charset=utf-8", 201 },
		{ "POST", "Application/JSON", 201 },
		{ "POST", "APPLICATION/JSON; a=b; c=\"d;e\"", 201 },
		{ "POST", "application/json;", 201 },
		{ "POST", "application/merge-patch+json", 415 },
		{ "POST", "application/jsonx", 415 },
		{ "POST", "application/json, text/plain", 415 },
		{ "POST", "application/json x", 415 },
		{ "POST", "application/jso", 415 },
		{ "POST", "application/problem+json", 415 },
		{ "POST", "application/x-www-form-urlencoded", 415 },
		{ "POST", "multipart/form-data; boundary=x", 415 },
		{ "POST", "text/json", 415 },
		{ "POST", "text/plain", 415 },
		{ "POST", "*/*", 415 },
		{ "POST", "json", 415 },
		{ "POST", ";", 415 },
		{ "POST", "", 415 },
		{ "POST", NULL, 415 },
		{ "PUT", "application/json", 200 },
		{ "PUT", "application/merge-patch+json", 415 },
		{ "PUT", NULL, 415 },
		{ "PATCH", "application/json", 200 },
		{ "PATCH", "application/merge-patch+json", 200 },
		{ "PATCH", "Application/Merge-Patch+JSON; charset=utf-8", 200 },
		{ "PATCH", "application/merge-patch", 415 },
		{ "PATCH", "application/json-patch+json", 415 },
		{ "PATCH", "text/plain", 415 },
		{ "PATCH", NULL, 415 },
	};
	struct account user = make_user(t);
	const char *path = arena_printf(t->arena, GIZMOS "/%s", make_gizmo(t, &user));

	for (size_t i = 0; i < COUNT(rows); i++) {
		bool post = strcmp(rows[i].method, "POST") == 0;
		struct test_response a =
		    call(t, rows[i].method, post ? GIZMOS : path, .token = user.token,
			 .body = "{\"title\":\"x\"}", .type = rows[i].type);

		cr_expect_eq(a.status, rows[i].status, "%s %s: %u", rows[i].method,
			     rows[i].type ? rows[i].type : "none", a.status);
		if (rows[i].status == 415)
			expect_problem(&a, 415, "unsupported_media_type");
	}
}

Test(http, content_codings)
{
	static const struct {
		const char *header;
		unsigned status;
	} rows[] = {
		{ "HTTP_CONTENT_ENCODING=gzip", 415 },
		{ "HTTP_CONTENT_ENCODING=identity, gzip", 415 },
		{ "HTTP_CONTENT_ENCODING=Identity", 201 },
		{ "HTTP_CONTENT_ENCODING=", 201 },
	};
	struct account user = make_user(t);

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct test_response a =
		    call(t, "POST", GIZMOS, .token = user.token, .json = "{\"title\":\"x\"}",
			 .header = rows[i].header);

		cr_expect_eq(a.status, rows[i].status, "%s: %u", rows[i].header, a.status);
		if (rows[i].status == 415)
			expect_problem(&a, 415, "unsupported_media_type");
	}
}

Test(http, no_body_and_no_type)
{
	struct account user = make_user(t);
	struct test_response a = call(t, "POST", GIZMOS, .token = user.token);

	expect_problem(&a, 400, "malformed_json");
}

Test(http, accept_is_not_negotiated)
{
	struct test_response a =
	    call(t, "GET", "/health/live", .header = "HTTP_ACCEPT=text/html;q=1");

	cr_expect_eq(a.status, 200);
	cr_expect_str_eq(a.media_type, "application/json");
}

/* ---- access */

static struct account viewer;

static void
ask_as_a_stranger(const struct route *r, const char *path)
{
	struct test_response a;

	if (r->access == ACCESS_PUBLIC)
		return;
	a = call(t, method_name(r->method), path);
	expect_problem(&a, 401, "unauthenticated");
	cr_expect_str_eq(response_header_value(&a, "WWW-Authenticate"), "Bearer");
	a = call(t, method_name(r->method), path, .json = "{\"nonsense\"");
	expect_problem(&a, 401, "unauthenticated");
	a = call(t, method_name(r->method), path, .token = "nonsense");
	expect_problem(&a, 401, "invalid_token");
}

Test(http, anonymous_clients_get_only_public_routes)
{
	each_route(ask_as_a_stranger);
}

static void
ask_as_a_viewer(const struct route *r, const char *path)
{
	struct test_response a;

	if (r->access <= ACCESS_VIEWER)
		return;
	a = call(t, method_name(r->method), path, .token = viewer.token);
	expect_problem(&a, 403, "forbidden");
}

Test(http, a_viewer_writes_nothing)
{
	const char *path;
	struct test_response a;

	viewer = make_user(t, .role = "viewer");
	path = arena_printf(t->arena, GIZMOS "/%s", make_gizmo(t, &viewer));
	each_route(ask_as_a_viewer);
	a = call(t, "DELETE", path, .token = viewer.token);
	expect_problem(&a, 403, "forbidden");
	a = call(t, "GET", path, .token = viewer.token);
	cr_expect_eq(a.status, 200);
	a = call(t, "GET", GIZMOS, .token = viewer.token);
	cr_expect_eq(response_int(&a, "total"), 1);
}

Test(http, invalid_tokens)
{
	struct account user = make_user(t);
	const char *dot = strrchr(user.token, '.');
	const char *const tokens[] = {
		"",
		" ",
		"x",
		"..",
		"a.b.c",
		ID,
		user.id,
		user.session_id,
		arena_printf(t->arena, "%sx", user.token),
		arena_printf(t->arena, "%s.x", user.token),
		arena_printf(t->arena, "%s %s", user.token, user.token),
		arena_printf(t->arena, "x%s", user.token),
		arena_text_n(t->arena, user.token, strlen(user.token) - 1),
		arena_text_n(t->arena, user.token, (size_t)(dot - user.token)),
		arena_text_n(t->arena, user.token, (size_t)(dot - user.token) + 1),
		arena_printf(t->arena, "%s\xff", user.token),
	};

	for (size_t i = 0; i < COUNT(tokens); i++) {
		struct test_response a = call(t, "GET", GIZMOS, .token = tokens[i]);

		expect_problem(&a, 401, "invalid_token");
	}
}

Test(http, an_expired_token)
{
	struct account user = make_user(t, .token_expires_in = -60);
	struct test_response a = call(t, "GET", GIZMOS, .token = user.token);

	expect_problem(&a, 401, "token_expired");
}

Test(http, an_expired_token_within_the_leeway)
{
	struct account user = make_user(t, .token_expires_in = -10);
	struct test_response a = call(t, "GET", GIZMOS, .token = user.token);

	cr_expect_eq(a.status, 200, "CLOCK_SKEW_SECONDS is 30: %s", a.body);
}

Test(http, a_token_of_a_deactivated_account)
{
	struct account user = make_user(t, .inactive = true);
	struct test_response a = call(t, "GET", GIZMOS, .token = user.token);

	expect_problem(&a, 401, "invalid_token");
}

Test(http, the_scheme_is_case_insensitive)
{
	struct account user = make_user(t);
	struct test_response a;

	a = call(t, "GET", GIZMOS,
		 .header = arena_printf(t->arena, "HTTP_AUTHORIZATION=bearer %s", user.token));
	cr_expect_eq(a.status, 200);
	a = call(t, "GET", GIZMOS,
		 .header = arena_printf(t->arena, "HTTP_AUTHORIZATION=BEARER   %s", user.token));
	cr_expect_eq(a.status, 200);
	a = call(t, "GET", GIZMOS,
		 .header = arena_printf(t->arena, "HTTP_AUTHORIZATION=%s", user.token));
	cr_expect_eq(a.status, 401);
	a = call(t, "GET", GIZMOS,
		 .header = arena_printf(t->arena, "HTTP_AUTHORIZATION=Bearer%s", user.token));
	cr_expect_eq(a.status, 401);
	a = call(t, "GET", GIZMOS, .header = "HTTP_AUTHORIZATION=Basic dXNlcjpwYXNz");
	cr_expect_eq(a.status, 401);
	a = call(t, "GET", GIZMOS "?access_token=x");
	cr_expect_eq(a.status, 401);
}

Test(http, public_routes_ignore_the_token)
{
	struct test_response a;

	a = call(t, "GET", "/health/live", .token = "nonsense");
	cr_expect_eq(a.status, 200);
	a = call(t, "GET", "/openapi.json", .token = "nonsense");
	cr_expect_eq(a.status, 200);
	a = call(t, "OPTIONS", GIZMOS, .token = "nonsense");
	cr_expect_eq(a.status, 204);
}

Test(http, the_path_is_checked_before_the_caller_and_the_caller_before_the_body)
{
	struct account user = make_user(t);
	struct test_response a;

	a = call(t, "GET", "/api/v1/nowhere", .token = "nonsense");
	expect_problem(&a, 404, "not_found");
	a = call(t, "DELETE", GIZMOS, .token = "nonsense");
	expect_problem(&a, 405, "method_not_allowed");
	a = call(t, "POST", GIZMOS, .token = "nonsense", .json = "{");
	expect_problem(&a, 401, "invalid_token");
	a = call(t, "GET", GIZMOS "?limit=x");
	expect_problem(&a, 401, "unauthenticated");
	a = call(t, "PATCH", GIZMOS "/" ID, .token = user.token, .json = "{\"title\":1}");
	expect_problem(&a, 422, "validation_error");
}

/* ---- the prefix */

Test(http, an_empty_prefix)
{
	struct account user = make_user(t);
	struct test_response a;

	settings.api_prefix = "";
	a = call(t, "GET", "/gizmos", .token = user.token);
	cr_expect_eq(a.status, 200);
	cr_expect_not_null(strstr(response_header_value(&a, "Link"), "</gizmos?"));
	a = call(t, "POST", "/gizmos", .token = user.token, .json = "{\"title\":\"Lamp\"}");
	cr_expect_eq(a.status, 201);
	cr_expect_eq(strncmp(response_header_value(&a, "Location"), "/gizmos/", 7), 0);
	a = call(t, "GET", response_header_value(&a, "Location"), .token = user.token);
	cr_expect_eq(a.status, 200);
	a = call(t, "GET", GIZMOS, .token = user.token);
	expect_problem(&a, 404, "not_found");
	a = call(t, "GET", "/health/live");
	cr_expect_eq(a.status, 200);
	a = call(t, "GET", "/openapi.json");
	cr_expect_eq(a.status, 200);
}

Test(http, another_prefix)
{
	struct account user = make_user(t);
	struct test_response a;

	settings.api_prefix = "/shop/api/v2";
	a = call(t, "GET", "/shop/api/v2/gizmos/", .token = user.token);
	cr_expect_eq(a.status, 200);
	a = call(t, "POST", "/shop/api/v2/gizmos", .token = user.token,
		 .json = "{\"title\":\"Lamp\"}");
	cr_expect_eq(a.status, 201);
	cr_expect_eq(strncmp(response_header_value(&a, "Location"), "/shop/api/v2/gizmos/", 19), 0);
	a = call(t, "GET", "/shop/api/gizmos", .token = user.token);
	expect_problem(&a, 404, "not_found");
	a = call(t, "GET", GIZMOS, .token = user.token);
	expect_problem(&a, 404, "not_found");
	a = call(t, "GET", "/health/live");
	cr_expect_eq(a.status, 200);
	a = call(t, "GET", "/shop/api/v2/health/live");
	expect_problem(&a, 404, "not_found");
}

/* ---- internal errors */

Test(http, an_internal_error_reveals_only_the_request_id)
{
	struct account user = make_user(t);
	struct test_response a;

	testdb_spoil();
	testdb_sql("ALTER TABLE gizmos RENAME COLUMN description TO gone");
	a = call(t, "GET", GIZMOS, .token = user.token);
	expect_problem(&a, 500, "internal_error");
	cr_expect_str_eq(response_text(&a, "detail"),
			 "internal error; the logs have the details under the request id");
	cr_expect_null(strstr(a.body, "description"));
	cr_expect_null(strstr(a.body, "column"));
}
