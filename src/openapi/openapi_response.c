/* Responses in the OpenAPI document: success, the errors that a row names, and `default`. */
#include "http/http_priv.h"
#include "openapi_priv.h"

static bool
responds_with_version(const struct route *r)
{
	return r->response && !r->list && etag_has_version(r->response);
}

bool
has_etag(const struct route *r)
{
	return r->method == GET && (r->etag || responds_with_version(r));
}

static void
header(struct doc *d, const char *name, const char *text, bool required)
{
	buf_json(&d->json, "%s:{'description':%s,", name, text);
	if (required)
		buf_json(&d->json, "'required':true,");
	buf_json(&d->json, "'schema':{'type':'string'}},");
}

static void
etag_header(struct doc *d)
{
	header(d, "ETag", "Version of the row.", true);
}

/* Headers that any operation may send are described once, with the errors. */
static void
success_headers(struct doc *d, const struct route *r)
{
	buf_json(&d->json, "'headers':{");
	if (has_location(r))
		header(d, "Location", "Path of the new row.", true);
	if (has_etag(r) || responds_with_version(r))
		etag_header(d);
	if (r->list)
		header(d, "Link", "Other pages (RFC 8288).", false);
	if (r->idempotent)
		header(d, "Idempotency-Replayed",
		       "`true`: this is the stored response of an earlier request.", false);
	for (size_t i = 0; i < COUNT(r->response_headers) && r->response_headers[i].name; i++)
		header(d, r->response_headers[i].name, r->response_headers[i].value, true);
	buf_json(&d->json, "},");
}

static void
success_content(struct doc *d, const struct route *r)
{
	buf_json(&d->json,
		 "'content':{%s:{'schema':", r->media_type ? r->media_type : "application/json");
	if (r->cookie_response && cookie_sessions(d->app)) {
		buf_json(&d->json, "{'anyOf':[");
		shape_ref(d, r->response, USE_READ);
		shape_ref(d, r->cookie_response, USE_READ);
		buf_json(&d->json, "]},");
	} else if (r->response)
		shape_ref(d, r->response, r->list ? USE_PAGE : USE_READ);
	else
		buf_json(&d->json, r->media_type && !strstr(r->media_type, "json")
				       ? "{'type':'string'},"
				       : "{'type':'object'},");
	buf_json(&d->json, "}},");
}

static void
success(struct doc *d, const struct route *r)
{
	unsigned status = r->status ? r->status : 200;

	buf_json(&d->json, "'%u':{'description':%s,", status,
		 status == 201   ? "Created."
		 : status == 202 ? "Accepted."
		 : status == 204 ? "Done."
				 : "Success.");
	success_headers(d, r);
	if (status != 204)
		success_content(d, r);
	buf_json(&d->json, "},");
	if (!has_etag(r))
		return;

	buf_json(&d->json, "'304':{'description':'Not modified.','headers':{");
	etag_header(d);
	buf_json(&d->json, "}},");
}

/* The errors of this status that the row names, or NULL. */
static const char *
errors_text(struct doc *d, const struct route *r, unsigned status)
{
	struct buf b = buf_new(d->arena, 4000);

	if (status == 404 && strchr(r->path, '{'))
		buf_text(&b, "`not_found`: no such row, or not yours.");
	if (status == 503 && r->body_on_503)
		buf_text(&b, "Not ready, or the problem `unavailable` or `overloaded`.");
	if (status == 401 && r->fresh)
		buf_printf(&b, "`%s`: %s.", error_info(E_CONFIRMATION_REQUIRED)->code,
			   error_info(E_CONFIRMATION_REQUIRED)->detail);
	for (size_t i = 0; i < COUNT(r->errors) && r->errors[i]; i++) {
		const struct error_info *info = error_info(r->errors[i]);

		if (info->status == status)
			buf_printf(&b, "%s`%s`: %s.", b.len ? " " : "", info->code, info->detail);
	}
	return b.len ? b.data : NULL;
}

static void
problem_content(struct doc *d, const struct schema *body)
{
	buf_json(&d->json, "'content':{");
	if (body) {
		buf_json(&d->json, "'application/json':{'schema':");
		shape_ref(d, body, USE_READ);
		buf_json(&d->json, "},");
	}
	buf_json(&d->json, "'application/problem+json':"
			   "{'schema':{'$ref':'#/components/schemas/Problem'}}},");
}

