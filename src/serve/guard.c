/* The guard: reads FastCGI records and lets nothing through but one plain request. What
 * it has passed is safe for libfcgi, which believes lengths and answers anyone. */
#include "serve_priv.h"

#include <fastcgi.h>

enum { BODY_KEPT = 64 * 1024, BODY_FIRST = 8 * 1024 };

void
guard_start(struct guard *g, size_t max_body)
{
	unsigned char *params = g->params;
	char *body = g->body;
	size_t size = g->body_size;

	if (size > BODY_KEPT) {
		free(body);
		body = NULL;
		size = 0;
	}
	*g = (struct guard) {
		.max_body = max_body, .params = params, .body = body, .body_size = size
	};
}

void
guard_free(struct guard *g)
{
	free(g->params);
	free(g->body);
	*g = (struct guard) { 0 };
}

static enum guard_state
bad(struct guard *g, const char *why)
{
	g->why = why;
	return GUARD_BAD;
}

/* Reads a length of a name or a value: one byte, or four with the high bit set. */
static bool
read_length(const unsigned char **at, const unsigned char *end, size_t *length)
{
	const unsigned char *p = *at;

	if (p == end)
		return false;
	if (p[0] < 0x80) {
		*length = p[0];
		*at = p + 1;
		return true;
	}
	if (end - p < 4)
		return false;

	*length = (size_t)(p[0] & 0x7f) << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	*at = p + 4;
	return true;
}

/* A name is what an environment variable may be called: it becomes NAME=value. */
static bool
is_name(const unsigned char *name, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (name[i] <= ' ' || name[i] == '=' || name[i] == 0x7f)
			return false;
	}
	return len > 0;
}

static enum guard_state
check_params(struct guard *g)
{
	const unsigned char *p = g->params, *end = p ? p + g->params_len : p;
	size_t name, value;

	for (unsigned n = 0; p < end && !g->params_too_large; n++) {
		if (!read_length(&p, end, &name) || !read_length(&p, end, &value) ||
		    name > (size_t)(end - p) || value > (size_t)(end - p) - name)
			return bad(g, "a parameter is longer than its record");
		if (!is_name(p, name))
			return bad(g, "the name of a parameter is none");
		if (memchr(p + name, '\0', value))
			return bad(g, "a parameter holds a NUL");
		p += name + value;
		g->params_too_large = n == GUARD_PARAMS_MAX;
	}
	return GUARD_MORE;
}

static enum guard_state
take_begin(struct guard *g, const unsigned char *bytes, size_t len)
{
	memcpy(g->begin + g->begin_len, bytes, len);
	g->begin_len += (unsigned)len;
	if (g->begin_len == sizeof(g->begin) && (g->begin[0] << 8 | g->begin[1]) != FCGI_RESPONDER)
		return bad(g, "a role other than responder");
	return GUARD_MORE;
}

static enum guard_state
take_params(struct guard *g, const unsigned char *bytes, size_t len)
{
	if (!g->params)
		g->params = malloc(GUARD_PARAMS_BYTES);
	if (!g->params)
		return bad(g, "out of memory");

	if (len > GUARD_PARAMS_BYTES - g->params_len)
		g->params_too_large = true;
	if (g->params_too_large)
		return GUARD_MORE;

	memcpy(g->params + g->params_len, bytes, len);
	g->params_len += len;
	return GUARD_MORE;
}

/* Room for that many bytes and a NUL. */
static bool
grow_body(struct guard *g, size_t need)
{
	size_t size = g->body_size ? g->body_size : BODY_FIRST;
	char *body;

	while (size <= need)
		size *= 2;
	if (size == g->body_size)
		return true;

	body = realloc(g->body, size);
	if (!body)
		return false;

	g->body = body;
	g->body_size = size;
	return true;
}

static enum guard_state
take_body(struct guard *g, const unsigned char *bytes, size_t len)
{
	g->body_too_large = g->body_too_large || len > g->max_body - g->body_len;
	if (g->body_too_large)
		len = 0;

	if (!grow_body(g, g->body_len + len))
		return bad(g, "out of memory");

	memcpy(g->body + g->body_len, bytes, len);
	g->body_len += len;
	g->body[g->body_len] = '\0';
	return GUARD_MORE;
}

static enum guard_state
take_content(struct guard *g, const unsigned char *bytes, size_t len)
{
	if (g->phase == AT_BEGIN)
		return take_begin(g, bytes, len);
	if (g->phase == AT_PARAMS)
		return take_params(g, bytes, len);
	return take_body(g, bytes, len);
}

/* After the header of a record: whether it may stand here. */
static enum guard_state
open_record(struct guard *g)
{
	static const unsigned char expected[] = {
		[AT_BEGIN] = FCGI_BEGIN_REQUEST, [AT_PARAMS] = FCGI_PARAMS, [AT_STDIN] = FCGI_STDIN
	};
	const unsigned char *h = g->header;
	unsigned type = h[1], id = (unsigned)(h[2] << 8 | h[3]);

	g->content = (unsigned)(h[4] << 8 | h[5]);
	g->padding = h[6];
	if (h[0] != FCGI_VERSION_1)
		return bad(g, "another version of the protocol, or none");
	if (id == 0)
		return bad(g, "a management record");
	if (g->phase == AT_BEGIN)
		g->id = id;
	if (id != g->id)
		return bad(g, "a second request on the connection");
	if (type == FCGI_ABORT_REQUEST)
		return bad(g, "aborted by the web server");
	if (type != expected[g->phase])
		return bad(g, "a record of an unexpected type");
	if (type == FCGI_BEGIN_REQUEST && g->content != sizeof(g->begin))
		return bad(g, "a begin record of a wrong size");
	return GUARD_MORE;
}

/* After the last byte of a record: the begin record and empty ones end their phase. */
static enum guard_state
close_record(struct guard *g)
{
	bool empty = g->header[4] == 0 && g->header[5] == 0;

	g->header_len = 0;
	if (g->phase == AT_BEGIN) {
		g->phase = AT_PARAMS;
	} else if (empty && g->phase == AT_PARAMS) {
		g->phase = AT_STDIN;
		return check_params(g);
	} else if (empty) {
		g->phase = AT_END;
		return take_body(g, (const unsigned char *)"", 0);
	}
	return GUARD_MORE;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Takes bytes of one kind (header, content, padding); tells how many. */
static size_t
step(struct guard *g, const unsigned char *p, size_t len, enum guard_state *state)
{
	size_t n;

	if (g->header_len < FCGI_HEADER_LEN) {
		n = least(FCGI_HEADER_LEN - g->header_len, len);
		memcpy(g->header + g->header_len, p, n);
		g->header_len += (unsigned)n;
		if (g->header_len == FCGI_HEADER_LEN)
			*state = open_record(g);
		else
			return n;
	} else if (g->content > 0) {
		n = least(g->content, len);
		g->content -= (unsigned)n;
		*state = take_content(g, p, n);
	} else {
		n = least(g->padding, len);
		g->padding -= (unsigned)n;
	}
	if (*state == GUARD_MORE && g->content == 0 && g->padding == 0)
		*state = close_record(g);
	return n;
}

enum guard_state
guard_feed(struct guard *g, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	enum guard_state state = GUARD_MORE;

	while (len > 0 && state == GUARD_MORE && g->phase != AT_END) {
		size_t n = step(g, p, len, &state);

		p += n;
		len -= n;
	}
	return state == GUARD_MORE && g->phase == AT_END ? GUARD_DONE : state;
}
