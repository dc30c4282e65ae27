/* Failures in the OpenAPI document: which of them a route may meet, and a component for
 * each set of failures that share a status. */
#include "http_priv.h"
#include "openapi_priv.h"

#define BIT(e) (UINT64_C(1) << (e))

_Static_assert(ERROR_COUNT <= 64, "one bit for each error");

uint64_t
problems_of(const struct doc *d, const struct route *r)
{
	uint64_t errors = BIT(E_BAD_REQUEST) | BIT(E_PAYLOAD_TOO_LARGE) | BIT(E_INTERNAL) |
			  BIT(E_UNAVAILABLE) | BIT(E_OVERLOADED);

	if (r->body)
		errors |= BIT(E_MALFORMED_JSON) | BIT(E_UNSUPPORTED_MEDIA_TYPE) | BIT(E_VALIDATION);
	if (r->query || r->list)
		errors |= BIT(E_VALIDATION);
	if (r->access != ACCESS_PUBLIC)
		errors |= BIT(E_UNAUTHENTICATED) | BIT(E_TOKEN_EXPIRED) | BIT(E_INVALID_TOKEN);
	if (r->access == ACCESS_NOBODY || r->access > ACCESS_VIEWER)
		errors |= BIT(E_FORBIDDEN);
	if (d->api_keys && r->access > ACCESS_PUBLIC && !r->scope)
		errors |= BIT(E_FORBIDDEN);
	if (d->api_keys && r->scope && *r->scope)
		errors |= BIT(E_INSUFFICIENT_SCOPE);
	if (strchr(r->path, '{'))
		errors |= BIT(E_NOT_FOUND);
	if (r->idempotent)
		errors |= BIT(E_IDEMPOTENCY_IN_PROGRESS) | BIT(E_IDEMPOTENCY_KEY_REUSED);
	if (version_reader(r))
		errors |= BIT(E_PRECONDITION_FAILED);
	if (route_limit(r, 0))
		errors |= BIT(E_RATE_LIMITED);
	for (size_t i = 0; i < COUNT(r->errors); i++)
		if (r->errors[i])
			errors |= BIT(r->errors[i]);
	return errors;
}

/* "not_found" becomes "NotFound"; several codes are joined by "Or". */
static const char *
set_name(struct arena *a, uint64_t errors)
{
	struct buf b = buf_new(a, 1000);

	for (int e = 1; e < ERROR_COUNT; e++) {
		bool capital = true;

		if (!(errors & BIT(e)))
			continue;
		buf_text(&b, b.len ? "Or" : "");
		for (const char *p = error_info((enum error)e)->code; *p; p++) {
			if (*p != '_')
				buf_char(&b, (char)(capital ? *p - 'a' + 'A' : *p));
			capital = *p == '_';
		}
	}
	return b.data;
}

static void
set_need(struct doc *d, uint64_t errors)
{
	struct problem_set **at = &d->problems;

	for (; *at; at = &(*at)->next)
		if ((*at)->errors == errors)
			return;
	*at = ARENA_NEW(d->arena, struct problem_set);
	(*at)->errors = errors;
}

static void
problem_example(struct doc *d, enum error e)
{
	const struct error_info *info = error_info(e);
	struct writer *j = &d->json;
	bool fields = e == E_VALIDATION;

	writer_open(j, info->code, '{');
	writer_text(j, "summary", info->detail);
	writer_open(j, "value", '{');
	writer_text(j, "type", "about:blank");
	writer_text(j, "title", info->title);
	writer_int(j, "status", info->status);
	writer_text(j, "detail", fields ? "1 field is not valid" : info->detail);
	writer_text(j, "code", info->code);
	writer_text(j, "request_id", "01989d54-7c1e-7a3b-9f04-6d2e8c5b1a70");
	if (fields)
		writer_raw(j, "errors",
			   "[{\"in\":\"body\",\"field\":\"email\",\"code\":\"invalid_format\","
			   "\"message\":\"must be an e-mail address\"}]");
	writer_close(j, '}');
	writer_close(j, '}');
}

static void
problem_headers(struct doc *d, uint64_t errors)
{
	static const uint64_t authenticate = BIT(E_UNAUTHENTICATED) | BIT(E_TOKEN_EXPIRED) |
					     BIT(E_INVALID_TOKEN) | BIT(E_INVALID_CREDENTIALS) |
					     BIT(E_TOKEN_REUSED) | BIT(E_INSUFFICIENT_SCOPE);
	static const uint64_t retry = BIT(E_RATE_LIMITED) | BIT(E_UNAVAILABLE) | BIT(E_OVERLOADED);
	struct writer *j = &d->json;

	writer_open(j, "headers", '{');
	writer_ref(j, "X-Request-ID", "headers", "RequestId");
	writer_ref(j, "Cache-Control", "headers", "CacheControl");
	if (!errors)
		writer_ref(j, "Allow", "headers", "Allow");
	if (errors & authenticate)
		writer_ref(j, "WWW-Authenticate", "headers", "Authenticate");
	if (errors & retry)
		writer_ref(j, "Retry-After", "headers", "RetryAfter");
	headers_of_limits(d);
	writer_close(j, '}');
}

static void
problem_content(struct doc *d, uint64_t errors)
{
	struct writer *j = &d->json;

	writer_open(j, "application/problem+json", '{');
	writer_ref(j, "schema", "schemas", "Problem");
	writer_open(j, "examples", '{');
	for (int e = 1; e < ERROR_COUNT; e++)
		if (errors & BIT(e))
			problem_example(d, (enum error)e);
	writer_close(j, '}');
	writer_close(j, '}');
}

