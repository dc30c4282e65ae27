/* Times that come again: the five fields of crontab(5), in any time zone. */
#include "job_priv.h"

enum { MINUTE = 60, LOOK_BACK_DAYS = 35, DAY = 24 * 60 * 60, JUMP_MAX = 3 * 60 };

struct range {
	const char *name;
	int min, max;
	const char *const *words; /* names of its values, from .min up, or NULL */
};

static const char *const month_words[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul",
					   "aug", "sep", "oct", "nov", "dec", NULL };
static const char *const day_words[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL };

static const struct range ranges[] = {
	{ "minute", 0, 59, NULL },       { "hour", 0, 23, NULL },        { "day", 1, 31, NULL },
	{ "month", 1, 12, month_words }, { "weekday", 0, 7, day_words },
};

/* ---- reading */

static bool
read_value(const struct range *r, const char **at, int *value)
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

/* One of the parts between commas: *, 5, 1-5, each perhaps with a step: 1-9/2. */
static bool
read_part(const struct range *r, const char **at, uint64_t *bits)
{
	int from = r->min, to = r->max, step = 1;
	char *end;

	if (**at == '*') {
		++*at;
	} else {
		if (!read_value(r, at, &from))
			return false;
		if (**at != '-') {
			*bits |= UINT64_C(1) << from;
			return true;
		}
		++*at;
		if (!read_value(r, at, &to) || to < from)
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
			return ranges[i].name;
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

/* ---- zones */

/* The C library takes a name that it does not know for UTC. */
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

/* The keeper has one thread, and nobody else's time of day is local. */
static void
set_zone(const char *zone)
{
	setenv("TZ", zone ? zone : "UTC0", 1);
	tzset();
}

/* ---- matching */

/* By crontab(5): where both days are given, either will do. */
static bool
day_matches(const struct cron_times *t, const struct tm *tm)
{
	bool day = t->days >> tm->tm_mday & 1, weekday = t->weekdays >> tm->tm_wday & 1;

	return t->any_day || t->any_weekday ? day && weekday : day || weekday;
}

static bool
matches(const struct cron_times *t, const struct tm *tm)
{
	return (t->minutes >> tm->tm_min & 1) && (t->hours >> tm->tm_hour & 1) &&
	       (t->months >> (tm->tm_mon + 1) & 1) && day_matches(t, tm);
}

/* What a clock on the wall shows, in minutes. */
static int64_t
wall_minutes(int64_t at)
{
	time_t time = (time_t)at;
	struct tm tm;

	localtime_r(&time, &tm);
	return (at + tm.tm_gmtoff) / MINUTE;
}

static bool
wall_matches(const struct cron_times *t, int64_t minutes)
{
	time_t time = (time_t)(minutes * MINUTE);
	struct tm tm;

	gmtime_r(&time, &tm);
	return matches(t, &tm);
}

/* A clock that is put forward has passed over minutes: they are due when it is. One that is
 * put back shows minutes again: those with an hour of their own were due the first time. */
static bool
is_due(const struct cron_times *t, int64_t at)
{
	int64_t wall = wall_minutes(at), before = wall_minutes(at - MINUTE);

	for (int64_t m = before + 1; m < wall && wall - before <= JUMP_MAX; m++)
		if (!t->any_hour && wall_matches(t, m))
			return true;
	if (!wall_matches(t, wall))
		return false;
	if (t->any_hour)
		return true;
	for (int64_t back = 30 * MINUTE; back <= 120 * MINUTE; back += 30 * MINUTE)
		if (wall_minutes(at - back) == wall)
			return false;
	return true;
}

int64_t
cron_last_due(const struct cron_times *t, const char *zone, int64_t after, int64_t now)
{
	int64_t first = after - after % MINUTE + MINUTE;

	if (first < now - LOOK_BACK_DAYS * (int64_t)DAY)
		first = now - LOOK_BACK_DAYS * (int64_t)DAY;
	set_zone(zone);
	for (int64_t at = now - now % MINUTE; at >= first; at -= MINUTE)
		if (is_due(t, at))
			return at;
	return 0;
}
