/* One operation of the OpenAPI document: texts, security, parameters and body. */
#include "http/http_priv.h"
#include "openapi_priv.h"

/* One media type for each body: generators cannot express two. */
static void
request_body(struct doc *d, const struct route *r)
{
	if (!r->body)
		return;

	buf_json(&d->json,
		 r->cookie_needs_no_body && cookie_sessions(d->app)
		     ? "'requestBody':{'content':{%s:{'schema':"
		     : "'requestBody':{'required':true,'content':{%s:{'schema':",
		 r->token_endpoint ? "application/x-www-form-urlencoded" : "application/json");
	shape_ref(d, r->token_endpoint ? r->form : r->body,
		  r->method == PATCH ? USE_UPDATE : USE_CREATE);
	buf_json(&d->json, "}}},");
}

static void
parameter(struct doc *d, const char *in, const struct field *f, bool required)
{
	buf_json(&d->json, "{'name':%s,'in':%s,", f->name, in);
	if (required)
		buf_json(&d->json, "'required':true,");
	describe(d, field_description(d, f, USE_CREATE));
	buf_json(&d->json, "'schema':{");
	field_schema(d, f, USE_CREATE);
	buf_json(&d->json, "}},");
}

static void
path_parameters(struct doc *d, const char *path)
{
	while ((path = strchr(path, '{'))) {
		size_t n = strcspn(++path, "}");
		struct field id = { .name = arena_text_n(d->arena, path, n) };

		id.type = strcmp(id.name, "slug") == 0 ? TYPE_SLUG : TYPE_UUID;
		parameter(d, "path", &id, true);
	}
}

static void
query_parameters(struct doc *d, const struct schema *query)
{
	for (size_t i = 0; query && i < query->nfields; i++) {
		const struct field *f = &query->fields[i];

		if (f->flags & F_CREATE)
			parameter(d, "query", f, f->flags & F_REQUIRED && !f->default_value);
	}
}

static void
sort_parameter(struct doc *d, const struct table *list)
{
	struct field sort = { .name = "sort",
			      .type = TYPE_ENUM,
			      .summary = "Order; a minus sign means descending." };
	const char **choices;
	size_t n = 0;

	while (list->sorts[n].name)
		n++;
	choices = arena_array(d->arena, 2 * n + 1, sizeof(*choices));
	for (size_t i = 0; i < n; i++) {
		choices[2 * i] = arena_printf(d->arena, "-%s", list->sorts[i].name);
		choices[2 * i + 1] = list->sorts[i].name;
	}
	sort.choices = choices;
	sort.default_value = choices[0];
	parameter(d, "query", &sort, false);
}

/* `*`, or entity tags in quotes, separated by commas (find_tag()). */
#define TAG_PATTERN  "(W/)?\"[!#-~\\u0080-\\u00ff]*\""
#define TAGS_PATTERN "^([*]|[, \\t]*" TAG_PATTERN "([ \\t]*,[, \\t]*" TAG_PATTERN ")*[, \\t]*)$"

/* 1 to 255 printable characters, or these as a quoted string (parse_idempotency_key()). */
#define KEY_PATTERN "^([!#-~][ -~]{0,254}|\"([ !#-\\[\\]-~]|\\\\[\"\\\\]){1,255}\")$"

static const struct {
	const char *name, *text, *pattern;
} headers[] = {
	{ "If-None-Match", "`ETag` of a version that the client has: 304 if it is current.",
	  TAGS_PATTERN },
	{ "If-Match",
	  "`ETag` of the version to change: 412 `precondition_failed` if it is not "
	  "current.",
	  TAGS_PATTERN },
	{ "Idempotency-Key",
	  "A key that the client chooses, such as a UUID. A retry with the "
	  "same key within a day gets the first response. 409 "
	  "`idempotency_in_progress` while the first request is running; 422 "
	  "`idempotency_key_reused` with another query or body.",
	  KEY_PATTERN },
};

