/* Entity tags and conditional requests (RFC 9110, sections 8.8.3 and 13). */
#include "http_priv.h"

bool
etag_has_version(const struct schema *schema)
{
	const struct field *version = schema_field(schema, "version");

	return version && version->type == TYPE_INT && !version->flags;
}

const char *
etag_make(struct arena *a, const struct schema *schema, const void *record)
{
	const struct field *id = schema_field(schema, "id");
	const struct field *version = schema_field(schema, "version");

	/* The id is included because `/users/me` is a different row for each caller. */
	return arena_printf(a, "\"%s-%s\"", id ? field_text(a, id, record) : "",
			    field_text(a, version, record));
}

const struct route *
route_reader(const struct route *route)
{
	for (const struct feature *const *f = features; *f; f++) {
		for (const struct route *r = (*f)->routes; r && r->method; r++) {
			if (r->method == GET && r->root == route->root && r->response && !r->list &&
			    !r->query && strcmp(r->path, route->path) == 0)
				return r;
		}
	}
	return NULL;
}

const struct route *
etag_reader(const struct route *route)
{
	bool changes = route->method == PUT || route->method == PATCH || route->method == DELETE;
	const struct route *reader = changes ? route_reader(route) : NULL;

	return reader && etag_has_version(reader->response) ? reader : NULL;
}

/* Parses `*` or a comma-separated list of tags. Sets `*found` if one is `tag`, by weak comparison.
 * Returns false if the list is malformed. */
static bool
find_tag(const char *list, const char *tag, bool *found)
{
	size_t len = strlen(tag), n = 0;
	const char *end, *start = list;

	*found = strcmp(list, "*") == 0;
	if (*found)
		return true;

	for (;; n++, list = start = end) {
		list += strspn(list, ", \t");
		if (!*list)
			return n > 0;
		if (n > 0 && !memchr(start, ',', (size_t)(list - start)))
			return false;
		list += strncmp(list, "W/", 2) == 0 ? 2 : 0;
		if (*list != '"')
			return false;
		for (end = list + 1; *end && *end != '"'; end++) {
			if ((unsigned char)*end <= ' ' || *end == 0x7f)
				return false;
		}
		if (!*end++ || (*end && !strchr(", \t", *end)))
			return false;
		if ((size_t)(end - list) == len && memcmp(list, tag, len) == 0)
			*found = true;
	}
}

static bool
etag_matches(const struct request *req, const char *header, const char *tag)
{
	const char *list = request_env(req, header);
	bool found = false;

	return list && tag && find_tag(list, tag, &found) && found;
}

static const struct {
	const char *variable, *name;
} headers[] = { { "HTTP_IF_MATCH", "If-Match" }, { "HTTP_IF_NONE_MATCH", "If-None-Match" } };

enum { IF_MATCH, IF_NONE_MATCH };

enum error
etag_read_conditions(struct request *req)
{
	for (size_t i = 0; i < COUNT(headers); i++) {
		const char *list = request_env(req, headers[i].variable);
		bool found;

		if (list && !find_tag(list, "", &found))
			return fail(req->ctx, E_BAD_REQUEST,
				    "%s must be * or quoted entity tags separated by commas",
				    headers[i].name);
	}
	return OK;
}

/* Runs the GET route of the same path, which checks access and returns the current ETag. */
static enum error
etag_check_current(struct request *req, void *reader)
{
	const struct route *route = req->route;
	struct response response = req->response;
	const char *tag;
	enum error e;

	req->route = reader;
	e = req->route->handle(req);
	req->route = route;
	tag = response_find_header(&req->response, "ETag");
	req->response = response;
	if (e)
		return e;

	if (etag_matches(req, headers[IF_NONE_MATCH].variable, tag) ||
	    (request_env(req, headers[IF_MATCH].variable) &&
	     !etag_matches(req, headers[IF_MATCH].variable, tag)))
		return fail(req->ctx, E_PRECONDITION_FAILED, NULL);
	return OK;
}

bool
etag_wanted(const struct request *req)
{
	return etag_reader(req->route) && (request_env(req, headers[IF_MATCH].variable) ||
					   request_env(req, headers[IF_NONE_MATCH].variable));
}

/* REPEATABLE READ: if the row changes between the check and the update, both are repeated. */
enum error
etag_handle(struct request *req)
{
	return transact(&(struct transaction) { .req = req,
						.repeatable_read = true,
						.before = etag_check_current,
						.arg = (void *)etag_reader(req->route) });
}

void
etag_not_modified(struct request *req)
{
	struct response *response = &req->response;
	const char *tag = response_find_header(response, "ETag");

	if ((req->method != GET && req->method != HEAD) || response->status != 200 || !tag ||
	    !etag_matches(req, headers[IF_NONE_MATCH].variable, tag))
		return;

	response->status = 304;
	response->media_type = NULL;
	response->body = "";
	response->len = 0;
}