void
responses_write(struct doc *d, const struct route *r)
{
	unsigned last = 0;

	buf_json(&d->json, "'responses':{");
	success(d, r);
	/* error.def is in the order of the statuses. */
	for (int e = 1; e < ERROR_COUNT; e++) {
		unsigned status = error_info((enum error)e)->status;
		const char *text = status == last ? NULL : errors_text(d, r, status);

		last = status;
		if (!text)
			continue;
		buf_json(&d->json, "'%u':{'description':%s,", status, text);
		problem_content(d, status == 503 && r->body_on_503 ? r->response : NULL);
		buf_json(&d->json, "},");
	}
	buf_json(&d->json, "'default':{'$ref':'#/components/responses/Problem'}},");
}

/* The first two headers come with every response, the next two if the request was rate-limited. */
void
problem_response_write(struct doc *d)
{
	buf_json(
	    &d->json,
	    "\n'Problem':{'description':'Error.','headers':{"
	    "'X-Request-ID':{'required':true,"
	    "'description':'Identifies the request in the logs. On every response.',"
	    "'schema':{'type':'string','pattern':'^[A-Za-z0-9._-]{8,64}$'}},"
	    "'Cache-Control':{'required':true,"
	    "'description':'Whether the response may be stored. On every response.',"
	    "'schema':{'type':'string'}},"
	    "'RateLimit-Policy':{'description':'The limit with the fewest requests left: `q` "
	    "requests in `w` seconds. On every response of a rate-limited operation.',"
	    "'schema':{'type':'string','examples':['\\'login\\';q=5;w=60']}},"
	    "'RateLimit':{'description':'Requests left (`r`), and seconds until the next one is "
	    "allowed (`t`). On every response of a rate-limited operation.',"
	    "'schema':{'type':'string','examples':['\\'login\\';r=4;t=12']}},"
	    "'WWW-Authenticate':{"
	    "'description':'With 401 and with `insufficient_scope` (RFC 6750).',"
	    "'schema':{'type':'string'}},"
	    "'Retry-After':{'description':'With 429 and 503: seconds to wait.',"
	    "'schema':{'type':'integer','minimum':0}},"
	    "'Allow':{'description':'With 405: the methods of the path.',"
	    "'schema':{'type':'string'}},");
	if (cookie_sessions(d->app))
		buf_json(&d->json,
			 "'Set-Cookie':{'description':'Sets the cookie of the session after a "
			 "sign-in with `cookie`, a confirmation and a new password; clears it "
			 "when the session has ended.','schema':{'type':'string'}},");
	buf_json(&d->json, "},");
	problem_content(d, NULL);
	buf_json(&d->json, "},");
}

/* Codes are strings with their known values in the text: a new one must not break clients. */
static const char *
problem_codes(struct doc *d)
{
	struct buf b = buf_new(d->arena, 4000);

	buf_text(&b, "A machine-readable code:");
	for (int e = 1; e < ERROR_COUNT; e++)
		buf_printf(&b, "%s `%s`", e > 1 ? "," : "", error_info((enum error)e)->code);
	buf_text(&b, ". New codes may be added.");
	return b.data;
}

static const char *
field_codes(struct doc *d)
{
	struct buf b = buf_new(d->arena, 1000);

	for (int code = FIELD_REQUIRED; code <= FIELD_NOT_NULL; code++)
		buf_printf(&b, "%s`%s`", b.len ? ", " : "", field_code_text((enum field_code)code));
	return b.data;
}

void
problem_schemas_write(struct doc *d)
{
	buf_json(
	    &d->json,
	    "\n'Problem':{'type':'object','description':'An error (RFC 9457).',"
	    "'required':['type','title','status','detail','code','request_id'],'properties':{"
	    "'type':{'type':'string','description':'Always `about:blank`.'},"
	    "'title':{'type':'string','description':'The reason phrase of the status.'},"
	    "'status':{'type':'integer','minimum':400,'maximum':599},"
	    "'detail':{'type':'string','description':'A human-readable explanation of the error.'},"
	    "'code':{'type':'string','description':%s},"
	    "'request_id':{'type':'string',"
	    "'description':'Identifies the request in the logs.'},"
	    "'error':{'type':'string',"
	    "'description':'Only when signing in: the error code of RFC 6749.'},"
	    "'errors':{'type':'array','items':{'$ref':'#/components/schemas/FieldError'},"
	    "'description':'Only with `validation_error`: all invalid fields.'}}},",
	    problem_codes(d));
	buf_json(&d->json,
		 "\n'FieldError':{'type':'object','required':['in','field','code','message'],"
		 "'properties':{'in':{'type':'string','enum':['body','query','path','header']},"
		 "'field':{'type':'string','description':'The name of the member or parameter; "
		 "empty for the whole body.'},"
		 "'code':{'type':'string','description':%s},"
		 "'message':{'type':'string','description':'A human-readable description of what "
		 "is expected.'}}},",
		 field_codes(d));
}
