/* Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a retried request gets the stored
 * response and is not executed again. */
#include "http_priv.h"
#include "idempotency_priv.h"

enum { KEY_MAX = 255 };

/* Returns the key, without the quotes of a string (RFC 8941, section 3.3.3); NULL: malformed. */
static const char *
parse_idempotency_key(struct arena *a, const char *header)
{
	bool quoted = *header == '"';
	char *key = arena_text(a, header), *out = key;
	const char *at = header + quoted;

	for (; *at && !(quoted && *at == '"'); at++) {
		if (quoted && *at == '\\' && *++at != '"' && *at != '\\')
			return NULL;
		if (*at < ' ' || *at > '~')
			return NULL;
		*out++ = *at;
	}
	*out = '\0';
	if (quoted && strcmp(at, "\"") != 0)
		return NULL;
	return *key && out - key <= KEY_MAX ? key : NULL;
}

/* A key belongs to one caller (each API key is a caller of its own) and one route. */
static void
make_hash(const struct request *req, const char *key, unsigned char hash[SHA256_SIZE])
{
	const struct caller *caller = &req->ctx->caller;
	struct buf b = buf_new(req->ctx->arena, 4096);

	buf_printf(&b, "%s\n%s\n%s %s\n%s", caller->user_id,
		   caller->api_key_id ? caller->api_key_id : "", method_name(req->route->method),
		   req->ctx->route, key);
	sha256(b.data, b.len, hash);
}

/* Covers path parameters, raw query and raw body. Keyed with a secret: the body may contain
 * a password, and the stored value must not help to guess it. */
static void
make_fingerprint(const struct request *req, unsigned char fingerprint[SHA256_SIZE])
{
	const char *query = request_query(req);
	struct buf b = buf_new(req->ctx->arena, SIZE_MAX / 4);
	unsigned char both[2][SHA256_SIZE];

	for (size_t i = 0; i < PATH_PARAMS_MAX && req->path_params[i]; i++)
		buf_printf(&b, "%s/", req->path_params[i]);
	buf_put(&b, query, strcspn(query, "#"));
	sha256(b.data, b.len, both[0]);
	sha256(req->body, req->body_len, both[1]);
	secret_sign("idempotency", both, sizeof(both), fingerprint);
}

/* A request with a key, and its state in the transaction. */
struct attempt {
	struct request *req;
	struct idempotency_key key;
	struct response before;
	enum error failed; /* the handler's error, although the transaction is committed */
};

/* Responds with the stored response, if there is one. */
static enum error
find_response(struct request *req, const struct idempotency_key *key)
{
	struct stored_response stored;
	enum error e;

	e = idempotency_find(req->ctx, key, &stored);
	if (e)
		return e;
	if (!stored.found)
		return stored.free ? OK : fail(req->ctx, E_IDEMPOTENCY_IN_PROGRESS, NULL);
	if (!stored.same)
		return fail(req->ctx, E_IDEMPOTENCY_KEY_REUSED, NULL);

	response_header(req, "Idempotency-Replayed", "true");
	if (stored.location)
		response_header(req, "Location", stored.location);
	if (stored.etag)
		response_header(req, "ETag", stored.etag);
	return respond_body(req, (unsigned)stored.status, *stored.body ? "application/json" : NULL,
			    stored.body, strlen(stored.body));
}

static void
store_response(struct request *req, const struct idempotency_key *key)
{
	struct stored_response response = {
		.status = req->response.status,
		.body = req->response.body,
		.location = response_find_header(&req->response, "Location"),
		.etag = response_find_header(&req->response, "ETag"),
	};

	idempotency_store(req->ctx, key, &response);
}

/* Runs the handler once. It is run again after a serialization failure. */
static enum error
run_attempt(struct ctx *c, void *arg)
{
	struct attempt *attempt = arg;
	struct request *req = attempt->req;
	enum error e;

	req->response = attempt->before;
	attempt->failed = OK;
	e = find_response(req, &attempt->key);
	if (e || req->response.status)
		return e;

	e = attempt->failed = req->route->handle(req);
	if (!e)
		store_response(req, &attempt->key);

	/* What the handler wrote before its error, such as an audit event, is committed, as it
	 * would be without this transaction. */
	return db_aborted(c) ? e : OK;
}

bool
idempotency_wanted(const struct request *req)
{
	return req->route->idempotent && req->ctx->caller.user_id &&
	       request_env(req, "HTTP_IDEMPOTENCY_KEY");
}

enum error
idempotency_handle(struct request *req)
{
	const char *text =
	    parse_idempotency_key(req->ctx->arena, request_env(req, "HTTP_IDEMPOTENCY_KEY"));
	struct attempt attempt = {
		.req = req,
		.key = { .user_id = req->ctx->caller.user_id },
		.before = req->response,
	};
	enum error e;

	if (!text)
		return fail(req->ctx, E_BAD_REQUEST,
			    "Idempotency-Key must be 1 to %d printable ASCII characters", KEY_MAX);

	make_hash(req, text, attempt.key.hash);
	make_fingerprint(req, attempt.key.fingerprint);
	e = db_transaction(req->ctx, run_attempt, &attempt);
	if (!e)
		e = attempt.failed;
	if (e)
		req->response = attempt.before;
	return e && idempotency_already_stored(req->ctx)
		   ? fail(req->ctx, E_IDEMPOTENCY_IN_PROGRESS, NULL)
		   : e;
}
