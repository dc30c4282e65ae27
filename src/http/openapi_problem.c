/* Failures in the OpenAPI document: which of them a route may meet, and a component for
 * each set of failures that share a status. */
#include "http_priv.h"
#include "openapi_priv.h"

_Static_assert(ERROR_COUNT <= 64, "one bit for each error");

static uint64_t
problems_of(const struct doc *d, const struct route *r)
{
	uint64_t errors = BIT(E_BAD_REQUEST) | BIT(E_PAYLOAD_TOO_LARGE) | BIT(E_INTERNAL) |
			  BIT(E_UNAVAILABLE) | BIT(E_OVERLOADED);

	if (r->body)
		errors |= BIT(E_MALFORMED_JSON) | BIT(E_UNSUPPORTED_MEDIA_TYPE) | BIT(E_VALIDATION);
	if (r->query || r->list)
		errors |= BIT(E_VALIDATION);
	if (r->access != ACCESS_PUBLIC)
		errors |= BIT(E_UNAUTHENTICATED) | BIT(E_TOKEN_EXPIRED) | BIT(E_INVALID_TOKEN);
	if (r->access == ACCESS_NOBODY || r->access > ACCESS_VIEWER)
		errors |= BIT(E_FORBIDDEN);
	if (d->api_keys && r->access > ACCESS_PUBLIC && !r->scope)
		errors |= BIT(E_FORBIDDEN);
	if (d->api_keys && r->scope && *r->scope)
		errors |= BIT(E_INSUFFICIENT_SCOPE);
	if (strchr(r->path, '{'))
		errors |= BIT(E_NOT_FOUND);
	if (r->idempotent)
		errors |= BIT(E_IDEMPOTENCY_IN_PROGRESS) | BIT(E_IDEMPOTENCY_KEY_REUSED);
	if (etag_reader(r))
		errors |= BIT(E_PRECONDITION_FAILED);
	if (route_limit(r, 0))
		errors |= BIT(E_RATE_LIMITED);
	for (size_t i = 0; i < COUNT(r->errors); i++)
		if (r->errors[i])
			errors |= BIT(r->errors[i]);
	return errors;
}

/* "not_found" becomes "NotFound"; several codes are joined by "Or". */
static const char *
set_name(struct arena *a, uint64_t errors)
{
	struct buf b = buf_new(a, 1000);

	for (int e = 1; e < ERROR_COUNT; e++) {
		bool capital = true;

		if (!(errors & BIT(e)))
			continue;
		buf_text(&b, b.len ? "Or" : "");
		for (const char *p = error_info((enum error)e)->code; *p; p++) {
			if (*p != '_')
				buf_char(&b, (char)(capital ? *p - 'a' + 'A' : *p));
			capital = *p == '_';
		}
	}
	return b.data;
}

static void
set_need(struct doc *d, uint64_t errors)
{
	struct problem_set **at = &d->problems;

	for (; *at; at = &(*at)->next)
		if ((*at)->errors == errors)
			return;
	*at = ARENA_NEW(d->arena, struct problem_set);
	(*at)->errors = errors;
}

static void
problem_example(struct doc *d, enum error e)
{
	const struct error_info *info = error_info(e);
	bool fields = e == E_VALIDATION;

	buf_json(&d->json,
		 "%s:{'summary':%s,'value':{'type':'about:blank','title':%s,'status':%u,"
		 "'detail':%s,'code':%s,'request_id':'01989d54-7c1e-7a3b-9f04-6d2e8c5b1a70',",
		 info->code, info->detail, info->title, info->status,
		 fields ? "1 field is not valid" : info->detail, info->code);
	if (fields)
		buf_json(&d->json, "'errors':[{'in':'body','field':'email','code':'invalid_format',"
				   "'message':'must be an e-mail address'}]");
	buf_json(&d->json, "}},");
}

