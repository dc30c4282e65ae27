/* Error responses: application/problem+json (RFC 9457). */
#include "http_priv.h"

enum { PROBLEM_MAX = 256 * 1024 };

static const char *
detail_of(struct ctx *c, const struct error_info *info)
{
	unsigned n = c->failure.nfields;

	if (info->status == 500)
		return info->detail;
	if (c->failure.detail)
		return c->failure.detail;
	if (n)
		return arena_printf(
		    c->arena, n == 1 ? "%u field is not valid" : "%u fields are not valid", n);
	return info->detail;
}

/* For OAuth clients (RFC 6749, section 5.2); some treat a response without `error` as a token.
 * Section 5.2 has no code for a 429, 500 or 503: these are from section 4.1.2.1. */
static const char *
oauth_error(const struct ctx *c, enum error e)
{
	unsigned status = error_info(e)->status;

	for (const struct field_error *row = c->failure.fields; row; row = row->next) {
		if (e == E_VALIDATION && strcmp(row->field, "grant_type") == 0 &&
		    row->code == FIELD_INVALID_CHOICE)
			return "unsupported_grant_type";
	}
	if (status == 401 || status == 403)
		return "invalid_grant";
	if (status == 429 || status == 503)
		return "temporarily_unavailable";
	return status == 500 ? "server_error" : "invalid_request";
}

static void
set_error_headers(struct request *req, enum error e, unsigned status)
{
	bool token_sent = e == E_INVALID_TOKEN || e == E_TOKEN_EXPIRED || e == E_TOKEN_REUSED;
	unsigned seconds = req->ctx->failure.retry_after;

	if (e == E_CONFIRMATION_REQUIRED) /* RFC 9470 */
		response_header(req, "WWW-Authenticate",
				"Bearer error=\"insufficient_user_authentication\"");
	else if (status == 401)
		response_header(req, "WWW-Authenticate",
				token_sent ? "Bearer error=\"invalid_token\"" : "Bearer");
	if (status == 403 && e == E_INSUFFICIENT_SCOPE)
		response_header(req, "WWW-Authenticate", "Bearer error=\"insufficient_scope\"");
	if (status == 503 || status == 429)
		response_header(req, "Retry-After",
				arena_printf(req->ctx->arena, "%u", seconds ? seconds : 1));
}

void
problem_write(struct buf *b, const struct problem *p)
{
	buf_json(b,
		 "{'type':'about:blank','title':%s,'status':%u,'detail':%s,'code':%s,"
		 "'request_id':%s,",
		 p->title, p->status, p->detail, p->code, p->request_id);
}

static void
write_error(struct buf *b, const struct ctx *c, const struct error_info *info, const char *detail)
{
	problem_write(
	    b, &(struct problem) { info->status, info->title, info->code, detail, c->request_id });
}

void
respond_problem(struct request *req, enum error e)
{
	struct ctx *c = req->ctx;
	const struct error_info *info = error_info(e);
	struct buf b = buf_new(c->arena, PROBLEM_MAX);

	if (c->failure.error != e)
		failure_clear(c);
	write_error(&b, c, info, detail_of(c, info));
	if (req->route && req->route->oauth)
		buf_json(&b, "'error':%s,", oauth_error(c, e));
	if (e == E_VALIDATION) {
		buf_json(&b, "'errors':[");
		for (const struct field_error *row = c->failure.fields; row; row = row->next)
			buf_json(&b, "{'in':%s,'field':%s,'code':%s,'message':%s},", row->in,
				 row->field, field_code_text(row->code), row->message);
		buf_json(&b, "]");
	}
	buf_json(&b, "}");
	set_error_headers(req, e, info->status);
	req->response.status = info->status;
	req->response.media_type = "application/problem+json";
	req->response.body = b.data;
	req->response.len = b.len;
}

void
respond_out_of_memory(struct request *req)
{
	static char body[512];
	const struct error_info *info = error_info(E_OVERLOADED);
	struct buf b = buf_fixed(body, sizeof(body));

	write_error(&b, req->ctx, info, info->detail);
	if (req->route && req->route->oauth)
		buf_json(&b, "'error':%s,", oauth_error(req->ctx, E_OVERLOADED));
	buf_json(&b, "}");
	req->response = (struct response) {
		.status = info->status,
		.media_type = "application/problem+json",
		.body = b.data,
		.len = b.len,
		.headers = { { "Retry-After", "1" } },
		.nheaders = 1,
	};
	req->ctx->failure = (struct failure) { .error = E_OVERLOADED, .cause = CAUSE_MEMORY };
}
