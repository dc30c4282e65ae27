/* Validates JSON strictly (RFC 8259, doc/API.md) before json-c parses it: json-c accepts more. */
#include "app/schema.h"

#include "schema_priv.h"

#include "app/text.h"
#include "app/utf8.h"

enum { DEPTH_MAX = 32 };

struct scan {
	const char *start, *at, *end;
	unsigned depth;
	size_t members; /* of all objects */
	size_t values;
};

static const char too_many[] = "it has more than 10,000 values";

static const char *check_value(struct scan *s);

static void
skip_space(struct scan *s)
{
	while (s->at < s->end &&
	       (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
		s->at++;
}

/* Skips the byte if it is next. */
static bool
skip_byte(struct scan *s, char byte)
{
	if (s->at == s->end || *s->at != byte)
		return false;

	s->at++;
	return true;
}

static bool
skip_digits(struct scan *s)
{
	const char *start = s->at;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return s->at > start;
}

/* ---- messages for common mistakes */

static const char bad_number[] =
    "a number needs digits on both sides of its point, and no leading zero or plus";
static const char comment[] = "JSON has no comments";

/* Syntax of other languages, and the correct JSON. */
static const struct {
	const char *text, *mistake;
} foreign[] = {
	{ "'", "strings need double quotes, not single ones" },
	{ "\xe2\x80\x9c", "strings need straight double quotes, not typographic ones" },
	{ "\xe2\x80\x9d", "strings need straight double quotes, not typographic ones" },
	{ "//", comment },
	{ "/*", comment },
	{ "#", comment },
	{ "NaN", "JSON has no NaN: write null" },
	{ "Infinity", "JSON has no Infinity: write null" },
	{ "None", "write null instead of None" },
	{ "undefined", "write null instead of undefined" },
	{ "NULL", "write null in lower case" },
	{ "Null", "write null in lower case" },
	{ "True", "write true in lower case" },
	{ "TRUE", "write true in lower case" },
	{ "False", "write false in lower case" },
	{ "FALSE", "write false in lower case" },
	{ "+", bad_number },
	{ ".", bad_number },
};

static bool
begins_with(const struct scan *s, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(s->end - s->at) >= n && memcmp(s->at, text, n) == 0;
}

static const char *
find_foreign(const struct scan *s)
{
	for (size_t i = 0; i < COUNT(foreign); i++)
		if (begins_with(s, foreign[i].text))
			return foreign[i].mistake;
	return NULL;
}

/* Returns the last byte before this one that is not white space; 0: none. */
static char
byte_before(const struct scan *s)
{
	for (const char *at = s->at; at > s->start; at--)
		if (!memchr(" \t\n\r", at[-1], 4))
			return at[-1];
	return '\0';
}

/* The error where a value or a key should begin. */
static const char *
explain_start(const struct scan *s, const char *otherwise)
{
	const char *mistake = find_foreign(s);

	if (mistake)
		return mistake;
	if (*s->at == ']' || *s->at == '}')
		return byte_before(s) == ',' ? "there is a comma before a closing bracket"
					     : "a value is missing";
	return otherwise;
}

/* The error after a value, where a comma or the closing bracket should be. */
static const char *
explain_end(const struct scan *s, const char *endless)
{
	const char *mistake = s->at == s->end ? endless : find_foreign(s);

	return mistake ? mistake : "a comma or a closing bracket is missing after a value";
}

/* The error that the first bytes reveal, or NULL. */
static const char *
explain_text(const char *json, size_t len)
{
	size_t letters = 0;

	if (len >= 3 && memcmp(json, "\xef\xbb\xbf", 3) == 0)
		return "it starts with a byte order mark: send UTF-8 without one";
	if (len >= 2 && (memcmp(json, "\xff\xfe", 2) == 0 || memcmp(json, "\xfe\xff", 2) == 0 ||
			 !json[0] || !json[1]))
		return "it is UTF-16 or UTF-32: send UTF-8";

	while (letters < len && ((json[letters] | 0x20) >= 'a' && (json[letters] | 0x20) <= 'z'))
		letters++;
	if (letters && letters < len && (json[letters] == '=' || json[letters] == '_'))
		return "it looks like a form: send JSON";
	return NULL;
}

/* ---- the grammar */

/* The four digits after \u. */
static bool
read_hex4(struct scan *s, uint32_t *out)
{
	*out = 0;
	if (s->end - s->at < 4)
		return false;

	for (int i = 0; i < 4; i++) {
		int value = hex_value(*s->at++);

		if (value < 0)
			return false;
		*out = *out << 4 | (uint32_t)value;
	}
	return true;
}

/* What follows \u: a character, or a surrogate pair for a character beyond U+FFFF. */
static const char *
check_unicode_escape(struct scan *s)
{
	uint32_t c, low;

	if (!read_hex4(s, &c))
		return "\\u in a string needs four hexadecimal digits";
	if (c == 0)
		return "a string contains the character U+0000";
	if (c < 0xD800 || c > 0xDFFF)
		return NULL;

	if (c > 0xDBFF || !skip_byte(s, '\\') || !skip_byte(s, 'u') || !read_hex4(s, &low) ||
	    low < 0xDC00 || low > 0xDFFF)
		return "a string contains half of a surrogate pair";
	return NULL;
}

/* What follows a backslash. */
static const char *
check_escape(struct scan *s)
{
	if (skip_byte(s, 'u'))
		return check_unicode_escape(s);
	if (s->at == s->end || !*s->at || !strchr("\"\\/bfnrt", *s->at))
		return "a string contains an unknown escape";

	s->at++;
	return NULL;
}

/* Counts the bytes from `at` that are unescaped ASCII, eight at a time. */
static size_t
plain_ascii(const char *at, size_t len)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	size_t n = 0;

	for (; len - n >= 8; n += 8) {
		uint64_t word, quote, slash;

		memcpy(&word, at + n, 8);
		quote = word ^ ones * '"';
		slash = word ^ ones * '\\';
		/* Subtracting k sets the top bit of a byte that is below k. */
		if ((word | (word - ones * 0x20) | (quote - ones) | (slash - ones)) & tops)
			break;
	}
	while (n < len && (unsigned char)(at[n] - 0x20) < 0x60 && at[n] != '"' && at[n] != '\\')
		n++;
	return n;
}

/* Skips to a quote, a backslash, a control character or the end. False for invalid UTF-8. */
static bool
skip_plain(struct scan *s)
{
	for (;;) {
		size_t n;

		s->at += plain_ascii(s->at, (size_t)(s->end - s->at));
		if (s->at == s->end || !((unsigned char)*s->at & 0x80))
			return true;
		n = utf8_char(s->at, (size_t)(s->end - s->at));
		if (n == 0)
			return false;
		s->at += n;
	}
}

/* A string, starting at its first quote. */
static const char *
check_string(struct scan *s)
{
	for (s->at++;;) {
		const char *err;

		if (!skip_plain(s))
			return "it is not valid UTF-8";
		if (skip_byte(s, '"'))
			return NULL;
		if (s->at == s->end)
			return "a string does not end";
		if (!skip_byte(s, '\\'))
			return "a string contains a control character that is not escaped";

		err = check_escape(s);
		if (err)
			return err;
	}
}

static const char *
check_number(struct scan *s)
{
	skip_byte(s, '-');
	if (!skip_byte(s, '0') && !skip_digits(s))
		return begins_with(s, "Infinity") ? find_foreign(s) : bad_number;
	if (skip_byte(s, '.') && !skip_digits(s))
		return bad_number;
	if (skip_byte(s, 'e') || skip_byte(s, 'E')) {
		if (!skip_byte(s, '+'))
			skip_byte(s, '-');
		if (!skip_digits(s))
			return bad_number;
	}
	return skip_digits(s) || begins_with(s, ".") ? bad_number : NULL;
}

static const char no_value[] = "it has something that is not a JSON value";

static const char *
check_word(struct scan *s, const char *word)
{
	if (!begins_with(s, word))
		return no_value;

	s->at += strlen(word);
	return NULL;
}

static const char *
check_member(struct scan *s)
{
	const char *err;

	static const char no_key[] = "an object needs a key in double quotes";

	skip_space(s);
	if (s->at == s->end)
		return no_key;
	if (*s->at != '"')
		return explain_start(s, no_key);

	err = check_string(s);
	if (err)
		return err;

	skip_space(s);
	if (!skip_byte(s, ':'))
		return "a key needs a colon after it";

	s->members++;
	return check_value(s);
}

/* The elements of an array or object, with its brackets. */
static const char *
check_elements(struct scan *s, const char *(*check)(struct scan *), char end, const char *endless)
{
	const char *err;

	s->at++;
	skip_space(s);
	if (skip_byte(s, end))
		return NULL;

	do {
		err = check(s);
		if (err)
			return err;
		skip_space(s);
	} while (skip_byte(s, ','));

	return skip_byte(s, end) ? NULL : explain_end(s, endless);
}

static const char *
check_value(struct scan *s)
{
	const char *err;

	skip_space(s);
	if (s->at == s->end)
		return "it ends where a value is expected";
	if (++s->values > JSON_VALUES_MAX)
		return too_many;

	switch (*s->at) {
	case '{':
	case '[':
		if (s->depth == DEPTH_MAX)
			return "it is nested deeper than 32 levels";
		s->depth++;
		err = *s->at == '{' ? check_elements(s, check_member, '}', "an object does not end")
				    : check_elements(s, check_value, ']', "an array does not end");
		s->depth--;
		return err;
	case '"':
		return check_string(s);
	case 't':
		return check_word(s, "true");
	case 'f':
		return check_word(s, "false");
	case 'n':
		return check_word(s, "null");
	default:
		if (*s->at == '-' || (*s->at >= '0' && *s->at <= '9'))
			return check_number(s);
		return explain_start(s, no_value);
	}
}

const char *
json_scan(const char *json, size_t len, struct json_scan *out)
{
	struct scan s = { .start = json, .at = json, .end = json + len };
	const char *err = explain_text(json, len);

	if (!err)
		err = check_value(&s);
	if (!err) {
		skip_space(&s);
		err = s.at == s.end ? NULL : "something follows the JSON value";
	}
	*out = (struct json_scan) { .members = s.members,
				    .offset = (size_t)(s.at - json),
				    .too_many = err == too_many };
	return err;
}

const char *
json_member(struct arena *a, const char *object, size_t len, size_t n)
{
	struct scan s = { .start = object, .at = object, .end = object + len };
	const char *start, *end, *err;

	skip_space(&s);
	do {
		s.at++; /* the brace or comma before a member */
		skip_space(&s);
		err = check_string(&s);
		skip_space(&s);
		s.at++;
		skip_space(&s);
		start = s.at;
		err = err ? err : check_value(&s);
		end = s.at;
		skip_space(&s);
	} while (!err && n-- > 0);
	return arena_text_n(a, start, (size_t)(end - start));
}
