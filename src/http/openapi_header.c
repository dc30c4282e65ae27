/* Headers in the OpenAPI document: which of them a route takes, and which it answers with. */
#include "http_priv.h"
#include "openapi_priv.h"

static bool
any(const struct route *r)
{
	return r;
}

static bool
is_list(const struct route *r)
{
	return r->list;
}

static bool
is_idempotent(const struct route *r)
{
	return r->idempotent;
}

static bool
is_limited(const struct route *r)
{
	return route_limit(r, 0);
}

static bool
sends_version(const struct route *r)
{
	return r->reply && !r->list && version_counted(r->reply);
}

bool
version_is_shown(const struct route *r)
{
	return r->method == GET && sends_version(r);
}

static bool
changes_version(const struct route *r)
{
	return version_reader(r);
}

#define TAG_EXAMPLE "\"0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10-3\""

static const struct {
	bool (*is_taken)(const struct route *);
	struct field field;
} taken[] = {
	{ version_is_shown,
	  { .name = "If-None-Match",
	    .type = TYPE_TEXT,
	    .example = TAG_EXAMPLE,
	    .text =
		"`ETag` of the version that the client has: 304 while it is the present one." } },
	{ changes_version,
	  { .name = "If-Match",
	    .type = TYPE_TEXT,
	    .example = TAG_EXAMPLE,
	    .text = "`ETag` of the version that is meant: 412, and nothing changes, where it is no "
		    "more the present one." } },
	{ is_idempotent,
	  { .name = "Idempotency-Key",
	    .type = TYPE_TEXT,
	    .min = 1,
	    .max = 255,
	    .example = "5b0c1d2e-8f3a-4c47-9a51-6e7d8c9b0a12",
	    .text = "A name for this request, of the client's choice: when it comes again within a "
		    "day, the answer that it got is given again, and nothing is done twice." } },
};

void
header_parameters(struct doc *d, const struct route *r)
{
	for (size_t i = 0; i < COUNT(taken); i++)
		if (taken[i].is_taken(r))
			parameter(d, "header", &taken[i].field, false);
}

enum { WITH_304 = 1, ALWAYS = 2 }; /* sent with 304 too; never left out where it may come */

/* Those without `is_sent` come with failures alone. */
static const struct {
	const char *name, *component;
	bool (*is_sent)(const struct route *);
	unsigned flags;
	const char *text, *schema;
} sent[] = {
	{ "X-Request-ID", "RequestId", any, WITH_304 | ALWAYS, "Finds the request in the logs.",
	  "{\"type\":\"string\",\"pattern\":\"^[A-Za-z0-9._-]{8,64}$\","
	  "\"examples\":[\"01989d54-7c1e-7a3b-9f04-6d2e8c5b1a70\"]}" },
	{ "Cache-Control", "CacheControl", any, WITH_304 | ALWAYS,
	  "Whether the answer may be kept.", "{\"type\":\"string\",\"examples\":[\"no-store\"]}" },
	{ "WWW-Authenticate", "Authenticate", NULL, 0, "How to prove who one is (RFC 6750).",
	  "{\"type\":\"string\",\"examples\":[\"Bearer error=\\\"invalid_token\\\"\"]}" },
	{ "Retry-After", "RetryAfter", NULL, ALWAYS, "Seconds to wait before the next try.",
	  "{\"type\":\"integer\",\"minimum\":0,\"examples\":[1]}" },
	{ "Allow", "Allow", NULL, 0, "With 405: the methods of that path.",
	  "{\"type\":\"string\",\"examples\":[\"GET, HEAD, OPTIONS\"]}" },
	{ "Location", "Location", has_location, ALWAYS, "Path of the new row.",
	  "{\"type\":\"string\",\"format\":\"uri-reference\"}" },
	{ "ETag", "ETag", sends_version, WITH_304 | ALWAYS,
	  "The version of the row, another with each update.",
	  "{\"type\":\"string\","
	  "\"examples\":[\"\\\"0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10-3\\\"\"]}" },
	{ "Idempotency-Replayed", "IdempotencyReplayed", is_idempotent, 0,
	  "`true` where the answer is that of an earlier request with the same key.",
	  "{\"type\":\"string\",\"enum\":[\"true\"]}" },
	{ "Link", "Link", is_list, 0,
	  "The pages around this one (RFC 8288): next, and for offsets prev, first and last.",
	  "{\"type\":\"string\"}" },
	{ "RateLimit-Policy", "RateLimitPolicy", is_limited, WITH_304,
	  "The limit that is nearest to its end: so many requests (q) in so many seconds (w).",
	  "{\"type\":\"string\",\"examples\":[\"\\\"login\\\";q=5;w=60\"]}" },
	{ "RateLimit", "RateLimit", is_limited, WITH_304,
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

void
header_ref(struct doc *d, const char *name, const char *component)
{
	buf_json(&d->json, "%s:", name);
	put_ref(d, "headers", component);
}

void
headers_write(struct doc *d, const struct route *r, unsigned status)
{
	buf_json(&d->json, "'headers':{");
	for (size_t i = 0; i < COUNT(sent); i++)
		if (sent[i].is_sent && sent[i].is_sent(r) &&
		    (status != 304 || sent[i].flags & WITH_304))
			header_ref(d, sent[i].name, sent[i].component);
	for (size_t i = 0; i < COUNT(r->sends) && r->sends[i].name; i++)
		header(d, r->sends[i].name, r->sends[i].value, true, "{\"type\":\"string\"}");
	buf_json(&d->json, "},");
}

static bool
is_sent_by_any(const struct doc *d, bool (*is_sent)(const struct route *))
{
	for (size_t i = 0; i < d->noperations; i++)
		if (is_sent(d->operations[i].route))
			return true;
	return false;
}

/* A component of failures serves limited routes and others. */
void
headers_of_limits(struct doc *d)
{
	if (!is_sent_by_any(d, is_limited))
		return;

	header_ref(d, "RateLimit-Policy", "RateLimitPolicy");
	header_ref(d, "RateLimit", "RateLimit");
}

void
headers_write_all(struct doc *d)
{
	buf_json(&d->json, "\n'headers':{");
	for (size_t i = 0; i < COUNT(sent); i++) {
		if (sent[i].is_sent && !is_sent_by_any(d, sent[i].is_sent))
			continue;
		header(d, sent[i].component, sent[i].text, sent[i].flags & ALWAYS, sent[i].schema);
	}
	buf_json(&d->json, "},");
}
