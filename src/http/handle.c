/* The request pipeline. */
#include "http_priv.h"

#include "app/clock.h"
#include "app/hash_queue.h"
#include "app/ids.h"
#include "app/log.h"
#include "app/metrics.h"
#include "app/settings.h"

const struct cookie_sessions *
cookie_sessions(const struct app *app)
{
	for (const struct feature *const *f = app->features; *f; f++)
		if ((*f)->cookies)
			return (*f)->cookies->name() ? (*f)->cookies : NULL;
	return NULL;
}

static void
identify(struct request *req)
{
	struct ctx *c = req->ctx;
	const char *scheme = request_env(req, "REQUEST_SCHEME");
	const char *id = request_env(req, "REQUEST_ID"); /* as the web server logs it */
	const char *parent = request_env(req, "HTTP_TRACEPARENT");

	if (!id || !request_id_valid(id))
		id = request_env(req, "HTTP_X_REQUEST_ID");
	if (!id || !request_id_valid(id)) {
		char new_id[UUID_TEXT_SIZE];

		uuid_new(new_id);
		id = arena_text(c->arena, new_id);
	}
	c->request_id = id;
	c->https = scheme && strcmp(scheme, "https") == 0;
	c->set_cookie = NULL;
	c->clears_cookie = false;
	c->traceparent = parent && traceparent_valid(parent) ? parent : NULL;
}

void
count_attempt(const char *kind, enum error e)
{
	unsigned status = e ? error_info(e)->status : 200;
	const char *result = status == 401 || status == 403 || status == 429 ? "failure" : "error";

	metric_add(&metric_auth_attempts, 1, kind, e ? result : "success");
}

static const char *
attempt_kind(const struct feature *f)
{
	return f->api_keys ? "api_key" : f->cookies ? "cookie" : "access_token";
}

static enum error
authenticate_by(struct request *req, bool api_keys)
{
	enum error e = OK;

	for (const struct feature *const *f = req->ctx->app->features;
	     *f && !e && req->ctx->caller.role == ROLE_NONE; f++) {
		if (!(*f)->authenticate || (*f)->api_keys != api_keys)
			continue;
		e = (*f)->authenticate(req);
		if (!req->resumed && (e || req->ctx->caller.role != ROLE_NONE))
			count_attempt(attempt_kind(*f), e);
	}
	return e;
}

/* API keys first: one that is sent as a bearer token is not an access token. */
static enum error
authenticate(struct request *req)
{
	enum error e = authenticate_by(req, true);

	return e ? e : authenticate_by(req, false);
}

static bool
has_scope(const struct caller *caller, const char *scope)
{
	if (!*scope)
		return true;

	for (const char *const *s = caller->scopes; s && *s; s++) {
		if (strcmp(*s, scope) == 0)
			return true;
	}
	return false;
}

/* If the caller uses an API key, checks that it has the scope. NULL: no API key is accepted. */
static enum error
check_scope(struct ctx *c, const char *scope)
{
	if (!c->caller.api_key_id)
		return OK;
	if (!scope)
		return fail(c, E_FORBIDDEN, "this route does not accept API keys");
	if (!has_scope(&c->caller, scope))
		return fail(c, E_INSUFFICIENT_SCOPE, "the API key needs the scope %s", scope);
	return OK;
}

/* An empty PATCH changes nothing and returns the row, so it needs the scope of the GET too. */
static enum error
check_empty_patch(struct request *req)
{
	const struct route *reader;

	if (req->route->method != PATCH || req->given || !req->ctx->caller.api_key_id)
		return OK;

	reader = route_reader(req->ctx->app, req->route);
	return check_scope(req->ctx, reader ? reader->scope : NULL);
}

static enum error
check_fresh(struct ctx *c)
{
	int64_t age = clock_now() - c->caller.confirmed;

	if (!c->caller.session_id)
		return fail(c, E_FORBIDDEN, "this route requires a session");
	if (age >= settings.fresh_minutes * 60 * 1000000)
		return fail(c, E_CONFIRMATION_REQUIRED, NULL);
	return OK;
}

/* Identifies the caller and checks that it has access. */
static enum error
check_access(struct request *req)
{
	static const enum role least[] = {
		[ACCESS_VIEWER] = ROLE_VIEWER,
		[ACCESS_MEMBER] = ROLE_MEMBER,
		[ACCESS_ADMIN] = ROLE_ADMIN,
		[ACCESS_OWNER] = ROLE_OWNER,
	};
	const struct cookie_sessions *cookies = cookie_sessions(req->ctx->app);
	const struct route *route = req->route;
	struct ctx *c = req->ctx;
	enum error e;

	e = cookies ? cookies->check(req) : OK;
	if (e)
		return e;
	if (route->access == ACCESS_PUBLIC)
		return OK;
	if (route->access == ACCESS_NOBODY)
		return fail(c, E_FORBIDDEN, NULL);

	e = authenticate(req);
	if (e)
		return e;

	if (c->caller.role == ROLE_NONE)
		return fail(c, E_UNAUTHENTICATED, NULL);
	e = check_scope(c, route->scope);
	if (e)
		return e;
	if (c->caller.role < least[route->access])
		return fail(c, E_FORBIDDEN, "this requires the role %s",
			    role_name(least[route->access]));
	return route->fresh ? check_fresh(c) : OK;
}

