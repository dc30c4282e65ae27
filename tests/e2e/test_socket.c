/* Invalid input on the socket: no worker crashes or hangs, and the next request is served. */
#include <criterion/criterion.h>

#include "e2e/pool_client.h"

#include <fastcgi.h>
#include <poll.h>
#include <sys/socket.h>

static struct pool pool;
static struct pool_response response;
static struct bytes bytes;

static void
set_up(void)
{
	pool = pool_new();
	pool_start(&pool,
		   (const char *const[]) { "WORKERS=2", "REQUEST_TIMEOUT_SECONDS=4",
					   "MAX_BODY_BYTES=100000", NULL },
		   NULL);
	bytes.len = 0;
}

/* The workers are still the same, and stop normally. */
static void
tear_down(void)
{
	for (int i = 0; i < 4; i++)
		expect_status(&pool, "GET", "/about", NULL, 200, &response);
	cr_expect_eq(pool_logged(&pool, " exited"), 0, "a worker has exited");
	cr_expect_eq(pool_stop(&pool), 0);
	pool_free(&pool);
}

TestSuite(socket, .init = set_up, .fini = tear_down, .timeout = 180);

/* Sends the bytes and reads until the end of the response or connection. */
static bool
send_and_read(const struct bytes *b)
{
	int fd = dial(&pool);
	bool responded;

	cr_assert_geq(fd, 0);
	(void)!send(fd, b->data, b->len, MSG_NOSIGNAL);
	responded = read_response(fd, &response);
	close(fd);
	return responded;
}

static void
send_and_close(const void *data, size_t len)
{
	int fd = dial(&pool);

	cr_assert_geq(fd, 0);
	if (len > 0)
		(void)!send(fd, data, len, MSG_NOSIGNAL);
	close(fd);
}

/* ---- rejected: the connection is closed without a response */

Test(socket, management_records)
{
	for (int i = 0; i < 20; i++) {
		struct bytes *names = calloc(1, sizeof(*names));

		for (int n = 0; n < 20; n++)
			put_param(names, "FCGI_MPXS_CONNS", "");
		bytes.len = 0;
		put_record(&bytes, FCGI_GET_VALUES, 0, names->data, names->len);
		put_request(&bytes, "GET", "/about", NULL);
		cr_expect_not(send_and_read(&bytes));
		free(names);
	}
}

Test(socket, management_records_in_the_middle)
{
	struct bytes names = { .len = 0 };

	for (int n = 0; n < 20; n++)
		put_param(&names, "FCGI_MAX_CONNS", "");
	put_begin(&bytes, FCGI_RESPONDER);
	put_record(&bytes, FCGI_GET_VALUES, 0, names.data, names.len);
	cr_expect_not(send_and_read(&bytes));

	bytes.len = 0;
	put_request(&bytes, "POST", "/back", "body");
	bytes.len -= FCGI_HEADER_LEN;
	put_record(&bytes, FCGI_GET_VALUES, 0, names.data, names.len);
	put_record(&bytes, FCGI_STDIN, 1, NULL, 0);
	cr_expect_not(send_and_read(&bytes));
}

Test(socket, absurd_lengths)
{
	static const unsigned char lengths[][8] = {
		{ 0xc0, 0, 0, 0, 0xc0, 0, 0, 0 },
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		{ 0x80, 0, 0, 1, 0xff, 0xff, 0xff, 0xff },
		{ 0xff, 0xff, 0xff, 0xff, 0x80, 0, 0, 1 },
		{ 0xbf, 0xff, 0xff, 0xff, 0xc0, 0, 0, 1 },
	};

	for (size_t i = 0; i < COUNT(lengths); i++) {
		bytes.len = 0;
		put_begin(&bytes, FCGI_RESPONDER);
		put_record(&bytes, FCGI_PARAMS, 1, lengths[i], 8);
		put_record(&bytes, FCGI_PARAMS, 1, NULL, 0);
		put_record(&bytes, FCGI_STDIN, 1, NULL, 0);
		cr_expect_not(send_and_read(&bytes));
	}
}

