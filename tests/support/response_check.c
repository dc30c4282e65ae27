/* Checks the conventions that apply to every response of the API. */
#include <criterion/criterion.h>

#include "call_priv.h"

#include "http/http_priv.h"

#include "app/ids.h"
#include "app/settings.h"

enum { CONTRACT_ARENA = 64 << 20 };

/* Fails the test with the request and the response. */
#define CHECK(condition, ...) cr_expect((condition), "%s", complaint(asked, a, __VA_ARGS__))

static const char *complaint(const struct asked *, const struct test_response *, const char *format,
			     ...) PRINTF_LIKE(3, 4);

static const char *
complaint(const struct asked *asked, const struct test_response *a, const char *format, ...)
{
	static char text[8192];
	char what[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(text, sizeof(text), "%s %.300s: %u %s, but %s; body: %.4000s", asked->method,
		 asked->uri, a->status, a->media_type ? a->media_type : "without a body", what,
		 a->body);
	return text;
}

static size_t
count_header(const struct test_response *a, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < a->nheaders; i++)
		n += strcasecmp(a->headers[i].name, name) == 0;
	return n;
}

static bool
header_is(const struct test_response *a, const char *name, const char *value)
{
	const char *found = response_header_value(a, name);

	return found && strcmp(found, value) == 0;
}

static void
check_headers(const struct asked *asked, const struct test_response *a)
{
	static const char *const always[] = { "X-Request-ID", "X-Content-Type-Options",
					      "Cache-Control" };
	const char *id = response_header_value(a, "X-Request-ID");

	for (size_t i = 0; i < COUNT(always); i++)
		CHECK(response_header_value(a, always[i]), "%s is missing", always[i]);
	for (size_t i = 0; i < a->nheaders; i++) {
		const struct header *h = &a->headers[i];

		CHECK(count_header(a, h->name) == 1, "%s is there twice", h->name);
		CHECK(!strpbrk(h->value, "\r\n"), "%s has a line break", h->name);
		CHECK(strcasecmp(h->name, "Status") != 0 &&
			  strncasecmp(h->name, "Content-Length", 12) != 0 &&
			  strcasecmp(h->name, "Content-Type") != 0,
		      "%s is the edge's to send", h->name);
	}
	CHECK(a->nheaders < RESPONSE_HEADERS_MAX, "there is no space for another header");
	CHECK(id && request_id_valid(id), "X-Request-ID is %s", id);
	CHECK(header_is(a, "X-Content-Type-Options", "nosniff"), "nosniff is missing");
	if (!a->route || !a->route->cache_control || a->status >= 400)
		CHECK(header_is(a, "Cache-Control", "no-store"), "it can be cached: %s",
		      response_header_value(a, "Cache-Control"));
}

/* The table of doc/API.md, Errors. */
static const struct {
	const char *code;
	unsigned status;
} codes[] = {
	{ "malformed_json", 400 },      { "bad_request", 400 },
	{ "unauthenticated", 401 },     { "token_expired", 401 },
	{ "invalid_credentials", 401 }, { "confirmation_required", 401 },
	{ "token_reused", 401 },        { "invalid_token", 401 },
	{ "forbidden", 403 },           { "csrf_refused", 403 },
	{ "insufficient_scope", 403 },  { "not_found", 404 },
	{ "method_not_allowed", 405 },  { "conflict", 409 },
	{ "email_taken", 409 },         { "last_owner", 409 },
	{ "precondition_failed", 412 }, { "idempotency_in_progress", 409 },
	{ "payload_too_large", 413 },   { "unsupported_media_type", 415 },
	{ "validation_error", 422 },    { "idempotency_key_reused", 422 },
	{ "rate_limited", 429 },        { "internal_error", 500 },
	{ "unavailable", 503 },         { "overloaded", 503 },
};

static bool
is_code_of(const char *code, unsigned status)
{
	for (size_t i = 0; i < COUNT(codes); i++) {
		if (strcmp(codes[i].code, code) == 0)
			return codes[i].status == status;
	}
	return false;
}

static bool
is_one_of(const char *text, const char *const *list)
{
	for (; *list; list++) {
		if (strcmp(*list, text) == 0)
			return true;
	}
	return false;
}

static void
check_field_errors(const struct asked *asked, const struct test_response *a)
{
	static const char *const places[] = { "body", "query", "path", "header", NULL };
	static const char *const field_codes[] = {
		"required",       "unknown_field", "invalid_type", "invalid_format",
		"invalid_choice", "too_short",     "too_long",     "too_small",
		"too_large",      "not_null",      NULL,
	};

	for (size_t i = 0; i < response_count(a, "errors"); i++) {
		char path[60];

		snprintf(path, sizeof(path), "errors.%zu", i);
		CHECK(response_count(a, path) == 4, "%s has other members than it should", path);
		snprintf(path, sizeof(path), "errors.%zu.in", i);
		CHECK(is_one_of(response_text(a, path), places), "%s is %s", path,
		      response_text(a, path));
		snprintf(path, sizeof(path), "errors.%zu.code", i);
		CHECK(is_one_of(response_text(a, path), field_codes), "%s is %s", path,
		      response_text(a, path));
		snprintf(path, sizeof(path), "errors.%zu.field", i);
		response_text(a, path);
		snprintf(path, sizeof(path), "errors.%zu.message", i);
		CHECK(*response_text(a, path), "%s is empty", path);
	}
}

