/* The OpenAPI document, made from the rows of features, routes, lists and schemas. */
#include "app/openapi.h"

#include "openapi_priv.h"

#include "app/settings.h"

enum { MEMORY_MAX = 64 * 1024 * 1024, DOCUMENT_MAX = 8 * 1024 * 1024 };

static const char about[] =
    "Bodies are JSON in UTF-8; a member that is not described here is refused, and so is a "
    "parameter of a list or of a route that has some. Times are RFC 3339 in UTC, ids are UUIDs.\n\n"
    "Every failure has the form of RFC 9457 (`application/problem+json`) and a `code` that "
    "does not change; `validation_error` lists every bad field at once.\n\n"
    "`HEAD` works wherever `GET` does, and `OPTIONS` everywhere: it answers 204 with `Allow`. "
    "A method that a path does not have is 405 `method_not_allowed`, also with `Allow`.\n\n"
    "Every answer carries `X-Request-ID`: the client's own, where it sent one that matches "
    "`[A-Za-z0-9._-]{8,64}`, else a new one. A slash at the end of a path changes nothing.";

/* Paths and identifiers of operations. */

static bool
ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), k = strlen(end);

	return n >= k && strcmp(text + n - k, end) == 0;
}

static const char *
method_key(struct arena *a, enum method method)
{
	return arena_lower(a, method_name(method));
}

/* The router takes the first row that fits; a later one is never reached. */
static bool
is_shadowed(const struct doc *d, const struct route *r, const char *path)
{
	for (const struct operation *op = d->operations; op; op = op->next)
		if (op->route->method == r->method && strcmp(op->path, path) == 0)
			return true;
	return false;
}

static bool
id_taken(const struct doc *d, const char *id)
{
	for (const struct operation *op = d->operations; op; op = op->next)
		if (strcmp(op->id, id) == 0)
			return true;
	return false;
}

static const char *
operation_id(struct doc *d, const struct feature *f, const struct route *r)
{
	const char *plain = r->id, *id;

	if (!plain)
		plain = arena_printf(d->arena, "%s_%s", f->name, method_key(d->arena, r->method));
	id = plain;
	for (int n = 2; id_taken(d, id); n++)
		id = arena_printf(d->arena, "%s_%d", plain, n);
	return id;
}

static enum use
body_use(const struct route *r)
{
	return r->method == PATCH ? USE_UPDATE : USE_CREATE;
}

static void
collect_schemas(struct doc *d, const struct route *r)
{
	if (r->response)
		shape_need(d, r->response, r->list ? USE_PAGE : USE_READ);
	if (r->body)
		shape_need(d, r->body, body_use(r));
	if (r->form)
		shape_need(d, r->form, USE_CREATE);
}

static void
collect(struct doc *d)
{
	struct operation **end = &d->operations;

	for (const struct feature *const *f = features; *f; f++) {
		d->api_keys = d->api_keys || (*f)->api_keys;
		for (const struct route *r = (*f)->routes; r && r->method; r++) {
			const char *path = arena_printf(
			    d->arena, "%s%s", r->root ? "" : settings.api_prefix, r->path);
			struct operation *op;

			if (is_shadowed(d, r, path))
				continue;
			op = ARENA_NEW(d->arena, struct operation);
			*op = (struct operation) { *f, r, path, operation_id(d, *f, r) };
			*end = op;
			end = &op->next;
			if (r->form && schema_field(r->form, "grant_type") &&
			    ends_with(r->path, "/token")) {
				d->token_url = path;
				d->refreshes = schema_field(r->form, "refresh_token");
			}
			collect_schemas(d, r);
		}
	}
	shape_name_all(d);
}

/* Parameters. */

void
put_ref(struct doc *d, const char *kind, const char *name)
{
	buf_json(&d->json, "{'$ref':%s},",
		 arena_printf(d->arena, "#/components/%s/%s", kind, name));
}

void
describe(struct doc *d, const char *text)
{
	if (text)
		buf_json(&d->json, "'description':%s,", text);
}

void
close_array(struct doc *d, size_t start)
{
	if (d->json.data[d->json.len - 1] == '[')
		d->json.len = start;
	else
		buf_json(&d->json, "],");
}

void
parameter(struct doc *d, const char *in, const struct field *f, bool required)
{
	struct field bare = *f;

	bare.summary = NULL;
	bare.aliases = NULL;
	buf_json(&d->json, "{'name':%s,'in':%s,", f->name, in);
	buf_json(&d->json, required ? "'required':true," : "'required':false,");
	describe_field(d, f, USE_CREATE);
	buf_json(&d->json, "'schema':");
	field_schema(d, &bare, USE_CREATE);
	buf_json(&d->json, "},");
}

