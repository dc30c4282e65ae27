/* The FastCGI parser accepts one valid request, in any pieces, and rejects all others. */
#include <criterion/criterion.h>

#include "serve/serve_priv.h"

#include <fastcgi.h>

enum { MAX_BODY = 1000 };

static struct fcgi_parser fcgi_parser;
static unsigned char stream[400 * 1024];
static size_t length;

static void
set_up(void)
{
	length = 0;
	fcgi_parser_start(&fcgi_parser, MAX_BODY);
}

static void
tear_down(void)
{
	fcgi_parser_free(&fcgi_parser);
}

TestSuite(fcgi_parser, .init = set_up, .fini = tear_down);

static void
add(const void *data, size_t len)
{
	cr_assert(len <= sizeof(stream) - length);
	if (len)
		memcpy(stream + length, data, len);
	length += len;
}

static void
add_record(unsigned type, unsigned id, const void *content, size_t len, size_t padding)
{
	unsigned char header[] = { FCGI_VERSION_1,
				   (unsigned char)type,
				   (unsigned char)(id >> 8),
				   (unsigned char)id,
				   (unsigned char)(len >> 8),
				   (unsigned char)len,
				   (unsigned char)padding,
				   0 };

	add(header, sizeof(header));
	add(content, len);
	add(memset((char[256]) { 0 }, 0xee, padding), padding);
}

static void
add_begin(void)
{
	add_record(FCGI_BEGIN_REQUEST, 7, "\0\1\0\0\0\0\0\0", 8, 0);
}

static void
add_params(const void *params, size_t len, size_t padding)
{
	add_begin();
	if (len)
		add_record(FCGI_PARAMS, 7, params, len, padding);
	add_record(FCGI_PARAMS, 7, NULL, 0, 0);
}

static void
add_request(const char *body)
{
	add_params("\003\005KEYvalue\004\000NONE", 16, 3);
	if (*body)
		add_record(FCGI_STDIN, 7, body, strlen(body), 5);
	add_record(FCGI_STDIN, 7, NULL, 0, 0);
}

static enum fcgi_parser_state
feed(void)
{
	return fcgi_parser_feed(&fcgi_parser, stream, length);
}

static void
expect_request(const char *body)
{
	cr_expect_eq(fcgi_parser.id, 7);
	cr_expect_eq(fcgi_parser.params_len, 16);
	cr_expect_arr_eq(fcgi_parser.params, "\003\005KEYvalue\004\000NONE", 16);
	cr_expect_eq(fcgi_parser.body_len, strlen(body));
	cr_expect_str_eq(fcgi_parser.body, body);
	cr_expect_not(fcgi_parser.params_too_large);
	cr_expect_not(fcgi_parser.body_too_large);
}

Test(fcgi_parser, accepts_a_request)
{
	add_request("some body");
	cr_assert_eq(feed(), PARSER_DONE);
	expect_request("some body");
}

Test(fcgi_parser, accepts_a_request_without_a_body)
{
	add_request("");
	cr_assert_eq(feed(), PARSER_DONE);
	expect_request("");
}

Test(fcgi_parser, accepts_a_request_in_any_two_pieces)
{
	add_request("some body");
	for (size_t cut = 0; cut < length; cut++) {
		fcgi_parser_start(&fcgi_parser, MAX_BODY);
		cr_assert_eq(fcgi_parser_feed(&fcgi_parser, stream, cut), PARSER_MORE, "cut at %zu",
			     cut);
		cr_assert_eq(fcgi_parser_feed(&fcgi_parser, stream + cut, length - cut),
			     PARSER_DONE);
		expect_request("some body");
	}
}

Test(fcgi_parser, accepts_a_request_byte_by_byte)
{
	add_request("some body");
	for (size_t i = 0; i + 1 < length; i++)
		cr_assert_eq(fcgi_parser_feed(&fcgi_parser, stream + i, 1), PARSER_MORE);
	cr_assert_eq(fcgi_parser_feed(&fcgi_parser, stream + length - 1, 1), PARSER_DONE);
	expect_request("some body");
}

