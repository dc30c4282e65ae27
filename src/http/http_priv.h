/* What the files of the pipeline share. */
#ifndef APP_HTTP_PRIV_H
#define APP_HTTP_PRIV_H

#include "app/feature.h"
#include "app/http.h"

/* A path, split and decoded. */
enum { SEGMENTS_MAX = 32 };
struct segments {
	const char *text[SEGMENTS_MAX];
	size_t n;
};

/* Splits req->uri at its slashes and decodes each segment once; sets req->path. A
 * trailing slash is no segment. E_BAD_REQUEST for what API.md, Paths, forbids;
 * E_NOT_FOUND for more segments than any route has. */
enum error request_split(struct request *, struct segments *) MUST_CHECK;

/* Reads req->query from the URI. E_BAD_REQUEST for bad escapes. */
enum error request_read_query(struct request *) MUST_CHECK;

/* Decodes name=value pairs between ampersands (a query or a form). False for a bad
 * escape, a NUL, invalid UTF-8 or too many pairs. */
bool params_read(struct arena *, const char *text, size_t len, const struct param **params,
		 size_t *n) MUST_CHECK;

/* Finds the route and fills req->route, req->path_params and ctx->route. E_NOT_FOUND;
 * E_METHOD_NOT_ALLOWED, and then, as for OPTIONS, the Allow header is set. */
enum error route_find(struct request *, const struct segments *) MUST_CHECK;

/* Makes the answer of an error from what fail() left in the ctx. */
void reply_problem(struct request *, enum error);

/* The same where memory has run out: takes none. */
void reply_out_of_memory(struct request *);

#endif
