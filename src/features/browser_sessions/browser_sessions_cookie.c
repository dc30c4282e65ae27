/* The headers Cookie and Set-Cookie (RFC 6265bis), and requests with the cookie. */
#include "browser_sessions_priv.h"

#include "features/sessions/sessions.h"

#include "app/settings.h"

enum {
	SECRET_LENGTH = 43, /* secret_new() */
	DAYS_MAX = 400,     /* browsers keep no cookie longer */
	DAY_SECONDS = 24 * 60 * 60,
};

/* Browsers accept the prefixes only with Secure; __Host- also only for exactly this host. */
const char *
cookie_name(bool https)
{
	if (!https)
		return "session";
	return *browser_sessions_settings.domain ? "__Secure-session" : "__Host-session";
}

static const char *
name_for(const struct ctx *c)
{
	return cookie_name(c->https || settings_production());
}

/* Counts the cookies of this name. *value is that of the last one, of *len bytes. */
static size_t
find_cookies(const char *header, const char *name, const char **value, size_t *len)
{
	size_t n = 0, name_len = strlen(name);

	while (*header) {
		size_t part = strcspn(header, ";");

		if (part > name_len && strncmp(header, name, name_len) == 0 &&
		    header[name_len] == '=') {
			*value = header + name_len + 1;
			*len = part - name_len - 1;
			n++;
		}
		header += part;
		header += strspn(header, "; \t");
	}
	return n;
}

static size_t
find_cookie(const struct request *req, const char **value, size_t *len)
{
	const char *header = request_env(req, "HTTP_COOKIE");

	return header ? find_cookies(header, name_for(req->ctx), value, len) : 0;
}

static bool
has_value(const struct request *req, const char *variable)
{
	const char *value = request_env(req, variable);

	return value && *value;
}

bool
cookie_is_credential(const struct request *req)
{
	const char *value;
	size_t len;

	return !has_value(req, "HTTP_AUTHORIZATION") && !has_value(req, "HTTP_X_API_KEY") &&
	       find_cookie(req, &value, &len) > 0;
}

/* A second cookie of this name was set by another host of the domain, so neither can be trusted. */
static const char *
cookie_secret(const struct request *req)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789-_";
	const char *value;
	size_t len;

	if (find_cookie(req, &value, &len) != 1 || len != SECRET_LENGTH ||
	    strspn(value, alphabet) < SECRET_LENGTH)
		return NULL;
	return arena_text_n(req->ctx->arena, value, len);
}

static const char *
make_header(struct ctx *c, const char *value, int64_t seconds)
{
	bool secure = c->https || settings_production();
	bool strict = strcmp(browser_sessions_settings.samesite, "strict") == 0;

	return arena_printf(
	    c->arena, "%s=%s; Path=/; %sHttpOnly; SameSite=%s; Max-Age=%" PRId64 "%s%s",
	    name_for(c), value, secure ? "Secure; " : "", strict ? "Strict" : "Lax", seconds,
	    *browser_sessions_settings.domain ? "; Domain=" : "", browser_sessions_settings.domain);
}

/* It lives as long as the session can; the server ends it when it is idle. */
void
cookie_set(struct ctx *c, const char *secret)
{
	int64_t days = sessions_settings.max_days;

	if (!days || days > DAYS_MAX)
		days = DAYS_MAX;
	c->set_cookie = make_header(c, secret, days * DAY_SECONDS);
	c->clears_cookie = false;
}

static void
cookie_clear(struct ctx *c)
{
	c->set_cookie = make_header(c, "", 0);
	c->clears_cookie = true;
}

static enum error
check_cookie(struct request *req)
{
	struct ctx *c = req->ctx;
	const char *secret = cookie_secret(req);

	if (!c->https && settings_production())
		return fail(c, E_INVALID_TOKEN, "a cookie is accepted only by https");
	if (!secret)
		return fail(c, E_INVALID_TOKEN, "the cookie is malformed, or was sent twice");
	return browser_sessions_identify(c, secret);
}

enum error
cookie_authenticate(struct request *req)
{
	enum error e;

	if (!cookie_sessions(req->ctx->app) || !cookie_is_credential(req))
		return OK;

	e = check_cookie(req);
	if (e == E_INVALID_TOKEN)
		cookie_clear(req->ctx);
	return e;
}

enum error
cookie_log_out(struct request *req)
{
	const char *secret = cookie_secret(req);
	enum error e = secret ? browser_sessions_end(req->ctx, secret) : OK;

	if (e && e != E_NOT_FOUND)
		return e;

	failure_clear(req->ctx);
	cookie_clear(req->ctx);
	return OK;
}
