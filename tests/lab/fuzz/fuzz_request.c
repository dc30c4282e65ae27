/* Requests through the pipeline. Input: "METHOD URI", variables NAME=value, an empty line, the body.
 * Every response is well-formed. Without a database. */
#include "fuzz.h"

#include "app/feature.h"
#include "app/ids.h"
#include "app/log.h"
#include "app/settings.h"

#define ORIGIN "https://app.example.com"

static enum error
echo(struct request *req)
{
	return respond_record(req, OK, req->in);
}

static enum error
empty(struct request *req)
{
	return respond_empty(req, OK);
}

static const struct route routes[] = {
	{ GET, "/things/{id}", empty, ACCESS_PUBLIC, .status = 204 },
	{ GET, "/secret", empty, ACCESS_MEMBER, .status = 204 },
	{ POST, "/things", echo, ACCESS_PUBLIC, .body = &sample_schema, .form = &sample_schema,
	  .response = &sample_schema, .status = 201 },
	{ PUT, "/things", echo, ACCESS_PUBLIC, .body = &sample_schema, .response = &sample_schema },
	{ GET, "/search", empty, ACCESS_PUBLIC, .query = &sample_schema, .status = 204 },
	{ 0 },
};
static const struct feature feature = { .name = "sample", .routes = routes };
static const struct feature *const features[] = { &feature, NULL };
static const struct app app = { .name = "fuzz", .features = features };

static const char *
header(const struct response *response, const char *name)
{
	for (size_t i = 0; i < response->nheaders; i++)
		if (strcmp(response->headers[i].name, name) == 0)
			return response->headers[i].value;
	return NULL;
}

static void
check_answer(const struct request *req)
{
	const struct response *response = &req->response;
	const char *origin = header(response, "Access-Control-Allow-Origin");
	const char *id = header(response, "X-Request-ID");
	struct json_scan scan;

	HOLDS(response->status >= 200 && response->status < 500 && response->body);
	HOLDS((response->status >= 400) ==
	      (response->media_type &&
	       strcmp(response->media_type, "application/problem+json") == 0));
	HOLDS(!response->media_type || !json_scan(response->body, response->len, &scan) ||
	      scan.too_many);
	HOLDS(id && request_id_valid(id));
	HOLDS(!origin || strcmp(origin, ORIGIN) == 0);
	HOLDS(!origin == (!request_env(req, "HTTP_ORIGIN") ||
			  strcmp(request_env(req, "HTTP_ORIGIN"), ORIGIN) != 0));
	HOLDS((response->status == 405) <= (header(response, "Allow") != NULL));
	for (size_t i = 0; i < response->nheaders; i++)
		for (const char *at = response->headers[i].value; *at; at++)
			HOLDS((unsigned char)*at >= ' ' && *at != 0x7f);
}

void
fuzz(struct ctx *c, const char *bytes, size_t len)
{
	static const char *const origins[] = { ORIGIN, NULL };
	const char *env[20] = { NULL };
	char *text = fuzz_text(c, bytes, len), *line = text, *next = fuzz_cut(line, '\n');
	struct request req = { .ctx = c, .method_text = line };

	settings.cors_origins = origins;
	settings.log_level = "error";
	log_init();
	req.uri = fuzz_cut(line, ' ');
	req.env = env;
	for (size_t n = 0; *next && *next != '\n' && n < COUNT(env) - 1; n++) {
		env[n] = next;
		next = fuzz_cut(next, '\n');
	}
	req.body = *next ? next + 1 : next;
	req.body_len = strlen(req.body);
	c->app = &app;
	app_handle(&req);
	check_answer(&req);
}
