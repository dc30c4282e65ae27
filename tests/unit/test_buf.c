/* The string builder: growth, the maximum, and the escaping for each format. */
#include <criterion/criterion.h>

#include "app/buf.h"

enum { MEGABYTE = 1 << 20 };

static struct arena *a;

static void
begin(void)
{
	a = arena_new(16 * MEGABYTE);
}

static void
end(void)
{
	arena_free(a);
}

TestSuite(buf, .init = begin, .fini = end);

Test(buf, is_empty_at_first)
{
	struct buf b = buf_new(a, 100);

	cr_expect_str_eq(buf_done(&b), "");
	cr_expect_eq(b.len, 0);
}

Test(buf, appends_and_grows)
{
	struct buf b = buf_new(a, MEGABYTE);

	for (int i = 0; i < 10000; i++) {
		buf_text(&b, "abc");
		buf_char(&b, '-');
		buf_put(&b, "xyz", 2);
	}
	cr_assert_eq(b.len, 60000);
	cr_expect_eq(strlen(b.data), 60000);
	for (size_t i = 0; i < b.len; i += 6)
		cr_assert_eq(memcmp(b.data + i, "abc-xy", 6), 0);
}

Test(buf, a_nul_can_be_appended)
{
	struct buf b = buf_new(a, 10);

	buf_put(&b, "a\0b", 3);
	cr_expect_eq(b.len, 3);
	cr_expect_arr_eq(buf_done(&b), "a\0b", 4);
}

Test(buf, holds_exactly_its_maximum)
{
	struct buf b = buf_new(a, 300);

	for (int i = 0; i < 300; i++)
		buf_char(&b, 'x');
	cr_expect_not_null(buf_done(&b));
	cr_expect_eq(b.len, 300);
	cr_expect_eq(b.data[300], '\0');

	buf_char(&b, 'y');
	cr_expect_null(buf_done(&b));
}

Test(buf, stays_failed)
{
	struct buf b = buf_new(a, 5);

	buf_text(&b, "abc");
	buf_text(&b, "def");
	buf_text(&b, "g");
	buf_text(&b, "");
	cr_expect_null(buf_done(&b));
	cr_expect_str_eq(b.data, "abc");
}

Test(buf, an_absurd_length_fails)
{
	struct buf b = buf_new(a, 5);

	buf_text(&b, "abc");
	buf_put(&b, "x", SIZE_MAX - 1);
	cr_expect_null(buf_done(&b));
}

Test(buf, numbers)
{
	static const struct {
		int64_t number;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ 7, "7" },
		{ -1, "-1" },
		{ 1234567890, "1234567890" },
		{ INT64_MAX, "9223372036854775807" },
		{ INT64_MIN, "-9223372036854775808" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf b = buf_new(a, 100);

		buf_int(&b, rows[i].number);
		cr_expect_str_eq(buf_done(&b), rows[i].text);
	}
}

Test(buf, printf)
{
	struct buf b = buf_new(a, 2000);

	buf_printf(&b, "%s=%d;", "a", 5);
	buf_printf(&b, "%0999d", 1);
	cr_expect_eq(b.len, 4 + 999);
	cr_expect_eq(strncmp(buf_done(&b), "a=5;000", 7), 0);
}

