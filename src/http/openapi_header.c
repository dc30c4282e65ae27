/* Headers in the OpenAPI document: which of them a route takes, and which it answers with. */
#include "http_priv.h"
#include "openapi_priv.h"

/* What a route has that shows in headers. */
enum {
	EVERY = 1, /* each route has it */
	LISTS = 2,
	REPEATS = 4, /* takes Idempotency-Key */
	LIMITED = 8,
	LOCATES = 16,
	TAGS = 32,     /* its answer has a version */
	SHOWS = 64,    /* … and it is a GET */
	CHANGES = 128, /* what another route shows with its version */
};

static unsigned
traits_of(const struct route *r)
{
	unsigned traits = EVERY;

	if (r->list)
		traits |= LISTS;
	if (r->idempotent)
		traits |= REPEATS;
	if (route_limit(r, 0))
		traits |= LIMITED;
	if (has_location(r))
		traits |= LOCATES;
	if (r->etag || (r->response && !r->list && etag_has_version(r->response)))
		traits |= r->method == GET ? TAGS | SHOWS : TAGS;
	if (etag_reader(r))
		traits |= CHANGES;
	return traits;
}

bool
version_is_shown(const struct route *r)
{
	return traits_of(r) & SHOWS;
}

/* `*`, or entity tags in quotes, separated by commas (find_tag() in etag.c). */
#define TAG_PATTERN  "(W/)?\"[!#-~\\u0080-\\u00ff]*\""
#define TAGS_PATTERN "^([*]|[, \\t]*" TAG_PATTERN "([ \\t]*,[, \\t]*" TAG_PATTERN ")*[, \\t]*)$"

/* 1 to 255 printable characters, or these as a quoted string (read_key() in idempotency.c). */
#define KEY_PATTERN "^([!#-~][ -~]{0,254}|\"([ !#-\\[\\]-~]|\\\\[\"\\\\]){1,255}\")$"

/* Without examples: tools would send them, and a made-up tag or a used key is an error. */
static const struct {
	unsigned traits; /* of the routes that take it */
	const char *name, *text, *pattern;
} taken[] = {
	{ SHOWS, "If-None-Match",
	  "`ETag` of the version that the client has: 304 if it is current. `*`, or a list "
	  "separated by commas.",
	  TAGS_PATTERN },
	{ CHANGES, "If-Match",
	  "`ETag` of the version to change: 412, and no change, if it is no longer current. `*`, "
	  "or "
	  "a list separated by commas.",
	  TAGS_PATTERN },
	{ REPEATS, "Idempotency-Key",
	  "A key that the client chooses for this request, such as a UUID: a retry with the same "
	  "key "
	  "within a day gets the first response again, and nothing is done twice.",
	  KEY_PATTERN },
};

static void
header_parameter(struct doc *d, size_t row)
{
	buf_json(&d->json, "{'name':%s,'in':'header','required':false,", taken[row].name);
	describe(d, taken[row].text);
	buf_json(&d->json, "'schema':{'type':'string','pattern':%s}},", taken[row].pattern);
}

void
header_parameters(struct doc *d, const struct route *r)
{
	for (size_t i = 0; i < COUNT(taken); i++)
		if (taken[i].traits & traits_of(r))
			header_parameter(d, i);
}

enum { WITH_304 = 1, ALWAYS = 2 }; /* sent with 304 too; never left out where it may come */

#define ANY UINT64_MAX
#define AUTHENTICATE                                                                               \
	(BIT(E_UNAUTHENTICATED) | BIT(E_TOKEN_EXPIRED) | BIT(E_INVALID_TOKEN) |                    \
	 BIT(E_INVALID_CREDENTIALS) | BIT(E_TOKEN_REUSED) | BIT(E_INSUFFICIENT_SCOPE))
#define RETRY (BIT(E_RATE_LIMITED) | BIT(E_UNAVAILABLE) | BIT(E_OVERLOADED))

