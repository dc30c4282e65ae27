/* Entity tags and conditional requests (RFC 9110, sections 8.8.3 and 13). */
#include "http_priv.h"

#include "app/log.h"
#include "app/utf8.h"

bool
etag_has_version(const struct schema *schema)
{
	const struct field *version = schema_field(schema, "version");

	return version && version->type == TYPE_INT && !version->flags;
}

const char *
etag_make(struct arena *a, const struct schema *schema, const void *record)
{
	return arena_printf(a, "\"%s\"", table_version(a, schema, record));
}

const struct route *
route_reader(const struct app *app, const struct route *route)
{
	for (const struct feature *const *f = app->features; *f; f++) {
		for (const struct route *r = (*f)->routes; r && r->method; r++) {
			if (r->method == GET && r->root == route->root && r->response && !r->list &&
			    !r->query && strcmp(r->path, route->path) == 0)
				return r;
		}
	}
	return NULL;
}

const struct route *
etag_reader(const struct app *app, const struct route *route)
{
	bool changes = route->method == PUT || route->method == PATCH || route->method == DELETE;
	const struct route *reader = changes ? route_reader(app, route) : NULL;

	return reader && etag_has_version(reader->response) ? reader : NULL;
}

/* Finds the next tag of a comma-separated list (RFC 9110, section 8.8.3), and advances *list. *tag
 * is the text between the quotes, or NULL at the end. Accepts weak tags, since a proxy may have
 * weakened them. Returns false if the list is malformed. */
static bool
next_tag(struct arena *a, const char **list, bool first, const char **tag)
{
	const char *start = *list, *at = start + strspn(start, ", \t"), *end;

	*tag = NULL;
	*list = at;
	if (!*at)
		return !first;
	if (!first && !memchr(start, ',', (size_t)(at - start)))
		return false;

	at += strncmp(at, "W/", 2) == 0 ? 2 : 0;
	if (*at++ != '"')
		return false;
	for (end = at; *end && *end != '"'; end++)
		if ((unsigned char)*end <= ' ' || *end == 0x7f)
			return false;
	if (!*end || (end[1] && !strchr(", \t", end[1])))
		return false;

	*tag = arena_text_n(a, at, (size_t)(end - at));
	*list = end + 1;
	return true;
}

/* Splits the list into its tags, then NULL. Omits those that are not UTF-8: PostgreSQL rejects
 * them, and no version is one of them. Returns NULL if the list is malformed. */
static const char *const *
read_tags(struct arena *a, const char *list)
{
	const char **tags = arena_array(a, strlen(list) / 3 + 2, sizeof(*tags));
	bool first = true;
	size_t n = 0;

	for (; next_tag(a, &list, first, &tags[n]); first = false) {
		if (!tags[n])
			return tags;
		n += utf8_valid(tags[n], strlen(tags[n]));
	}
	return NULL;
}

static bool
is_any(const char *list)
{
	return strcmp(list, "*") == 0;
}

/* Whether the list is `*` or has the tag, in the form of etag_make(). */
static bool
has_tag(struct arena *a, const char *list, const char *tag)
{
	const char *const *tags = is_any(list) ? NULL : read_tags(a, list);

	for (; tags && *tags; tags++)
		if (strncmp(*tags, tag + 1, strlen(tag) - 2) == 0 &&
		    strlen(*tags) == strlen(tag) - 2)
			return true;
	return is_any(list);
}

#define IF_MATCH      "HTTP_IF_MATCH"
#define IF_NONE_MATCH "HTTP_IF_NONE_MATCH"

static enum error
check_condition(struct request *req, const char *variable, const char *name)
{
	const char *list = request_env(req, variable);

	if (list && !is_any(list) && !read_tags(req->ctx->arena, list))
		return fail(req->ctx, E_BAD_REQUEST,
			    "%s must be * or quoted entity tags separated by commas", name);
	return OK;
}

enum error
etag_read_conditions(struct request *req)
{
	enum error e = check_condition(req, IF_MATCH, "If-Match");

	return e ? e : check_condition(req, IF_NONE_MATCH, "If-None-Match");
}

/* Runs the GET route of the same path, which checks access, to find the row's current ETag. */
static enum error
find_current(struct request *req, const struct route *reader, const char **tag)
{
	const struct route *route = req->route;
	struct response response = req->response;
	enum error e;

	req->route = reader;
	e = req->route->handle(req);
	req->route = route;
	*tag = response_find_header(&req->response, "ETag");
	req->response = response;
	return e;
}

bool
etag_wanted(const struct request *req)
{
	return etag_reader(req->ctx->app, req->route) &&
	       (request_env(req, IF_MATCH) || request_env(req, IF_NONE_MATCH));
}

/* The change itself checks the versions of If-Match. For If-None-Match, which clients rarely
 * send with a change, the row is read first, and the change demands the version that was read. */
static enum error
demand_version(struct request *req, const struct route *reader)
{
	struct ctx *c = req->ctx;
	const char *match = request_env(req, IF_MATCH), *none = request_env(req, IF_NONE_MATCH);
	const char *current;
	enum error e;

	if (none) {
		e = find_current(req, reader, &current);
		if (e)
			return e;
		if (!current || has_tag(c->arena, none, current))
			return fail(c, E_PRECONDITION_FAILED, NULL);
		if (!match || is_any(match))
			match = current;
	}
	if (!is_any(match))
		c->precondition = (struct precondition) { .schema = reader->response,
							  .versions = read_tags(c->arena, match) };
	return OK;
}

enum error
etag_handle(struct request *req)
{
	struct ctx *c = req->ctx;
	enum error e;

	e = demand_version(req, etag_reader(req->ctx->app, req->route));
	if (!e)
		e = req->route->handle(req);
	if (!e && c->precondition.schema && !c->precondition.checked) {
		log_error(c, "%s %s: the handler has ignored If-Match", method_name(req->method),
			  req->route->path);
		e = fail(c, E_INTERNAL, NULL);
	}
	c->precondition = (struct precondition) { 0 };
	return e;
}

void
etag_not_modified(struct request *req)
{
	struct response *response = &req->response;
	const char *tag = response_find_header(response, "ETag"), *none;

	if ((req->method != GET && req->method != HEAD) || response->status != 200 || !tag)
		return;

	none = request_env(req, IF_NONE_MATCH);
	if (!none || !has_tag(req->ctx->arena, none, tag))
		return;

	response->status = 304;
	response->media_type = NULL;
	response->body = "";
	response->len = 0;
}