Test(fcgi_parser, joins_records)
{
	add_begin();
	for (size_t i = 0; i < 16; i++)
		add_record(FCGI_PARAMS, 7, &"\003\005KEYvalue\004\000NONE"[i], 1, i);
	add_record(FCGI_PARAMS, 7, NULL, 0, 9);
	for (size_t i = 0; i < 9; i++)
		add_record(FCGI_STDIN, 7, &"some body"[i], 1, 0);
	add_record(FCGI_STDIN, 7, NULL, 0, 9);
	cr_assert_eq(feed(), PARSER_DONE);
	expect_request("some body");
}

Test(fcgi_parser, parses_consecutive_requests)
{
	static char large[MAX_BODY + 1];

	memset(large, 'x', MAX_BODY);
	for (int i = 0; i < 3; i++) {
		length = 0;
		fcgi_parser_start(&fcgi_parser, MAX_BODY);
		add_request(i % 2 ? large : "small");
		cr_assert_eq(feed(), PARSER_DONE);
		expect_request(i % 2 ? large : "small");
	}
}

Test(fcgi_parser, does_not_read_beyond_the_end)
{
	add_request("");
	add("rubbish", 7);
	cr_assert_eq(feed(), PARSER_DONE);
}

/* ---- limits */

Test(fcgi_parser, accepts_a_body_up_to_the_limit)
{
	char body[MAX_BODY + 2] = { 0 };

	memset(body, 'x', MAX_BODY);
	add_request(body);
	cr_assert_eq(feed(), PARSER_DONE);
	expect_request(body);

	body[MAX_BODY] = 'x';
	length = 0;
	fcgi_parser_start(&fcgi_parser, MAX_BODY);
	add_request(body);
	cr_assert_eq(feed(), PARSER_DONE);
	cr_expect(fcgi_parser.body_too_large);
	cr_expect_leq(fcgi_parser.body_len, MAX_BODY);
}

/* Found by fuzzing. */
Test(fcgi_parser, has_a_body_even_if_the_first_piece_is_too_long)
{
	char body[MAX_BODY + 2] = { 0 };

	memset(body, 'x', MAX_BODY + 1);
	add_request(body);
	cr_assert_eq(feed(), PARSER_DONE);
	cr_expect(fcgi_parser.body_too_large);
	cr_assert_not_null(fcgi_parser.body);
	cr_expect_str_eq(fcgi_parser.body, "");
}

Test(fcgi_parser, counts_parameters)
{
	unsigned char params[2 * (3 * PARSER_PARAMS_MAX)];

	for (size_t i = 0; i < sizeof(params); i += 3)
		memcpy(params + i, "\001\000A", 3);
	add_params(params, (size_t)3 * PARSER_PARAMS_MAX, 0);
	cr_assert_eq(feed(), PARSER_MORE);
	cr_expect_not(fcgi_parser.params_too_large);

	length = 0;
	fcgi_parser_start(&fcgi_parser, MAX_BODY);
	add_params(params, (size_t)3 * PARSER_PARAMS_MAX + 3, 0);
	cr_assert_eq(feed(), PARSER_MORE);
	cr_expect(fcgi_parser.params_too_large);
}

Test(fcgi_parser, limits_the_size_of_parameters)
{
	static unsigned char value[60000] = { 1, 0x80, 0, 0xea, 0x5a, 'A' }; /* 59994 bytes */

	memset(value + 6, 'x', sizeof(value) - 6);
	add_begin();
	add_record(FCGI_PARAMS, 7, value, sizeof(value), 0);
	add_record(FCGI_PARAMS, 7, value, sizeof(value), 0);
	cr_assert_eq(feed(), PARSER_MORE);
	cr_expect_not(fcgi_parser.params_too_large);

	length = 0;
	add_record(FCGI_PARAMS, 7, value, sizeof(value), 0);
	add_record(FCGI_PARAMS, 7, NULL, 0, 0);
	add_record(FCGI_STDIN, 7, NULL, 0, 0);
	cr_assert_eq(feed(), PARSER_DONE);
	cr_expect(fcgi_parser.params_too_large);
}

/* ---- rejected requests */

