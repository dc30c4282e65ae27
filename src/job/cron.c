/* Cron schedules: the five fields of crontab(5), in any time zone. */
#include "job_priv.h"

enum { MINUTE = 60, LOOK_BACK_DAYS = 35, DAY = 24 * 60 * 60, JUMP_MAX = 3 * 60 };

struct range {
	const char *err;
	int min, max;
	const char *const *words; /* names of the values from .min, or NULL */
};

static const char *const month_words[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul",
					   "aug", "sep", "oct", "nov", "dec", NULL };
static const char *const day_words[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL };

static const struct range ranges[] = {
	{ "invalid minute", 0, 59, NULL },      { "invalid hour", 0, 23, NULL },
	{ "invalid day", 1, 31, NULL },         { "invalid month", 1, 12, month_words },
	{ "invalid weekday", 0, 7, day_words },
};

/* ---- parsing */

static bool
read_cron_value(const struct range *r, const char **at, int *value)
{
	char *end;
	long n;

	for (int i = 0; r->words && r->words[i]; i++) {
		if (strncasecmp(*at, r->words[i], 3) == 0) {
			*value = r->min + i;
			*at += 3;
			return true;
		}
	}
	if (**at < '0' || **at > '9')
		return false;

	n = strtol(*at, &end, 10);
	if (end - *at > 2 || n < r->min || n > r->max)
		return false;

	*value = (int)n;
	*at = end;
	return true;
}

/* Reads one of the parts between commas: *, 5 or 1-5, with an optional step as in 1-9/2. */
static bool
read_part(const struct range *r, const char **at, uint64_t *bits)
{
	int from = r->min, to = r->max, step = 1;
	char *end;

	if (**at == '*') {
		++*at;
	} else {
		if (!read_cron_value(r, at, &from))
			return false;
		if (**at != '-') {
			*bits |= UINT64_C(1) << from;
			return true;
		}
		++*at;
		if (!read_cron_value(r, at, &to) || to < from)
			return false;
	}
	if (**at == '/') {
		step = (int)strtol(*at + 1, &end, 10);
		if (end == *at + 1 || end - *at > 3 || step < 1)
			return false;
		*at = end;
	}
	for (int i = from; i <= to; i += step)
		*bits |= UINT64_C(1) << i;
	return true;
}

static bool
read_field(const struct range *r, const char **at, uint64_t *bits)
{
	*bits = 0;
	do {
		if (!read_part(r, at, bits))
			return false;
	} while (**at == ',' && ++*at);
	return **at == ' ' || **at == '\0';
}

const char *
cron_read(const char *at, struct cron_times *out)
{
	uint64_t bits[COUNT(ranges)];
	bool any[COUNT(ranges)];

	for (size_t i = 0; i < COUNT(ranges); i++) {
		at += strspn(at, " ");
		any[i] = *at == '*';
		if (!read_field(&ranges[i], &at, &bits[i]))
			return ranges[i].err;
	}
	if (at[strspn(at, " ")])
		return "more than five fields";

	if (bits[4] >> 7 & 1) /* 7 is Sunday too */
		bits[4] |= 1;
	*out = (struct cron_times) {
		.minutes = bits[0],
		.hours = (uint32_t)bits[1],
		.days = (uint32_t)bits[2],
		.months = (uint32_t)bits[3],
		.weekdays = (uint32_t)bits[4],
		.any_hour = any[1],
		.any_day = any[2],
		.any_weekday = any[4],
	};
	return NULL;
}

/* ---- time zones */

/* The C library silently uses UTC for an unknown name. */
bool
cron_zone_known(const char *zone)
{
	char path[300];

	if (!zone)
		return true;
	if (!*zone || *zone == '/' || strstr(zone, ".."))
		return false;

	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", zone);
	return access(path, R_OK) == 0;
}

/* TZ is global, but the supervisor has only one thread, and no other code uses local time. */
static void
set_time_zone(const char *zone)
{
	setenv("TZ", zone ? zone : "UTC0", 1);
	tzset();
}

/* ---- matching */

/* crontab(5): if day and weekday are both restricted, one of them must match. */
static bool
day_matches(const struct cron_times *t, const struct tm *tm)
{
	bool day = t->days >> tm->tm_mday & 1, weekday = t->weekdays >> tm->tm_wday & 1;

	return t->any_day || t->any_weekday ? day && weekday : day || weekday;
}

static bool
cron_matches(const struct cron_times *t, const struct tm *tm)
{
	return (t->minutes >> tm->tm_min & 1) && (t->hours >> tm->tm_hour & 1) &&
	       (t->months >> (tm->tm_mon + 1) & 1) && day_matches(t, tm);
}

/* Local time in minutes. */
static int64_t
local_minutes(int64_t at)
{
	time_t time = (time_t)at;
	struct tm tm;

	localtime_r(&time, &tm);
	return (at + tm.tm_gmtoff) / MINUTE;
}

static bool
local_time_matches(const struct cron_times *t, int64_t minutes)
{
	time_t time = (time_t)(minutes * MINUTE);
	struct tm tm;

	gmtime_r(&time, &tm);
	return cron_matches(t, &tm);
}

/* For schedules with fixed hours, minutes that are skipped when the clock is set forward are due at
 * once, and minutes that repeat when it is set back are due only the first time. */
static bool
is_due(const struct cron_times *t, int64_t at)
{
	int64_t local = local_minutes(at), before = local_minutes(at - MINUTE);

	for (int64_t m = before + 1; m < local && local - before <= JUMP_MAX; m++)
		if (!t->any_hour && local_time_matches(t, m))
			return true;
	if (!local_time_matches(t, local))
		return false;
	if (t->any_hour)
		return true;
	for (int64_t back = 30 * MINUTE; back <= 120 * MINUTE; back += 30 * MINUTE)
		if (local_minutes(at - back) == local)
			return false;
	return true;
}

int64_t
cron_last_due(const struct cron_times *t, const char *zone, int64_t after, int64_t now)
{
	int64_t first = after - after % MINUTE + MINUTE;

	if (first < now - LOOK_BACK_DAYS * (int64_t)DAY)
		first = now - LOOK_BACK_DAYS * (int64_t)DAY;
	set_time_zone(zone);
	for (int64_t at = now - now % MINUTE; at >= first; at -= MINUTE)
		if (is_due(t, at))
			return at;
	return 0;
}
