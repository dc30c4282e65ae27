/* The pipeline with a feature of its own: routing, access, input, and errors in handlers. Without a
 * database. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/test_app.h"

#include "app/feature.h"
#include "app/settings.h"

struct thing {
	const char *name;
	int64_t stock;
};
struct search {
	const char *q;
	int64_t depth;
};
struct text_record {
	const char *text;
};

static const struct field thing_fields[] = {
	{ TEXT(struct thing, name), .flags = F_RW | F_REQUIRED, .min = 2, .max = 9 },
	{ INT(struct thing, stock), .flags = F_RW, .min = 1, .max = 5, .default_value = "3" },
};
static const struct schema thing_schema = SCHEMA("Thing", struct thing, thing_fields);

static const struct field search_fields[] = {
	{ TEXT(struct search, q), .flags = F_CREATE | F_REQUIRED, .min = 1, .max = 5 },
	{ INT(struct search, depth), .flags = F_CREATE, .min = 1, .max = 5, .default_value = "2" },
};
static const struct schema search_schema = SCHEMA("Search", struct search, search_fields);

static const struct field text_fields[] = { { TEXT(struct text_record, text), .flags = F_READ } };
static const struct schema text_schema = SCHEMA("Told", struct text_record, text_fields);

static enum error
respond_text(struct request *req, const char *text)
{
	struct text_record text_record = { text };

	return respond_record(req, OK, &text_record);
}

static enum error
respond_route_id(struct request *req)
{
	return respond_text(req, req->route->id);
}

static enum error
respond_ids(struct request *req)
{
	return respond_text(req,
			    arena_printf(req->ctx->arena, "%s %s", request_path(req, "part_id"),
					 request_path(req, "id")));
}

static enum error
respond_input(struct request *req)
{
	const struct thing *thing = req->in;
	const struct search *search = req->query_record;

	return respond_text(req, arena_printf(req->ctx->arena, "%s %" PRId64 " %s %" PRId64,
					      thing->name, thing->stock, search->q, search->depth));
}

static enum error
respond_role(struct request *req)
{
	return respond_text(req, role_name(req->ctx->caller.role));
}

static enum error
exhaust_memory(struct request *req)
{
	for (int i = 0; i < 1000; i++)
		arena_alloc(req->ctx->arena, 1 << 20);
	return respond_route_id(req);
}

static int releases;

static void
count_release(void *object UNUSED)
{
	releases++;
}

static enum error
exhaust_memory_slowly(struct request *req)
{
	arena_defer(req->ctx->arena, count_release, req);
	for (int i = 0; i < 100 << 20; i += 16)
		arena_text(req->ctx->arena, "a little");
	return respond_route_id(req);
}

static enum error
fail_internally(struct request *req)
{
	return fail(req->ctx, E_INTERNAL, "the password of the database is hush");
}

static enum error
fail_with_earlier_detail(struct request *req)
{
	enum error e = fail(req->ctx, E_CONFLICT, "this was somewhere else");

	return e ? E_NOT_FOUND : OK;
}

static enum error
fail_rate_limited(struct request *req)
{
	fail(req->ctx, E_RATE_LIMITED, NULL);
	req->ctx->failure.retry_after = 17;
	return E_RATE_LIMITED;
}

static enum error
send_header(struct request *req)
{
	response_header(req, "X-Test", request_env(req, "HTTP_X_TEST"));
	return respond_route_id(req);
}

static enum error
create_thing(struct request *req)
{
	return respond_text(req, "made");
}

#define MORE .response = &text_schema, .summary = "For a test."

static const struct route routes[] = {
	{ GET, "/things/my", respond_route_id, ACCESS_PUBLIC, .id = "my", MORE },
	{ GET, "/things/{id}", respond_route_id, ACCESS_PUBLIC, .id = "show", MORE },
	{ DELETE, "/things/{id}", respond_route_id, ACCESS_PUBLIC, .id = "delete", MORE },
	{ GET, "/things/{id}/parts/{part_id}", respond_ids, ACCESS_PUBLIC, .id = "part", MORE },
	{ GET, "/", respond_route_id, ACCESS_PUBLIC, .root = true, .id = "root", MORE },
	{ GET, "/things", respond_route_id, ACCESS_PUBLIC, .root = true, .id = "rooted", MORE },
	{ POST, "/input", respond_input, ACCESS_PUBLIC, .body = &thing_schema,
	  .form = &thing_schema, .query = &search_schema, .id = "input", MORE },
	{ GET, "/cached", respond_route_id, ACCESS_PUBLIC, .id = "cached",
	  .cache_control = "public, max-age=600", MORE },
	{ POST, "/made", create_thing, ACCESS_PUBLIC, .status = 202, .id = "made", MORE },
	{ GET, "/memory", exhaust_memory, ACCESS_PUBLIC, .id = "memory", .cache_control = "public",
	  MORE },
	{ GET, "/slowly", exhaust_memory_slowly, ACCESS_PUBLIC, .id = "slowly", MORE },
	{ GET, "/inside", fail_internally, ACCESS_PUBLIC, .cache_control = "public", .id = "inside",
	  MORE },
	{ GET, "/old", fail_with_earlier_detail, ACCESS_PUBLIC, .id = "old",
	  .errors = { E_NOT_FOUND }, MORE },
	{ GET, "/busy", fail_rate_limited, ACCESS_PUBLIC, .id = "busy",
	  .errors = { E_RATE_LIMITED }, MORE },
	{ GET, "/header", send_header, ACCESS_PUBLIC, .id = "header",
	  .response_headers = { { "X-Test", "What came." } }, MORE },
	{ GET, "/access/nobody", respond_role, .id = "nobody", MORE },
	{ GET, "/access/public", respond_role, ACCESS_PUBLIC, .id = "public", MORE },
	{ GET, "/access/viewer", respond_role, ACCESS_VIEWER, .scope = "", .id = "viewer", MORE },
	{ GET, "/access/member", respond_role, ACCESS_MEMBER, .scope = "parts:read", .id = "member",
	  MORE },
	{ GET, "/access/admin", respond_role, ACCESS_ADMIN, .id = "admin", MORE },
	{ GET, "/access/owner", respond_role, ACCESS_OWNER, .id = "owner", MORE },
	{ 0 },
};

/* The token is a role, or an API key of an owner: "key" or "key-with-scope". */
static enum error
authenticate(struct request *req)
{
	static const char *const scopes[] = { "other:read", "parts:read", NULL };
	static const char *const none[] = { "parts:reader", "parts", NULL };
	const char *token = request_env(req, "HTTP_AUTHORIZATION");
	struct caller *caller = &req->ctx->caller;

	if (!token)
		return OK;

	token += strlen("Bearer ");
	caller->user_id = "somebody";
	caller->role = role_parse(token);
	if (strncmp(token, "key", 3) == 0) {
		caller->role = ROLE_OWNER;
		caller->api_key_id = "key";
		caller->scopes = strcmp(token, "key") == 0 ? none : scopes;
	}
	return caller->role == ROLE_NONE ? fail(req->ctx, E_INVALID_TOKEN, NULL) : OK;
}

