/* Routing: a linear search of the features' route tables. */
#include "http_priv.h"

#include "app/ids.h"
#include "app/settings.h"

static const char *const method_names[] = {
	[METHOD_NONE] = "", [GET] = "GET",       [POST] = "POST", [PUT] = "PUT",
	[PATCH] = "PATCH",  [DELETE] = "DELETE", [HEAD] = "HEAD", [OPTIONS] = "OPTIONS",
};

const char *
method_name(enum method method)
{
	return method_names[method];
}

enum method
method_parse(const char *text)
{
	for (enum method m = GET; m <= OPTIONS; m++) {
		if (strcmp(method_names[m], text) == 0)
			return m;
	}
	return METHOD_NONE;
}

/* Matches the pattern with the first segments. Returns how many it matches, or -1. Stores the
 * values of {name} in `params`. */
static int
match_pattern(const char *pattern, const char *const *segments, size_t n, const char **params)
{
	size_t used = 0, nparams = 0;

	while (*pattern == '/' && pattern[1]) {
		size_t len = strcspn(++pattern, "/");

		if (used == n)
			return -1;
		if (*pattern == '{') {
			bool slug = strncmp(pattern, "{slug}", len) == 0;

			if (slug ? !slug_valid(segments[used]) : !uuid_valid(segments[used]))
				return -1;
			params[nparams++] = segments[used];
		} else if (strncmp(pattern, segments[used], len) != 0 || segments[used][len]) {
			return -1;
		}
		used++;
		pattern += len;
	}
	return (int)used;
}

static bool
route_matches(const struct route *route, const struct segments *s, int prefix, const char **params)
{
	int skip = route->root ? 0 : prefix, left = (int)s->n - skip;

	return skip >= 0 &&
	       match_pattern(route->path, s->text + skip, (size_t)left, params) == left;
}

static void
set_allow(struct request *req, unsigned methods)
{
	struct buf b = buf_new(req->ctx->arena, 200);

	if (methods & 1u << GET)
		methods |= 1u << HEAD;
	methods |= 1u << OPTIONS;
	for (enum method m = GET; m <= OPTIONS; m++) {
		if (!(methods & 1u << m))
			continue;
		buf_text(&b, b.len ? ", " : "");
		buf_text(&b, method_names[m]);
	}
	response_header(req, "Allow", b.data);
}

static void
set_route(struct request *req, const struct feature *feature, const struct route *route,
	  const char *const *params)
{
	req->feature = feature;
	req->route = route;
	for (size_t i = 0; i < PATH_PARAMS_MAX && params[i]; i++)
		req->path_params[i] = arena_lower(req->ctx->arena, params[i]);
	req->ctx->route =
	    route->root ? route->path
			: arena_printf(req->ctx->arena, "%s%s", settings.api_prefix, route->path);
}

enum error
route_find(struct request *req, const struct segments *s)
{
	const char *params[PATH_PARAMS_MAX] = { NULL };
	int prefix = match_pattern(settings.api_prefix, s->text, s->n, params);
	enum method wanted = req->method == HEAD ? GET : req->method;
	unsigned methods = 0;

	for (const struct feature *const *f = req->ctx->app->features; *f; f++) {
		for (const struct route *r = (*f)->routes; r && r->method; r++) {
			if (!route_matches(r, s, prefix, params))
				continue;
			if (r->method == wanted) {
				set_route(req, *f, r, params);
				return OK;
			}
			methods |= 1u << r->method;
		}
	}
	if (!methods)
		return fail(req->ctx, E_NOT_FOUND, NULL);

	set_allow(req, methods);
	return fail(req->ctx, E_METHOD_NOT_ALLOWED, NULL);
}

const char *
request_path(const struct request *req, const char *name)
{
	const char *at = req->route->path;
	size_t len = strlen(name);

	for (size_t i = 0; (at = strchr(at, '{')); i++) {
		at++;
		if (strncmp(at, name, len) == 0 && at[len] == '}')
			return req->path_params[i];
	}
	return NULL;
}
