/* Compares each response with the OpenAPI document: status, body, headers. */
#include "call_priv.h"

#include "support/json_schema.h"

#include "app/openapi.h"
#include "app/settings.h"

#include <json.h>

static struct json_object *
document(void)
{
	static struct json_object *parsed;
	size_t len;

	if (!parsed)
		parsed = json_tokener_parse(openapi_document(&len));
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

/* Without a matched route, any problem is valid. */
static struct json_object *
response_of(struct arena *a, const struct test_response *response)
{
	struct json_object *all;

	if (!response->route)
		return member(member(member(document(), "components"), "responses"), "Problem");

	all = member(operation_of(a, response->route), "responses");
	return json_schema_follow(document(), member(all, arena_printf(a, "%u", response->status)));
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

/* Headers of every response, which the document does not list. */
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

static const char *
header_mismatch(struct arena *a, struct json_object *headers, const struct header *sent)
{
	json_object_object_foreach(headers, name, header)
	{
		const char *err;

		if (strcasecmp(name, sent->name) != 0)
			continue;
		header = json_schema_follow(document(), header);
		err = value_mismatch(a, member(header, "schema"), sent->value);
		return err ? arena_printf(a, "header %s: %s", name, err) : NULL;
	}
	if (is_everywhere(sent->name))
		return NULL;
	return arena_printf(a, "the header %s is not described", sent->name);
}

static const char *
headers_mismatch(struct arena *a, struct json_object *headers, const struct test_response *response)
{
	const char *err;

	for (size_t i = 0; i < response->nheaders; i++) {
		err = header_mismatch(a, headers, &response->headers[i]);
		if (err)
			return err;
	}
	json_object_object_foreach(headers, name, header)
	{
		header = json_schema_follow(document(), header);
		if (json_object_get_boolean(member(header, "required")) &&
		    !response_header_value(response, name))
			return arena_printf(a, "the header %s is missing", name);
	}
	return NULL;
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
	return err ? err : body_mismatch(a, documented, response);
}
