/* UTF-8 (RFC 3629). */
#include "app/utf8.h"

static bool
is_continuation(const char *s, size_t len, size_t at)
{
	return at < len && ((unsigned char)s[at] & 0xc0) == 0x80;
}

size_t
utf8_char(const char *s, size_t len)
{
	unsigned char a, b;

	if (len == 0)
		return 0;
	a = (unsigned char)s[0];
	if (a < 0x80)
		return 1;
	if (!is_continuation(s, len, 1))
		return 0;
	b = (unsigned char)s[1];
	if (a >= 0xc2 && a <= 0xdf)
		return 2;
	if (!is_continuation(s, len, 2))
		return 0;
	if (a >= 0xe0 && a <= 0xef) {
		bool overlong = a == 0xe0 && b < 0xa0, surrogate = a == 0xed && b > 0x9f;

		return overlong || surrogate ? 0 : 3;
	}
	if (!is_continuation(s, len, 3))
		return 0;
	if (a >= 0xf0 && a <= 0xf4) {
		bool overlong = a == 0xf0 && b < 0x90, beyond = a == 0xf4 && b > 0x8f;

		return overlong || beyond ? 0 : 4;
	}
	return 0;
}

bool
utf8_valid(const char *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = utf8_char(s + i, len - i);

		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

size_t
utf8_length(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* Characters with the Unicode property Bidi_Control, U+2028 and U+2029. */
static bool
changes_lines(unsigned code)
{
	return code == 0x061c || code == 0x200e || code == 0x200f ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

size_t
utf8_visible(const char *text, char out[8])
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n = utf8_char(text, strnlen(text, 4));
	unsigned code = s[0];

	if (n == 2)
		code = (s[0] & 0x1fU) << 6 | (s[1] & 0x3fU);
	if (n == 3)
		code = (s[0] & 0x0fU) << 12 | (s[1] & 0x3fU) << 6 | (s[2] & 0x3fU);
	if (n == 0 || code < 0x20 || (n < 3 && code >= 0x7f && code < 0xa0) ||
	    (n < 4 && changes_lines(code)))
		snprintf(out, 8, "\\u%04x", code & 0xffffU);
	else
		snprintf(out, 8, "%.*s", (int)n, text);
	return n ? n : 1;
}
