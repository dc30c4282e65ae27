/* print(): the output of fprintf(), with control characters of inserted texts escaped. */
#include <criterion/criterion.h>

#include "app/print.h"

static char text[4096];

static const char *PRINTF_LIKE(1, 2) printed(const char *format, ...)
{
	FILE *f = fmemopen(text, sizeof(text), "w");
	va_list args;

	va_start(args, format);
	print_args(f, format, args);
	va_end(args);
	fclose(f);
	return text;
}

Test(print, texts_cannot_move_the_cursor_or_forge_lines)
{
	cr_expect_str_eq(printed("name %s\n", "Ada\n\x1b[2J\x7f\xc2\x9b\xe2\x80\xae\xe2\x80\xa8x"),
			 "name Ada\\u000a\\u001b[2J\\u007f\\u009b\\u202e\\u2028x\n");
	cr_expect_str_eq(printed("{\"name\":%s}\n", "\"\xc3\xa9 \xe2\x81\xa6\""),
			 "{\"name\":\"\xc3\xa9 \\u2066\"}\n");
}

Test(print, conversions_work_as_in_printf)
{
	char expected[200], cut[3] = { 'a', 'b', 'c' };

	snprintf(expected, sizeof(expected),
		 "%d|%5d|%-4d|%u|%zu|%td|%" PRId64 "|%9" PRId64
		 "|%10.3f|%%|%s|%-6s|%6s|%.2s|%.19sZ|"
		 "%-*s|%.*s\n",
		 -1, 7, 7, 4000000000U, (size_t)5, (ptrdiff_t)-6, INT64_MIN, INT64_C(3), 2.5, "a",
		 "ab", "ab", "abc", "2026-11-30T12:00:00.123456Z", 4, "x", 3, "abc");
	cr_expect_str_eq(printed("%d|%5d|%-4d|%u|%zu|%td|%" PRId64 "|%9" PRId64
				 "|%10.3f|%%|%s|%-6s|%6s|%.2s|%.19sZ|%-*s|%.*s\n",
				 -1, 7, 7, 4000000000U, (size_t)5, (ptrdiff_t)-6, INT64_MIN,
				 INT64_C(3), 2.5, "a", "ab", "ab", "abc",
				 "2026-11-30T12:00:00.123456Z", 4, "x", 3, cut),
			 expected);
}
