/* Log lines: valid JSON for any input, one write of at most PIPE_BUF bytes. */
#include <criterion/criterion.h>

#include "app/log.h"
#include "app/schema.h"
#include "app/settings.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pty.h>
#include <sys/socket.h>
#include <termios.h>

static int ends[2];
static char line[65536];

/* Redirects standard error to a pipe, which holds a whole line. */
static void
begin(void)
{
	settings.app_name = "test";
	settings.log_level = "info";
	settings.log_format = "json";
	cr_assert_eq(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	log_init();
}

TestSuite(log, .init = begin);

/* The output since the last call. */
static const char *
written(void)
{
	ssize_t n = read(ends[0], line, sizeof(line) - 1);

	line[n > 0 ? n : 0] = '\0';
	return line;
}

/* The same, checked: one line of JSON of at most PIPE_BUF bytes. */
static const char *
written_json(void)
{
	const char *text = written();
	size_t len = strlen(text);

	cr_assert_gt(len, 0);
	cr_expect_leq(len, 4096);
	cr_assert_eq(text[len - 1], '\n');
	cr_expect_eq(strchr(text, '\n'), text + len - 1);
	cr_expect_null(json_check(text, len - 1), "%s: %s", json_check(text, len - 1), text);
	return text;
}

static void
expect_part(const char *text, const char *part)
{
	cr_expect_not_null(strstr(text, part), "%s is not in %s", part, text);
}

Test(log, a_line_has_time_level_and_service)
{
	const char *text;

	log_info(NULL, "%s %d", "hello", 5);
	text = written_json();
	cr_expect_eq(strncmp(text, "{\"timestamp\":\"20", 16), 0);
	expect_part(text, "\"level\":\"info\"");
	expect_part(text, "\"service\":\"test\"");
	expect_part(text, "\"version\":\"" PACKAGE_VERSION "\"");
	expect_part(text, "\"message\":\"hello 5\"");
}

Test(log, a_line_has_the_ids_of_its_context)
{
	struct ctx c = {
		.request_id = "abcdefgh",
		.route = "/items",
		.caller = { .user_id = "u-1", .session_id = "s-1" },
	};
	const char *text;

	log_warn(&c, "careful");
	text = written_json();
	expect_part(text, "\"level\":\"warn\"");
	expect_part(text, "\"request_id\":\"abcdefgh\"");
	expect_part(text, "\"route\":\"/items\"");
	expect_part(text, "\"user_id\":\"u-1\"");
	expect_part(text, "\"session_id\":\"s-1\"");
	cr_expect_null(strstr(text, "traceparent"), "missing ids are omitted");
}

Test(log, members_keep_their_type)
{
	struct log_field fields[] = {
		{ .name = "word", .text = "a\"b" },
		{ .name = "none", .text = NULL },
		{ .name = "number", .number = -5, .is = LOG_NUMBER },
		{ .name = "duration", .number = 250000, .is = LOG_SECONDS },
		{ 0 },
	};
	const char *text;

	log_write(LOG_ERROR, NULL, fields, "x");
	text = written_json();
	expect_part(text, "\"word\":\"a\\\"b\"");
	expect_part(text, "\"number\":-5");
	expect_part(text, "\"duration\":0.250000");
	cr_expect_null(strstr(text, "none"));
}

Test(log, control_characters_are_escaped)
{
	const char *text;

	log_info(NULL, "%s", "a\nb\r\t\x1b[31m\x7f\\\"\xc2\x9b");
	text = written_json();
	expect_part(text, "a\\u000ab\\u000d\\u0009\\u001b[31m\\u007f\\\\\\\"\\u009b");
}

Test(log, line_separators_and_bidi_controls_are_escaped)
{
	const char *text;

	log_info(NULL, "%s",
		 "a\xe2\x80\xa8"
		 "b\xe2\x80\xae"
		 "c\xd8\x9c"
		 "d\xe2\x81\xa6"
		 "e");
	text = written_json();
	expect_part(text, "a\\u2028b\\u202ec\\u061cd\\u2066e");
}

Test(log, text_folds_line_breaks_and_has_plain_quotes)
{
	settings.log_format = "text";
	log_init();
	log_info(NULL, "%s", "a \"b\"\n\t  c\\d\r\n");
	expect_part(written(), " a \"b\" c\\d\n");
}

Test(log, utf8_stays_and_other_bytes_do_not_break_the_line)
{
	const char *text;

	log_info(NULL, "%s", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 \xff\xc3 \xed\xa0\x80 \xc3");
	text = written_json();
	expect_part(text, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 \\u00ff\\u00c3 \\u00ed");
}

/* All lengths near the limit, so that the cut falls inside every kind of sequence. */
static void
fill_with(const char *piece)
{
	static char text[5120];
	size_t len = strlen(piece);
	struct ctx c = { .request_id = "abcdefgh", .route = text, .traceparent = text };
	struct log_field fields[] = {
		{ .name = "path", .text = text },
		{ .name = "status", .number = 200, .is = LOG_NUMBER },
		{ .name = "other", .text = text },
		{ 0 },
	};

	for (size_t n = 0; n + len < 5000; n += len) {
		memcpy(text + n, piece, len + 1);
		if (n % 1024 > 40 && n % 1024 < 980)
			continue;
		log_write(LOG_INFO, &c, fields, "%s", text);
		written_json();
	}
}

Test(log, long_texts_are_cut_and_stay_json)
{
	fill_with("x");
}

Test(log, long_texts_of_quotes_are_cut_and_stay_json)
{
	fill_with("\"");
}

Test(log, long_texts_of_controls_are_cut_and_stay_json)
{
	fill_with("\x01");
}

Test(log, long_texts_beyond_ascii_are_cut_and_stay_json)
{
	fill_with("\xf0\x9f\x98\x80");
}

Test(log, a_long_path_does_not_displace_the_status)
{
	static char path[8192];
	struct ctx c = { .request_id = "abcdefgh", .route = "/items" };
	struct log_field fields[] = {
		{ .name = "path", .text = path },
		{ .name = "status", .number = 414, .is = LOG_NUMBER },
		{ 0 },
	};
	const char *text;

	memset(path, 'p', sizeof(path) - 1);
	log_write(LOG_INFO, &c, fields, "request");
	text = written_json();
	expect_part(text, "\"path\":\"ppp");
	expect_part(text, "\"status\":414");
}

Test(log, a_level_below_the_setting_is_silent)
{
	settings.log_level = "warn";
	log_init();
	cr_expect_not(log_enabled(LOG_INFO));
	cr_expect(log_enabled(LOG_WARN));
	log_debug(NULL, "no");
	log_info(NULL, "no");
	cr_expect_str_eq(written(), "");
	log_warn(NULL, "yes");
	written_json();
	log_error(NULL, "yes");
	written_json();
}

Test(log, debug_is_logged_if_enabled)
{
	log_debug(NULL, "no");
	cr_expect_str_eq(written(), "");
	settings.log_level = "debug";
	log_init();
	log_debug(NULL, "yes");
	written_json();
}

Test(log, the_text_format_escapes_and_has_no_colour_without_a_terminal)
{
	struct ctx c = { .request_id = "abcdefgh" };
	const char *text;

	settings.log_format = "text";
	log_init();
	log_error(&c, "%s", "bad\n\x1b[2J\xc2\x9b");
	text = written();
	expect_part(text, "ERROR bad \\u001b[2J\\u009b request_id=abcdefgh\n");
	cr_expect_null(strchr(text, 0x1b));
	cr_expect_eq(strchr(text, '\n'), text + strlen(text) - 1);
}

Test(log, auto_is_json_without_a_terminal)
{
	settings.log_format = "auto";
	log_init();
	log_info(NULL, "x");
	written_json();
}

Test(log, a_line_that_cannot_be_written_is_dropped)
{
	close(STDERR_FILENO);
	log_error(NULL, "this line is lost");
}

Test(log, the_level_can_be_shared)
{
	struct log_dropped dropped = { 0 };
	_Atomic int32_t level = 0;
	enum log_level parsed;

	log_share(&level, &dropped);
	log_debug(NULL, "not yet");
	cr_expect_str_eq(written(), "");
	level = LOG_DEBUG + 1;
	log_debug(NULL, "now");
	expect_part(written_json(), "\"message\":\"now\"");
	level = LOG_ERROR + 1;
	log_warn(NULL, "no more");
	cr_expect_not(log_enabled(LOG_WARN));
	cr_expect_str_eq(written(), "");
	level = 0;
	cr_expect(log_enabled(LOG_INFO));
	cr_expect(log_level_parse("warn", &parsed));
	cr_expect_eq(parsed, LOG_WARN);
	cr_expect_not(log_level_parse("loud", &parsed));
}

/* ---- a log whose reader is stalled */

static char paragraph[1001];

/* If a line blocks, the test times out. Returns the number of dropped lines. */
static uint64_t
fill(size_t lines)
{
	uint64_t before = log_lines_dropped();

	memset(paragraph, 'x', sizeof(paragraph) - 1);
	for (size_t i = 0; i < lines; i++)
		log_info(NULL, "%s", paragraph);
	return log_lines_dropped() - before;
}

/* Empties the pipe or socket and returns the number of whole lines. */
static size_t
drain(int fd)
{
	size_t lines = 0;
	ssize_t n;

	while ((n = recv(fd, line, sizeof(line), MSG_DONTWAIT)) > 0 ||
	       (n < 0 && errno == ENOTSOCK && (n = read(fd, line, sizeof(line))) > 0)) {
		for (ssize_t i = 0; i < n; i++)
			lines += line[i] == '\n';
	}
	return lines;
}

static void
expect_lines_dropped_and_reported(int reader)
{
	uint64_t dropped = fill(3000);
	char report[64];

	cr_assert_gt(dropped, 0);
	cr_assert_lt(dropped, 3000);
	cr_expect_eq(drain(reader), 3000 - dropped);
	log_info(NULL, "again");
	snprintf(report, sizeof(report), "\"log_lines_dropped\":%" PRIu64 "}", dropped);
	cr_assert_gt(read(reader, line, sizeof(line)), 0);
	expect_part(line, report);
	log_info(NULL, "and again");
	memset(line, 0, sizeof(line));
	cr_assert_gt(read(reader, line, sizeof(line) - 1), 0);
	cr_expect_null(strstr(line, "log_lines_dropped"), "reported once");
}

Test(log, a_full_pipe_does_not_block, .timeout = 20)
{
	log_never_block();
	expect_lines_dropped_and_reported(ends[0]);
	cr_expect_eq(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0, "other processes share it");
}

Test(log, a_full_pipe_of_another_user_does_not_block, .timeout = 20)
{
	if (setuid(65534) != 0)
		cr_skip_test("only root can become another user");
	cr_assert_lt(open("/proc/self/fd/2", O_WRONLY), 0);
	log_never_block();
	expect_lines_dropped_and_reported(ends[0]);
}

Test(log, a_full_socket_does_not_block, .timeout = 20)
{
	int pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	dup2(pair[1], STDERR_FILENO);
	log_never_block();
	expect_lines_dropped_and_reported(pair[0]);
}

Test(log, a_stopped_terminal_does_not_block, .timeout = 20)
{
	int master, terminal;

	cr_assert_eq(openpty(&master, &terminal, NULL, NULL, NULL), 0);
	cr_assert_eq(dup2(terminal, STDERR_FILENO), STDERR_FILENO);
	log_never_block();
	cr_assert_eq(tcflow(terminal, TCOOFF), 0);
	cr_expect_eq(fill(100), 100);
	cr_assert_eq(tcflow(terminal, TCOON), 0);
	log_info(NULL, "again");
	cr_assert_gt(read(master, line, sizeof(line)), 0);
	expect_part(line, "log_lines_dropped\":100");
}

Test(log, writes_to_stderr_do_not_block, .timeout = 20)
{
	log_never_block();
	for (int i = 0; i < 100000; i++)
		fprintf(stderr, "a message of a library\n");
	cr_expect_gt(log_lines_dropped(), 0);
}

Test(log, standard_error_may_be_replaced)
{
	int other[2];

	log_never_block();
	log_info(NULL, "one");
	written_json();
	cr_assert_eq(pipe(other), 0);
	dup2(other[1], STDERR_FILENO);
	log_info(NULL, "two");
	cr_expect_str_eq(written(), "");
	cr_expect_eq(drain(fcntl(other[0], F_SETFL, O_NONBLOCK) + other[0]), 1);
}

Test(log, processes_share_the_count)
{
	struct log_dropped dropped = { .total = 7, .unreported = 5 };
	_Atomic int32_t level = 0;

	log_share(&level, &dropped);
	cr_expect_eq(log_lines_dropped(), 7);
	log_info(NULL, "x");
	expect_part(written_json(), "\"log_lines_dropped\":5}");
	cr_expect_eq(dropped.unreported, 0);
}

Test(log, a_line_has_the_trace_id)
{
	struct ctx c = {
		.request_id = "abcdefgh",
		.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	};
	const char *text;

	log_info(&c, "hello");
	text = written_json();
	expect_part(text, "\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\"");
	expect_part(text, "\"traceparent\":\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b71");
}
