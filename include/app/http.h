/*
 * HTTP as a feature sees it: a route is a row, a handler gets a request that is already
 * checked and answers through reply_*().
 */
#ifndef APP_HTTP_H
#define APP_HTTP_H

#include "app/ctx.h"
#include "app/list.h"
#include "app/rate.h"
#include "app/schema.h"
#include "app/settings.h"

struct request;
struct feature;

enum method { METHOD_NONE, GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS };

/* "GET" */
const char *method_name(enum method);

/* Who may call a route. 0 is nobody: a forgotten cell is closed. */
enum access {
	ACCESS_NOBODY,
	ACCESS_PUBLIC,
	ACCESS_VIEWER, /* anyone signed in */
	ACCESS_MEMBER, /* members, admins, owners */
	ACCESS_ADMIN,  /* admins, owners */
	ACCESS_OWNER,
};

struct header {
	const char *name, *value;
};

/* A limit on how often a route may be called: every attempt counts. Routes that name the same
 * limit share the count. */
struct limit {
	const char *name;        /* of the policy, in headers: "login" */
	const struct rate *rate; /* a setting */
	/* The key under which an attempt is counted, in the request's arena; NULL: it is not
	 * counted. Without a function, the key is the client's address. */
	const char *(*key)(struct request *);
	/* The key depends on the body, so the limit is counted after the body was read; all others
	 * are counted before. req->in is NULL or incomplete if the body is invalid. */
	bool needs_body;
};

/* A row lists the coarsest limit first: a request that it refuses creates no counter of the others. */
enum { LIMITS_MAX = 4 };

/* One row a route; the table ends with { 0 }. Paths begin with / below API_PREFIX, or at
 * the root where .root; {id} and every other {name} is a UUID, and anything else there
 * is 404. */
struct route {
	enum method method;
	const char *path;
	enum error (*handle)(struct request *);
	enum access access;
	const char *scope; /* that an API key needs; NULL: no API key; "": any API key */
	bool root;
	const struct schema *body; /* of the request; its mode comes from the method */
	const struct schema *form; /* where the body may also be a form (…/x-www-form-urlencoded):
				     * rows that fill the same C record as .body */
	const struct schema *query;    /* parameters of the query; those of .list are its filters */
	const struct list *list;       /* the answer is a page of it */
	const struct schema *response; /* of the answer; of one row where .list */
	unsigned status;               /* of success; 0 is 200 */
	bool idempotent;               /* a POST that takes Idempotency-Key: its answer, which must
				     * hold no secret, is kept for a day */
	bool oauth;                    /* errors also have RFC 6749's member `error` */
	bool body_on_503;              /* .reply may also come with 503, not only a problem */
	const char *location;          /* Location is below it: with 201 for .path, if not given;
				     * with any other status none, if not given */
	enum error errors[6];          /* beside those that the other cells imply */
	const struct limit *limits[LIMITS_MAX];
	unsigned cache_seconds;    /* of a GET: its answer is kept so long, for each caller, until
				     * a request changes the feature or one that it .follows */
	const char *cache_control; /* NULL is no-store */
	bool etag;                 /* of a GET: the handler sets ETag; If-None-Match gives 304 */
	const char *media_type;    /* of an answer that is not JSON */
	struct header
	    response_headers[4]; /* what the handler adds to success: each with one sentence */
	const char *id;          /* operationId: "items_create" */
	const char *summary;     /* one sentence */
};

/* The limits that counted a request. */
struct limit_tally {
	const struct limit *tightest;     /* the one with the least left, or NULL */
	struct rate_state tightest_state; /* its count */
	struct limit_count {
		const struct limit *limit;
		unsigned char key[HASH_SIZE];
	} counts[LIMITS_MAX + 1]; /* those that passed */
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

/* The first part is filled by the edge (serve/fcgi.c, or a test), the second by the
 * pipeline, the third by the handler. */
struct request {
	struct ctx *ctx;
	const char *method_text, *uri; /* raw: as the client sent them */
	const char *const *env;        /* CGI variables NAME=value, NULL-terminated */
	const char *body;              /* never NULL */
	size_t body_len;
	bool body_too_large; /* longer than MAX_BODY_BYTES; the rest was not read */
	bool body_broken;    /* shorter than announced, or the connection broke */

	enum method method;
	const struct route *route;     /* NULL: unmatched */
	const struct feature *feature; /* whose route it is */
	const char *path;              /* decoded, for Link and logs */
	const char *path_params[PATH_PARAMS_MAX];
	const struct param *query;
	size_t nquery;
	const void *in;           /* the body as a record of route->body */
	uint64_t given;           /* which of its rows the client named */
	const void *query_record; /* of route->query */
	struct list_args list;
	struct limit_tally limits;
	int64_t began; /* when it was received (clock_monotonic()); 0: at app_handle() */
	bool resumed;  /* it was parked (app/ctx.h): `limits` counted it then */

	struct response response;
};

/* The whole pipeline: route, caller, body, handler, answer or problem. Never fails: what
 * goes wrong is in the reply. Tests call it too. If ctx->can_park was set, it may set ctx->parked
 * instead of a reply: the caller keeps ctx->hash and req->limits, and runs the request again, with
 * `resumed`, when hash_turn() no longer says HASH_WAIT. */
void app_handle(struct request *);

/* Count a response and write its access line, for code that responds without app_handle();
 * `cause` is that of a 503. measure_request() is safe in a signal handler. */
void measure_request(const struct request *, unsigned status, enum cause, int64_t microseconds);
void log_request(const struct request *, unsigned status, enum cause, int64_t microseconds);

/* Counts a try to sign in, or to be known by credentials of that kind. */
void count_attempt(const char *kind, enum error);

/* A CGI variable ("HTTP_IF_MATCH", "REMOTE_ADDR"), or NULL. */
const char *request_env(const struct request *, const char *name);

/* The value of {name} in the route's path, in lower case; the route must have it. */
const char *request_path(const struct request *, const char *name);

/* Keys for limits. The client's address: an IPv6 client is its /64, "-" if the web server names
 * none. */
const char *limit_client(struct request *);

/* The client's address together with an e-mail address, which need not have an account; NULL:
 * none. */
const char *limit_account(struct request *, const char *email);

/* The limits that hold for a route now, RATE_LIMIT among them: number `i` from 0, or NULL. */
const struct limit *route_limit(const struct route *, size_t i);

/* Answers with the status of the route's row. respond_record: a record of .reply, with Location
 * (of its first field, the id) where the status is 201 or .location is there, and with ETag
 * where it has an INT `version` without flags, which every UPDATE counts up: If-Match and
 * If-None-Match then work by themselves. respond_page: a page of .list; respond_empty: 204. Where
 * the outcome is an error they return it and answer nothing, so a handler ends with
 * `return respond_record(req, e, &item);`. */
enum error respond_record(struct request *, enum error outcome, const void *record) MUST_CHECK;
enum error respond_page(struct request *, enum error outcome, const struct page *) MUST_CHECK;
enum error respond_empty(struct request *, enum error outcome) MUST_CHECK;

/* The handler of a list that no rule narrows: answers with the page that was asked for. */
enum error respond_list(struct request *) MUST_CHECK;

/* A body that is ready: `body` must live as long as the arena. */
enum error respond_body(struct request *, unsigned status, const char *media_type, const char *body,
			size_t len) MUST_CHECK;

/* Adds a header; name and value must live as long as the arena, and the value is cut at
 * the first control character. */
void response_header(struct request *, const char *name, const char *value);

#endif
