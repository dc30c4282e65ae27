/* FastCGI records: the result does not depend on how the input is split, and its lengths are
 * valid. */
#include "fuzz.h"

#include "serve/serve_priv.h"

enum { MAX_BODY = 1000 };

static enum fcgi_parser_state
feed(struct fcgi_parser *g, const char *bytes, size_t len, size_t piece)
{
	enum fcgi_parser_state state = PARSER_MORE;

	fcgi_parser_start(g, MAX_BODY);
	for (size_t at = 0; at < len && state == PARSER_MORE; at += piece)
		state = fcgi_parser_feed(g, bytes + at, len - at < piece ? len - at : piece);
	return state;
}

static size_t
length(const unsigned char **at)
{
	const unsigned char *p = *at;

	*at += p[0] < 0x80 ? 1 : 4;
	return p[0] < 0x80
		   ? p[0]
		   : (size_t)(p[0] & 0x7f) << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

/* Reads the parameters as libfcgi does, which trusts all lengths. */
static void
check_params(const struct fcgi_parser *g)
{
	const unsigned char *p = g->params, *end = p ? p + g->params_len : p;

	while (p < end && !g->params_too_large) {
		size_t name = length(&p), value = length(&p);

		HOLDS(name > 0 && p + name + value <= end);
		HOLDS(!memchr(p, '\0', name + value) && !memchr(p, '=', name));
		p += name + value;
	}
	HOLDS(p == end || g->params_too_large);
}

void
fuzz(struct ctx *c UNUSED, const char *bytes, size_t len)
{
	struct fcgi_parser whole = { 0 }, pieces = { 0 };
	enum fcgi_parser_state state = feed(&whole, bytes, len, len);

	HOLDS(feed(&pieces, bytes, len, 1) == state);
	HOLDS(state != PARSER_BAD || (whole.err && whole.err == pieces.err));
	HOLDS(whole.body_len <= MAX_BODY);
	if (state == PARSER_DONE) {
		HOLDS(whole.id && whole.id == pieces.id && whole.body);
		HOLDS(whole.params_len == pieces.params_len);
		HOLDS(whole.body_too_large == pieces.body_too_large);
		HOLDS(whole.body_too_large || whole.body_len == pieces.body_len);
		HOLDS(whole.body_too_large || memcmp(whole.body, pieces.body, whole.body_len) == 0);
		HOLDS(whole.body[whole.body_len] == '\0');
		check_params(&whole);
	}
	fcgi_parser_free(&whole);
	fcgi_parser_free(&pieces);
}
