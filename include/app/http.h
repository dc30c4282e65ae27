/*
 * HTTP for features: a route is a row of a table; its handler gets a validated request and
 * responds through respond_*(). Limits, headers and error codes: doc/API.md.
 */
#ifndef APP_HTTP_H
#define APP_HTTP_H

#include "app/ctx.h"
#include "app/rate.h"
#include "app/schema.h"
#include "app/settings.h"
#include "app/table.h"

struct request;
struct feature;

enum method { METHOD_NONE, GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS };

/* Returns the name: "GET". */
const char *method_name(enum method);

/* The role that a route requires. The default (0) permits no caller. */
enum access {
	ACCESS_NOBODY,
	ACCESS_PUBLIC,
	ACCESS_VIEWER, /* any authenticated caller */
	ACCESS_MEMBER, /* members, admins, owners */
	ACCESS_ADMIN,  /* admins, owners */
	ACCESS_OWNER,
};

struct header {
	const char *name, *value;
};

/* A rate limit. Requests count whether or not they succeed, unless .key returns NULL or the
 * response is a 503 "overloaded". Routes that refer to the same limit share its counters. */
struct limit {
	const char *name;        /* policy name in the RateLimit headers: "login" */
	const struct rate *rate; /* a setting */
	/* Returns the key of the counter, allocated in the request's arena, or NULL if the request
	 * does not count. If .key is NULL, the key is the client's address. */
	const char *(*key)(struct request *);
	/* The key depends on the body, so the limit is counted after the body is read; all others
	 * are counted before. req->in is NULL or incomplete if the body is invalid. */
	bool needs_body;
};

/* List the coarsest limit first: a request that it refuses creates no counters for the others. */
enum { LIMITS_MAX = 4 };

/* A route. The table ends with { 0 }. In a path, {slug} is a slug, and each other {name} a UUID; any
 * other value there is a 404. */
struct route {
	enum method method;
	const char *path; /* below API_PREFIX, or absolute if .root */
	enum error (*handle)(struct request *);
	enum access access;
	const char *scope; /* required of API keys; "": any API key; NULL: API keys are rejected */
	bool root;
	const struct schema *body; /* JSON request body; the method determines the mode */
	/* Schema of the body as a form (application/x-www-form-urlencoded), if the route accepts
	 * one. Its rows fill the same C record as .body. */
	const struct schema *form;
	const struct schema *query; /* query parameters; not with .list, which has its own */
	const struct table *list;   /* the response is a page of its rows */
	const struct table *table;  /* for create_row() etc. */
	const struct schema *cookie_response; /* the same if the body asks for a cookie session */
	bool cookie_needs_no_body;     /* a request whose credential is a cookie may omit .body */
	const struct schema *response; /* body of a success; with .list, each of its items */
	unsigned status;               /* of a success; 0 means 200 */
	bool fresh;          /* the session must have been confirmed by the password within
			      * FRESH_MINUTES; never with .scope */
	bool idempotent;     /* a POST that accepts Idempotency-Key. Its response is stored for
			      * 24 hours and must not contain a secret */
	bool oauth;          /* errors also have RFC 6749's member `error` */
	bool token_endpoint; /* of OAuth 2: OpenAPI documents .form instead of .body */
	bool body_on_503;    /* a 503 may also have .response as its body */
	/* Prefix of the Location header. NULL: .path for a 201, else no Location. */
	const char *location;
	enum error errors[6]; /* in addition to those that the other members imply */
	const struct limit *limits[LIMITS_MAX];
	/* Of a GET: maximum time for which the response is cached, for each caller. A write to this
	 * feature, or to one in its .invalidated_by, invalidates it. */
	unsigned cache_seconds;
	const char *cache_control; /* NULL: no-store */
	bool etag;                 /* of a GET: the handler sets ETag; If-None-Match gives 304 */
	const char *media_type;    /* of a response that is not JSON */
	struct header response_headers[4]; /* added by the handler to a success; the value is a
					    * description (one sentence) */
	const char *id;                    /* operationId: "items_create" */
	const char *summary;               /* "Create an item": a few words, no full stop */
	const char *description;           /* sentences that say more, or NULL */
	bool deprecated;                   /* an alias that clients should not use */
};

/* The rate limits under which a request was counted. */
struct limit_tally {
	const struct limit *tightest;     /* the one with the least remaining, or NULL */
	struct rate_state tightest_state; /* its state */
	struct limit_count {
		const struct limit *limit;
		unsigned char key[HASH_SIZE];
	} counts[LIMITS_MAX + 1]; /* those that allowed the request */
	size_t n;
};

enum { PATH_PARAMS_MAX = 4, RESPONSE_HEADERS_MAX = 24 };

struct response {
	unsigned status;
	const char *media_type; /* NULL: no body */
	const char *body;
	size_t len;
	struct header headers[RESPONSE_HEADERS_MAX];
	size_t nheaders;
};

/* The server (serve/fcgi.c, or a test) fills the first part, the pipeline the second and the
 * handler the third. */
