/* The OpenAPI document, made from the rows of features, routes, lists and schemas. */
#include "app/openapi.h"

#include "openapi_priv.h"

#include "app/settings.h"

enum { MEMORY_MAX = 64 * 1024 * 1024, DOCUMENT_MAX = 8 * 1024 * 1024 };

static const char about[] =
    "Bodies are JSON in UTF-8; a member or a query parameter that is not described here is "
    "refused. Times are RFC 3339 in UTC, ids are UUIDs.\n\n"
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
	char *key = arena_text(a, method_name(method));

	for (char *p = key; *p; p++)
		*p = (char)(*p | 0x20);
	return key;
}

/* The router takes the first row that fits; a later one is never reached. */
static bool
is_shadowed(const struct doc *d, const struct operation *op)
{
	for (size_t i = 0; i < d->noperations; i++)
		if (d->operations[i].route->method == op->route->method &&
		    strcmp(d->operations[i].path, op->path) == 0)
			return true;
	return false;
}

static bool
id_taken(const struct doc *d, const char *id)
{
	for (size_t i = 0; i < d->noperations; i++)
		if (strcmp(d->operations[i].id, id) == 0)
			return true;
	return false;
}

static const char *
operation_id(struct doc *d, const struct operation *op)
{
	const char *plain = op->route->id, *id;

	if (!plain)
		plain = arena_printf(d->arena, "%s_%s", op->feature->name,
				     method_key(d->arena, op->route->method));
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

/* What a route answers with: its row's reply, or that of its list. */
static const struct schema *
reply_of(const struct route *r)
{
	return r->reply || !r->list ? r->reply : r->list->row;
}

static void
collect_schemas(struct doc *d, const struct route *r)
{
	if (reply_of(r))
		shape_need(d, reply_of(r), r->list ? USE_PAGE : USE_READ);
	if (r->body)
		shape_need(d, r->body, body_use(r));
	if (r->form)
		shape_need(d, r->form, USE_CREATE);
}

static void
collect(struct doc *d)
{
	size_t n = 0;

	for (const struct feature *const *f = features; *f; f++) {
		d->api_keys = d->api_keys || (*f)->api_keys;
		for (const struct route *r = (*f)->routes; r && r->method; r++)
			n++;
	}
	d->operations = arena_array(d->arena, n + 1, sizeof(*d->operations));
	for (const struct feature *const *f = features; *f; f++) {
		for (const struct route *r = (*f)->routes; r && r->method; r++) {
			struct operation *op = &d->operations[d->noperations];

			op->feature = *f;
			op->route = r;
			op->path = arena_printf(d->arena, "%s%s",
						r->root ? "" : settings.api_prefix, r->path);
			if (is_shadowed(d, op))
				continue;
			op->id = operation_id(d, op);
			op->errors = problems_of(d, r);
			if (r->form && schema_field(r->form, "grant_type") &&
			    ends_with(r->path, "/token"))
				d->token_url = op->path;
			collect_schemas(d, r);
			d->noperations++;
		}
	}
	shape_name_all(d);
}

/* Parameters. */

void
parameter(struct doc *d, const char *in, const struct field *f, bool required)
{
	struct field bare = *f;
	struct writer *j = &d->json;

	bare.text = NULL;
	writer_open(j, NULL, '{');
	writer_text(j, "name", f->name);
	writer_text(j, "in", in);
	writer_bool(j, "required", required);
	if (f->text)
		writer_text(j, "description", f->text);
	field_schema(d, "schema", &bare, USE_CREATE);
	writer_close(j, '}');
}

static void
path_parameters(struct doc *d, const char *path)
{
	while ((path = strchr(path, '{'))) {
		size_t n = strcspn(++path, "}");
		struct field id = { .type = TYPE_UUID, .text = "Identifier of the row." };

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
			parameter(d, "query", f, f->flags & F_REQUIRED && !f->initial);
	}
}

static void
sort_parameter(struct doc *d, const struct list *list)
{
	struct field sort = { .name = "sort", .type = TYPE_ENUM };
	const char **choices;
	size_t n = 0;

	for (const struct list_sort *s = list->sorts; s->name; s++)
		n++;
	if (n == 0)
		return;

	choices = arena_array(d->arena, 2 * n + 1, sizeof(*choices));
	for (size_t i = 0; i < n; i++) {
		choices[2 * i] = arena_printf(d->arena, "-%s", list->sorts[i].name);
		choices[2 * i + 1] = list->sorts[i].name;
	}
	sort.choices = choices;
	sort.initial = choices[0];
	sort.text = "Order; a minus is descending.";
	parameter(d, "query", &sort, false);
}

static void
list_parameters(struct doc *d, const struct list *list)
{
	/* No default for offset: a form that fills in defaults would send it beside cursor. */
	static const struct field paging[] = {
		{ .name = "limit",
		  .type = TYPE_INT,
		  .min = 1,
		  .max = LIST_LIMIT_MAX,
		  .initial = "20",
		  .text = "At most so many rows in a page." },
		{ .name = "offset",
		  .type = TYPE_INT,
		  .min = 0,
		  .max = LIST_OFFSET_MAX,
		  .example = "0",
		  .text = "Rows to pass over; not together with `cursor`." },
		{ .name = "cursor",
		  .type = TYPE_TEXT,
		  .example = "AZicfVQbeqOfBG0ujFsacA",
		  .text = "`next_cursor` of the page before: the next page is found by key, as "
			  "fast however deep. `total` and `offset` are then left out." },
	};
	_Static_assert(LIST_LIMIT == 20, "as the row of limit says");

	for (size_t i = 0; i < COUNT(paging); i++)
		parameter(d, "query", &paging[i], false);
	if (!list->fixed_order)
		sort_parameter(d, list);
	for (const struct list_filter *f = list->filters; f && f->sql; f++)
		if (f->field.name)
			parameter(d, "query", &f->field, f->field.flags & F_REQUIRED);
}

static void
parameters(struct doc *d, const struct operation *op)
{
	const struct route *r = op->route;

	if (!strchr(r->path, '{') && !r->query && !r->list && !header_is_taken(r))
		return;

	writer_open(&d->json, "parameters", '[');
	path_parameters(d, r->path);
	query_parameters(d, r->query);
	if (r->list)
		list_parameters(d, r->list);
	header_parameters(d, r);
	writer_close(&d->json, ']');
}

/* Bodies in both directions. */

static void
media(struct doc *d, const char *type, const struct schema *schema, enum use use)
{
	writer_open(&d->json, type, '{');
	shape_ref(d, "schema", schema, use);
	shape_example(d, "example", schema, use);
	writer_close(&d->json, '}');
}

static void
request_body(struct doc *d, const struct route *r)
{
	struct writer *j = &d->json;

	if (!r->body)
		return;

	writer_open(j, "requestBody", '{');
	writer_bool(j, "required", true);
	writer_open(j, "content", '{');
	media(d, "application/json", r->body, body_use(r));
	if (r->method == PATCH)
		media(d, "application/merge-patch+json", r->body, body_use(r));
	if (r->form)
		media(d, "application/x-www-form-urlencoded", r->form, USE_CREATE);
	writer_close(j, '}');
	writer_close(j, '}');
}

static void
success_content(struct doc *d, const struct route *r)
{
	struct writer *j = &d->json;
	const char *type = r->media_type ? r->media_type : "application/json";

	writer_open(j, "content", '{');
	if (reply_of(r)) {
		media(d, type, reply_of(r), r->list ? USE_PAGE : USE_READ);
	} else {
		writer_open(j, type, '{');
		writer_raw(j, "schema",
			   ends_with(type, "json") ? "{\"type\":\"object\"}"
						   : "{\"type\":\"string\"}");
		writer_close(j, '}');
	}
	writer_close(j, '}');
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
	struct writer *j = &d->json;
	const char *text = "Success.";

	for (size_t i = 0; i < COUNT(texts); i++)
		if (texts[i].status == status)
			text = texts[i].text;
	writer_open(j, arena_printf(d->arena, "%u", status), '{');
	writer_text(j, "description", text);
	headers_write(d, r, status);
	if (status != 204)
		success_content(d, r);
	writer_close(j, '}');
	if (!version_is_shown(r))
		return;

	writer_open(j, "304", '{');
	writer_text(j, "description", "The client has it already.");
	headers_write(d, r, 304);
	writer_close(j, '}');
}

/* Who may. */

static void
security(struct doc *d, const struct route *r)
{
	struct writer *j = &d->json;

	writer_open(j, "security", '[');
	if (r->access != ACCESS_PUBLIC) {
		if (d->token_url)
			writer_raw(j, NULL, "{\"oauth2\":[]}");
		writer_raw(j, NULL, "{\"bearer\":[]}");
		if (d->api_keys && r->scope) {
			writer_open(j, NULL, '{');
			writer_open(j, "api_key", '[');
			if (*r->scope)
				writer_text(j, NULL, r->scope);
			writer_close(j, ']');
			writer_close(j, '}');
		}
	}
	writer_close(j, ']');
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
	return arena_printf(d->arena, "%s Also with an API key that has the scope `%s`.",
			    who[r->access], r->scope);
}

static void
operation(struct doc *d, const struct operation *op)
{
	const struct route *r = op->route;
	struct writer *j = &d->json;

	writer_open(j, method_key(d->arena, r->method), '{');
	writer_open(j, "tags", '[');
	writer_text(j, NULL, op->feature->name);
	writer_close(j, ']');
	writer_text(j, "operationId", op->id);
	if (r->text)
		writer_text(j, "summary", r->text);
	writer_text(j, "description", who_may(d, r));
	security(d, r);
	parameters(d, op);
	request_body(d, r);
	writer_open(j, "responses", '{');
	success(d, r);
	problems_write(d, op);
	writer_close(j, '}');
	writer_close(j, '}');
}

static void
paths(struct doc *d)
{
	struct operation *end = d->operations + d->noperations;

	writer_open(&d->json, "paths", '{');
	for (struct operation *first = d->operations; first < end; first++) {
		if (first->written)
			continue;
		writer_open(&d->json, first->path, '{');
		for (struct operation *op = first; op < end; op++) {
			if (op->written || strcmp(op->path, first->path) != 0)
				continue;
			operation(d, op);
			op->written = true;
		}
		writer_close(&d->json, '}');
	}
	writer_close(&d->json, '}');
}

/* What stands around the paths. */

static bool
any_guarded(const struct doc *d)
{
	for (size_t i = 0; i < d->noperations; i++)
		if (d->operations[i].route->access != ACCESS_PUBLIC)
			return true;
	return false;
}

static void
security_schemes(struct doc *d)
{
	struct writer *j = &d->json;

	if (!any_guarded(d))
		return;

	writer_open(j, "securitySchemes", '{');
	if (d->token_url) {
		writer_open(j, "oauth2", '{');
		writer_text(j, "type", "oauth2");
		writer_text(j, "description", "Sign in with e-mail address and password.");
		writer_open(j, "flows", '{');
		writer_open(j, "password", '{');
		writer_text(j, "tokenUrl", d->token_url);
		writer_raw(j, "scopes", "{}");
		writer_close(j, '}');
		writer_close(j, '}');
		writer_close(j, '}');
	}
	writer_raw(j, "bearer",
		   "{\"type\":\"http\",\"scheme\":\"bearer\",\"bearerFormat\":\"JWT\","
		   "\"description\":\"An access token.\"}");
	if (d->api_keys)
		writer_raw(j, "api_key",
			   "{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-API-Key\","
			   "\"description\":\"An API key; also taken as a bearer token.\"}");
	writer_close(j, '}');
}

static void
components(struct doc *d)
{
	struct writer *j = &d->json;

	writer_open(j, "components", '{');
	writer_open(j, "schemas", '{');
	shape_write_all(d);
	problem_schemas_write(d);
	writer_close(j, '}');
	writer_open(j, "responses", '{');
	problem_responses_write_all(d);
	writer_close(j, '}');
	headers_write_all(d);
	security_schemes(d);
	writer_close(j, '}');
}

static void
info(struct writer *j)
{
	writer_text(j, "openapi", "3.1.0");
	writer_open(j, "info", '{');
	writer_text(j, "title", settings.app_name);
	writer_text(j, "version", PACKAGE_VERSION);
	writer_text(j, "description", about);
	writer_close(j, '}');
	writer_raw(j, "servers", "[{\"url\":\"/\"}]");
}

static void
tags(struct writer *j)
{
	writer_open(j, "tags", '[');
	for (const struct feature *const *f = features; *f; f++) {
		if (!(*f)->routes || !(*f)->routes[0].method)
			continue;
		writer_open(j, NULL, '{');
		writer_text(j, "name", (*f)->name);
		if ((*f)->text)
			writer_text(j, "description", (*f)->text);
		writer_close(j, '}');
	}
	writer_close(j, ']');
}

static const char *
make_document(struct arena *a, size_t *len)
{
	struct doc d = { .arena = a };
	const char *text;
	char *kept;

	d.json.out = buf_new(a, DOCUMENT_MAX);
	collect(&d);
	writer_open(&d.json, NULL, '{');
	info(&d.json);
	tags(&d.json);
	paths(&d);
	components(&d);
	writer_close(&d.json, '}');

	text = buf_done(&d.json.out);
	kept = text ? malloc(d.json.out.len + 1) : NULL;
	if (!kept)
		return NULL;

	*len = d.json.out.len;
	return memcpy(kept, text, *len + 1);
}

const char *
openapi_document(size_t *len)
{
	static const char *document;
	static size_t document_len;

	if (!document) {
		struct arena *a = arena_new(MEMORY_MAX);

		if (setjmp(*arena_guard(a)) == 0)
			document = make_document(a, &document_len);
		arena_free(a);
	}
	*len = document_len;
	return document;
}
