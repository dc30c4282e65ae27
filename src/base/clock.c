/* Time, and RFC 3339. */
#include "app/clock.h"

#include "app/text.h"

enum { MICROS = 1000000 };

static int64_t
read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * MICROS + t.tv_nsec / 1000;
}

int64_t
clock_now(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t
clock_monotonic(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

/* Writes `n` digits and `end`; returns the position after them. */
static char *
put_digits(char *at, int n, int value, char end)
{
	digits_before(at + n, (uint64_t)value, n);
	at[n] = end;
	return at + n + 1;
}

void
clock_text(int64_t microseconds, char out[CLOCK_TEXT_SIZE])
{
	int micros = (int)((microseconds % MICROS + MICROS) % MICROS);
	time_t seconds = (microseconds - micros) / MICROS;
	struct tm t;
	char *at = out;

	gmtime_r(&seconds, &t);
	at = put_digits(at, 4, t.tm_year + 1900, '-');
	at = put_digits(at, 2, t.tm_mon + 1, '-');
	at = put_digits(at, 2, t.tm_mday, 'T');
	at = put_digits(at, 2, t.tm_hour, ':');
	at = put_digits(at, 2, t.tm_min, ':');
	at = put_digits(at, 2, t.tm_sec, '.');
	at = put_digits(at, 6, micros, 'Z');
	*at = '\0';
}

/* Reads `n` digits and advances. False unless the number is between `min` and `max`. */
static bool
read_digits(const char **at, int n, int min, int max, int *value)
{
	*value = 0;
	for (; n > 0; n--, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		*value = *value * 10 + (**at - '0');
	}
	return *value >= min && *value <= max;
}

static bool
skip(const char **at, const char *choices)
{
	if (!**at || !strchr(choices, **at))
		return false;

	(*at)++;
	return true;
}

static bool
read_fraction(const char **at, int *micros)
{
	int n = 0;

	*micros = 0;
	if (**at != '.')
		return true;

	for ((*at)++; **at >= '0' && **at <= '9'; (*at)++, n++) {
		if (n < 6)
			*micros = *micros * 10 + (**at - '0');
	}
	for (int k = n; k < 6; k++)
		*micros *= 10;
	return n >= 1 && n <= 9;
}

static bool
read_offset(const char **at, int *seconds)
{
	int sign = **at == '-' ? -1 : 1, hours, minutes;

	*seconds = 0;
	if (skip(at, "Zz"))
		return true;
	if (!skip(at, "+-") || !read_digits(at, 2, 0, 23, &hours) || !skip(at, ":") ||
	    !read_digits(at, 2, 0, 59, &minutes))
		return false;

	*seconds = sign * (hours * 3600 + minutes * 60);
	return true;
}

static bool
read_date(const char **at, struct tm *t)
{
	return read_digits(at, 4, 1, 9999, &t->tm_year) && skip(at, "-") &&
	       read_digits(at, 2, 1, 12, &t->tm_mon) && skip(at, "-") &&
	       read_digits(at, 2, 1, 31, &t->tm_mday);
}

static bool
read_time(const char **at, struct tm *t, int *micros, int *offset)
{
	return read_digits(at, 2, 0, 23, &t->tm_hour) && skip(at, ":") &&
	       read_digits(at, 2, 0, 59, &t->tm_min) && skip(at, ":") &&
	       read_digits(at, 2, 0, 60, &t->tm_sec) && read_fraction(at, micros) &&
	       read_offset(at, offset);
}

bool
clock_parse(const char *text, int64_t *microseconds)
{
	/* From 0001-01-01 to 10000-01-01. */
	static const int64_t first = -62135596800, end = 253402300800;
	struct tm t = { 0 };
	int micros, offset, day;
	int64_t seconds;

	if (!read_date(&text, &t) || !skip(&text, "Tt ") ||
	    !read_time(&text, &t, &micros, &offset) || *text)
		return false;

	t.tm_year -= 1900;
	t.tm_mon--;
	t.tm_sec -= t.tm_sec == 60;
	day = t.tm_mday;
	seconds = timegm(&t) - offset;
	if (t.tm_mday != day) /* normalized: the month has fewer days */
		return false;
	if (seconds < first || seconds >= end)
		return false;

	*microseconds = seconds * MICROS + micros;
	return true;
}
