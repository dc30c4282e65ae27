/* Paths and queries: splitting and joining them again gives the same. */
#include "fuzz.h"

#include "app_features.h"
#include "http/http_priv.h"

#include "app/ids.h"
#include "app/utf8.h"

static struct request
request_of(struct ctx *c, const char *uri)
{
	return (struct request) { .ctx = c, .method_text = "GET", .uri = uri, .body = "" };
}

static void
check_segments(struct ctx *c, const struct segments *segments)
{
	struct buf path = buf_new(c->arena, 1 << 20);
	struct segments again;
	struct request req;

	for (size_t i = 0; i < segments->n; i++) {
		const char *text = segments->text[i];

		HOLDS(*text && strcmp(text, ".") != 0 && strcmp(text, "..") != 0);
		HOLDS(utf8_valid(text, strlen(text)));
		for (const char *at = text; *at; at++)
			HOLDS((unsigned char)*at >= 0x20 && *at != 0x7f);
		buf_char(&path, '/');
		buf_url(&path, text);
	}
	buf_text(&path, segments->n ? "" : "/");
	req = request_of(c, buf_done(&path));
	HOLDS(request_split(&req, &again) == OK && again.n == segments->n);
	for (size_t i = 0; i < again.n; i++)
		HOLDS(strcmp(again.text[i], segments->text[i]) == 0);
}

static void
check_query(struct ctx *c, const struct request *req)
{
	struct buf uri = buf_new(c->arena, 1 << 20);
	struct request again;

	buf_text(&uri, "/?");
	for (size_t i = 0; i < req->nquery; i++) {
		buf_text(&uri, i ? "&" : "");
		buf_url(&uri, req->query[i].name);
		buf_char(&uri, '=');
		buf_url(&uri, req->query[i].value);
	}
	again = request_of(c, buf_done(&uri));
	HOLDS(request_read_query(&again) == OK && again.nquery == req->nquery);
	for (size_t i = 0; i < again.nquery; i++)
		HOLDS(strcmp(again.query[i].name, req->query[i].name) == 0 &&
		      strcmp(again.query[i].value, req->query[i].value) == 0);
}

static const struct app app = { .name = "fuzz", .features = app_features };

void
fuzz(struct ctx *c, const char *bytes, size_t len)
{
	struct request req = request_of(c, fuzz_text(c, bytes, len));
	struct segments segments;
	enum error e = request_split(&req, &segments);

	HOLDS(e == OK || e == E_BAD_REQUEST || e == E_NOT_FOUND);
	if (request_read_query(&req) == OK)
		check_query(c, &req);
	if (e)
		return;

	check_segments(c, &segments);
	c->app = &app;
	e = route_find(&req, &segments);
	HOLDS(e == OK || e == E_NOT_FOUND || e == E_METHOD_NOT_ALLOWED);
	for (size_t i = 0; e == OK && i < PATH_PARAMS_MAX && req.path_params[i]; i++)
		HOLDS(uuid_valid(req.path_params[i]));
}
