/* The OpenAPI document, written from the rows of features, routes, lists and schemas. */
#include "app/openapi.h"

#include "openapi_priv.h"

#include "app/settings.h"

enum { MEMORY_MAX = 16 * 1024 * 1024, DOCUMENT_MAX = 4 * 1024 * 1024 };

void
describe(struct doc *d, const char *text)
{
	if (text)
		buf_json(&d->json, "'description':%s,", text);
}

/* The router takes the first matching row; without a prefix, two rows can have the same path. */
static bool
is_shadowed(const struct doc *d, const struct route *r, const char *path)
{
	for (const struct operation *op = d->operations; op; op = op->next)
		if (op->route->method == r->method && strcmp(op->path, path) == 0)
			return true;
	return false;
}

static void
collect(struct doc *d)
{
	struct operation **end = &d->operations;

	for (const struct feature *const *f = d->app->features; *f; f++) {
		d->api_keys = d->api_keys || (*f)->api_keys;
		for (const struct route *r = (*f)->routes; r && r->method; r++) {
			const char *path = arena_printf(
			    d->arena, "%s%s", r->root ? "" : settings.api_prefix, r->path);

			if (is_shadowed(d, r, path))
				continue;
			*end = ARENA_NEW(d->arena, struct operation);
			**end = (struct operation) { .feature = *f, .route = r, .path = path };
			end = &(*end)->next;
			if (r->token_endpoint)
				d->token_url = path;
		}
	}
}

static const char conventions[] =
    "## Errors\n\n"
    "Every error is a problem document (RFC 9457, `application/problem+json`). Programs should "
    "use its `code`, which does not change. `validation_error` (422) lists all invalid fields in "
    "`errors`. Each operation documents the errors that are specific to it.\n\n"
    "## Lists\n\n"
    "Lists take `limit` and `offset`, or `cursor`. For all rows, send the first request without "
    "`cursor`, then repeat it with `cursor` set to `next_cursor` of the last response until "
    "`next_cursor` is null.\n\n"
    "## Conventions\n\n"
    "Times are RFC 3339 in UTC. Every GET also supports HEAD. Every response has `X-Request-ID`, "
    "which identifies the request in the logs; rate-limited responses have `RateLimit` and "
    "`RateLimit-Policy`.";

static const char *
introduction(struct doc *d)
{
	const char *api_keys =
	    d->api_keys ? " An API key is sent in the same way, in place of the access token." : "";

	if (!d->token_url)
		return conventions;
	return arena_printf(
	    d->arena,
	    "## Sign in\n\n"
	    "```sh\n"
	    "curl -d username=ada@example.com -d password=… \\\n"
	    "  $SERVER%s\n"
	    "curl -H \"Authorization: Bearer $ACCESS_TOKEN\" \\\n"
	    "  $SERVER%s/…\n"
	    "```\n\n"
	    "The first response has `access_token`; send it with each request.%s\n\n%s",
	    d->token_url, settings.api_prefix, api_keys, conventions);
}

static const char *
tag_name(const struct feature *f)
{
	return f->tag ? f->tag : f->name;
}

/* Features that share a tag are described by the first of them. */
static void
tags(struct doc *d)
{
	buf_json(&d->json, "\n'tags':[");
	for (const struct operation *op = d->operations; op; op = op->next) {
		const struct operation *first = d->operations;

		while (strcmp(tag_name(first->feature), tag_name(op->feature)) != 0)
			first = first->next;
		if (first != op)
			continue;
		buf_json(&d->json, "{'name':%s,", tag_name(op->feature));
		describe(d, op->feature->summary);
		buf_json(&d->json, "},");
	}
	buf_json(&d->json, "],");
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
			buf_json(&d->json, "\n%s:{'tags':[%s],",
				 arena_lower(d->arena, method_name(op->route->method)),
				 tag_name(op->feature));
			operation_write(d, op);
			buf_json(&d->json, "},");
			op->written = true;
		}
		buf_json(&d->json, "},");
	}
	buf_json(&d->json, "},");
}

/* No operation refers to `oauth2`: /docs signs in with it and then sends `bearer`. */
static void
components(struct doc *d)
{
	buf_json(&d->json, "\n'components':{\n'schemas':{");
	shape_write_all(d);
	problem_schemas_write(d);
	buf_json(&d->json, "},\n'parameters':{");
	shared_parameters_write(d);
	buf_json(&d->json, "},\n'responses':{");
	problem_response_write(d);
	buf_json(&d->json,
		 "},\n'securitySchemes':{'bearer':{'type':'http','scheme':'bearer',"
		 "'description':%s},",
		 d->api_keys ? "An access token or an API key." : "An access token.");
	if (cookie_sessions(d->app))
		buf_json(&d->json,
			 "'cookieAuth':{'type':'apiKey','in':'cookie','name':%s,'description':"
			 "'The cookie of a sign-in with `cookie`. Methods other than GET also need "
			 "Sec-Fetch-Site: same-origin or a known Origin, which browsers send.'},",
			 cookie_sessions(d->app)->name());
	if (d->token_url)
		buf_json(&d->json,
			 "'oauth2':{'type':'oauth2','description':'Signs in with e-mail address "
			 "and password.','flows':{'password':{'tokenUrl':%s,'refreshUrl':%s,"
			 "'scopes':{}}}},",
			 d->token_url, d->token_url);
	buf_json(&d->json, "}},");
}

static const char *
make_document(const struct app *app, struct arena *a)
{
	struct doc d = { .app = app, .arena = a, .json = buf_new(a, DOCUMENT_MAX) };
	const char *text;

	collect(&d);
	buf_json(&d.json,
		 "{'openapi':'3.1.0','info':{'title':%s,'version':%s,'description':%s},"
		 "'servers':[{'url':'/'}],",
		 settings.app_name, PACKAGE_VERSION, introduction(&d));
	tags(&d);
	paths(&d);
	components(&d);
	buf_json(&d.json, "}");

	text = buf_done(&d.json);
	return text ? strdup(text) : NULL;
}

const char *
openapi_document(const struct app *app, size_t *len)
{
	static const char *document;

	if (!document) {
		struct arena *a = arena_new(MEMORY_MAX);

		if (setjmp(*arena_catch(a)) == 0)
			document = make_document(app, a);
		arena_free(a);
	}
	*len = document ? strlen(document) : 0;
	return document;
}
