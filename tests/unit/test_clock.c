/* Formatting and parsing of RFC 3339. */
#include <criterion/criterion.h>

#include "app/clock.h"

static const char *
text_of(int64_t microseconds)
{
	static char out[CLOCK_TEXT_SIZE];

	clock_text(microseconds, out);
	return out;
}

/* Microseconds of the text, or INT64_MIN if it is rejected. */
static int64_t
parse(const char *text)
{
	int64_t t;

	return clock_parse(text, &t) ? t : INT64_MIN;
}

Test(clock, text)
{
	cr_expect_str_eq(text_of(0), "1970-01-01T00:00:00.000000Z");
	cr_expect_str_eq(text_of(-1), "1969-12-31T23:59:59.999999Z");
	cr_expect_str_eq(text_of(INT64_C(1795187321218287)), "2026-11-20T15:08:41.218287Z");
	cr_expect_str_eq(text_of(INT64_C(951782400000000)), "2000-02-29T00:00:00.000000Z");
	cr_expect_str_eq(text_of(INT64_C(253402300799999999)), "9999-12-31T23:59:59.999999Z");
	cr_expect_str_eq(text_of(INT64_C(-62135596800000000)), "0001-01-01T00:00:00.000000Z");
}

Test(clock, parses_what_it_prints)
{
	/* In steps of about 9 days through four centuries. */
	const int64_t step = INT64_C(777777777777);

	for (int64_t t = -INT64_C(5000000000000000); t < INT64_C(9000000000000000); t += step)
		cr_assert_eq(parse(text_of(t)), t, "%s", text_of(t));
}

Test(clock, agrees_with_the_c_library)
{
	for (int64_t day = -60000; day < 60000; day += 13) {
		time_t seconds = (time_t)day * 86400 + 3723;
		char expected[40];
		struct tm tm;

		gmtime_r(&seconds, &tm);
		strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.000000Z", &tm);
		cr_assert_str_eq(text_of((int64_t)seconds * 1000000), expected);
	}
}

Test(clock, parses_offsets_and_fractions)
{
	const int64_t t = INT64_C(1795187321000000);
	static const char *const same[] = {
		"2026-11-20T15:08:41Z",      "2026-11-20t15:08:41z",
		"2026-11-20 15:08:41Z",      "2026-11-20T15:08:41.0Z",
		"2026-11-20T15:08:41+00:00", "2026-11-20T15:08:41-00:00",
		"2026-11-20T17:08:41+02:00", "2026-11-20T09:38:41-05:30",
		"2026-11-21T14:08:41+23:00", "2026-11-20T15:08:41.000000999Z",
	};

	for (size_t i = 0; i < COUNT(same); i++)
		cr_expect_eq(parse(same[i]), t, "%s", same[i]);
	cr_expect_eq(parse("2026-11-20T15:08:41.2Z"), t + 200000);
	cr_expect_eq(parse("2026-11-20T15:08:41.218287Z"), t + 218287);
	cr_expect_eq(parse("2026-11-20T15:08:41.218287999Z"), t + 218287);
	cr_expect_eq(parse("2016-12-31T23:59:60Z"), parse("2016-12-31T23:59:59Z"));
}

Test(clock, rejects)
{
	static const char *const wrong[] = {
		"",
		"now",
		"2026-11-20",
		"2026-11-20T15:08Z",
		"2026-11-20T15:08:41",
		"2026-11-20T15:08:41.Z",
		"2026-11-20T15:08:41.0000000000Z",
		"2026-11-20T15:08:41Z ",
		" 2026-11-20T15:08:41Z",
		"2026-11-20T15:08:41+0200",
		"2026-11-20T15:08:41+02",
		"2026-11-20T15:08:41+24:00",
		"2026-11-20T15:08:41+02:60",
		"2026-11-20T15:08:41*02:00",
		"2026-11-20T24:00:00Z",
		"2026-11-20T15:60:00Z",
		"2026-11-20T15:08:61Z",
		"2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z",
		"2026-01-00T00:00:00Z",
		"2026-02-29T00:00:00Z",
		"2026-04-31T00:00:00Z",
		"1900-02-29T00:00:00Z",
		"0000-01-01T00:00:00Z",
		"0001-01-01T00:00:00+00:01",
		"9999-12-31T23:59:59-00:01",
		"26-11-20T15:08:41Z",
		"+2026-11-20T15:08:41Z",
		"-026-11-20T15:08:41Z",
		"2026/11/20T15:08:41Z",
		"2026-11-20T15:08:41,5Z",
		"2026-11-2\xef\xbc\x90T15:08:41Z",
	};

	for (size_t i = 0; i < COUNT(wrong); i++)
		cr_expect_eq(parse(wrong[i]), INT64_MIN, "%s", wrong[i]);
}

Test(clock, leap_days)
{
	cr_expect_neq(parse("2000-02-29T00:00:00Z"), INT64_MIN);
	cr_expect_neq(parse("2024-02-29T00:00:00Z"), INT64_MIN);
	cr_expect_eq(parse("2100-02-29T00:00:00Z"), INT64_MIN);
}

Test(clock, never_goes_back)
{
	int64_t before = clock_monotonic(), now = clock_now();

	cr_expect_geq(clock_monotonic(), before);
	cr_expect_gt(now, parse("2024-01-01T00:00:00Z"));
	cr_expect_leq(now / 1000000, (int64_t)time(NULL));
}