/* Whether the Content-Type is `wanted`, with any parameters. */
static bool
is_type(const char *type, const char *wanted)
{
	size_t len = strlen(wanted);

	if (!type || strncasecmp(type, wanted, len) != 0)
		return false;

	type += len;
	type += strspn(type, " \t");
	return !*type || *type == ';';
}

static enum error
read_form(struct request *req, void *record)
{
	const struct param *params;
	size_t n;

	if (*req->body == '{') /* what curl -d sends as a form by default */
		return fail(req->ctx, E_UNSUPPORTED_MEDIA_TYPE,
			    "the body is JSON, but was sent as a form: send Content-Type: "
			    "application/json");
	if (!params_read(req->ctx->arena, req->body, req->body_len, &params, &n))
		return fail(req->ctx, E_BAD_REQUEST,
			    "the form has an invalid escape or too many fields");

	return schema_read_params(req->ctx, req->route->form, "body", params, n, record,
				  &req->given);
}

static bool
may_omit_body(const struct request *req)
{
	const struct cookie_sessions *cookies = cookie_sessions(req->ctx->app);

	return req->route->cookie_needs_no_body && !req->body_len && cookies && cookies->sent(req);
}

static enum error
read_body(struct request *req)
{
	const struct route *route = req->route;
	const char *type = request_env(req, "CONTENT_TYPE");
	const char *coding = request_env(req, "HTTP_CONTENT_ENCODING");
	bool json = is_type(type, "application/json") ||
		    (route->method == PATCH && is_type(type, "application/merge-patch+json"));
	bool form = route->form && is_type(type, "application/x-www-form-urlencoded");
	void *record;
	enum error e;

	if (req->body_too_large)
		return fail(req->ctx, E_PAYLOAD_TOO_LARGE,
			    "the body is longer than %" PRId64 " bytes", settings.max_body_bytes);
	if (!route->body || may_omit_body(req))
		return OK;
	if (!json && !form && (req->body_len || (type && *type)))
		return fail(req->ctx, E_UNSUPPORTED_MEDIA_TYPE,
			    "the body must be JSON: send Content-Type: application/json");
	if (coding && *coding && strcasecmp(coding, "identity") != 0)
		return fail(req->ctx, E_UNSUPPORTED_MEDIA_TYPE,
			    "the body must not be compressed: send no Content-Encoding");

	record = arena_alloc(req->ctx->arena, route->body->size);
	req->in = record;
	if (form)
		return read_form(req, record);
	e = schema_read(req->ctx, route->body,
			route->method == PATCH ? SCHEMA_UPDATE : SCHEMA_CREATE, req->body,
			req->body_len, record, &req->given);
	if (route->method == PUT)
		req->given = schema_replaced(route->body);
	return e;
}

static enum error
read_query(struct request *req)
{
	const struct route *route = req->route;
	uint64_t given;
	void *record;

	if (route->list)
		return list_read(req->ctx, route->list, req->query, req->nquery, NULL, &req->list);
	if (!route->query)
		return OK;

	record = arena_alloc(req->ctx->arena, route->query->size);
	req->query_record = record;
	return schema_read_params(req->ctx, route->query, "query", req->query, req->nquery, record,
				  &given);
}

/* Reads query and body, so that the response lists all invalid fields of both. */
static enum error
read_input(struct request *req)
{
	enum error query, body;

	query = read_query(req);
	if (query && query != E_VALIDATION)
		return query;

	body = read_body(req);
	return body ? body : query;
}

/* Checks everything that needs no body, then reads the body. */
static enum error
admit(struct request *req)
{
	enum error e, limited;

	e = request_read_query(req);
	if (!e)
		e = check_access(req);

	limited = limit_check(req, LIMITS_BEFORE_BODY);
	if (limited || e)
		return limited ? limited : e;
	if (req->body_broken)
		return fail(req->ctx, E_BAD_REQUEST, "the body is shorter than its Content-Length");

	e = read_input(req);
	limited = limit_check(req, LIMITS_AFTER_BODY);
	if (limited || e)
		return limited ? limited : e;

	return check_empty_patch(req);
}

static enum error
handle_route(struct request *req)
{
	if (idempotency_wanted(req))
		return idempotency_handle(req);
	if (etag_wanted(req))
		return etag_handle(req);
	if (cache_wanted(req))
		return cache_handle(req);
	return req->route->handle(req);
}

