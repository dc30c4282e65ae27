/* What the files of the pipeline share. */
#ifndef APP_HTTP_PRIV_H
#define APP_HTTP_PRIV_H

#include "app/feature.h"
#include "app/hash.h"
#include "app/http.h"

/* A path, split and decoded. */
enum { SEGMENTS_MAX = 32 };
struct segments {
	const char *text[SEGMENTS_MAX];
	size_t n;
};

/* The row of that name; METHOD_NONE for one that is made up. */
enum method method_parse(const char *text);

/* Splits req->uri at its slashes and decodes each segment once; sets req->path and req->method. A
 * trailing slash is no segment. E_BAD_REQUEST for what doc/API.md, Paths, forbids;
 * E_NOT_FOUND for more segments than any route has. */
enum error request_split(struct request *, struct segments *) MUST_CHECK;

/* Reads req->query from the URI. E_BAD_REQUEST for bad escapes. */
enum error request_read_query(struct request *) MUST_CHECK;

/* What stands behind the ? of its address, raw, up to a # or the end; "" for nothing. */
const char *request_query(const struct request *);

/* Decodes name=value pairs between ampersands (a query or a form). False for a bad
 * escape, a NUL, invalid UTF-8 or too many pairs. */
bool params_read(struct arena *, const char *text, size_t len, const struct param **params,
		 size_t *n) MUST_CHECK;

/* Finds the route and fills req->route, req->path_params and ctx->route. E_NOT_FOUND;
 * E_METHOD_NOT_ALLOWED, and then, as for OPTIONS, the Allow header is set. */
enum error route_find(struct request *, const struct segments *) MUST_CHECK;

/* transact.c: the handler in a transaction, and what has to be in it beside it. Where the
 * transaction collides with another one, all of it runs again. */
struct transaction {
	struct request *req;
	bool repeatable_read; /* as db_repeatable_read() */
	/* Before the handler, which does not run where this makes the answer; and after it,
	 * where it did well (or NULL). */
	enum error (*before)(struct request *, void *arg);
	enum error (*after)(struct request *, void *arg);
	void *arg;
	struct response saved; /* transact()'s own */
	enum error failed;
};
enum error transact(struct transaction *) MUST_CHECK;

/* etag.c: ETag, If-Match, If-None-Match. A row whose schema has an INT `version` without
 * flags is sent with a tag; a route that changes it takes If-Match where a GET of the same path
 * shows it. The UPDATE counts: version = version + 1. */
bool etag_has_version(const struct schema *) MUST_CHECK;
const char *etag_make(struct arena *, const struct schema *, const void *record);
/* The GET of the same path that shows one row, or NULL. */
const struct route *route_reader(const struct route *);
/* The same for a route that changes a row with versions, else NULL. */
const struct route *etag_reader(const struct route *);
/* E_BAD_REQUEST for a header that is malformed. */
enum error etag_read_conditions(struct request *) MUST_CHECK;
/* Whether the request depends on the version of what it changes; then etag_handle() runs
 * the handler: E_PRECONDITION_FAILED, or E_NOT_FOUND for a row that the caller may not see. */
bool etag_wanted(const struct request *);
enum error etag_handle(struct request *) MUST_CHECK;
/* Makes an answer 304 that the client has already. */
void etag_not_modified(struct request *);

/* idempotency.c: Idempotency-Key. Whether the request has one, and its route takes it; then
 * idempotency_handle() runs the handler, or gives the answer that it gave. */
bool idempotency_wanted(const struct request *);
enum error idempotency_handle(struct request *) MUST_CHECK;

/* cors.c: what a page of another origin has to be told. Takes no memory. */
void cors_finish(struct request *);

/* Whether the route's answer tells where its row is. */
bool has_location(const struct route *);

/* The value of a header of the answer, or NULL. */
const char *response_find_header(const struct response *, const char *name);

/* cache.c: answers that are kept. Whether this one may be; then cache_handle() runs the
 * handler where there is none. */
bool cache_wanted(const struct request *);
enum error cache_handle(struct request *) MUST_CHECK;
/* After the act, before its answer leaves. */
void cache_invalidate_feature(const struct request *);

/* A name in a table for what stands there: only hosts with our secret can foretell it. */
void hash_secretly(const struct buf *, unsigned char out[HASH_SIZE]);

/* Counts the request for its route's limits of that stage, in the order of the row, up to the
 * first that refuses it: E_RATE_LIMITED. So a refused request makes no counter of a limit that
 * comes later. */
enum limit_stage { LIMITS_BEFORE_BODY, LIMITS_AFTER_BODY };
enum error limit_check(struct request *, enum limit_stage) MUST_CHECK;

/* Takes back what was counted: the server was too busy to handle the request. */
void limit_give_back(struct request *);

/* Adds the headers of the limit with the least left, if any was counted. */
void limit_headers(struct request *);

/* Whether a refusal is the first of its caller (or client address), kind and policy or route in
 * a window: one audit event and one line in the log, however many requests are refused. */
bool limit_first_refusal(struct request *, enum error);

/* Makes the answer of an error from what fail() left in the ctx. */
void respond_problem(struct request *, enum error);

/* The same where memory has run out: takes none. */
void respond_out_of_memory(struct request *);

#endif
