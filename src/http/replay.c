/* Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a request that comes again gets
 * the answer that it got, and is not done again. */
#include "http_priv.h"
#include "replay_priv.h"

enum { KEY_MAX = 255 };

/* The key itself: of "k" (RFC 8941, 3.3.3) what is in the quotes. NULL: malformed. */
static const char *
read_key(struct arena *a, const char *header)
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

/* A key belongs to one caller, which an API key is by itself, and to one route. */
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

/* Of the path's parameters, query and body; the last two as they came. Under a secret, for a
 * body may hold a password, and who reads the table shall not be able to try them out. */
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

static enum error
find_answer(struct request *req, void *arg)
{
	struct replay replay;
	enum error e;

	e = replay_find(req->ctx, arg, &replay);
	if (e)
		return e;
	if (!replay.found)
		return replay.free ? OK : fail(req->ctx, E_IDEMPOTENCY_IN_PROGRESS, NULL);
	if (!replay.same)
		return fail(req->ctx, E_IDEMPOTENCY_KEY_REUSED, NULL);

	reply_header(req, "Idempotency-Replayed", "true");
	if (replay.location)
		reply_header(req, "Location", replay.location);
	if (replay.etag)
		reply_header(req, "ETag", replay.etag);
	return reply_body(req, (unsigned)replay.status, *replay.body ? "application/json" : NULL,
			  replay.body, strlen(replay.body));
}

static enum error
keep_answer(struct request *req, void *arg)
{
	struct replay answer = {
		.status = req->reply.status,
		.body = req->reply.body,
		.location = reply_find_header(&req->reply, "Location"),
		.etag = reply_find_header(&req->reply, "ETag"),
	};

	replay_keep(req->ctx, arg, &answer);
	return OK;
}

bool
replay_wanted(const struct request *req)
{
	return req->route->idempotent && req->ctx->caller.user_id &&
	       request_env(req, "HTTP_IDEMPOTENCY_KEY");
}

enum error
replay_handle(struct request *req)
{
	const char *text = read_key(req->ctx->arena, request_env(req, "HTTP_IDEMPOTENCY_KEY"));
	struct replay_key key = { .user_id = req->ctx->caller.user_id };
	enum error e;

	if (!text)
		return fail(req->ctx, E_BAD_REQUEST,
			    "Idempotency-Key must be 1 to %d printable characters", KEY_MAX);

	make_hash(req, text, key.hash);
	make_fingerprint(req, key.fingerprint);
	e = transact(
	    &(struct act) { .req = req, .before = find_answer, .after = keep_answer, .arg = &key });
	return e && replay_was_kept(req->ctx) ? fail(req->ctx, E_IDEMPOTENCY_IN_PROGRESS, NULL) : e;
}
