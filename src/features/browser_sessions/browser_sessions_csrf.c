/*
 * Cross-site request forgery: a browser attaches the cookie to requests that other sites cause. A
 * request that may have an effect is accepted only if the browser states where it comes from, in a
 * header that pages cannot set, and that place is ours. A token in the page is not needed, and a
 * request without these headers does not come from a browser of the last years.
 */
#include "browser_sessions_priv.h"

#include "app/settings.h"

/* "https://app.example.com:8443" of a URL. */
static size_t
origin_length(const char *url)
{
	const char *host = strstr(url, "://");

	host = host ? host + 3 : url;
	return (size_t)(host - url) + strcspn(host, "/?#");
}

static bool
is_app_url(const char *origin)
{
	size_t len = origin_length(settings.app_url);

	return strlen(origin) == len && strncasecmp(origin, settings.app_url, len) == 0;
}

/* The origin of the request itself: a page on the same host as the API. */
static bool
is_own_origin(const struct request *req, const char *origin)
{
	const char *scheme = req->ctx->https ? "https://" : "http://";
	const char *host = request_env(req, "HTTP_HOST");

	return host && *host && strncasecmp(origin, scheme, strlen(scheme)) == 0 &&
	       strcasecmp(origin + strlen(scheme), host) == 0;
}

/* `*` in CORS_ORIGINS permits no origin here. */
static bool
is_listed_origin(const char *origin)
{
	for (const char *const *o = settings.cors_origins; o && *o; o++)
		if (strcmp(*o, "*") != 0 && strcmp(*o, origin) == 0)
			return true;
	return false;
}

enum error
csrf_check(struct request *req)
{
	const char *site = request_env(req, "HTTP_SEC_FETCH_SITE");
	const char *origin = request_env(req, "HTTP_ORIGIN");
	bool safe = req->method == GET || req->method == HEAD || req->method == OPTIONS;

	if (safe || !cookie_is_credential(req))
		return OK;
	if (site && strcmp(site, "same-origin") == 0)
		return OK;
	if (origin &&
	    (is_app_url(origin) || is_own_origin(req, origin) || is_listed_origin(origin)))
		return OK;
	return fail(req->ctx, E_CSRF_REFUSED, NULL);
}