static const struct feature test_feature = {
	.name = "test", .routes = routes, .authenticate = authenticate, .api_keys = true
};

const struct app *
test_app(void)
{
	static const struct feature *const features[] = { &test_feature, NULL };
	static const struct app app = { .name = "test", .features = features };

	return &app;
}

static struct test test, *t = &test;

static void
begin(void)
{
	static const char *const nobody[] = { NULL };

	settings.app_name = "test";
	settings.cors_origins = nobody;
	settings.api_prefix = "/p";
	settings.max_body_bytes = 1000;
	settings.jwt_secret_key = "a key that the tests alone use, long enough";
	settings.redis_url = "memory://";
	test.arena = arena_new(1 << 30);
	freopen("/dev/null", "w", stderr); /* discards the log of intended errors */
}

static void
end(void)
{
	arena_free(test.arena);
}

TestSuite(router, .init = begin, .fini = end);

#define ID  "0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10"
#define ID2 "0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a11"

static const char *
result_of(const char *uri)
{
	struct test_response a = call(t, "GET", uri);

	return a.status == 200 ? response_text(&a, "text") : response_code(&a);
}

Test(router, finds_literals_before_ids)
{
	cr_expect_str_eq(result_of("/p/things/my"), "my");
	cr_expect_str_eq(result_of("/p/things/" ID), "show");
	cr_expect_str_eq(result_of("/p/things/mine"), "not_found");
	cr_expect_str_eq(result_of("/p/things"), "not_found");
	cr_expect_str_eq(result_of("/p/things/my/x"), "not_found");
	cr_expect_str_eq(result_of("/p/things/" ID "/parts"), "not_found");
	cr_expect_str_eq(result_of("/p"), "not_found");
	cr_expect_str_eq(result_of("/pp/things/my"), "not_found");
	cr_expect_str_eq(result_of("/things/my"), "not_found");
}

Test(router, finds_routes_at_the_root)
{
	cr_expect_str_eq(result_of("/"), "root");
	cr_expect_str_eq(result_of("/?x=1"), "root");
	cr_expect_str_eq(result_of("http://example.com/"), "root");
	cr_expect_str_eq(result_of("/things"), "rooted");
	cr_expect_str_eq(result_of("/things/"), "rooted");
}