static void
check_problem(const struct asked *asked, const struct test_response *a)
{
	bool has_errors;

	if (!a->json) {
		CHECK(false, "the body is not JSON");
		return;
	}
	has_errors = response_has(a, "errors");
	CHECK(strcmp(response_text(a, "type"), "about:blank") == 0, "the type differs");
	CHECK(*response_text(a, "title"), "the title is empty");
	CHECK(*response_text(a, "detail"), "the detail is empty");
	CHECK(response_int(a, "status") == (int64_t)a->status, "the member status differs");
	CHECK(is_code_of(response_text(a, "code"), a->status),
	      "the code does not belong to the status");
	CHECK(header_is(a, "X-Request-ID", response_text(a, "request_id")),
	      "the member request_id is not X-Request-ID");
	CHECK(has_errors == (strcmp(response_text(a, "code"), "validation_error") == 0),
	      "the member errors must exist only for validation_error");
	CHECK(response_has(a, "error") == (a->route && a->route->oauth),
	      "the member error must exist only for OAuth routes");
	CHECK(response_count(a, "") == 6u + has_errors + response_has(a, "error"),
	      "there are unknown members");
	if (has_errors)
		check_field_errors(asked, a);
}

static void
check_challenge(const struct asked *asked, const struct test_response *a)
{
	const char *challenge = response_header_value(a, "WWW-Authenticate");
	bool stale = strcmp(response_code(a), "confirmation_required") == 0;
	bool about_token = a->status == 401 && !stale && asked->call->token &&
			   strcmp(response_code(a), "invalid_credentials") != 0;

	if (a->status != 401) {
		CHECK(!challenge || a->status == 403, "WWW-Authenticate must not be sent");
		return;
	}
	CHECK(challenge && strncmp(challenge, "Bearer", 6) == 0, "WWW-Authenticate is %s",
	      challenge ? challenge : "missing");
	if (stale)
		CHECK(header_is(a, "WWW-Authenticate",
				"Bearer error=\"insufficient_user_authentication\""),
		      "WWW-Authenticate does not ask for a confirmation");
	if (about_token)
		CHECK(header_is(a, "WWW-Authenticate", "Bearer error=\"invalid_token\""),
		      "WWW-Authenticate says nothing of the token");
}

static bool
allows(const char *allow, const char *method)
{
	size_t len = strlen(method);

	for (const char *at = allow; len && (at = strstr(at, method)); at += len) {
		if ((at == allow || at[-1] == ' ') && (!at[len] || at[len] == ','))
			return true;
	}
	return false;
}

static void
check_allow(const struct asked *asked, const struct test_response *a)
{
	const char *allow = response_header_value(a, "Allow");

	if (a->status != 405 && (a->status != 204 || strcmp(asked->method, "OPTIONS") != 0))
		return;

	CHECK(allow && *allow, "Allow is missing");
	if (!allow)
		return;
	CHECK(allows(allow, "OPTIONS"), "Allow is %s", allow);
	CHECK(allows(allow, "GET") == allows(allow, "HEAD"), "Allow is %s", allow);
	CHECK(a->status == 204 || !allows(allow, asked->method), "Allow is %s", allow);
}

static void
check_retry(const struct asked *asked, const struct test_response *a)
{
	const char *retry = response_header_value(a, "Retry-After");

	CHECK(a->status != 503 || asked->req->ctx->failure.cause, "a 503 without a cause");
	if (a->status != 503 && a->status != 429)
		return;

	CHECK(retry && *retry && retry[strspn(retry, "0123456789")] == '\0' &&
		  strtol(retry, NULL, 10) >= 1,
	      "Retry-After is %s", retry ? retry : "missing");
}

/* A limit whose key depends on the body may not apply to a request. */
static bool
always_limited(const struct route *route)
{
	const struct limit *limit;

	for (size_t i = 0; (limit = route_limit(route, i)); i++) {
		if (!limit->needs_body)
			return true;
	}
	return false;
}

