/* Internal interfaces of src/http. */
#ifndef APP_HTTP_PRIV_H
#define APP_HTTP_PRIV_H

#include "app/feature.h"
#include "app/hash.h"
#include "app/http.h"

/* The decoded segments of a path. */
enum { SEGMENTS_MAX = 32 };
struct segments {
	const char *text[SEGMENTS_MAX];
	size_t n;
};

/* Returns the method of that name, or METHOD_NONE. */
enum method method_parse(const char *text);

/* Splits the path of req->uri at its slashes and decodes each segment once; sets req->path and
 * req->method. Ignores a trailing slash. E_BAD_REQUEST for paths that doc/API.md, Paths, rejects;
 * E_NOT_FOUND for more than SEGMENTS_MAX segments. */
enum error request_split(struct request *, struct segments *) MUST_CHECK;

/* Reads req->query from the URI. E_BAD_REQUEST for invalid escapes. */
enum error request_read_query(struct request *) MUST_CHECK;

/* Returns the raw text after the ? of the URI, including any fragment; "" if there is none. */
const char *request_query(const struct request *);

/* Decodes the name=value pairs of a query or a form. Returns false for an invalid escape, a NUL,
 * invalid UTF-8 or too many pairs. */
bool params_read(struct arena *, const char *text, size_t len, const struct param **params,
		 size_t *n) MUST_CHECK;

/* Finds the route; sets req->route, req->feature, req->path_params and ctx->route. E_NOT_FOUND;
 * E_METHOD_NOT_ALLOWED (also for OPTIONS), with the Allow header. */
enum error route_find(struct request *, const struct segments *) MUST_CHECK;

/* etag.c: ETag, If-Match, If-None-Match. If the schema has an INT `version` without flags,
 * responses have an ETag. PUT, PATCH and DELETE routes accept the conditions if a GET route of the
 * same path returns the row. Their handlers must call table_update(), table_delete() or
 * table_check_version(), and every UPDATE must set version = version + 1. */
bool etag_has_version(const struct schema *) MUST_CHECK;
const char *etag_make(struct arena *, const struct schema *, const void *record);
/* Returns the GET route of the same path that returns one row, or NULL. */
const struct route *route_reader(const struct app *, const struct route *);
/* The same, for a PUT, PATCH or DELETE of a row with a version; else NULL. */
const struct route *etag_reader(const struct app *, const struct route *);
/* E_BAD_REQUEST for a malformed header. */
enum error etag_read_conditions(struct request *) MUST_CHECK;
/* Whether the request changes a row under a condition. Then etag_handle() runs the handler with
 * ctx->precondition: E_PRECONDITION_FAILED; E_NOT_FOUND for a row that the caller may not see. */
bool etag_wanted(const struct request *);
enum error etag_handle(struct request *) MUST_CHECK;
/* Turns the response into a 304 if the client already has it. */
void etag_not_modified(struct request *);

/* idempotency.c: whether the request has an Idempotency-Key and the route accepts it. Then
 * idempotency_handle() runs the handler or returns the stored response. */
bool idempotency_wanted(const struct request *);
enum error idempotency_handle(struct request *) MUST_CHECK;

/* cors.c: adds the CORS headers. Does not allocate. */
void cors_finish(struct request *);

/* Whether responses of the route have a Location header. */
bool has_location(const struct route *);

/* Returns the value of a response header, or NULL. */
const char *response_find_header(const struct response *, const char *name);

/* cache.c: whether the response may be cached. Then cache_handle() returns the cached response, or
 * runs the handler. */
bool cache_wanted(const struct request *);
enum error cache_handle(struct request *) MUST_CHECK;
/* Invalidates cached responses after a request that may have changed its feature. Call it before
 * the response is sent. */
void cache_invalidate_feature(const struct request *);

/* Hashes text with a key that is derived from our secret, so that clients cannot predict
 * collisions in a table. */
void hash_secretly(const struct buf *, unsigned char out[HASH_SIZE]);

/* Counts the request for the limits of that stage, in the order of the route's row. Stops at the
 * first that refuses it (E_RATE_LIMITED), so that no counters of later limits are created. */
enum limit_stage { LIMITS_BEFORE_BODY, LIMITS_AFTER_BODY };
enum error limit_check(struct request *, enum limit_stage) MUST_CHECK;

/* Undoes the counting, because the server was too busy to handle the request. */
void limit_give_back(struct request *);

/* Adds the RateLimit headers of the limit with the least remaining, if any was counted. */
void limit_headers(struct request *);

/* Whether this is the first refusal for the caller (or client address), error, and policy or route
 * in a window. Only the first is audited and logged. */
bool limit_first_refusal(struct request *, enum error);

/* Sets the response for an error, from the failure that fail() recorded in the ctx. */
void respond_problem(struct request *, enum error);

/* The same after memory has run out. Does not allocate. */
void respond_out_of_memory(struct request *);

#endif
