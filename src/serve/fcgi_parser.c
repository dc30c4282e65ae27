/* The guard: reads FastCGI records and lets nothing through but one plain request. What
 * it has passed is safe for libfcgi, which believes lengths and answers anyone. */
#include "serve_priv.h"

#include <fastcgi.h>

enum {
	BODY_KEPT = 64 * 1024,
	BODY_FIRST = 8 * 1024,
	RECORD_MAX = FCGI_HEADER_LEN + 65535 + 255, /* header, content, padding */
};

void
fcgi_parser_start(struct fcgi_parser *g, size_t max_body)
{
	struct fcgi_parser fresh = { .max_body = max_body,
				     .params = g->params,
				     .body = g->body,
				     .body_size = g->body_size,
				     .record = g->record };

	*g = fresh;
}

void
fcgi_parser_finish(struct fcgi_parser *g)
{
	if (g->body_size <= BODY_KEPT)
		return;

	free(g->body);
	g->body = NULL;
	g->body_size = 0;
}

void
fcgi_parser_free(struct fcgi_parser *g)
{
	free(g->params);
	free(g->body);
	free(g->record);
	*g = (struct fcgi_parser) { 0 };
}

static enum fcgi_parser_state
bad(struct fcgi_parser *g, const char *why)
{
	g->why = why;
	return PARSER_BAD;
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

static enum fcgi_parser_state
check_params(struct fcgi_parser *g)
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
		g->params_too_large = n == PARSER_PARAMS_MAX;
	}
	return PARSER_MORE;
}

static enum fcgi_parser_state
take_params(struct fcgi_parser *g, const unsigned char *bytes, size_t len)
{
	if (!g->params)
		g->params = malloc(PARSER_PARAMS_BYTES);
	if (!g->params)
		return bad(g, "out of memory");

	if (len > PARSER_PARAMS_BYTES - g->params_len)
		g->params_too_large = true;
	if (g->params_too_large)
		return PARSER_MORE;

	memcpy(g->params + g->params_len, bytes, len);
	g->params_len += len;
	return PARSER_MORE;
}

/* Room for that many bytes and a NUL. */
static bool
grow_body(struct fcgi_parser *g, size_t need)
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

static enum fcgi_parser_state
take_body(struct fcgi_parser *g, const unsigned char *bytes, size_t len)
{
	g->body_too_large = g->body_too_large || len > g->max_body - g->body_len;
	if (g->body_too_large)
		len = 0;

	if (!grow_body(g, g->body_len + len))
		return bad(g, "out of memory");

	memcpy(g->body + g->body_len, bytes, len);
	g->body_len += len;
	g->body[g->body_len] = '\0';
	return PARSER_MORE;
}

/* Whether a record with that header may stand here. */
static enum fcgi_parser_state
check_header(struct fcgi_parser *g, const unsigned char *h)
{
	static const unsigned char expected[] = {
		[AT_BEGIN] = FCGI_BEGIN_REQUEST, [AT_PARAMS] = FCGI_PARAMS, [AT_STDIN] = FCGI_STDIN
	};
	unsigned type = h[1], id = (unsigned)(h[2] << 8 | h[3]), len = (unsigned)(h[4] << 8 | h[5]);

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
	if (type == FCGI_BEGIN_REQUEST && len != 8)
		return bad(g, "a begin record of a wrong size");
	return PARSER_MORE;
}

/* The begin record and empty ones end their phase. */
static enum fcgi_parser_state
take_content(struct fcgi_parser *g, const unsigned char *content, size_t len)
{
	if (g->phase == AT_BEGIN) {
		g->phase = AT_PARAMS;
		return (content[0] << 8 | content[1]) == FCGI_RESPONDER
			   ? PARSER_MORE
			   : bad(g, "a role other than responder");
	}
	if (g->phase == AT_PARAMS) {
		if (len > 0)
			return take_params(g, content, len);
		g->phase = AT_STDIN;
		return check_params(g);
	}
	if (len == 0)
		g->phase = AT_END;
	return take_body(g, content, len);
}

/* Takes all records that are whole. */
static enum fcgi_parser_state
take_records(struct fcgi_parser *g)
{
	unsigned char *h = g->record, *end = h + g->record_len;
	enum fcgi_parser_state state = PARSER_MORE;

	while (end - h >= FCGI_HEADER_LEN && state == PARSER_MORE && g->phase != AT_END) {
		size_t len = (size_t)(h[4] << 8 | h[5]), whole = FCGI_HEADER_LEN + len + h[6];

		state = check_header(g, h);
		if (state != PARSER_MORE || (size_t)(end - h) < whole)
			break;
		state = take_content(g, h + FCGI_HEADER_LEN, len);
		h += whole;
	}
	g->record_len = (size_t)(end - h);
	memmove(g->record, h, g->record_len);
	return state == PARSER_MORE && g->phase == AT_END ? PARSER_DONE : state;
}

enum fcgi_parser_state
fcgi_parser_feed(struct fcgi_parser *g, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	enum fcgi_parser_state state = PARSER_MORE;

	if (!g->record)
		g->record = malloc(RECORD_MAX);
	if (!g->record)
		return bad(g, "out of memory");

	while (len > 0 && state == PARSER_MORE) {
		size_t room = RECORD_MAX - g->record_len, n = len < room ? len : room;

		memcpy(g->record + g->record_len, p, n);
		g->record_len += n;
		p += n;
		len -= n;
		state = take_records(g);
	}
	return state;
}
