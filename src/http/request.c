/* Reads the request: CGI variables, path and query. */
#include "http_priv.h"

#include "app/text.h"
#include "app/utf8.h"

enum { PARAMS_MAX = 100 };

const char *
request_env(const struct request *req, const char *name)
{
	size_t len = strlen(name);

	for (const char *const *at = req->env; at && *at; at++) {
		if (**at == *name && strncmp(*at, name, len) == 0 && (*at)[len] == '=')
			return *at + len + 1;
	}
	return NULL;
}

/* Decodes %XX and, with `plus`, + as a space. NULL for an invalid escape, a NUL or invalid UTF-8.
 * */
static const char *
decode_url(struct arena *a, const char *text, size_t len, bool plus)
{
	char *out = arena_alloc(a, len + 1), *at = out;

	for (size_t i = 0; i < len; i++) {
		char ch = text[i];

		if (ch == '%') {
			int byte = len - i > 2 ? hex_byte(text + i + 1) : -1;

			if (byte <= 0)
				return NULL;
			ch = (char)byte;
			i += 2;
		} else if (ch == '+' && plus) {
			ch = ' ';
		} else if (ch == '\0') {
			return NULL;
		}
		*at++ = ch;
	}
	return utf8_valid(out, (size_t)(at - out)) ? out : NULL;
}

static bool
has_control(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	}
	return false;
}

/* Skips scheme and host: a proxy may send the absolute form (RFC 9112, section 3.2.2). */
static const char *
path_start(const char *uri)
{
	static const char *const schemes[] = { "http://", "https://" };

	for (size_t i = 0; i < COUNT(schemes); i++) {
		size_t len = strlen(schemes[i]);

		if (strncasecmp(uri, schemes[i], len) == 0)
			return uri + len + strcspn(uri + len, "/?#");
	}
	return uri;
}

enum error
request_split(struct request *req, struct segments *segments)
{
	struct ctx *c = req->ctx;
	const char *at = path_start(req->uri);
	size_t len = strcspn(at, "?#");

	segments->n = 0;
	req->method = method_parse(req->method_text);
	req->path = arena_text_n(c->arena, at, len);
	if (len == 0 || *at != '/')
		return fail(c, E_BAD_REQUEST, "the path must begin with a slash");

	for (const char *end = at + len; at < end;) {
		size_t n = strcspn(++at, "/?#");
		const char *segment;

		if (n == 0 && at >= end)
			break;
		if (n == 0)
			return fail(c, E_BAD_REQUEST, "the path has an empty segment");
		segment = decode_url(c->arena, at, n, false);
		if (!segment || has_control(segment) || strcmp(segment, ".") == 0 ||
		    strcmp(segment, "..") == 0)
			return fail(c, E_BAD_REQUEST,
				    "the path has an invalid segment (an invalid escape, a control"
				    " character, invalid UTF-8, . or ..)");
		if (segments->n == SEGMENTS_MAX)
			return fail(c, E_NOT_FOUND, NULL);
		segments->text[segments->n++] = segment;
		at += n;
	}
	return OK;
}

bool
params_read(struct arena *a, const char *text, size_t len, const struct param **params, size_t *n)
{
	struct param *list = arena_array(a, PARAMS_MAX, sizeof(*list));
	const char *end = text + len;

	*params = list;
	*n = 0;
	while (text < end) {
		const char *stop = memchr(text, '&', (size_t)(end - text));
		const char *next = stop ? stop : end;
		const char *equals = memchr(text, '=', (size_t)(next - text));
		const char *name_end = equals ? equals : next;
		struct param p;

		if (next > text) {
			p.name = decode_url(a, text, (size_t)(name_end - text), true);
			p.value = equals
				      ? decode_url(a, equals + 1, (size_t)(next - equals - 1), true)
				      : "";
			if (!p.name || !p.value || *n == PARAMS_MAX)
				return false;
			list[(*n)++] = p;
		}
		text = next + 1;
	}
	return true;
}

const char *
request_query(const struct request *req)
{
	const char *at = path_start(req->uri);

	at += strcspn(at, "?#");
	return *at == '?' ? at + 1 : "";
}

enum error
request_read_query(struct request *req)
{
	const char *query = request_query(req);
	size_t len = strcspn(query, "#");

	if (len && !params_read(req->ctx->arena, query, len, &req->query, &req->nquery))
		return fail(req->ctx, E_BAD_REQUEST,
			    "the query has an invalid escape, or more than %d parameters",
			    PARAMS_MAX);
	return OK;
}
