/* The pipeline with a feature made for it: routes, access, input, and what goes wrong in a
 * handler. No database. */
#include <criterion/criterion.h>

#include "support/call.h"

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
struct told {
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

static const struct field told_fields[] = { { TEXT(struct told, text), .flags = F_READ } };
static const struct schema told_schema = SCHEMA("Told", struct told, told_fields);

static enum error
tell(struct request *req, const char *text)
{
	struct told told = { text };

	return respond_record(req, OK, &told);
}

static enum error
tell_route(struct request *req)
{
	return tell(req, req->route->id);
}

static enum error
tell_ids(struct request *req)
{
	return tell(req, arena_printf(req->ctx->arena, "%s %s", request_path(req, "part_id"),
				      request_path(req, "id")));
}

static enum error
tell_input(struct request *req)
{
	const struct thing *thing = req->in;
	const struct search *search = req->query_record;

	return tell(req, arena_printf(req->ctx->arena, "%s %" PRId64 " %s %" PRId64, thing->name,
				      thing->stock, search->q, search->depth));
}

static enum error
tell_caller(struct request *req)
{
	return tell(req, role_name(req->ctx->caller.role));
}

static enum error
take_all_memory(struct request *req)
{
	for (int i = 0; i < 1000; i++)
		arena_alloc(req->ctx->arena, 1 << 20);
	return tell_route(req);
}

static int releases;

static void
count_release(void *object UNUSED)
{
	releases++;
}

static enum error
take_all_memory_slowly(struct request *req)
{
	arena_defer(req->ctx->arena, count_release, req);
	for (int i = 0; i < 100 << 20; i += 16)
		arena_text(req->ctx->arena, "a little");
	return tell_route(req);
}

static enum error
fail_inside(struct request *req)
{
	return fail(req->ctx, E_INTERNAL, "the password of the database is hush");
}

static enum error
fail_with_an_old_detail(struct request *req)
{
	enum error e = fail(req->ctx, E_CONFLICT, "this was somewhere else");

	return e ? E_NOT_FOUND : OK;
}

static enum error
fail_busily(struct request *req)
{
	fail(req->ctx, E_RATE_LIMITED, NULL);
	req->ctx->failure.retry_after = 17;
	return E_RATE_LIMITED;
}

static enum error
send_header(struct request *req)
{
	response_header(req, "X-Test", request_env(req, "HTTP_X_TEST"));
	return tell_route(req);
}

static enum error
make_thing(struct request *req)
{
	return tell(req, "made");
}

#define MORE .response = &told_schema, .summary = "For a test."

static const struct route routes[] = {
	{ GET, "/things/my", tell_route, ACCESS_PUBLIC, .id = "my", MORE },
	{ GET, "/things/{id}", tell_route, ACCESS_PUBLIC, .id = "show", MORE },
	{ DELETE, "/things/{id}", tell_route, ACCESS_PUBLIC, .id = "delete", MORE },
	{ GET, "/things/{id}/parts/{part_id}", tell_ids, ACCESS_PUBLIC, .id = "part", MORE },
	{ GET, "/", tell_route, ACCESS_PUBLIC, .root = true, .id = "root", MORE },
	{ GET, "/things", tell_route, ACCESS_PUBLIC, .root = true, .id = "rooted", MORE },
	{ POST, "/input", tell_input, ACCESS_PUBLIC, .body = &thing_schema, .form = &thing_schema,
	  .query = &search_schema, .id = "input", MORE },
	{ GET, "/cached", tell_route, ACCESS_PUBLIC, .id = "cached",
	  .cache_control = "public, max-age=600", MORE },
	{ POST, "/made", make_thing, ACCESS_PUBLIC, .status = 202, .id = "made", MORE },
	{ GET, "/memory", take_all_memory, ACCESS_PUBLIC, .id = "memory", .cache_control = "public",
	  MORE },
	{ GET, "/slowly", take_all_memory_slowly, ACCESS_PUBLIC, .id = "slowly", MORE },
	{ GET, "/inside", fail_inside, ACCESS_PUBLIC, .cache_control = "public", .id = "inside",
	  MORE },
	{ GET, "/old", fail_with_an_old_detail, ACCESS_PUBLIC, .id = "old",
	  .errors = { E_NOT_FOUND }, MORE },
	{ GET, "/busy", fail_busily, ACCESS_PUBLIC, .id = "busy", .errors = { E_RATE_LIMITED },
	  MORE },
	{ GET, "/header", send_header, ACCESS_PUBLIC, .id = "header",
	  .response_headers = { { "X-Test", "What came." } }, MORE },
	{ GET, "/access/nobody", tell_caller, .id = "nobody", MORE },
	{ GET, "/access/public", tell_caller, ACCESS_PUBLIC, .id = "public", MORE },
	{ GET, "/access/viewer", tell_caller, ACCESS_VIEWER, .scope = "", .id = "viewer", MORE },
	{ GET, "/access/member", tell_caller, ACCESS_MEMBER, .scope = "parts:read", .id = "member",
	  MORE },
	{ GET, "/access/admin", tell_caller, ACCESS_ADMIN, .id = "admin", MORE },
	{ GET, "/access/owner", tell_caller, ACCESS_OWNER, .id = "owner", MORE },
	{ 0 },
};

/* The token is the role; "key" or "key-with-scope" an API key of an owner. */
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

const struct feature *const features[] = { &test_feature, NULL };

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
	freopen("/dev/null", "w", stderr); /* the log of what goes wrong here on purpose */
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
told_by(const char *uri)
{
	struct test_response a = call(t, "GET", uri);

	return a.status == 200 ? response_text(&a, "text") : response_code(&a);
}

Test(router, finds_literals_before_ids)
{
	cr_expect_str_eq(told_by("/p/things/my"), "my");
	cr_expect_str_eq(told_by("/p/things/" ID), "show");
	cr_expect_str_eq(told_by("/p/things/mine"), "not_found");
	cr_expect_str_eq(told_by("/p/things"), "not_found");
	cr_expect_str_eq(told_by("/p/things/my/x"), "not_found");
	cr_expect_str_eq(told_by("/p/things/" ID "/parts"), "not_found");
	cr_expect_str_eq(told_by("/p"), "not_found");
	cr_expect_str_eq(told_by("/pp/things/my"), "not_found");
	cr_expect_str_eq(told_by("/things/my"), "not_found");
}

Test(router, finds_what_stands_at_the_root)
{
	cr_expect_str_eq(told_by("/"), "root");
	cr_expect_str_eq(told_by("/?x=1"), "root");
	cr_expect_str_eq(told_by("http://example.com/"), "root");
	cr_expect_str_eq(told_by("/things"), "rooted");
	cr_expect_str_eq(told_by("/things/"), "rooted");
}

Test(router, an_empty_prefix_puts_both_side_by_side)
{
	settings.api_prefix = "";
	cr_expect_str_eq(told_by("/things/my"), "my");
	cr_expect_str_eq(told_by("/things"), "rooted");
	cr_expect_str_eq(told_by("/"), "root");
	cr_expect_str_eq(told_by("/p/things/my"), "not_found");
}

Test(router, gives_ids_by_their_names)
{
	cr_expect_str_eq(told_by("/p/things/" ID "/parts/" ID2), ID2 " " ID);
	cr_expect_str_eq(told_by("/p/things/" ID "/parts/1"), "not_found");
	cr_expect_str_eq(told_by("/p/things/1/parts/" ID2), "not_found");
}

Test(router, gathers_the_methods_of_all_rows_that_fit)
{
	struct test_response a = call(t, "POST", "/p/things/" ID);

	cr_expect_str_eq(response_header_value(&a, "Allow"), "GET, DELETE, HEAD, OPTIONS");
	a = call(t, "POST", "/p/things/my");
	cr_expect_str_eq(response_header_value(&a, "Allow"), "GET, HEAD, OPTIONS");
	a = call(t, "OPTIONS", "/p/input");
	cr_expect_str_eq(response_header_value(&a, "Allow"), "POST, OPTIONS");
}

/* ---- input */

Test(router, input_of_body_and_query)
{
	struct test_response a = call(t, "POST", "/p/input?q=%41+b", .json = "{\"name\":\"Lamp\"}");

	cr_assert_eq(a.status, 200, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "text"), "Lamp 3 A b 2");
	a = call(t, "POST", "/p/input?depth=5&q=x", .form = "name=a+%26b&stock=4");
	cr_assert_eq(a.status, 200, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "text"), "a &b 4 x 5");
}