/* A parameter of many operations: a component. */
static void
shared_parameter(struct doc *d, const char *name)
{
	buf_json(&d->json, "{'$ref':%s},",
		 arena_printf(d->arena, "#/components/parameters/%s", name));
}

static void
list_parameters(struct doc *d, const struct table *list)
{
	for (unsigned i = 0; i < LIST_PAGING; i++)
		shared_parameter(d, list_paging[i].name);
	if (!list->fixed_order)
		sort_parameter(d, list);
	for (const struct list_filter *f = list->filters; list_is_filter(f); f++) {
		struct field field = list_parameter(list, f);

		if (field.name)
			parameter(d, "query", &field, field.flags & F_REQUIRED);
	}
}

/* Whether an operation written so far refers to the component. */
static bool
is_used(struct doc *d, const char *name)
{
	return strstr(d->json.data, arena_printf(d->arena, "/parameters/%s\"", name));
}

void
shared_parameters_write(struct doc *d)
{
	for (unsigned i = 0; i < LIST_PAGING; i++) {
		if (!is_used(d, list_paging[i].name))
			continue;
		buf_json(&d->json, "\n%s:", list_paging[i].name);
		parameter(d, "query", &list_paging[i], false);
	}
	for (unsigned i = 0; i < COUNT(headers); i++)
		if (is_used(d, headers[i].name))
			buf_json(&d->json,
				 "\n%s:{'name':%s,'in':'header','description':%s,"
				 "'schema':{'type':'string','pattern':%s}},",
				 headers[i].name, headers[i].name, headers[i].text,
				 headers[i].pattern);
}

static void
parameters(struct doc *d, const struct route *r)
{
	buf_json(&d->json, "'parameters':[");
	path_parameters(d, r->path);
	query_parameters(d, r->query);
	if (r->list)
		list_parameters(d, r->list);
	if (has_etag(r))
		shared_parameter(d, "If-None-Match");
	if (etag_reader(d->app, r))
		shared_parameter(d, "If-Match");
	if (r->idempotent)
		shared_parameter(d, "Idempotency-Key");
	buf_json(&d->json, "],");
}

static const char *
api_key_text(struct doc *d, const struct route *r)
{
	if (!d->api_keys || r->access == ACCESS_PUBLIC)
		return "";
	if (!r->scope)
		return " API keys are rejected.";
	if (!*r->scope)
		return " API keys need no scope.";
	return arena_printf(d->arena, " API keys need the scope `%s`%s.", r->scope,
			    r->method == PATCH ? " (for an empty patch, the scope of GET)" : "");
}

static const char *
description(struct doc *d, const struct route *r)
{
	static const char *const access[] = {
		[ACCESS_NOBODY] = "Closed to all callers.",
		[ACCESS_PUBLIC] = "Public.",
		[ACCESS_VIEWER] = "For signed-in users.",
		[ACCESS_MEMBER] = "For members, admins and owners.",
		[ACCESS_ADMIN] = "For admins and owners.",
		[ACCESS_OWNER] = "For owners.",
	};

	return arena_printf(d->arena, "%s%s%s%s%s", r->description ? r->description : "",
			    r->description ? "\n\n" : "", access[r->access],
			    r->fresh ? " Requires a recent sign-in." : "", api_key_text(d, r));
}

void
operation_write(struct doc *d, const struct operation *op)
{
	const struct route *r = op->route;

	buf_json(&d->json, "'operationId':%s,'summary':%s,", r->id, r->summary);
	describe(d, description(d, r));
	if (r->deprecated)
		buf_json(&d->json, "'deprecated':true,");
	buf_json(&d->json, r->access == ACCESS_PUBLIC ? "'security':[],"
			   : cookie_sessions(d->app)
			       ? "'security':[{'bearer':[]},{'cookieAuth':[]}],"
			       : "'security':[{'bearer':[]}],");
	parameters(d, r);
	request_body(d, r);
	responses_write(d, r);
}
