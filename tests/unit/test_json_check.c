/* json_check(): RFC 8259 and the stricter rules of doc/API.md. */
#include <criterion/criterion.h>

#include "app/schema.h"

static const char *
check(const char *json)
{
	return json_check(json, strlen(json));
}

static void
accepts_all(const char *const *texts)
{
	for (; *texts; texts++)
		cr_expect_null(check(*texts), "%s: %s", *texts, check(*texts));
}

static void
refuses_all(const char *const *texts)
{
	for (; *texts; texts++)
		cr_expect_not_null(check(*texts), "%s", *texts);
}

/* Returns `n` times `open`, then `middle`, then `n` times `close`. */
static const char *
nested(struct arena *a, size_t n, const char *open, const char *middle, const char *close)
{
	struct buf b = buf_new(a, 1 << 20);

	for (size_t i = 0; i < n; i++)
		buf_text(&b, open);
	buf_text(&b, middle);
	for (size_t i = 0; i < n; i++)
		buf_text(&b, close);
	return buf_done(&b);
}

Test(json_check, accepts_what_the_grammar_allows)
{
	static const char *const texts[] = {
		"{}",
		"[]",
		" \t\r\n{ \"a\" : [ 1 , 2 ] } \n",
		"null",
		"true",
		"false",
		"\"\"",
		"0",
		"-0",
		"10",
		"-1.5e+3",
		"1E-2",
		"0.0",
		"1e400",
		"123456789012345678901234567890",
		"{\"\":1}",
		"{\"a\":{\"a\":{\"a\":null}},\"b\":[{\"a\":1},{\"a\":1}]}",
		"\"\\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u00e9 \\uD83D\\uDE00 \\ud83d\\ude00\"",
		"\"\x7f\"",
		"\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xef\xbf\xbf\"",
		NULL,
	};

	accepts_all(texts);
}

Test(json_check, rejects_invalid_structure)
{
	static const char *const texts[] = {
		"",           " ",         "{",          "}",        "[",         "]",
		"[1",         "[1,]",      "[,1]",       "[1 2]",    "[1}",       "{\"a\"}",
		"{\"a\":}",   "{\"a\":1,", "{\"a\":1,}", "{,}",      "{\"a\" 1}", "{a:1}",
		"{'a':1}",    "['a']",     "{1:1}",      "{null:1}", "{\"a\":1]", "[1]]",
		"{} {}",      "{}x",       "1 2",        "[] //",    "/* */ {}",  "[1;2]",
		"{\"a\"::1}", "nul",       "nulL",       "True",     "truefalse", "NaN",
		"Infinity",   "-Infinity", "undefined",  "\f{}",     "\v1",       "\xc2\xa0{}",
		NULL,
	};

	refuses_all(texts);
}

Test(json_check, rejects_numbers_of_other_languages)
{
	static const char *const texts[] = {
		"01",  "-01", "+1",    "-",   ".5",    "1.",  "1.e5", "1e",  "1e+",
		"--1", "0x1", "1_000", "1,5", "1.5.5", "-.5", "00",   "[-]", NULL,
	};

	refuses_all(texts);
}

Test(json_check, rejects_invalid_strings)
{
	static const char *const texts[] = {
		"\"",       "\"a",       "\"\\",        "\"\\\"",         "\"\\x41\"", "\"\\'\"",
		"\"\\u\"",  "\"\\u12\"", "\"\\u12g4\"", "\"\\u123",       "\"a\nb\"",  "\"a\tb\"",
		"\"\x01\"", "\"\x1f\"",  "\"\\u+123\"", "\"\\\xc3\xa9\"", NULL,
	};

	refuses_all(texts);
}

Test(json_check, rejects_invalid_utf8)
{
	static const char *const texts[] = {
		"\"\x80\"",             /* a continuation byte alone */
		"\"\xc3\"",             /* a lead byte alone */
		"\"\xc0\xaf\"",         /* overlong */
		"\"\xe0\x80\xaf\"",     /* overlong */
		"\"\xed\xa0\x80\"",     /* a surrogate */
		"\"\xf4\x90\x80\x80\"", /* beyond U+10FFFF */
		"\"\xff\"",
		"\"\xe2\x82", /* the text ends within a character */
		"{\"\xc3\x28\":1}",
		NULL,
	};

	refuses_all(texts);
}