Test(buf, json_text)
{
	static const struct {
		const char *text, *json;
	} rows[] = {
		{ "", "\"\"" },
		{ "plain", "\"plain\"" },
		{ "\"", "\"\\\"\"" },
		{ "\\", "\"\\\\\"" },
		{ "/", "\"/\"" },
		{ "\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"" },
		{ "\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\"" },
		{ "a\"b\\c\nd", "\"a\\\"b\\\\c\\nd\"" },
		{ "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
		  "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf b = buf_new(a, 1000);

		buf_json_text(&b, rows[i].text);
		cr_expect_str_eq(buf_done(&b), rows[i].json);
	}
}

Test(buf, json_text_beyond_the_maximum_fails)
{
	struct buf b = buf_new(a, 5);

	buf_json_text(&b, "abcd");
	cr_expect_null(buf_done(&b));
}

Test(buf, url)
{
	struct buf b = buf_new(a, 1000);

	buf_url(&b, "AZaz09-._~ &=+/?#%\"<>\x7f\n\xc3\xa9");
	cr_expect_str_eq(buf_done(&b), "AZaz09-._~%20%26%3D%2B%2F%3F%23%25%22%3C%3E%7F%0A%C3%A9");
}

static void
expect_read(const char *text, const char *bytes)
{
	char out[16];
	size_t n;

	cr_assert(base64url_read(text, strlen(text), out, &n), "%s", text);
	cr_expect_eq(n, strlen(bytes), "%s", text);
	cr_expect_eq(memcmp(out, bytes, n), 0, "%s", text);
}

Test(buf, base64url)
{
	/* RFC 4648 section 10, without padding; and both characters that differ from base64. */
	static const struct {
		const char *bytes, *text;
	} rows[] = {
		{ "", "" },
		{ "f", "Zg" },
		{ "fo", "Zm8" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg" },
		{ "fooba", "Zm9vYmE" },
		{ "foobar", "Zm9vYmFy" },
		{ "\xfb\xff\xfe", "-__-" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf b = buf_new(a, 1000);

		buf_base64url(&b, rows[i].bytes, strlen(rows[i].bytes));
		cr_expect_str_eq(buf_done(&b), rows[i].text);
		expect_read(rows[i].text, rows[i].bytes);
	}
}

Test(buf, base64url_is_read_strictly)
{
	static const char *const wrong[] = { "Z",    "Zm9vY", "Zh",   "Zm9", "Zg==",    "Zm+v",
					     "Zm/v", " Zg",   "Zg\n", "Z.g", "\xc3\xa9" };
	char out[16];
	size_t n;

	for (size_t i = 0; i < COUNT(wrong); i++)
		cr_expect_not(base64url_read(wrong[i], strlen(wrong[i]), out, &n), "%s", wrong[i]);
	cr_expect_not(base64url_read("Zg\0", 3, out, &n));
}

Test(buf, base64url_may_encode_a_nul)
{
	struct buf b = buf_new(a, 1000);

	buf_base64url(&b, "\0\0\0\0", 4);
	cr_expect_str_eq(buf_done(&b), "AAAAAA");
}

Test(buf, json_by_a_pattern)
{
	struct buf b = buf_new(a, 1000);
	const char *volatile nothing = NULL;

	buf_json(&b, "{'it':{'name':%s,'n':%jd,'list':[", "a \"b\"", INT64_MIN);
	buf_json(&b, "]},'more':[");
	for (unsigned i = 0; i < 3; i++)
		buf_json(&b, "%u,", i);
	buf_json(&b, "],'none':%s,", nothing);
	buf_json(&b, "}");
	cr_expect_str_eq(
	    buf_done(&b),
	    "{\"it\":{\"name\":\"a \\\"b\\\"\",\"n\":-9223372036854775808,\"list\":[]},"
	    "\"more\":[0,1,2],\"none\":null}");
}

Test(buf, fixed_memory_is_never_exceeded)
{
	char memory[9] = "xxxxxxxx";
	struct buf b = buf_fixed(memory, 8);

	cr_expect_str_eq(buf_done(&b), "");
	buf_text(&b, "1234567");
	cr_expect_str_eq(buf_done(&b), "1234567");
	buf_char(&b, '8');
	cr_expect_null(buf_done(&b));
	cr_expect_str_eq(memory, "1234567");
	cr_expect_eq(memory[8], '\0');
}

Test(buf, microseconds_as_seconds)
{
	struct buf b = buf_new(a, 100);

	buf_seconds(&b, 0);
	buf_char(&b, ' ');
	buf_seconds(&b, 1500000);
	buf_char(&b, ' ');
	buf_seconds(&b, 12000007);
	cr_expect_str_eq(buf_done(&b), "0.000000 1.500000 12.000007");
}