Test(router, supports_an_empty_prefix)
{
	settings.api_prefix = "";
	cr_expect_str_eq(result_of("/things/my"), "my");
	cr_expect_str_eq(result_of("/things"), "rooted");
	cr_expect_str_eq(result_of("/"), "root");
	cr_expect_str_eq(result_of("/p/things/my"), "not_found");
}

Test(router, returns_path_parameters_by_name)
{
	cr_expect_str_eq(result_of("/p/things/" ID "/parts/" ID2), ID2 " " ID);
	cr_expect_str_eq(result_of("/p/things/" ID "/parts/1"), "not_found");
	cr_expect_str_eq(result_of("/p/things/1/parts/" ID2), "not_found");
}

Test(router, lists_the_methods_of_all_matching_routes)
{
	struct test_response a = call(t, "POST", "/p/things/" ID);

	cr_expect_str_eq(response_header_value(&a, "Allow"), "GET, DELETE, HEAD, OPTIONS");
	a = call(t, "POST", "/p/things/my");
	cr_expect_str_eq(response_header_value(&a, "Allow"), "GET, HEAD, OPTIONS");
	a = call(t, "OPTIONS", "/p/input");
	cr_expect_str_eq(response_header_value(&a, "Allow"), "POST, OPTIONS");
}

/* ---- input */

Test(router, reads_body_and_query)
{
	struct test_response a = call(t, "POST", "/p/input?q=%41+b", .json = "{\"name\":\"Lamp\"}");

	cr_assert_eq(a.status, 200, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "text"), "Lamp 3 A b 2");
	a = call(t, "POST", "/p/input?depth=5&q=x", .form = "name=a+%26b&stock=4");
	cr_assert_eq(a.status, 200, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "text"), "a &b 4 x 5");
}

Test(router, reports_all_invalid_fields_of_body_and_query)
{
	struct test_response a = call(t, "POST", "/p/input?depth=9&x=1&depth=1",
				      .json = "{\"name\":\"L\",\"stock\":9,\"y\":1}");

	expect_fields(&a, "query q required", "query depth invalid_format", "query x unknown_field",
		      "body name too_short", "body stock too_large", "body y unknown_field");
	cr_expect_str_eq(response_text(&a, "detail"), "6 fields are not valid");
	a = call(t, "POST", "/p/input?depth=0", .form = "name=L&stock=x&y=1");
	expect_fields(&a, "query q required", "query depth too_small", "body name too_short",
		      "body stock invalid_type", "body y unknown_field");
}

Test(router, reports_a_body_that_is_not_an_object_with_an_invalid_query)
{
	struct test_response a = call(t, "POST", "/p/input?depth=9", .json = "[]");

	expect_problem(&a, 422, "validation_error");
	cr_expect_geq(response_count(&a, "errors"), 2, "errors of the query are missing: %s",
		      a.body);
}

Test(router, malformed_json_takes_precedence_over_invalid_fields)
{
	struct test_response a = call(t, "POST", "/p/input?depth=9", .json = "{");

	expect_problem(&a, 400, "malformed_json");
}

Test(router, rejects_invalid_forms)
{
	static const char *const forms[] = { "name=%zz", "name=%00", "%=1", "name=\xff", "name=%" };
	struct test_response a;

	for (size_t i = 0; i < COUNT(forms); i++) {
		a = call(t, "POST", "/p/input?q=x", .form = forms[i]);
		expect_problem(&a, 400, "bad_request");
	}
	a = call(t, "POST", "/p/input?q=x", .form = "");
	expect_fields(&a, "body name required");
	a = call(t, "POST", "/p/input?q=x", .form = "name=ab&name=cd");
	expect_fields(&a, "body name invalid_format");
	a = call(t, "POST", "/p/input?q=x", .form = "{\"name\":\"ab\"}");
	expect_problem(&a, 415, "unsupported_media_type");
	cr_expect_not_null(strstr(response_text(&a, "detail"), "application/json"));
}

Test(router, rejects_too_many_parameters)
{
	struct buf b = buf_new(t->arena, 1 << 20);
	struct test_response a;

	buf_text(&b, "/p/things/my?a=1");
	for (int i = 0; i < 200; i++)
		buf_text(&b, "&a=1");
	a = call(t, "GET", buf_done(&b));
	expect_problem(&a, 400, "bad_request");
}

/* ---- access */