/* A member of `responses`. With `reply`: of a route that tells what is away, so either comes. */
static void
problem_response(struct doc *d, const char *name, const char *text, uint64_t errors,
		 const struct schema *response)
{
	buf_json(&d->json, "%s:{", name);
	describe(d, text);
	headers_of_failure(d, errors);
	buf_json(&d->json, "'content':{");
	if (response) {
		buf_json(&d->json, "'application/json':{'schema':");
		shape_ref(d, response, USE_READ);
		buf_json(&d->json, "},");
	}
	buf_json(&d->json, "'application/problem+json':{'schema':");
	put_ref(d, "schemas", "Problem");
	buf_json(&d->json, "'examples':{");
	for (int e = 1; e < ERROR_COUNT; e++)
		if (errors & BIT(e))
			problem_example(d, (enum error)e);
	buf_json(&d->json, "}}}},");
}

void
problems_write(struct doc *d, const struct route *r)
{
	uint64_t errors = problems_of(d, r);
	int e = 1;

	/* error.def is in the order of the statuses. */
	while (e < ERROR_COUNT) {
		unsigned status = error_info((enum error)e)->status;
		uint64_t set = 0;

		for (; e < ERROR_COUNT && error_info((enum error)e)->status == status; e++)
			set |= errors & BIT(e);
		if (status == 503 && r->body_on_503) {
			problem_response(d, "503",
					 "Something that the service needs is away, or it has too "
					 "much to do.",
					 BIT(E_UNAVAILABLE) | BIT(E_OVERLOADED), r->response);
		} else if (set) {
			set_need(d, set);
			buf_json(&d->json, "'%u':", status);
			put_ref(d, "responses", set_name(d->arena, set));
		}
	}
	buf_json(&d->json, "'default':");
	put_ref(d, "responses", "Problem");
}

static const char *
set_text(struct arena *a, uint64_t errors)
{
	struct buf b = buf_new(a, 4000);

	for (int e = 1; e < ERROR_COUNT; e++)
		if (errors & BIT(e))
			buf_printf(&b, "%s`%s`: %s", b.len ? "; " : "",
				   error_info((enum error)e)->code,
				   error_info((enum error)e)->detail);
	return b.data;
}

void
problem_responses_write_all(struct doc *d)
{
	for (const struct problem_set *set = d->problems; set; set = set->next) {
		buf_char(&d->json, '\n');
		problem_response(d, set_name(d->arena, set->errors),
				 set_text(d->arena, set->errors), set->errors, NULL);
	}
	buf_char(&d->json, '\n');
	problem_response(d, "Problem", "Any other failure, in the same form.",
			 BIT(E_METHOD_NOT_ALLOWED), NULL);
}

void
problem_schemas_write(struct doc *d)
{
	buf_json(&d->json,
		 "\n'Problem':{'type':'object',"
		 "'description':'Every failure has this form (RFC 9457).',"
		 "'required':['type','title','status','detail','code','request_id'],'properties':{"
		 "'type':{'type':'string','description':'Always `about:blank`.'},"
		 "'title':{'type':'string','description':'The status in words.'},"
		 "'status':{'type':'integer','minimum':400,'maximum':599},"
		 "'detail':{'type':'string','description':'What went wrong, for a person.'},"
		 "'code':{'type':'string',"
		 "'description':'What went wrong, for a program. It does not change.','enum':[");
	for (int e = 1; e < ERROR_COUNT; e++)
		buf_json(&d->json, "%s,", error_info((enum error)e)->code);
	buf_json(&d->json,
		 "]},"
		 "'request_id':{'type':'string','description':'Finds the request in the logs.'},"
		 "'error':{'type':'string','description':'From auth/login and auth/token only: "
		 "the error code of RFC 6749.'},"
		 "'errors':{'type':'array',"
		 "'description':'With `validation_error` alone: every bad field.','items':");
	put_ref(d, "schemas", "FieldError");
	buf_json(&d->json,
		 "}}},"
		 "\n'FieldError':{'type':'object','required':['in','field','code','message'],"
		 "'properties':{'in':{'type':'string','enum':['body','query','path','header']},"
		 "'field':{'type':'string','description':'Its name; empty for the whole body.'},"
		 "'code':{'type':'string','enum':[");
	for (int code = FIELD_REQUIRED; code <= FIELD_NOT_NULL; code++)
		buf_json(&d->json, "%s,", field_code_text((enum field_code)code));
	buf_json(&d->json, "]},'message':{'type':'string',"
			   "'description':'What is wanted, for a person.'}}},");
}
