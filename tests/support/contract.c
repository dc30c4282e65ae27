/* Compares each response with the OpenAPI document: status, body, headers. */
#include "call_priv.h"

#include "support/json_schema.h"
#include "support/test_app.h"

#include "app/openapi.h"
#include "app/settings.h"

#include <json.h>

static struct json_object *
document(void)
{
	static struct json_object *parsed;
	size_t len;

	if (!parsed)
		parsed = json_tokener_parse(openapi_document(test_app(), &len));
	return parsed;
}

static struct json_object *
member(struct json_object *object, const char *name)
{
	return json_object_object_get(object, name);
}

/* The operation of a route in the document, or NULL. */
static struct json_object *
operation_of(struct arena *a, const struct route *route)
{
	const char *path =
	    arena_printf(a, "%s%s", route->root ? "" : settings.api_prefix, route->path);
	char *method = arena_text(a, method_name(route->method));

	for (char *p = method; *p; p++)
		*p = (char)(*p | 0x20);
	return member(member(member(document(), "paths"), path), method);
}

/* The response that describes all errors. */
static struct json_object *
problem(void)
{
	return member(member(member(document(), "components"), "responses"), "Problem");
}

/* What is documented for the status. Errors that an operation does not document, and those of
 * unmatched requests, have the form of `default`. */
static struct json_object *
response_of(struct arena *a, const struct test_response *response)
{
	struct json_object *all, *documented;

	if (!response->route)
		return problem();

	all = member(operation_of(a, response->route), "responses");
	documented = member(all, arena_printf(a, "%u", response->status));
	if (!documented && response->status >= 400)
		documented = member(all, "default");
	return json_schema_follow(document(), documented);
}

static const char *
value_mismatch(struct arena *a, struct json_object *schema, const char *text)
{
	const char *type = json_object_get_string(member(schema, "type"));
	struct json_object *value = type && strcmp(type, "integer") == 0
					? json_tokener_parse(text)
					: json_object_new_string(text);
	const char *err = json_schema_mismatch(a, document(), schema, value);

	json_object_put(value);
	return err;
}

/* On every response, so no operation documents them. */
static bool
is_everywhere(const char *name)
{
	static const char *const names[] = { "X-Content-Type-Options", "Content-Security-Policy",
					     "Vary" };

	for (size_t i = 0; i < COUNT(names); i++) {
		if (strcasecmp(names[i], name) == 0)
			return true;
	}
	return strncasecmp(name, "Access-Control-", 15) == 0;
}

/* Described once, with the errors, for every response. */
static bool
is_common(const char *name)
{
	static const char *const names[] = { "X-Request-ID", "Cache-Control", "RateLimit",
					     "RateLimit-Policy", "Set-Cookie" };

	for (size_t i = 0; i < COUNT(names); i++) {
		if (strcasecmp(names[i], name) == 0)
			return true;
	}
	return false;
}

static struct json_object *
find_header(struct json_object *headers, const char *name)
{
	if (!headers)
		return NULL;

	json_object_object_foreach(headers, one, header)
	{
		if (strcasecmp(one, name) == 0)
			return header;
	}
	return NULL;
}

/* The description of a header: the operation's, or the one that errors and common headers have. */
static struct json_object *
header_of(struct json_object *headers, const char *name, unsigned status)
{
	struct json_object *header = find_header(headers, name);

	if (header || (status < 400 && !is_common(name)))
		return header;
	return find_header(member(problem(), "headers"), name);
}

static const char *
header_mismatch(struct arena *a, struct json_object *headers, const struct header *sent,
		const struct test_response *response)
{
	struct json_object *header = header_of(headers, sent->name, response->status);
	const char *err;

	if (!header)
		return is_everywhere(sent->name)
			   ? NULL
			   : arena_printf(a, "the header %s is not described", sent->name);
	if (response->route && !route_limit(response->route, 0) &&
	    strncasecmp(sent->name, "RateLimit", 9) == 0)
		return arena_printf(a, "the header %s comes from a route without limits",
				    sent->name);
	err = value_mismatch(a, member(header, "schema"), sent->value);
	return err ? arena_printf(a, "header %s: %s", sent->name, err) : NULL;
}

