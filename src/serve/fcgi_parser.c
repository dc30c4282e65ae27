/* Parses FastCGI records and accepts exactly one valid responder request. libfcgi itself does not
 * check lengths, so it must see only requests that this parser has accepted. */
#include "serve_priv.h"

#include <fastcgi.h>

enum {
	BODY_KEPT = 64 * 1024,
	BODY_FIRST = 8 * 1024,
	RECORD_MAX = FCGI_HEADER_LEN + 65535 + 255, /* header, content, padding */
};

void
fcgi_parser_start(struct fcgi_parser *parser, size_t max_body)
{
	struct fcgi_parser initial = { .max_body = max_body,
				       .params = parser->params,
				       .body = parser->body,
				       .body_size = parser->body_size,
				       .record = parser->record };

	*parser = initial;
}

void
fcgi_parser_finish(struct fcgi_parser *parser)
{
	if (parser->body_size <= BODY_KEPT)
		return;

	free(parser->body);
	parser->body = NULL;
	parser->body_size = 0;
}

void
fcgi_parser_free(struct fcgi_parser *parser)
{
	free(parser->params);
	free(parser->body);
	free(parser->record);
	*parser = (struct fcgi_parser) { 0 };
}

static enum fcgi_parser_state
parser_fail(struct fcgi_parser *parser, const char *err)
{
	parser->err = err;
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

/* Whether the name is valid for an environment variable, since it becomes NAME=value. */
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
check_params(struct fcgi_parser *parser)
{
	const unsigned char *p = parser->params, *end = p ? p + parser->params_len : p;
	size_t name, value;

	for (unsigned n = 0; p < end && !parser->params_too_large; n++) {
		if (!read_length(&p, end, &name) || !read_length(&p, end, &value) ||
		    name > (size_t)(end - p) || value > (size_t)(end - p) - name)
			return parser_fail(parser, "a parameter is longer than its record");
		if (!is_name(p, name))
			return parser_fail(parser, "a parameter has an invalid name");
		if (memchr(p + name, '\0', value))
			return parser_fail(parser, "a parameter contains a NUL");
		p += name + value;
		parser->params_too_large = n == PARSER_PARAMS_MAX;
	}
	return PARSER_MORE;
}

static enum fcgi_parser_state
append_params(struct fcgi_parser *parser, const unsigned char *bytes, size_t len)
{
	if (!parser->params)
		parser->params = malloc(PARSER_PARAMS_BYTES);
	if (!parser->params)
		return parser_fail(parser, "out of memory");

	if (len > PARSER_PARAMS_BYTES - parser->params_len)
		parser->params_too_large = true;
	if (parser->params_too_large)
		return PARSER_MORE;

	memcpy(parser->params + parser->params_len, bytes, len);
	parser->params_len += len;
	return PARSER_MORE;
}

/* Ensures capacity for `need` bytes and a NUL. */
static bool
grow_body(struct fcgi_parser *parser, size_t need)
{
	size_t size = parser->body_size ? parser->body_size : BODY_FIRST;
	char *body;

	while (size <= need)
		size *= 2;
	if (size == parser->body_size)
		return true;

	body = realloc(parser->body, size);
	if (!body)
		return false;

	parser->body = body;
	parser->body_size = size;
	return true;
}

static enum fcgi_parser_state
append_body(struct fcgi_parser *parser, const unsigned char *bytes, size_t len)
{
	parser->body_too_large =
	    parser->body_too_large || len > parser->max_body - parser->body_len;
	if (parser->body_too_large)
		len = 0;

	if (!grow_body(parser, parser->body_len + len))
		return parser_fail(parser, "out of memory");

	memcpy(parser->body + parser->body_len, bytes, len);
	parser->body_len += len;
	parser->body[parser->body_len] = '\0';
	return PARSER_MORE;
}

/* Checks that a record with this header is allowed here. */
static enum fcgi_parser_state
check_header(struct fcgi_parser *parser, const unsigned char *h)
{
	static const unsigned char expected[] = {
		[AT_BEGIN] = FCGI_BEGIN_REQUEST, [AT_PARAMS] = FCGI_PARAMS, [AT_STDIN] = FCGI_STDIN
	};
	unsigned type = h[1], id = (unsigned)(h[2] << 8 | h[3]), len = (unsigned)(h[4] << 8 | h[5]);

	if (h[0] != FCGI_VERSION_1)
		return parser_fail(parser, "unsupported protocol version");
	if (id == 0)
		return parser_fail(parser, "management records are not supported");
	if (parser->phase == AT_BEGIN)
		parser->id = id;
	if (id != parser->id)
		return parser_fail(parser, "multiplexed requests are not supported");
	if (type == FCGI_ABORT_REQUEST)
		return parser_fail(parser, "aborted by the web server");
	if (type != expected[parser->phase])
		return parser_fail(parser, "unexpected type of record");
	if (type == FCGI_BEGIN_REQUEST && len != 8)
		return parser_fail(parser, "the BEGIN_REQUEST record has an invalid size");
	return PARSER_MORE;
}

/* The BEGIN_REQUEST record and empty records end their phase. */
static enum fcgi_parser_state
read_content(struct fcgi_parser *parser, const unsigned char *content, size_t len)
{
	if (parser->phase == AT_BEGIN) {
		parser->phase = AT_PARAMS;
		return (content[0] << 8 | content[1]) == FCGI_RESPONDER
			   ? PARSER_MORE
			   : parser_fail(parser, "the role is not RESPONDER");
	}
	if (parser->phase == AT_PARAMS) {
		if (len > 0)
			return append_params(parser, content, len);
		parser->phase = AT_STDIN;
		return check_params(parser);
	}
	if (len == 0)
		parser->phase = AT_END;
	return append_body(parser, content, len);
}

/* Processes all complete records. */
static enum fcgi_parser_state
read_records(struct fcgi_parser *parser)
{
	unsigned char *h = parser->record, *end = h + parser->record_len;
	enum fcgi_parser_state state = PARSER_MORE;

	while (end - h >= FCGI_HEADER_LEN && state == PARSER_MORE && parser->phase != AT_END) {
		size_t len = (size_t)(h[4] << 8 | h[5]), whole = FCGI_HEADER_LEN + len + h[6];

		state = check_header(parser, h);
		if (state != PARSER_MORE || (size_t)(end - h) < whole)
			break;
		state = read_content(parser, h + FCGI_HEADER_LEN, len);
		h += whole;
	}
	parser->record_len = (size_t)(end - h);
	memmove(parser->record, h, parser->record_len);
	return state == PARSER_MORE && parser->phase == AT_END ? PARSER_DONE : state;
}

enum fcgi_parser_state
fcgi_parser_feed(struct fcgi_parser *parser, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	enum fcgi_parser_state state = PARSER_MORE;

	if (!parser->record)
		parser->record = malloc(RECORD_MAX);
	if (!parser->record)
		return parser_fail(parser, "out of memory");

	while (len > 0 && state == PARSER_MORE) {
		size_t room = RECORD_MAX - parser->record_len, n = len < room ? len : room;

		memcpy(parser->record + parser->record_len, p, n);
		parser->record_len += n;
		p += n;
		len -= n;
		state = read_records(parser);
	}
	return state;
}