Test(socket, other_roles_versions_and_records)
{
	static const unsigned roles[] = { 0, FCGI_AUTHORIZER, FCGI_FILTER, 200 };
	static const unsigned types[] = { 0,         FCGI_ABORT_REQUEST, FCGI_STDOUT,
					  FCGI_DATA, FCGI_UNKNOWN_TYPE,  255 };

	for (size_t i = 0; i < COUNT(roles); i++) {
		bytes.len = 0;
		put_begin(&bytes, roles[i]);
		cr_expect_not(send_and_read(&bytes));
	}
	for (size_t i = 0; i < COUNT(types); i++) {
		bytes.len = 0;
		put_begin(&bytes, FCGI_RESPONDER);
		put_record(&bytes, types[i], 1, "12345678", 8);
		cr_expect_not(send_and_read(&bytes));
	}
	bytes.len = 0;
	put_request(&bytes, "GET", "/about", NULL);
	bytes.data[0] = 2;
	cr_expect_not(send_and_read(&bytes));
}

Test(socket, two_requests_on_one_connection)
{
	put_begin(&bytes, FCGI_RESPONDER);
	put_record(&bytes, FCGI_BEGIN_REQUEST, 2, (unsigned char[8]) { 0, 1 }, 8);
	cr_expect_not(send_and_read(&bytes));
}

Test(socket, a_nul_in_a_parameter)
{
	static const char param[] = "\013\006REQUEST_URI/a\0out";

	put_begin(&bytes, FCGI_RESPONDER);
	put_record(&bytes, FCGI_PARAMS, 1, param, sizeof(param) - 1);
	put_record(&bytes, FCGI_PARAMS, 1, NULL, 0);
	put_record(&bytes, FCGI_STDIN, 1, NULL, 0);
	cr_expect_not(send_and_read(&bytes));
}

/* ---- accepted */

Test(socket, no_parameters_at_all)
{
	put_begin(&bytes, FCGI_RESPONDER);
	put_record(&bytes, FCGI_PARAMS, 1, NULL, 0);
	put_record(&bytes, FCGI_STDIN, 1, NULL, 0);
	cr_assert(send_and_read(&bytes));
	cr_expect_geq(response.status, 400);
	cr_expect_lt(response.status, 500);
}

Test(socket, the_request_id_is_returned)
{
	unsigned char header[FCGI_HEADER_LEN];
	int fd = dial(&pool);

	put_request(&bytes, "GET", "/about", NULL);
	for (size_t at = 0; at < bytes.len;) {
		size_t len = (size_t)(bytes.data[at + 4] << 8 | bytes.data[at + 5]);

		bytes.data[at + 2] = 0x12;
		bytes.data[at + 3] = 0x34;
		at += FCGI_HEADER_LEN + len + bytes.data[at + 6];
	}
	cr_assert_eq(send(fd, bytes.data, bytes.len, MSG_NOSIGNAL), (ssize_t)bytes.len);
	cr_assert_eq(recv(fd, header, sizeof(header), MSG_WAITALL), (ssize_t)sizeof(header));
	cr_expect_eq(header[2], 0x12);
	cr_expect_eq(header[3], 0x34);
	close(fd);
}

static void
put_param_of(struct bytes *b, const char *name, size_t len)
{
	char *value = calloc(1, len + 1);

	memset(value, 'v', len);
	put_param(b, name, value);
	free(value);
}

/* The parameters in records of `piece` bytes. */
static void
put_params_in_pieces(const struct bytes *params, size_t piece)
{
	for (size_t at = 0; at < params->len; at += piece) {
		size_t left = params->len - at;

		put_record(&bytes, FCGI_PARAMS, 1, params->data + at, left < piece ? left : piece);
	}
	put_record(&bytes, FCGI_PARAMS, 1, NULL, 0);
	put_record(&bytes, FCGI_STDIN, 1, NULL, 0);
}