/* 503 of a route whose reply tells what is away. */
static void
reply_or_problem(struct doc *d, const struct schema *reply)
{
	struct writer *j = &d->json;

	writer_open(j, "503", '{');
	writer_text(j, "description",
		    "Something that the service needs is away, or it has too much to do.");
	problem_headers(d, BIT(E_UNAVAILABLE));
	writer_open(j, "content", '{');
	writer_open(j, "application/json", '{');
	shape_ref(d, "schema", reply, USE_READ);
	writer_close(j, '}');
	problem_content(d, BIT(E_UNAVAILABLE) | BIT(E_OVERLOADED));
	writer_close(j, '}');
	writer_close(j, '}');
}

void
problems_write(struct doc *d, const struct operation *op)
{
	int e = 1;

	/* error.def is in the order of the statuses. */
	while (e < ERROR_COUNT) {
		unsigned status = error_info((enum error)e)->status;
		uint64_t set = 0;

		for (; e < ERROR_COUNT && error_info((enum error)e)->status == status; e++)
			set |= op->errors & BIT(e);
		if (status == 503 && op->route->reply_503) {
			reply_or_problem(d, op->route->reply);
		} else if (set) {
			set_need(d, set);
			writer_ref(&d->json, arena_printf(d->arena, "%u", status), "responses",
				   set_name(d->arena, set));
		}
	}
	writer_ref(&d->json, "default", "responses", "Problem");
}

/* One response. Without errors: the one for whatever else may come. */
static void
problem_response(struct doc *d, const char *name, uint64_t errors)
{
	struct writer *j = &d->json;
	struct buf text = buf_new(d->arena, 4000);

	for (int e = 1; e < ERROR_COUNT; e++)
		if (errors & BIT(e))
			buf_printf(&text, "%s`%s`: %s", text.len ? "; " : "",
				   error_info((enum error)e)->code,
				   error_info((enum error)e)->detail);
	writer_open(j, name, '{');
	writer_text(j, "description", errors ? text.data : "Any other failure, in the same form.");
	problem_headers(d, errors);
	writer_open(j, "content", '{');
	problem_content(d, errors ? errors : BIT(E_METHOD_NOT_ALLOWED));
	writer_close(j, '}');
	writer_close(j, '}');
}

void
problem_responses_write_all(struct doc *d)
{
	for (const struct problem_set *set = d->problems; set; set = set->next)
		problem_response(d, set_name(d->arena, set->errors), set->errors);
	problem_response(d, "Problem", 0);
}

static void
problem_schema(struct writer *j)
{
	writer_open(j, "Problem", '{');
	writer_text(j, "type", "object");
	writer_text(j, "description", "Every failure has this form (RFC 9457).");
	writer_raw(j, "required",
		   "[\"type\",\"title\",\"status\",\"detail\",\"code\",\"request_id\"]");
	writer_open(j, "properties", '{');
	writer_raw(j, "type", "{\"type\":\"string\",\"description\":\"Always `about:blank`.\"}");
	writer_raw(j, "title", "{\"type\":\"string\",\"description\":\"The status in words.\"}");
	writer_raw(j, "status", "{\"type\":\"integer\",\"minimum\":400,\"maximum\":599}");
	writer_raw(j, "detail",
		   "{\"type\":\"string\",\"description\":\"What went wrong, for a person.\"}");
	writer_open(j, "code", '{');
	writer_text(j, "type", "string");
	writer_text(j, "description", "What went wrong, for a program. It does not change.");
	writer_open(j, "enum", '[');
	for (int e = 1; e < ERROR_COUNT; e++)
		writer_text(j, NULL, error_info((enum error)e)->code);
	writer_close(j, ']');
	writer_close(j, '}');
	writer_raw(j, "request_id",
		   "{\"type\":\"string\",\"description\":\"Finds the request in the logs.\"}");
	writer_open(j, "errors", '{');
	writer_text(j, "type", "array");
	writer_text(j, "description", "With `validation_error` alone: every bad field.");
	writer_ref(j, "items", "schemas", "FieldError");
	writer_close(j, '}');
	writer_close(j, '}');
	writer_close(j, '}');
}

static void
field_error_schema(struct writer *j)
{
	writer_open(j, "FieldError", '{');
	writer_text(j, "type", "object");
	writer_raw(j, "required", "[\"in\",\"field\",\"code\",\"message\"]");
	writer_open(j, "properties", '{');
	writer_raw(j, "in",
		   "{\"type\":\"string\",\"enum\":[\"body\",\"query\",\"path\",\"header\"]}");
	writer_raw(j, "field",
		   "{\"type\":\"string\",\"description\":\"Its name; empty for the whole body.\"}");
	writer_open(j, "code", '{');
	writer_text(j, "type", "string");
	writer_open(j, "enum", '[');
	for (int code = FIELD_REQUIRED; code <= FIELD_NOT_NULL; code++)
		writer_text(j, NULL, field_code_text((enum field_code)code));
	writer_close(j, ']');
	writer_close(j, '}');
	writer_raw(j, "message",
		   "{\"type\":\"string\",\"description\":\"What is wanted, for a person.\"}");
	writer_close(j, '}');
	writer_close(j, '}');
}

void
problem_schemas_write(struct doc *d)
{
	problem_schema(&d->json);
	field_error_schema(&d->json);
}
