/* UTF-8 against RFC 3629, every code point and every pair of bytes. */
#include <criterion/criterion.h>

#include "app/utf8.h"

/* Encodes the code point by the table of the RFC, even if it is not allowed. */
static size_t
encode(unsigned code, char out[4])
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

Test(utf8, every_code_point)
{
	char out[4];

	for (unsigned code = 0; code < 0x200000; code++) {
		bool good = code < 0x110000 && (code < 0xd800 || code > 0xdfff);
		size_t len = encode(code, out);

		cr_assert_eq(utf8_char(out, len), good ? len : 0, "U+%04X", code);
		cr_assert_eq(utf8_char(out, len - 1), 0, "U+%04X cut short", code);
	}
}

Test(utf8, only_valid_pairs_of_bytes)
{
	for (unsigned a = 0x80; a < 0x100; a++) {
		for (unsigned b = 0; b < 0x100; b++) {
			char pair[] = { (char)a, (char)b };
			bool good = a >= 0xc2 && a <= 0xdf && b >= 0x80 && b <= 0xbf;

			cr_assert_eq(utf8_char(pair, 2), good ? 2 : 0, "%02x %02x", a, b);
		}
	}
}

Test(utf8, overlong_forms)
{
	cr_expect_not(utf8_valid("\xc0\x80", 2));
	cr_expect_not(utf8_valid("\xc1\xbf", 2));
	cr_expect_not(utf8_valid("\xe0\x80\xaf", 3));
	cr_expect_not(utf8_valid("\xe0\x9f\xbf", 3));
	cr_expect_not(utf8_valid("\xf0\x80\x80\xaf", 4));
	cr_expect_not(utf8_valid("\xf0\x8f\xbf\xbf", 4));
	cr_expect_not(utf8_valid("\xf8\x88\x80\x80\x80", 5));
}

Test(utf8, texts)
{
	static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";

	cr_expect(utf8_valid("", 0));
	cr_expect(utf8_valid(text, 10));
	for (size_t len = 0; len <= 10; len++)
		cr_expect_eq(utf8_valid(text, len),
			     len == 0 || len == 1 || len == 3 || len == 6 || len == 10);
	cr_expect(utf8_valid("a\0b", 3));
	cr_expect_not(utf8_valid("ok\x80", 3));
	cr_expect_eq(utf8_length(text), 4);
	cr_expect_eq(utf8_length(""), 0);
}

Test(utf8, visible_escapes_control_characters)
{
	static const struct {
		const char *text, *visible;
		size_t len;
	} rows[] = {
		{ "a", "a", 1 },
		{ "\"", "\"", 1 },
		{ "\xc3\xa9", "\xc3\xa9", 2 },
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", 4 },
		{ "\n", "\\u000a", 1 },
		{ "\x1b", "\\u001b", 1 },
		{ "\x7f", "\\u007f", 1 },
		{ "\xc2\x9b", "\\u009b", 2 },
		{ "\xd8\x9c", "\\u061c", 2 },
		{ "\xe2\x80\x8f", "\\u200f", 3 },
		{ "\xe2\x80\xa8", "\\u2028", 3 },
		{ "\xe2\x80\xae", "\\u202e", 3 },
		{ "\xe2\x81\xa9", "\\u2069", 3 },
		{ "\xff", "\\u00ff", 1 },
		{ "\xed\xa0\x80", "\\u00ed", 1 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[8];

		cr_expect_eq(utf8_visible(rows[i].text, out), rows[i].len, "%s", rows[i].visible);
		cr_expect_str_eq(out, rows[i].visible);
	}
}
