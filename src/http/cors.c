/* CORS (Fetch standard): which other origins may call the API from a browser. */
#include "http_priv.h"

#include "app/settings.h"

static const char request_headers[] =
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-API-Key, "
    "X-Request-ID, traceparent, tracestate";

static const char exposed_headers[] = "ETag, Idempotency-Replayed, Link, Location, RateLimit, "
				      "RateLimit-Policy, Retry-After, X-Request-ID";

/* Returns the entry of CORS_ORIGINS that matches the request, or NULL. */
static const char *
allowed(const struct request *req)
{
	const char *sent = request_env(req, "HTTP_ORIGIN");

	for (const char *const *origin = settings.cors_origins; sent && *origin; origin++) {
		if (strcmp(*origin, "*") == 0 || strcmp(*origin, sent) == 0)
			return *origin;
	}
	return NULL;
}

void
cors_finish(struct request *req)
{
	const char *methods = response_find_header(&req->response, "Allow");
	const char *origin;

	if (!settings.cors_origins || !*settings.cors_origins)
		return;

	response_header(req, "Vary", "Origin");
	origin = allowed(req);
	if (!origin)
		return;

	response_header(req, "Access-Control-Allow-Origin", origin);
	if (strcmp(origin, "*") != 0 && cookie_sessions(req->ctx->app))
		response_header(req, "Access-Control-Allow-Credentials", "true");
	if (req->method == OPTIONS && methods &&
	    request_env(req, "HTTP_ACCESS_CONTROL_REQUEST_METHOD")) {
		response_header(req, "Access-Control-Allow-Methods", methods);
		response_header(req, "Access-Control-Allow-Headers", request_headers);
		response_header(req, "Access-Control-Max-Age", "7200");
	} else {
		response_header(req, "Access-Control-Expose-Headers", exposed_headers);
	}
}