static void
start_params(struct bytes *params)
{
	bytes.len = params->len = 0;
	put_begin(&bytes, FCGI_RESPONDER);
	put_param(params, "REQUEST_METHOD", "GET");
	put_param(params, "REQUEST_URI", "/about");
}

Test(socket, parameters_in_pieces_of_any_size)
{
	static const size_t sizes[] = { 1, 2, 3, 7, 8, 100, 8192, 30000, 65535 };
	static struct bytes params;

	for (size_t i = 0; i < COUNT(sizes); i++) {
		start_params(&params);
		put_param_of(&params, "HTTP_COOKIE", 20000);
		put_params_in_pieces(&params, sizes[i]);
		cr_assert(send_and_read(&bytes), "pieces of %zu bytes", sizes[i]);
		cr_expect_eq(response.status, 200);
	}
}

Test(socket, parameters_up_to_the_limit)
{
	static struct bytes params;

	start_params(&params);
	for (int i = 0; i < 12; i++)
		put_param_of(&params, "HTTP_COOKIE", 10000);
	put_params_in_pieces(&params, 65535);
	cr_assert(send_and_read(&bytes));
	cr_expect_eq(response.status, 200);
}

Test(socket, parameters_over_the_limit_are_431)
{
	static struct bytes params;

	start_params(&params);
	for (int i = 0; i < 40; i++)
		put_param_of(&params, "HTTP_COOKIE", 10000);
	put_params_in_pieces(&params, 65535);
	cr_assert(send_and_read(&bytes));
	cr_expect_eq(response.status, 431);
	cr_expect_not_null(strstr(response.text, "\"code\":\"bad_request\""));
}

Test(socket, too_many_parameters_are_431)
{
	static struct bytes params;

	start_params(&params);
	for (int i = 0; i < 10000; i++)
		put_param(&params, "A", "");
	put_params_in_pieces(&params, 65535);
	cr_assert(send_and_read(&bytes));
	cr_expect_eq(response.status, 431);
}

/* The header of the first record of this type. */
static unsigned char *
find_record(unsigned type)
{
	size_t at = 0;

	while (at < bytes.len && bytes.data[at + 1] != type)
		at += FCGI_HEADER_LEN + (size_t)(bytes.data[at + 4] << 8 | bytes.data[at + 5]) +
		      bytes.data[at + 6];
	cr_assert_lt(at, bytes.len);
	return &bytes.data[at];
}

Test(socket, a_body_that_differs_from_content_length)
{
	put_request(&bytes, "POST", "/about", "twelve bytes");
	find_record(FCGI_STDIN)[5] = 11; /* the twelfth byte is padding */
	find_record(FCGI_STDIN)[6] = 1;
	cr_assert(send_and_read(&bytes));
	cr_expect_eq(response.status, 400);

	bytes.len = 0;
	put_request(&bytes, "POST", "/about", "twelve bytes");
	bytes.len -= FCGI_HEADER_LEN;
	put_record(&bytes, FCGI_STDIN, 1, "and more", 8);
	put_record(&bytes, FCGI_STDIN, 1, NULL, 0);
	cr_assert(send_and_read(&bytes));
	cr_expect_eq(response.status, 400);
}

/* ---- slow clients */

static bool
send_slowly(int fd, const struct bytes *b, size_t piece)
{
	for (size_t at = 0; at < b->len; at += piece) {
		size_t left = b->len - at;

		if (send(fd, b->data + at, left < piece ? left : piece, MSG_NOSIGNAL) < 0)
			return false;
	}
	return true;
}