static enum error
process(struct request *req)
{
	struct segments segments;
	enum error e;

	e = request_split(req, &segments);
	if (e)
		return e;

	e = route_find(req, &segments);
	if (e == E_METHOD_NOT_ALLOWED && req->method == OPTIONS)
		return respond_empty(req, OK);
	if (e)
		return e;

	e = admit(req);
	if (e)
		return e;

	e = etag_read_conditions(req);
	if (e)
		return e;

	e = handle_route(req);
	if (e)
		return e;

	etag_not_modified(req);
	return OK;
}

/* Audits 403s of known callers, refusals to remove the last owner, and 429s. */
static void
audit_refusal(struct request *req, enum error e)
{
	bool forbidden = error_info(e)->status == 403 && req->ctx->caller.role != ROLE_NONE;

	if (!forbidden && e != E_LAST_OWNER && e != E_RATE_LIMITED)
		return;
	if (!limit_first_refusal(req, e))
		return;

	for (const struct feature *const *f = req->ctx->app->features; *f; f++) {
		if ((*f)->refused)
			(*f)->refused(req, e);
	}
}

/* Adds the headers of every response. Must not allocate: memory may have run out. */
static void
finish(struct request *req)
{
	const char *cache = req->route ? req->route->cache_control : NULL;

	response_header(req, "X-Request-ID", req->ctx->request_id);
	response_header(req, "X-Content-Type-Options", "nosniff");
	response_header(req, "Content-Security-Policy",
			"default-src 'none'; frame-ancestors 'none'");
	response_header(req, "Cache-Control",
			cache && req->response.status < 400 ? cache : "no-store");
	cors_finish(req);
	if (req->ctx->set_cookie && (req->response.status < 400 || req->ctx->clears_cookie))
		response_header(req, "Set-Cookie", req->ctx->set_cookie);
}

void
measure_request(const struct request *req, unsigned status, enum cause cause, int64_t took)
{
	const char *method = req->method == METHOD_NONE ? "_OTHER" : method_name(req->method);
	char text[] = { (char)('0' + status / 100), (char)('0' + status / 10 % 10),
			(char)('0' + status % 10), '\0' };

	metric_observe(&metric_http_duration, took, method,
		       req->route ? req->ctx->route : "unmatched", text);
	if (status == 503)
		metric_add(&metric_unavailable, 1, cause_word(cause));
}

void
log_request(const struct request *req, unsigned status, enum cause cause, int64_t took)
{
	enum error e = req->ctx->failure.error;
	struct log_field fields[] = {
		{ .name = "method", .text = req->method_text },
		{ .name = "path", .text = req->path },
		{ .name = "status", .number = status, .is = LOG_NUMBER },
		{ .name = "duration", .number = took, .is = LOG_SECONDS },
		{ .name = "bytes", .number = (int64_t)req->response.len, .is = LOG_NUMBER },
		{ .name = "remote_addr", .text = req->ctx->ip },
		{ .name = "error", .text = status >= 400 && e ? error_info(e)->code : NULL },
		{ .name = "cause", .text = status == 503 ? cause_word(cause) : NULL },
		{ 0 },
	};

	log_write(status >= 500 ? LOG_ERROR : LOG_INFO, req->ctx, fields, "request");
}

static void
unpark(struct ctx *c)
{
	if (c->parked)
		hash_leave(&c->hash);
	c->parked = false;
}

/* Whether the request waits for its turn to hash. It does not if the handler ignored the error
 * and continued. */
static bool
is_parked(struct request *req, enum error e)
{
	struct ctx *c = req->ctx;

	if (c->parked && e == E_OVERLOADED && c->failure.cause == CAUSE_HASH_QUEUE)
		return true;

	unpark(c);
	return false;
}

void
app_handle(struct request *req)
{
	struct ctx *c = req->ctx;
	int64_t start = req->began ? req->began : clock_monotonic(), took;
	enum error e;

	c->request_id = "none";
	if (setjmp(*arena_catch(c->arena)) == 0) {
		identify(req);
		e = process(req);
		if (is_parked(req, e)) {
			arena_uncatch(c->arena);
			db_reset(c->db);
			return;
		}
		if (e == E_OVERLOADED)
			limit_give_back(req);
		limit_headers(req);
		if (e) {
			respond_problem(req, e);
			audit_refusal(req, e);
		}
	} else {
		log_error(c, "a request exceeded its memory limit");
		unpark(c);
		respond_out_of_memory(req);
	}
	arena_uncatch(c->arena);
	cache_invalidate_feature(req);
	finish(req);
	if (c->db)
		db_reset(c->db);
	took = clock_monotonic() - start;
	measure_request(req, req->response.status, c->failure.cause, took);
	log_request(req, req->response.status, c->failure.cause, took);
}