/* A required header that is missing. */
static const char *
missing_header(struct arena *a, struct json_object *headers, const struct test_response *response)
{
	if (!headers)
		return NULL;

	json_object_object_foreach(headers, name, header)
	{
		if (json_object_get_boolean(member(header, "required")) &&
		    !response_header_value(response, name))
			return arena_printf(a, "the header %s is missing", name);
	}
	return NULL;
}

/* The header that the description of `default` promises for that status, or NULL. */
static const char *
promised_header(unsigned status)
{
	switch (status) {
	case 401:
		return "WWW-Authenticate";
	case 405:
		return "Allow";
	case 429:
	case 503:
		return "Retry-After";
	default:
		return NULL;
	}
}

static const char *
headers_mismatch(struct arena *a, struct json_object *headers, const struct test_response *response)
{
	const char *type = response->media_type;
	bool is_problem = !type || strcmp(type, "application/problem+json") == 0;
	const char *promised = promised_header(response->status), *err;

	for (size_t i = 0; i < response->nheaders; i++) {
		err = header_mismatch(a, headers, &response->headers[i], response);
		if (err)
			return err;
	}
	if (promised && is_problem && !response_header_value(response, promised))
		return arena_printf(a, "the header %s is missing", promised);

	err = missing_header(a, headers, response);
	return err ? err : missing_header(a, member(problem(), "headers"), response);
}

/* Errors that `default` does not cover: those that only some operations have, those in the route's row,
 * and a missing row. */
static bool
is_specific(const struct route *route, const char *code)
{
	static const enum error some[] = { E_INVALID_CREDENTIALS, E_TOKEN_REUSED, E_CONFLICT,
					   E_EMAIL_TAKEN, E_LAST_OWNER };

	for (size_t i = 0; i < COUNT(some); i++) {
		if (strcmp(code, error_info(some[i])->code) == 0)
			return true;
	}
	for (size_t i = 0; i < COUNT(route->errors) && route->errors[i]; i++) {
		if (strcmp(code, error_info(route->errors[i])->code) == 0)
			return true;
	}
	return strchr(route->path, '{') && strcmp(code, error_info(E_NOT_FOUND)->code) == 0;
}

/* The operation must document them with the status. */
static const char *
error_mismatch(struct arena *a, struct json_object *documented,
	       const struct test_response *response)
{
	const char *text = json_object_get_string(member(documented, "description"));
	const char *code = json_object_get_string(member(response->json, "code"));

	if (!response->route || !code || !is_specific(response->route, code) ||
	    strstr(text, arena_printf(a, "`%s`", code)))
		return NULL;
	return arena_printf(a, "the operation does not document %s: add it to .errors of its route",
			    code);
}

static const char *
body_mismatch(struct arena *a, struct json_object *documented, const struct test_response *response)
{
	struct json_object *content = member(documented, "content"), *media;
	const char *err;

	if (!content != !response->media_type)
		return "either the response or the document has no body";
	if (!content)
		return NULL;

	media = member(content, response->media_type);
	if (!media)
		return "the media type is not described";
	if (!response->json)
		return NULL;

	err = json_schema_mismatch(a, document(), member(media, "schema"), response->json);
	return err ? arena_printf(a, "body: %s", err) : NULL;
}

const char *
contract_mismatch(struct arena *a, const struct asked *asked, const struct test_response *response)
{
	struct json_object *documented;
	const char *err;

	if (!response->route && strcmp(asked->method, "OPTIONS") == 0)
		return NULL;

	documented = response_of(a, response);
	if (!documented)
		return "the status is not described";

	err = headers_mismatch(a, member(documented, "headers"), response);
	if (!err)
		err = body_mismatch(a, documented, response);
	if (!err && response->status >= 400)
		err = error_mismatch(a, documented, response);
	return err;
}
