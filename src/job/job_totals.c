/* Queue depth, and totals of finished attempts. Workers count in the shared segment of their pool;
 * the supervisor adds that to a table, which has the totals of all hosts. */
#include "job_priv.h"

#include "app/metrics.h"
#include "app/shared.h"

enum { UNKNOWN = -1 };

static bool
is_empty_series(const struct metric_series *s)
{
	for (size_t i = 0; i < METRIC_CELLS; i++)
		if (s->cells[i])
			return false;
	return true;
}

/* Counts that cannot be written are added to the segment again. If the supervisor is killed in
 * between, they are lost. */
enum error
job_totals_report(struct ctx *c)
{
	struct metric_series *series;
	size_t n = metric_read(c->arena, &metric_job_duration, true, &series);
	enum error e = OK;

	for (size_t i = 0; i < n; i++) {
		if (is_empty_series(&series[i]))
			continue;
		if (!e)
			e = job_totals_add(c, &series[i]);
		if (e)
			metric_merge(&metric_job_duration, &series[i]);
	}
	return e;
}

/* Reads the database at most once a second on each host. */
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