Test(router, every_bad_field_of_body_and_query_at_once)
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

Test(router, a_body_that_is_no_object_beside_a_bad_query)
{
	struct test_response a = call(t, "POST", "/p/input?depth=9", .json = "[]");

	expect_problem(&a, 422, "validation_error");
	cr_expect_geq(response_count(&a, "errors"), 2, "the query's are lost: %s", a.body);
}

Test(router, malformed_json_goes_before_bad_fields)
{
	struct test_response a = call(t, "POST", "/p/input?depth=9", .json = "{");

	expect_problem(&a, 400, "malformed_json");
}

Test(router, a_bad_form)
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

Test(router, too_many_parameters)
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

Test(router, who_may_what)
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
				     callers[k] ? callers[k] : "a stranger", a.status);
		}
	}
}

Test(router, a_public_route_asks_for_no_caller)
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
	cr_expect_eq(a.status, 200, "any key may: %s", a.body);
	a = call(t, "GET", "/p/access/owner", .token = "key-with-scope");
	expect_problem(&a, 403, "forbidden");
}

/* ---- answers */

Test(router, caching_is_for_success_alone)
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

Test(router, the_status_of_success_is_the_rows)
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

/* ---- what goes wrong inside */

Test(router, memory_that_runs_out_is_overload)
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

Test(router, an_inner_error_says_nothing)
{
	struct test_response a = call(t, "GET", "/p/inside");

	expect_problem(&a, 500, "internal_error");
	cr_expect_null(strstr(a.body, "hush"));
}

Test(router, the_detail_of_another_error_is_not_told)
{
	struct test_response a = call(t, "GET", "/p/old");

	expect_problem(&a, 404, "not_found");
	cr_expect_null(strstr(a.body, "somewhere else"));
}

Test(router, retry_after_is_the_failures)
{
	struct test_response a = call(t, "GET", "/p/busy");

	expect_problem(&a, 429, "rate_limited");
	cr_expect_str_eq(response_header_value(&a, "Retry-After"), "17");
}
