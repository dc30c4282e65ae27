/* How many jobs wait, and how many ended how. Workers count in the shared segment of their
 * pool; its keeper carries that to the database, where all hosts' counts come together. */
#include "job_priv.h"

#include "app/metrics.h"
#include "app/shared.h"

enum { UNKNOWN = -1 };

static bool
is_zero(const struct metric_series *s)
{
	for (size_t i = 0; i < METRIC_CELLS; i++)
		if (s->cells[i])
			return false;
	return true;
}

/* Once taken, what cannot be written is put back, so that it is counted later; what a
 * keeper has in hand when it is killed is lost. */
enum error
job_totals_report(struct ctx *c)
{
	struct metric_series *series;
	size_t n = metric_read(c->arena, &metric_job_duration, true, &series);
	enum error e = OK;

	for (size_t i = 0; i < n; i++) {
		if (is_zero(&series[i]))
			continue;
		if (!e)
			e = job_totals_add(c, &series[i]);
		if (e)
			metric_put_back(&metric_job_duration, &series[i]);
	}
	return e;
}

/* Asked for once a second on a host, however many want to know. */
enum error
job_depth(struct ctx *c, struct job_depth *out)
{
	enum error e;

	if (!shared_reading(READING_JOBS, out, sizeof(*out))) {
		e = job_count(c, out);
		if (e)
			*out = (struct job_depth) { .oldest = UNKNOWN };
		shared_report(READING_JOBS, out, sizeof(*out));
		if (e)
			return e;
	}
	return out->oldest == UNKNOWN ? fail_unavailable(c, CAUSE_DB_BACKOFF, NULL) : OK;
}