Test(router, access_by_role)
{
	static const char *const routes_by_rank[] = { "nobody", "public", "viewer",
						      "member", "admin",  "owner" };
	static const char *const callers[] = { NULL, "viewer", "member", "admin", "owner" };

	for (size_t r = 0; r < COUNT(routes_by_rank); r++) {
		for (size_t k = 0; k < COUNT(callers); k++) {
			const char *path =
			    arena_printf(t->arena, "/p/access/%s", routes_by_rank[r]);
			struct test_response a = call(t, "GET", path, .token = callers[k]);
			unsigned wanted = r == 0                 ? 403
					  : r == 1 || k >= r - 1 ? 200
					  : k == 0               ? 401
								 : 403;

			cr_expect_eq(a.status, wanted, "%s as %s: %u", path,
				     callers[k] ? callers[k] : "anonymous", a.status);
		}
	}
}

Test(router, a_public_route_ignores_credentials)
{
	struct test_response a = call(t, "GET", "/p/access/public", .token = "nonsense");

	cr_assert_eq(a.status, 200);
	cr_expect_str_eq(response_text(&a, "text"), "none");
}

Test(router, api_keys_need_a_scope)
{
	struct test_response a;

	a = call(t, "GET", "/p/access/member", .token = "key-with-scope");
	cr_expect_eq(a.status, 200);
	a = call(t, "GET", "/p/access/member", .token = "key");
	expect_problem(&a, 403, "insufficient_scope");
	cr_expect_str_eq(response_header_value(&a, "WWW-Authenticate"),
			 "Bearer error=\"insufficient_scope\"");
	a = call(t, "GET", "/p/access/viewer", .token = "key");
	cr_expect_eq(a.status, 200, "any key: %s", a.body);
	a = call(t, "GET", "/p/access/owner", .token = "key-with-scope");
	expect_problem(&a, 403, "forbidden");
}

/* ---- responses */

Test(router, only_successes_are_cacheable)
{
	struct test_response a;

	a = call(t, "GET", "/p/cached");
	cr_expect_str_eq(response_header_value(&a, "Cache-Control"), "public, max-age=600");
	a = call(t, "HEAD", "/p/cached");
	cr_expect_str_eq(response_header_value(&a, "Cache-Control"), "public, max-age=600");
	a = call(t, "OPTIONS", "/p/cached");
	cr_expect_str_eq(response_header_value(&a, "Cache-Control"), "no-store");
	a = call(t, "GET", "/p/inside");
	cr_expect_str_eq(response_header_value(&a, "Cache-Control"), "no-store");
	a = call(t, "GET", "/p/memory");
	cr_expect_str_eq(response_header_value(&a, "Cache-Control"), "no-store");
}

Test(router, the_route_determines_the_status_of_a_success)
{
	struct test_response a = call(t, "POST", "/p/made");

	cr_expect_eq(a.status, 202);
	cr_expect_null(response_header_value(&a, "Location"));
}

Test(router, headers_end_at_a_control_character)
{
	struct test_response a;

	a = call(t, "GET", "/p/header", .header = "HTTP_X_TEST=good\r\nSet-Cookie: bad=1");
	cr_expect_str_eq(response_header_value(&a, "X-Test"), "good");
	a = call(t, "GET", "/p/header", .header = "HTTP_X_TEST=caf\xc3\xa9\x7f.");
	cr_expect_str_eq(response_header_value(&a, "X-Test"), "caf\xc3\xa9");
}

/* ---- errors in handlers */

Test(router, out_of_memory_is_overload)
{
	struct test_response a;

	a = call(t, "GET", "/p/memory", .header = "HTTP_X_REQUEST_ID=my-request-1");
	expect_problem(&a, 503, "overloaded");
	cr_expect_str_eq(response_text(&a, "request_id"), "my-request-1");
	a = call(t, "GET", "/p/slowly");
	expect_problem(&a, 503, "overloaded");
	cr_expect_eq(releases, 1, "what was deferred is released");
	a = call(t, "GET", "/p/things/my");
	cr_expect_eq(a.status, 200);
}

Test(router, an_internal_error_reveals_nothing)
{
	struct test_response a = call(t, "GET", "/p/inside");

	expect_problem(&a, 500, "internal_error");
	cr_expect_null(strstr(a.body, "hush"));
}

Test(router, the_detail_of_an_earlier_error_is_not_sent)
{
	struct test_response a = call(t, "GET", "/p/old");

	expect_problem(&a, 404, "not_found");
	cr_expect_null(strstr(a.body, "somewhere else"));
}

Test(router, retry_after_is_that_of_the_failure)
{
	struct test_response a = call(t, "GET", "/p/busy");

	expect_problem(&a, 429, "rate_limited");
	cr_expect_str_eq(response_header_value(&a, "Retry-After"), "17");
}
