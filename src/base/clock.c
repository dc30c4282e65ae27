/* Time, and RFC 3339. The calendar is counted in days by the civil-from-days method
 * (years that begin in March), so that no time zone of the process plays a part. */
#include "app/clock.h"

enum { MICROS = 1000000, DAY = 86400 };

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

static int64_t
days_from_date(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void
date_from_days(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t of_era = z - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
	int64_t m = (5 * of_year + 2) / 153;

	*day = (int)(of_year - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = (int)(y + era * 400 + (*month <= 2));
}

static char *
put_digits(char *at, int n, int value, char end)
{
	for (int i = n - 1; i >= 0; i--, value /= 10)
		at[i] = (char)('0' + value % 10);
	at[n] = end;
	return at + n + 1;
}

void
clock_text(int64_t microseconds, char out[CLOCK_TEXT_SIZE])
{
	int64_t seconds = microseconds / MICROS, micros = microseconds % MICROS, days, rest;
	int year, month, day;
	char *at = out;

	if (micros < 0) {
		micros += MICROS;
		seconds--;
	}
	days = seconds / DAY;
	rest = seconds % DAY;
	if (rest < 0) {
		rest += DAY;
		days--;
	}
	date_from_days(days, &year, &month, &day);
	at = put_digits(at, 4, year, '-');
	at = put_digits(at, 2, month, '-');
	at = put_digits(at, 2, day, 'T');
	at = put_digits(at, 2, (int)(rest / 3600), ':');
	at = put_digits(at, 2, (int)(rest / 60 % 60), ':');
	at = put_digits(at, 2, (int)(rest % 60), '.');
	at = put_digits(at, 6, (int)micros, 'Z');
	*at = '\0';
}

/* Reads exactly `n` digits, -1 if they are not there. */
static int
digits(const char **at, int n)
{
	int value = 0;

	for (; n > 0; n--, (*at)++) {
		if (**at < '0' || **at > '9')
			return -1;
		value = value * 10 + (**at - '0');
	}
	return value;
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
	int sign, hours, minutes;

	*seconds = 0;
	if (skip(at, "Zz"))
		return true;

	sign = **at == '-' ? -1 : 1;
	if (!skip(at, "+-"))
		return false;
	hours = digits(at, 2);
	if (hours < 0 || hours > 23 || !skip(at, ":"))
		return false;
	minutes = digits(at, 2);
	if (minutes < 0 || minutes > 59)
		return false;

	*seconds = sign * (hours * 3600 + minutes * 60);
	return true;
}

static int
days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

bool
clock_parse(const char *text, int64_t *microseconds)
{
	const char *at = text;
	int year, month, day, hour, minute, second, micros, offset;
	int64_t seconds;

	year = digits(&at, 4);
	if (year < 1 || !skip(&at, "-"))
		return false;
	month = digits(&at, 2);
	if (month < 1 || month > 12 || !skip(&at, "-"))
		return false;
	day = digits(&at, 2);
	if (day < 1 || day > days_in_month(year, month) || !skip(&at, "Tt "))
		return false;
	hour = digits(&at, 2);
	if (hour < 0 || hour > 23 || !skip(&at, ":"))
		return false;
	minute = digits(&at, 2);
	if (minute < 0 || minute > 59 || !skip(&at, ":"))
		return false;
	second = digits(&at, 2);
	if (second < 0 || second > 60 || !read_fraction(&at, &micros) ||
	    !read_offset(&at, &offset) || *at)
		return false;

	seconds = days_from_date(year, month, day) * DAY + hour * 3600 + minute * 60 +
		  (second == 60 ? 59 : second) - offset;
	if (seconds < days_from_date(1, 1, 1) * DAY || seconds >= days_from_date(10000, 1, 1) * DAY)
		return false;

	*microseconds = seconds * MICROS + micros;
	return true;
}