Test(json_check, rejects_a_byte_order_mark)
{
	cr_expect_not_null(check("\xef\xbb\xbf{}"));
}

Test(json_check, rejects_nul)
{
	cr_expect_not_null(json_check("\"a\0b\"", 5));
	cr_expect_not_null(json_check("{}\0", 3));
	cr_expect_not_null(json_check("\0", 1));
	cr_expect_not_null(json_check("\"\\\0\"", 4));
	cr_expect_str_eq(check("\"a\\u0000b\""), "a string contains the character U+0000");
	cr_expect_not_null(check("{\"a\\u0000b\":1}"));
}

Test(json_check, rejects_half_surrogate_pairs)
{
	static const char *const texts[] = {
		"\"\\ud800\"",        "\"\\udc00\"",        "\"\\ud800x\"",
		"\"\\ud800\\n\"",     "\"\\ud800\\ud800\"", "\"\\udc00\\ud800\"",
		"\"\\ud800\\u0041\"", "\"\\ud83d\\ude0\"",  NULL,
	};

	refuses_all(texts);
}

Test(json_check, limits_the_depth)
{
	struct arena *a = arena_new(1 << 22);

	cr_expect_null(check(nested(a, 32, "[", "", "]")));
	cr_expect_null(check(nested(a, 32, "[", "1", "]")));
	cr_expect_null(check(nested(a, 32, "{\"a\":", "1", "}")));
	cr_expect_not_null(check(nested(a, 33, "[", "", "]")));
	cr_expect_not_null(check(nested(a, 33, "{\"a\":", "1", "}")));
	cr_expect_not_null(check(nested(a, 100000, "[", "", "")));
	cr_expect_null(check(nested(a, 100, "", "[[[[]]],[[[]]],[[[]]]]", "")));
	arena_free(a);
}

Test(json_check, rejects_duplicate_keys)
{
	static const char *const texts[] = {
		"{\"a\":1,\"a\":1}",
		"{\"a\":1,\"b\":2,\"a\":3}",
		"{\"a\":1,\"\\u0061\":1}",
		"{\"\\u00e9\":1,\"\xc3\xa9\":1}",
		"{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":1}",
		"{\"\\u20ac\":1,\"\xe2\x82\xac\":1}",
		"{\"/\":1,\"\\/\":1}",
		"{\"\\n\":1,\"\\u000a\":1}",
		"{\"\":1,\"\":1}",
		"[{\"b\":{\"a\":1,\"c\":{},\"a\":1}}]",
		"{\"a\":{\"x\":1},\"b\":{\"x\":1},\"a\":1}",
		NULL,
	};

	refuses_all(texts);
	cr_expect_str_eq(check("{\"a\":1,\"a\":1}"), "a key occurs twice in an object");
}

Test(json_check, accepts_equal_keys_in_different_objects)
{
	static const char *const texts[] = {
		"{\"a\":{\"a\":{\"a\":1}}}",
		"{\"a\":{\"b\":1},\"b\":{\"a\":1}}",
		"[{\"a\":1},{\"a\":1}]",
		"{\"a\":1,\"A\":1}",
		"{\"ab\":1,\"a\":{\"b\":1},\"b\":1}",
		NULL,
	};

	accepts_all(texts);
}

