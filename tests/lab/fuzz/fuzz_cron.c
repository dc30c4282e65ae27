/* Cron's five fields: the last due minute lies in the given interval. */
#include "fuzz.h"

#include "job/job_priv.h"

enum { NOW = 1795259321, TWO_DAYS = 2 * 86400 }; /* 2026-11-21T11:08:41Z */

void
fuzz(struct ctx *c, const char *bytes, size_t len)
{
	static const char *const zones[] = { NULL, "Europe/Berlin", "Australia/Lord_Howe" };
	const char *text = fuzz_text(c, bytes, len);
	struct cron_times times;

	cron_zone_known(text);
	if (cron_read(text, &times))
		return;

	HOLDS(times.minutes && times.hours && times.days && times.months && times.weekdays);
	HOLDS(!(times.days & 1) && !(times.months & 1));
	for (size_t i = 0; i < COUNT(zones); i++) {
		int64_t due = cron_last_due(&times, zones[i], NOW - TWO_DAYS, NOW);

		HOLDS(due == 0 || (due > NOW - TWO_DAYS && due <= NOW && due % 60 == 0));
	}
}