Test(socket, byte_by_byte)
{
	int fd = dial(&pool);

	put_request(&bytes, "POST", "/back", "one byte at a time");
	cr_expect(send_slowly(fd, &bytes, 1));
	cr_assert(read_response(fd, &response));
	cr_expect_eq(response.status, 200);
	cr_expect_not_null(strstr(response.text, "\r\n\r\none byte at a time"));
	close(fd);
}

Test(socket, cut_off_at_every_byte)
{
	put_request(&bytes, "POST", "/back", "some body");
	for (size_t len = 0; len < bytes.len; len++)
		send_and_close(bytes.data, len);
	cr_expect_eq(pool_logged(&pool, "\"/back\""), 0, "half a request was served");
}

/* More than there are workers, each stopping at another position. Valid requests wait and are served. */
Test(socket, silent_clients_are_disconnected)
{
	int fds[6];

	put_request(&bytes, "POST", "/back", "some body");
	for (size_t i = 0; i < COUNT(fds); i++) {
		fds[i] = dial(&pool);
		(void)!send(fds[i], bytes.data, i * bytes.len / 7, MSG_NOSIGNAL);
	}
	for (size_t i = 0; i < COUNT(fds); i++) {
		read_response(fds[i], &response);
		close(fds[i]);
	}
	pool_wait_logged(&pool, "timed out reading a request", COUNT(fds));
}

Test(socket, a_body_that_stops_is_400)
{
	int fd = dial(&pool);

	put_request(&bytes, "POST", "/back", "some body");
	bytes.len -= FCGI_HEADER_LEN + 3;
	(void)!send(fd, bytes.data, bytes.len, MSG_NOSIGNAL);
	cr_assert(read_response(fd, &response));
	cr_expect_eq(response.status, 400);
	close(fd);
}

/* Sending a byte now and then does not extend the time. */
Test(socket, a_trickling_client_is_disconnected)
{
	struct pollfd p = { .events = POLLIN };
	size_t at = 0;

	put_request(&bytes, "GET", "/about", NULL);
	p.fd = dial(&pool);
	while (at < bytes.len && poll(&p, 1, 100) == 0)
		(void)!send(p.fd, bytes.data + at++, 1, MSG_NOSIGNAL);
	cr_expect_lt(at, bytes.len);
	close(p.fd);
}

Test(socket, a_body_without_an_end_is_413)
{
	static char junk[30000];
	struct pollfd p = { .events = POLLIN };

	put_request(&bytes, "POST", "/back", "");
	bytes.len -= FCGI_HEADER_LEN;
	p.fd = dial(&pool);
	for (int i = 0; i < 100000 && poll(&p, 1, 0) == 0; i++) {
		if (send(p.fd, bytes.data, bytes.len, MSG_NOSIGNAL) < 0)
			break;
		bytes.len = 0;
		put_record(&bytes, FCGI_STDIN, 1, junk, sizeof(junk));
	}
	cr_assert(read_response(p.fd, &response));
	cr_expect_eq(response.status, 413);
	close(p.fd);
}

/* ---- random input */

static uint32_t
next_random(void)
{
	static uint32_t state = 20240229;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

Test(socket, garbage)
{
	for (int round = 0; round < 300; round++) {
		unsigned char junk[2000];
		size_t len = next_random() % sizeof(junk);

		for (size_t i = 0; i < len; i++)
			junk[i] = (unsigned char)next_random();
		if (round % 2 == 0)
			junk[0] = FCGI_VERSION_1;
		send_and_close(junk, len);
	}
}

/* Valid requests with a few bytes changed. */
Test(socket, damaged_requests)
{
	for (int round = 0; round < 1500; round++) {
		bytes.len = 0;
		put_request(&bytes, round % 2 ? "POST" : "GET", "/about",
			    round % 2 ? "body" : NULL);
		for (unsigned n = 1 + next_random() % 3; n > 0; n--)
			bytes.data[next_random() % bytes.len] = (unsigned char)next_random();
		send_and_close(bytes.data, bytes.len);
	}
}