Test(json_check, explains_common_mistakes)
{
	static const struct {
		const char *json, *mistake;
	} rows[] = {
		{ "\xef\xbb\xbf{}", "byte order mark" },
		{ "\xff\xfe{", "UTF-16" },
		{ "['a']", "single" },
		{ "{'a':1}", "single" },
		{ "[\xe2\x80\x9cx\xe2\x80\x9d]", "typographic" },
		{ "[1,]", "a comma before" },
		{ "{\"a\":1,\n}", "a comma before" },
		{ "{\"a\":}", "a value is missing" },
		{ "[,1]", "not a JSON value" },
		{ "[1 2]", "comma or a closing bracket is missing" },
		{ "{\"a\":1 \"b\":2}", "comma or a closing bracket is missing" },
		{ "{\"a\":1", "does not end" },
		{ "[NaN]", "NaN" },
		{ "-Infinity", "Infinity" },
		{ "[None]", "null instead of None" },
		{ "True", "lower case" },
		{ "[1 // one\n]", "comments" },
		{ "/* one */ 1", "comments" },
		{ "{# one\n}", "comments" },
		{ "{a:1}", "a key in double quotes" },
		{ "[01]", "leading zero" },
		{ "[+1]", "plus" },
		{ "[.5]", "point" },
		{ "[1.]", "point" },
		{ "username=a&password=b", "a form" },
		{ "grant_type=password", "a form" },
		{ "truefalse", "something follows" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *said = check(rows[i].json);

		cr_expect(said && strstr(said, rows[i].mistake), "%s: %s", rows[i].json, said);
	}
	cr_expect_not_null(json_check("{\0\"\0}\0", 6));
	cr_expect_not_null(strstr(json_check("{\0\"\0}\0", 6), "UTF-16"));
}

/* Counted before json-c builds a tree, which takes up to 800 bytes for each value. */
Test(json_check, rejects_more_than_10000_values)
{
	struct arena *a = arena_new(1 << 24);
	struct buf b = buf_new(a, 1 << 22);
	struct json_scan scan;
	const char *text;

	buf_text(&b, "[0");
	for (int i = 0; i < JSON_VALUES_MAX - 3; i++)
		buf_text(&b, ",{}");
	text = arena_printf(a, "%s,[]]", b.data);
	cr_expect_null(json_scan(text, strlen(text), &scan));
	cr_expect_not(scan.too_many);
	text = arena_printf(a, "%s,[],0", b.data);
	cr_expect_not_null(json_scan(text, strlen(text), &scan));
	cr_expect(scan.too_many);
	arena_free(a);
}

/* Comparing each key with all others would take too long. */
Test(json_check, handles_many_keys, .timeout = 20)
{
	struct arena *a = arena_new(1 << 24);
	struct buf b = buf_new(a, 1 << 22);
	size_t len;

	buf_char(&b, '{');
	for (int i = 0; i < JSON_VALUES_MAX - 2; i++) {
		buf_text(&b, i ? ",\"k" : "\"k");
		buf_int(&b, i);
		buf_text(&b, "\":0");
	}
	len = b.len;
	buf_char(&b, '}');
	cr_expect_null(check(buf_done(&b)));

	b.len = len;
	buf_text(&b, ",\"k7777\":0}");
	cr_expect_not_null(check(buf_done(&b)));
	arena_free(a);
}

/* No byte after the end is read, wherever a text is cut off. */
Test(json_check, reads_only_its_input)
{
	static const char text[] =
	    "{\"k\\u00e9\\ud83d\\ude00\xc3\xa9\":[true,false,null,-1.5e+3,\"x\"]}";
	size_t len = strlen(text);

	for (size_t n = 0; n < len; n++) {
		char *cut = malloc(n ? n : 1);

		memcpy(cut, text, n);
		cr_expect_not_null(json_check(cut, n), "%.*s", (int)n, text);
		free(cut);
	}
	cr_expect_null(json_check(text, len));
}

/* Strings are scanned eight bytes at a time, so each special byte is placed at each position. */
Test(json_check, checks_each_byte_of_a_long_string)
{
	for (size_t at = 1; at < 40; at++) {
		for (int byte = 0; byte < 256; byte++) {
			bool fine = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
			char text[41];

			memset(text, 'x', sizeof(text));
			text[0] = text[40] = '"';
			text[at] = (char)byte;
			cr_expect_eq(json_check(text, sizeof(text)) == NULL, fine, "byte %d at %zu",
				     byte, at);
		}
	}
}