static void
path_parameters(struct doc *d, const char *path)
{
	while ((path = strchr(path, '{'))) {
		size_t n = strcspn(++path, "}");
		struct field id = { .type = TYPE_UUID, .summary = "Identifier of the row." };

		id.name = arena_text_n(d->arena, path, n);
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
sort_parameter(struct doc *d, const struct list *list)
{
	struct field sort = { .name = "sort", .type = TYPE_ENUM };
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
	sort.summary = "Order; a minus is descending.";
	parameter(d, "query", &sort, false);
}

static void
list_parameters(struct doc *d, const struct list *list)
{
	for (size_t i = 0; i < LIST_PAGING; i++)
		parameter(d, "query", &list_paging[i], false);
	if (!list->fixed_order)
		sort_parameter(d, list);
	for (const struct list_filter *f = list->filters; f && f->sql; f++)
		if (f->field.name)
			parameter(d, "query", &f->field, f->field.flags & F_REQUIRED);
}

static void
parameters(struct doc *d, const struct route *r)
{
	size_t start = d->json.len;

	buf_json(&d->json, "'parameters':[");
	path_parameters(d, r->path);
	query_parameters(d, r->query);
	if (r->list)
		list_parameters(d, r->list);
	header_parameters(d, r);
	close_array(d, start);
}

/* Bodies in both directions. */

static void
media(struct doc *d, const char *type, const struct schema *schema, enum use use)
{
	buf_json(&d->json, "%s:{'schema':", type);
	shape_ref(d, schema, use);
	buf_json(&d->json, "'example':");
	shape_example(d, schema, use);
	buf_json(&d->json, "},");
}

static void
request_body(struct doc *d, const struct route *r)
{
	if (!r->body)
		return;

	buf_json(&d->json, "'requestBody':{'required':true,'content':{");
	media(d, "application/json", r->body, body_use(r));
	if (r->method == PATCH)
		media(d, "application/merge-patch+json", r->body, body_use(r));
	if (r->form)
		media(d, "application/x-www-form-urlencoded", r->form, USE_CREATE);
	buf_json(&d->json, "}},");
}

static void
success_content(struct doc *d, const struct route *r)
{
	const char *type = r->media_type ? r->media_type : "application/json";

	buf_json(&d->json, "'content':{");
	if (r->response)
		media(d, type, r->response, r->list ? USE_PAGE : USE_READ);
	else
		buf_json(&d->json, "%s:{'schema':{'type':%s}}", type,
			 ends_with(type, "json") ? "object" : "string");
	buf_json(&d->json, "},");
}

static void
success(struct doc *d, const struct route *r)
{
	static const struct {
		unsigned status;
		const char *text;
	} texts[] = { { 201, "Created." },
		      { 202, "Accepted." },
		      { 204, "Done; there is nothing to say." } };
	unsigned status = r->status ? r->status : 200;
	const char *text = "Success.";

	for (size_t i = 0; i < COUNT(texts); i++)
		if (texts[i].status == status)
			text = texts[i].text;
	buf_json(&d->json, "'%u':{'description':%s,", status, text);
	headers_write(d, r, status);
	if (status != 204)
		success_content(d, r);
	buf_json(&d->json, "},");
	if (!version_is_shown(r))
		return;

	buf_json(&d->json, "'304':{'description':'The client has it already.',");
	headers_write(d, r, 304);
	buf_json(&d->json, "},");
}

/* Who may. */

static void
security(struct doc *d, const struct route *r)
{
	buf_json(&d->json, "'security':[");
	if (r->access != ACCESS_PUBLIC) {
		buf_json(&d->json,
			 d->token_url ? "{'oauth2':[]},{'bearer':[]}," : "{'bearer':[]},");
		if (d->api_keys && r->scope && *r->scope)
			buf_json(&d->json, "{'api_key':[%s]},", r->scope);
		else if (d->api_keys && r->scope)
			buf_json(&d->json, "{'api_key':[]},");
	}
	buf_json(&d->json, "],");
}

static const char *
who_may(struct doc *d, const struct route *r)
{
	static const char *const who[] = {
		[ACCESS_NOBODY] = "Closed: nobody may call it.",
		[ACCESS_PUBLIC] = "Open to everyone.",
		[ACCESS_VIEWER] = "For everyone who is signed in.",
		[ACCESS_MEMBER] = "For members, admins and owners.",
		[ACCESS_ADMIN] = "For admins and owners.",
		[ACCESS_OWNER] = "For owners.",
	};

	if (!d->api_keys || r->access == ACCESS_PUBLIC)
		return who[r->access];
	if (!r->scope)
		return arena_printf(d->arena, "%s Not with an API key.", who[r->access]);
	if (!*r->scope)
		return arena_printf(d->arena, "%s Also with any API key.", who[r->access]);
	return arena_printf(d->arena, "%s Also with an API key that has the scope `%s`%s.",
			    who[r->access], r->scope,
			    r->method == PATCH ? ", and for an empty patch that of GET" : "");
}

static void
operation(struct doc *d, const struct operation *op)
{
	const struct route *r = op->route;

	buf_json(&d->json, "\n%s:{'tags':[%s],'operationId':%s,", method_key(d->arena, r->method),
		 op->feature->name, op->id);
	if (r->summary)
		buf_json(&d->json, "'summary':%s,", r->summary);
	describe(d, who_may(d, r));
	security(d, r);
	parameters(d, r);
	request_body(d, r);
	buf_json(&d->json, "'responses':{");
	success(d, r);
	problems_write(d, r);
	buf_json(&d->json, "}},");
}

static void
paths(struct doc *d)
{
	buf_json(&d->json, "\n'paths':{");
	for (struct operation *first = d->operations; first; first = first->next) {
		if (first->written)
			continue;
		buf_json(&d->json, "\n%s:{", first->path);
		for (struct operation *op = first; op; op = op->next) {
			if (op->written || strcmp(op->path, first->path) != 0)
				continue;
			operation(d, op);
			op->written = true;
		}
		buf_json(&d->json, "},");
	}
	buf_json(&d->json, "},");
}

/* What stands around the paths. */

static void
security_schemes(struct doc *d)
{
	bool guarded = false;

	for (const struct operation *op = d->operations; op; op = op->next)
		guarded = guarded || op->route->access != ACCESS_PUBLIC;
	if (!guarded)
		return;

	buf_json(&d->json, "\n'securitySchemes':{");
	if (d->token_url)
		buf_json(&d->json,
			 "'oauth2':{'type':'oauth2',"
			 "'description':'Sign in with e-mail address and password.',"
			 "'flows':{'password':{'tokenUrl':%s,",
			 d->token_url);
	if (d->token_url && d->refreshes)
		buf_json(&d->json, "'refreshUrl':%s,", d->token_url);
	if (d->token_url)
		buf_json(&d->json, "'scopes':{}}}},");
	buf_json(&d->json, "'bearer':{'type':'http','scheme':'bearer','bearerFormat':'JWT',"
			   "'description':'An access token.'},");
	if (d->api_keys)
		buf_json(&d->json, "'api_key':{'type':'apiKey','in':'header','name':'X-API-Key',"
				   "'description':'An API key; also taken as a bearer token.'},");
	buf_json(&d->json, "},");
}

static void
components(struct doc *d)
{
	buf_json(&d->json, "\n'components':{\n'schemas':{");
	shape_write_all(d);
	problem_schemas_write(d);
	buf_json(&d->json, "},\n'responses':{");
	problem_responses_write_all(d);
	buf_json(&d->json, "},");
	headers_write_all(d);
	security_schemes(d);
	buf_json(&d->json, "},");
}

static void
tags(struct doc *d)
{
	buf_json(&d->json, "\n'tags':[");
	for (const struct feature *const *f = features; *f; f++) {
		if (!(*f)->routes || !(*f)->routes[0].method)
			continue;
		buf_json(&d->json, "{'name':%s,", (*f)->name);
		describe(d, (*f)->summary);
		buf_json(&d->json, "},");
	}
	buf_json(&d->json, "],");
}

static const char *
make_document(struct arena *a)
{
	struct doc d = { .arena = a, .json = buf_new(a, DOCUMENT_MAX) };
	const char *text;

	collect(&d);
	buf_json(&d.json,
		 "{'openapi':'3.1.0','info':{'title':%s,'version':%s,'description':%s},"
		 "'servers':[{'url':'/'}],",
		 settings.app_name, PACKAGE_VERSION, about);
	tags(&d);
	paths(&d);
	components(&d);
	buf_json(&d.json, "}");

	text = buf_done(&d.json);
	return text ? strdup(text) : NULL;
}

const char *
openapi_document(size_t *len)
{
	static const char *document;

	if (!document) {
		struct arena *a = arena_new(MEMORY_MAX);

		if (setjmp(*arena_catch(a)) == 0)
			document = make_document(a);
		arena_free(a);
	}
	*len = document ? strlen(document) : 0;
	return document;
}
