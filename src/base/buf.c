/* The string builder. */
#include "app/buf.h"

#include "app/text.h"
#include "app/utf8.h"

enum { FIRST_SIZE = 256 };

struct buf
buf_new(struct arena *a, size_t max)
{
	struct buf b = { .arena = a, .size = FIRST_SIZE, .max = max };

	b.data = arena_alloc(a, b.size);
	return b;
}

struct buf
buf_fixed(char *memory, size_t size)
{
	memory[0] = '\0';
	return (struct buf) { .data = memory, .size = size, .max = size - 1 };
}

/* Ensures capacity for `more` bytes and the NUL. */
static bool
buf_grow(struct buf *b, size_t more)
{
	size_t size = b->size;
	char *data;

	if (b->failed)
		return false;
	if (more > b->max - b->len) {
		b->failed = true;
		return false;
	}
	if (more < b->size - b->len)
		return true;

	while (size - b->len <= more)
		size *= 2;
	data = arena_alloc(b->arena, size);
	memcpy(data, b->data, b->len);
	b->data = data;
	b->size = size;
	return true;
}

void
buf_put(struct buf *b, const void *data, size_t len)
{
	if (len == 0 || !buf_grow(b, len))
		return;

	memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void
buf_char(struct buf *b, char ch)
{
	buf_put(b, &ch, 1);
}

void
buf_text(struct buf *b, const char *text)
{
	buf_put(b, text, strlen(text));
}

void
buf_visible(struct buf *b, const char *text)
{
	char out[8];

	while (*text) {
		text += utf8_visible(text, out);
		buf_text(b, out);
	}
}

void
buf_int(struct buf *b, int64_t number)
{
	uint64_t digits = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	char text[24], *end = text + sizeof(text), *at = digits_before(end, digits, 1);

	if (number < 0)
		*--at = '-';
	buf_put(b, at, (size_t)(end - at));
}

void
buf_seconds(struct buf *b, uint64_t microseconds)
{
	char text[32], *end = text + sizeof(text);
	char *at = digits_before(end, microseconds % 1000000, 6);

	*--at = '.';
	at = digits_before(at, microseconds / 1000000, 1);
	buf_put(b, at, (size_t)(end - at));
}

void
buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = arena_vprintf(b->arena, format, args);
	va_end(args);
	buf_text(b, text);
}

/* How a byte is written in a JSON string: 0: as it is; 'u': \u00XX; else: a backslash and this
 * character. */
static const char json_escapes[256] = {
	[0 ... 7] = 'u', ['\b'] = 'b',      ['\t'] = 't', ['\n'] = 'n',  [11] = 'u',  ['\f'] = 'f',
	['\r'] = 'r',    [14 ... 31] = 'u', ['"'] = '"',  ['\\'] = '\\', [127] = 'u',
};

/* The number of leading bytes that need no escape. Checks eight at a time: escapes are rare. */
static size_t
json_plain_length(const char *text, size_t len)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	size_t n = 0;

	for (; len - n >= 8; n += 8) {
		uint64_t word, quote, slash, del;

		memcpy(&word, text + n, 8);
		quote = word ^ ones * '"';
		slash = word ^ ones * '\\';
		del = word ^ ones * 127;
		/* Subtracting k from a byte below k sets its top bit. */
		if ((((word - ones * 32) & ~word) | ((quote - ones) & ~quote) |
		     ((slash - ones) & ~slash) | ((del - ones) & ~del)) &
		    tops)
			break;
	}
	while (n < len && !json_escapes[(unsigned char)text[n]])
		n++;
	return n;
}

static void
put_escape(struct buf *b, unsigned char ch)
{
	char out[] = { '\\', json_escapes[ch], '0', '0', 'X', 'X' };

	hex_write(out + 4, &ch, 1);
	buf_put(b, out, json_escapes[ch] == 'u' ? sizeof(out) : 2);
}

void
buf_json_text(struct buf *b, const char *text)
{
	size_t len = strlen(text);

	buf_char(b, '"');
	for (;;) {
		size_t n = json_plain_length(text, len);

		buf_put(b, text, n);
		if (n == len)
			break;
		put_escape(b, (unsigned char)text[n]);
		text += n + 1;
		len -= n + 1;
	}
	buf_char(b, '"');
}

static void
close_bracket(struct buf *b, char bracket)
{
	if (b->len && b->data[b->len - 1] == ',')
		b->len--;
	buf_char(b, bracket);
}

static void
put_text_or_null(struct buf *b, const char *text)
{
	if (text)
		buf_json_text(b, text);
	else
		buf_text(b, "null");
}

void
buf_json(struct buf *b, const char *pattern, ...)
{
	va_list args;

	va_start(args, pattern);
	for (; *pattern; pattern++) {
		size_t n = strcspn(pattern, "'}]%");

		buf_put(b, pattern, n);
		pattern += n;
		if (!*pattern)
			break;
		if (*pattern == '\'')
			buf_char(b, '"');
		else if (*pattern != '%')
			close_bracket(b, *pattern);
		else if (*++pattern == 's')
			put_text_or_null(b, va_arg(args, const char *));
		else if (*pattern == 'u')
			buf_int(b, va_arg(args, unsigned));
		else if (*pattern++ == 'j')
			buf_int(b, va_arg(args, intmax_t));
	}
	va_end(args);
}

static bool
unreserved(unsigned char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
	       ch == '-' || ch == '.' || ch == '_' || ch == '~';
}

void
buf_url(struct buf *b, const char *text)
{
	for (; *text; text++) {
		unsigned char ch = (unsigned char)*text;

		if (unreserved(ch))
			buf_char(b, *text);
		else
			buf_printf(b, "%%%02X", ch);
	}
}

void
buf_base64url(struct buf *b, const void *data, size_t len)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const unsigned char *in = data;

	for (size_t i = 0; i < len; i += 3) {
		size_t have = len - i < 3 ? len - i : 3;
		unsigned group = (unsigned)in[i] << 16;
		char out[4];

		if (have > 1)
			group |= (unsigned)in[i + 1] << 8;
		if (have > 2)
			group |= in[i + 2];
		for (unsigned k = 0; k < 4; k++)
			out[k] = letters[group >> (18 - 6 * k) & 63];
		buf_put(b, out, have + 1);
	}
}

/* The value of a base64url character, or -1. */
static int
base64url_value(char letter)
{
	if (letter >= 'A' && letter <= 'Z')
		return letter - 'A';
	if (letter >= 'a' && letter <= 'z')
		return letter - 'a' + 26;
	if (letter >= '0' && letter <= '9')
		return letter - '0' + 52;
	if (letter == '-')
		return 62;
	return letter == '_' ? 63 : -1;
}

bool
base64url_read(const char *text, size_t len, void *out, size_t *n)
{
	unsigned bits = 0, have = 0;
	unsigned char *bytes = out;

	*n = 0;
	for (size_t i = 0; i < len; i++) {
		int value = base64url_value(text[i]);

		if (value < 0)
			return false;
		bits = (bits << 6 | (unsigned)value) & 0xffff;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		bytes[(*n)++] = (unsigned char)(bits >> have);
	}
	return have < 6 && !(bits & ((1U << have) - 1));
}

const char *
buf_done(struct buf *b)
{
	return b->failed ? NULL : b->data;
}