static void
expect_refusal_of(const void *params, size_t len)
{
	length = 0;
	fcgi_parser_start(&fcgi_parser, MAX_BODY);
	add_params(params, len, 0);
	cr_expect_eq(feed(), PARSER_BAD);
	cr_expect_not_null(fcgi_parser.err);
}

Test(fcgi_parser, rejects_invalid_parameters)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{ "\001", 1 },                              /* no second length */
		{ "\200\000\000", 3 },                      /* half a length */
		{ "\001\001A", 3 },                         /* no value */
		{ "\005\000A", 3 },                         /* half a name */
		{ "\300\000\000\000\300\000\000\000A", 9 }, /* 2^30 each */
		{ "\377\377\377\377\377\377\377\377A", 9 }, /* 2^31-1 each */
		{ "\001\377\377\377\377A", 6 },             /* a long value */
		{ "\001\200\000\000\002Ax", 7 },            /* one byte too long */
		{ "\000\001x", 3 },                         /* no name */
		{ "\003\001A=Bx", 6 },                      /* an = in the name */
		{ "\003\001A\0Bx", 6 },                     /* a NUL in the name */
		{ "\003\001A Bx", 6 },                      /* a space in the name */
		{ "\001\003Ax\0y", 6 },                     /* a NUL in the value */
	};

	for (size_t i = 0; i < COUNT(bad); i++)
		expect_refusal_of(bad[i].bytes, bad[i].len);
}

Test(fcgi_parser, rejects_other_records)
{
	static const unsigned types[] = { 0,          FCGI_ABORT_REQUEST, FCGI_END_REQUEST,
					  FCGI_STDIN, FCGI_DATA,          FCGI_GET_VALUES,
					  255 };

	for (size_t i = 0; i < COUNT(types); i++) {
		length = 0;
		fcgi_parser_start(&fcgi_parser, MAX_BODY);
		add_begin();
		add_record(types[i], 7, NULL, 0, 0);
		cr_expect_eq(feed(), PARSER_BAD, "type %u", types[i]);
	}
}

Test(fcgi_parser, rejects_management_records_everywhere)
{
	add_request("body");
	for (size_t at = 0; at < length;) {
		size_t next = at + FCGI_HEADER_LEN +
			      (size_t)(stream[at + 4] << 8 | stream[at + 5]) + stream[at + 6];

		fcgi_parser_start(&fcgi_parser, MAX_BODY);
		if (at > 0)
			cr_assert_eq(fcgi_parser_feed(&fcgi_parser, stream, at), PARSER_MORE);
		cr_expect_eq(fcgi_parser_feed(&fcgi_parser, "\1\11\0\0\0\0\0\0", 8), PARSER_BAD);
		at = next;
	}
}

Test(fcgi_parser, rejects_multiplexed_requests)
{
	add_begin();
	add_record(FCGI_PARAMS, 8, NULL, 0, 0);
	cr_expect_eq(feed(), PARSER_BAD);
}

Test(fcgi_parser, rejects_roles_and_versions)
{
	add_record(FCGI_BEGIN_REQUEST, 7, "\0\2\0\0\0\0\0\0", 8, 0);
	cr_expect_eq(feed(), PARSER_BAD);

	fcgi_parser_start(&fcgi_parser, MAX_BODY);
	cr_expect_eq(fcgi_parser_feed(&fcgi_parser, "\2\1\0\1\0\10\0\0", 8), PARSER_BAD);
	fcgi_parser_start(&fcgi_parser, MAX_BODY);
	cr_expect_eq(fcgi_parser_feed(&fcgi_parser, "GET / HT", 8), PARSER_BAD);
}

Test(fcgi_parser, rejects_a_begin_record_of_another_size)
{
	for (unsigned char size = 0; size < 20; size++) {
		const unsigned char header[8] = { 1, FCGI_BEGIN_REQUEST, 0, 1, 0, size };

		fcgi_parser_start(&fcgi_parser, MAX_BODY);
		cr_expect_eq(fcgi_parser_feed(&fcgi_parser, header, 8),
			     size == 8 ? PARSER_MORE : PARSER_BAD);
	}
}
