/* Cron schedules: the five fields, time zones, and clock changes. */
#include <criterion/criterion.h>

#include "job/job_priv.h"

#include "app/clock.h"

/* Seconds since 1970 of a time in RFC 3339. */
static int64_t
at(const char *text)
{
	int64_t us = 0;

	cr_assert(clock_parse(text, &us), "%s", text);
	return us / 1000000;
}

static struct cron_times
times(const char *text)
{
	struct cron_times t = { 0 };
	const char *err = cron_read(text, &t);

	cr_assert_null(err, "\"%s\": %s", text, err);
	return t;
}

/* "" if nothing is due. */
static const char *
last_due(const char *text, const char *zone, const char *after, const char *now)
{
	static char out[CLOCK_TEXT_SIZE];
	struct cron_times t = times(text);
	int64_t due = cron_last_due(&t, zone, at(after), at(now));

	if (!due)
		return "";
	clock_text(due * 1000000, out);
	out[16] = '\0';
	return out;
}

Test(cron, reads_the_format_of_crontab)
{
	static const struct {
		const char *text;
		uint64_t minutes;
		uint32_t hours, days, months, weekdays;
	} rows[] = {
		{ "0 0 1 1 0", 1, 1, 2, 2, 1 },
		{ "*/15 */6 * * *", 0x200040008001, 0x41041, 0xfffffffe, 0x1ffe, 0xff },
		{ "1,3-5 1-5/2 31 jan-mar,12 mon-fri", 0x3a, 0x2a, 0x80000000, 0x100e, 0x3e },
		{ "59 23 * * 7", UINT64_C(1) << 59, 1 << 23, 0xfffffffe, 0x1ffe, 0x81 },
		{ "  5   4 * * Sun ", 0x20, 0x10, 0xfffffffe, 0x1ffe, 1 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cron_times t = times(rows[i].text);

		cr_expect_eq(t.minutes, rows[i].minutes, "%s", rows[i].text);
		cr_expect_eq(t.hours, rows[i].hours, "%s", rows[i].text);
		cr_expect_eq(t.days, rows[i].days, "%s", rows[i].text);
		cr_expect_eq(t.months, rows[i].months, "%s", rows[i].text);
		cr_expect_eq(t.weekdays, rows[i].weekdays, "%s", rows[i].text);
	}
}

Test(cron, rejects_invalid_schedules)
{
	static const char *const rows[] = {
		"",
		"* * * *",
		"* * * * * *",
		"60 * * * *",
		"* 24 * * *",
		"* * 0 * *",
		"* * 32 * *",
		"* * * 13 *",
		"* * * 0 *",
		"* * * * 8",
		"*/0 * * * *",
		"5-1 * * * *",
		"1, * * * *",
		"a * * * *",
		"-1 * * * *",
		"5/2 * * * *",
		"1-  * * * *",
		"* * * foo *",
		"@daily",
		"0x1 * * * *",
	};
	struct cron_times t;

	for (size_t i = 0; i < COUNT(rows); i++)
		cr_expect_not_null(cron_read(rows[i], &t), "accepted \"%s\"", rows[i]);
}

Test(cron, finds_only_the_last_time)
{
	cr_expect_str_eq(
	    last_due("0 * * * *", NULL, "2026-01-01T00:00:00Z", "2026-01-01T05:30:00Z"),
	    "2026-01-01T05:00");
	cr_expect_str_eq(
	    last_due("0 * * * *", NULL, "2026-01-01T05:00:00Z", "2026-01-01T05:59:59Z"), "");
	cr_expect_str_eq(
	    last_due("0 * * * *", NULL, "2026-01-01T05:00:00Z", "2026-01-01T06:00:00Z"),
	    "2026-01-01T06:00");
	cr_expect_str_eq(
	    last_due("30 6 * * 1-5", NULL, "2026-01-02T07:00:00Z", "2026-01-05T06:29:59Z"),
	    ""); /* from Friday to Monday */
	cr_expect_str_eq(
	    last_due("30 6 * * 1-5", NULL, "2026-01-02T07:00:00Z", "2026-01-05T06:30:00Z"),
	    "2026-01-05T06:30");
}

Test(cron, matches_either_day_if_both_are_given)
{
	cr_expect_str_eq(
	    last_due("0 0 13 * 5", NULL, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
	    "2026-01-02T00:00");
	cr_expect_str_eq(
	    last_due("0 0 13 * 5", NULL, "2026-01-12T00:00:00Z", "2026-01-13T00:00:00Z"),
	    "2026-01-13T00:00");
	cr_expect_str_eq(
	    last_due("0 0 13 * *", NULL, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"), "");
}

Test(cron, checks_time_zones)
{
	if (!cron_zone_known("Europe/Berlin"))
		cr_skip_test("there is no zone database (Debian package tzdata)");

	cr_expect(cron_zone_known(NULL));
	cr_expect_not(cron_zone_known("Europe/Nowhere"));
	cr_expect_not(cron_zone_known("../../etc/passwd"));
	cr_expect_str_eq(
	    last_due("30 6 * * *", "Europe/Berlin", "2026-01-01T00:00:00Z", "2026-01-01T12:00:00Z"),
	    "2026-01-01T05:30");
	cr_expect_str_eq(
	    last_due("30 6 * * *", "Europe/Berlin", "2026-07-01T00:00:00Z", "2026-07-01T12:00:00Z"),
	    "2026-07-01T04:30");
}

/* In Berlin the clock goes from 2:00 to 3:00 on 29 March 2026. */
Test(cron, a_skipped_time_is_due_at_once)
{
	if (!cron_zone_known("Europe/Berlin"))
		cr_skip_test("there is no zone database (Debian package tzdata)");

	cr_expect_str_eq(
	    last_due("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z"),
	    "2026-03-29T01:00");
	cr_expect_str_eq(
	    last_due("0 3 * * *", "Europe/Berlin", "2026-03-29T00:30:00Z", "2026-03-29T12:00:00Z"),
	    "2026-03-29T01:00");
}

/* It goes back from 3:00 to 2:00 on 25 October 2026, at 1:00 UTC. */
Test(cron, a_repeated_time_is_due_once)
{
	if (!cron_zone_known("Europe/Berlin"))
		cr_skip_test("there is no zone database (Debian package tzdata)");

	cr_expect_str_eq(
	    last_due("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z"),
	    "2026-10-25T00:30");
	cr_expect_str_eq(
	    last_due("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T12:00:00Z"),
	    "");
	cr_expect_str_eq(last_due("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:30:00Z",
				  "2026-10-25T01:35:00Z"),
			 "2026-10-25T01:30"); /* a schedule for every hour */
}