/* Those without traits come with failures alone. */
static const struct {
	const char *name, *component;
	unsigned traits; /* of the routes whose success has it */
	uint64_t errors; /* that it comes with */
	unsigned flags;
	const char *text, *schema;
} sent[] = {
	{ "X-Request-ID", "RequestId", EVERY, ANY, WITH_304 | ALWAYS,
	  "Finds the request in the logs.",
	  "{\"type\":\"string\",\"pattern\":\"^[A-Za-z0-9._-]{8,64}$\","
	  "\"examples\":[\"01989d54-7c1e-7a3b-9f04-6d2e8c5b1a70\"]}" },
	{ "Cache-Control", "CacheControl", EVERY, ANY, WITH_304 | ALWAYS,
	  "Whether the answer may be kept.", "{\"type\":\"string\",\"examples\":[\"no-store\"]}" },
	{ "WWW-Authenticate", "Authenticate", 0, AUTHENTICATE, 0,
	  "How to prove who one is (RFC 6750).",
	  "{\"type\":\"string\",\"examples\":[\"Bearer error=\\\"invalid_token\\\"\"]}" },
	{ "Retry-After", "RetryAfter", 0, RETRY, ALWAYS, "Seconds to wait before the next try.",
	  "{\"type\":\"integer\",\"minimum\":0,\"examples\":[1]}" },
	{ "Allow", "Allow", 0, BIT(E_METHOD_NOT_ALLOWED), 0, "With 405: the methods of that path.",
	  "{\"type\":\"string\",\"examples\":[\"GET, HEAD, OPTIONS\"]}" },
	{ "Location", "Location", LOCATES, 0, ALWAYS, "Path of the new row.",
	  "{\"type\":\"string\",\"format\":\"uri-reference\"}" },
	{ "ETag", "ETag", TAGS, 0, WITH_304 | ALWAYS,
	  "The version of the representation: it changes with each update.",
	  "{\"type\":\"string\","
	  "\"examples\":[\"\\\"0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10-3\\\"\"]}" },
	{ "Idempotency-Replayed", "IdempotencyReplayed", REPEATS, 0, 0,
	  "`true` where the answer is that of an earlier request with the same key.",
	  "{\"type\":\"string\",\"enum\":[\"true\"]}" },
	{ "Link", "Link", LISTS, 0, 0,
	  "The pages around this one (RFC 8288): next, and for offsets prev, first and last.",
	  "{\"type\":\"string\"}" },
	/* A component of failures serves limited routes and others. */
	{ "RateLimit-Policy", "RateLimitPolicy", LIMITED, ANY, WITH_304,
	  "The limit that is nearest to its end: so many requests (q) in so many seconds (w).",
	  "{\"type\":\"string\",\"examples\":[\"\\\"login\\\";q=5;w=60\"]}" },
	{ "RateLimit", "RateLimit", LIMITED, ANY, WITH_304,
	  "How many more pass now (r), and in how many seconds (t) another one does.",
	  "{\"type\":\"string\",\"examples\":[\"\\\"login\\\";r=4;t=12\"]}" },
};

static void
header(struct doc *d, const char *name, const char *text, bool always, const char *schema)
{
	buf_json(&d->json, "%s:{", name);
	describe(d, text);
	buf_json(&d->json, always ? "'required':true,'schema':" : "'schema':");
	buf_text(&d->json, schema);
	buf_json(&d->json, "},");
}

static void
header_ref(struct doc *d, size_t row)
{
	buf_json(&d->json, "%s:", sent[row].name);
	put_ref(d, "headers", sent[row].component);
}

void
headers_write(struct doc *d, const struct route *r, unsigned status)
{
	buf_json(&d->json, "'headers':{");
	for (size_t i = 0; i < COUNT(sent); i++)
		if (sent[i].traits & traits_of(r) && (status != 304 || sent[i].flags & WITH_304))
			header_ref(d, i);
	for (size_t i = 0; i < COUNT(r->response_headers) && r->response_headers[i].name; i++)
		header(d, r->response_headers[i].name, r->response_headers[i].value, true,
		       "{\"type\":\"string\"}");
	buf_json(&d->json, "},");
}

/* Whether any route may send it at all. */
static bool
is_used(const struct doc *d, size_t row)
{
	const struct operation *op = d->operations;

	while (op && !(sent[row].traits & traits_of(op->route)))
		op = op->next;
	return op || !sent[row].traits;
}

void
headers_of_failure(struct doc *d, uint64_t errors)
{
	buf_json(&d->json, "'headers':{");
	for (size_t i = 0; i < COUNT(sent); i++)
		if (sent[i].errors & errors && is_used(d, i))
			header_ref(d, i);
	buf_json(&d->json, "},");
}

void
headers_write_all(struct doc *d)
{
	buf_json(&d->json, "\n'headers':{");
	for (size_t i = 0; i < COUNT(sent); i++)
		if (is_used(d, i))
			header(d, sent[i].component, sent[i].text, sent[i].flags & ALWAYS,
			       sent[i].schema);
	buf_json(&d->json, "},");
}