struct request {
	struct ctx *ctx;
	const char *method_text, *uri; /* raw, as the client sent them */
	const char *const *env;        /* CGI variables NAME=value, NULL-terminated */
	const char *body;              /* never NULL */
	size_t body_len;
	bool body_too_large; /* longer than MAX_BODY_BYTES; the rest was not read */
	bool body_broken;    /* shorter than Content-Length, or the connection broke */

	enum method method;
	const struct route *route;     /* NULL: unmatched */
	const struct feature *feature; /* of the route */
	const char *path;              /* decoded, for Link and logs */
	const char *path_params[PATH_PARAMS_MAX];
	const struct param *query;
	size_t nquery;
	const void *in;           /* the body as a record of route->body */
	uint64_t given;           /* the fields that the client sent (GIVEN()); for a PUT, all
				   * that it replaces */
	const void *query_record; /* of route->query */
	struct list_args list;
	struct limit_tally limits;
	int64_t began; /* when it was received (clock_monotonic()); 0: at app_handle() */
	bool resumed;  /* it was parked (app/ctx.h), and `limits` has counted it */

	struct response response;
};

/* Runs the pipeline: routing, authentication, validation, handler, response. Always sets
 * req->response, also for errors. Exception: if ctx->can_park is set, it may set ctx->parked
 * instead. Then keep ctx->hash and req->limits, and run the request again, with `resumed` set,
 * once hash_turn() no longer returns HASH_WAIT. */
void app_handle(struct request *);

/* Update the metrics and write the access log line, for code that responds without
 * app_handle(). `cause` is that of a 503. measure_request() is async-signal-safe. */
void measure_request(const struct request *, unsigned status, enum cause, int64_t microseconds);
void log_request(const struct request *, unsigned status, enum cause, int64_t microseconds);

/* The members that every error response has (RFC 9457). */
struct problem {
	unsigned status;
	const char *title, *code, *detail, *request_id;
};

/* Appends a problem as JSON without its closing brace, so that members can follow.
 * Async-signal-safe with buf_fixed(). */
void problem_write(struct buf *, const struct problem *);

/* Counts an authentication attempt and its outcome in auth_attempts_total. */
void count_attempt(const char *kind, enum error);

/* Returns a CGI variable ("HTTP_IF_MATCH", "REMOTE_ADDR"), or NULL. */
const char *request_env(const struct request *, const char *name);

/* Returns the value of {name} in the path, in lower case. The route must have it. */
const char *request_path(const struct request *, const char *name);

/* Keys for .key of a limit, allocated in the request's arena. limit_client(): the client's
 * address, for IPv6 its /64; "-" if it is unknown. */
const char *limit_client(struct request *);

/* A key composed of the client's address and an e-mail address (NULL: none). Does not check
 * whether the account exists. */
const char *limit_account(struct request *, const char *email);

/* Returns limit number `i` (from 0) of those that are enabled for the route, including
 * RATE_LIMIT, or NULL. */
const struct limit *route_limit(const struct route *, size_t i);

/* Set the response. If `outcome` is an error, they return it and do nothing, so a handler ends with
 * `return respond_record(req, e, &item);`. The status is that of the route.
 * - respond_record(): a record of .response. Adds Location (a 201, or a route with .location;
 *   the id is the first field) and ETag (a schema with an INT `version` without flags, which
 *   every UPDATE must increment; a handler that changes the row must call table_update(),
 *   table_delete() or table_check_version()).
 * - respond_record_as(): only the body, of another schema, such as .cookie_response.
 * - respond_page(): a page of .list.
 * - respond_empty(): always 204. */
enum error respond_record(struct request *, enum error outcome, const void *record) MUST_CHECK;
enum error respond_record_as(struct request *, enum error outcome, const struct schema *,
			     const void *record) MUST_CHECK;
enum error respond_page(struct request *, enum error outcome, const struct page *) MUST_CHECK;
enum error respond_empty(struct request *, enum error outcome) MUST_CHECK;

/* Complete handlers for routes without rules of their own. list_rows(): a page of .list;
 * list_own_rows(): a page of the caller's own rows, even for admins. The others create a row of
 * .table, or show, update or delete the row {id} or {slug}; .body, if any, is the table's schema. If the table
 * has a .parent, the path has the parent's id in a parameter of that name. E_NOT_FOUND if the
 * caller may not see the parent, or if the row has another parent. */
enum error list_rows(struct request *) MUST_CHECK;
enum error list_own_rows(struct request *) MUST_CHECK;
enum error create_row(struct request *) MUST_CHECK;
enum error show_row(struct request *) MUST_CHECK;
enum error update_row(struct request *) MUST_CHECK;
enum error delete_row(struct request *) MUST_CHECK;

/* Responds with any body, which must live as long as the request's arena. */
enum error respond_body(struct request *, unsigned status, const char *media_type, const char *body,
			size_t len) MUST_CHECK;

/* Adds a header. Name and value must live as long as the request's arena. The value is truncated
 * at the first control character. Ignored after RESPONSE_HEADERS_MAX headers. */
void response_header(struct request *, const char *name, const char *value);

#endif