/* A limited route always sends the headers, unless memory runs out. */
static void
check_limit(const struct asked *asked, const struct test_response *a)
{
	bool limited = a->route && route_limit(a->route, 0);
	const char *limit = response_header_value(a, "RateLimit"), *t;

	CHECK(!limit == !response_header_value(a, "RateLimit-Policy"),
	      "one of two headers is missing");
	CHECK(limited || !limit, "RateLimit is there");
	CHECK(!limited || limit || a->status >= 500 || !always_limited(a->route),
	      "RateLimit is missing");
	t = limit ? strstr(limit, ";t=") : NULL;
	CHECK(!limit || (t && strtol(t + 3, NULL, 10) >= 1), "RateLimit is %s", limit);
	CHECK(a->status != 429 || !t ||
		  strtol(response_header_value(a, "Retry-After"), NULL, 10) >=
		      strtol(t + 3, NULL, 10),
	      "Retry-After is sooner than RateLimit says");
}

static void
check_location(const struct asked *asked, const struct test_response *a)
{
	const char *location = response_header_value(a, "Location");
	bool wanted = a->status == 201 || (a->status < 300 && a->route && a->route->location);
	const char *key;
	size_t len;

	CHECK(wanted || !location, "Location is %s", location);
	if (!wanted)
		return;

	CHECK(location && location[0] == '/' && location[1] != '/', "Location is %s",
	      location ? location : "missing");
	if (!location || !response_has(a, "id"))
		return;
	key = response_text(a, a->route->table && a->route->table->slug ? "slug" : "id");
	len = strlen(key);
	CHECK(strlen(location) > len && strcmp(location + strlen(location) - len, key) == 0,
	      "Location is %s, of another row", location);
}

/* Only single rows with a version, and routes with .etag, have a strong tag. */
static void
check_tag(const struct asked *asked, const struct test_response *a)
{
	const char *tag = response_header_value(a, "ETag");
	bool row = a->route && a->route->response && !a->route->list &&
		   etag_has_version(a->route->response);
	bool tagged = a->status < 400 && (row || (a->route && a->route->etag));

	CHECK(tagged == (tag != NULL), "ETag is %s", tag ? tag : "missing");
	CHECK(!tag || (strlen(tag) > 2 && tag[0] == '"' && tag[strlen(tag) - 1] == '"'),
	      "ETag is %s", tag);
	CHECK(a->status != 304 || tag, "304 without an entity tag");
}

/* Access-Control-Allow-Origin is sent only as the setting allows it. */
static void
check_cors(const struct asked *asked, const struct test_response *a)
{
	const char *origin = response_header_value(a, "Access-Control-Allow-Origin");
	const char *vary = response_header_value(a, "Vary");

	CHECK(!*settings.cors_origins || (vary && strcmp(vary, "Origin") == 0), "Vary is %s",
	      vary ? vary : "missing");
	CHECK(!origin || *settings.cors_origins, "no origin is listed, but %s is allowed", origin);
	CHECK(!origin || strcmp(origin, "*") != 0 ||
		  !response_header_value(a, "Access-Control-Allow-Credentials"),
	      "credentials are allowed for all origins");
}

static bool
json_is_long(const struct test_response *a)
{
	struct json_scan scan;

	return json_scan(a->body, a->len, &scan) && scan.too_many;
}

static void
check_body(const struct asked *asked, const struct test_response *a)
{
	bool head = strcmp(asked->method, "HEAD") == 0;
	const char *err = NULL;

	CHECK(a->status >= 200 && a->status <= 599, "the status is not final");
	if (a->status == 204 || a->status == 304) {
		CHECK(!a->media_type && a->len == 0, "it has a body");
		return;
	}
	CHECK(a->media_type && a->len > 0, "it has no body");
	if (!a->media_type || head)
		return;

	/* A response may have more values than a request may have. */
	if (strstr(a->media_type, "json") && !json_is_long(a))
		err = json_check(a->body, a->len);
	CHECK(!err, "the body is not valid JSON: %s", err);
	if (a->status < 400 || (a->status == 503 && a->route && a->route->body_on_503)) {
		CHECK(strcmp(a->media_type, "application/problem+json") != 0,
		      "its media type is that of a problem");
		return;
	}
	CHECK(strcmp(a->media_type, "application/problem+json") == 0,
	      "the media type is not problem+json");
	check_problem(asked, a);
}

static void
check_contract(const struct asked *asked, const struct test_response *a)
{
	struct arena *memory = arena_new(CONTRACT_ARENA);
	const char *err = contract_mismatch(memory, asked, a);

	CHECK(!err, "it differs from the OpenAPI document: %s", err);
	arena_free(memory);
}

void
response_check(const struct asked *asked, const struct test_response *a)
{
	check_headers(asked, a);
	check_body(asked, a);
	if (strcmp(asked->method, "HEAD") != 0)
		check_challenge(asked, a);
	check_allow(asked, a);
	check_retry(asked, a);
	check_limit(asked, a);
	check_location(asked, a);
	check_tag(asked, a);
	check_cors(asked, a);
	check_contract(asked, a);
}
