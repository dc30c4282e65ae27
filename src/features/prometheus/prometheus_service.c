/* Writes the series of the shared segment and the values that are read at each scrape. */
#include "prometheus_priv.h"

#include "app/job.h"
#include "app/log.h"
#include "app/metrics.h"
#include "app/settings.h"
#include "app/shared.h"

bool
prometheus_allows(const char *ip)
{
	if (!ip || strncmp(ip, "unix:", 5) == 0)
		return true;

	for (const char *const *a = prometheus_settings.allow; a && *a; a++) {
		if (strcmp(*a, ip) == 0 || strcmp(*a, "*") == 0)
			return true;
	}
	return false;
}

static void
write_gauge(struct buf *b, const struct metric *m, const char *value, int64_t n)
{
	metric_write(b, m,
		     &(struct metric_series) { .values = { value }, .cells = { (uint64_t)n } });
}

static void
write_processes(struct ctx *c UNUSED, struct buf *b, const struct metric *m)
{
	unsigned ready, busy;

	shared_workers(&ready, &busy);
	metric_write_head(b, m);
	write_gauge(b, m, NULL, m == &metric_workers ? ready : busy);
}

static void
write_log_dropped(struct ctx *c UNUSED, struct buf *b, const struct metric *m)
{
	metric_write_head(b, m);
	write_gauge(b, m, NULL, (int64_t)log_lines_dropped());
}

static void
write_build(struct ctx *c UNUSED, struct buf *b, const struct metric *m)
{
	metric_write_head(b, m);
	metric_write(
	    b, m,
	    &(struct metric_series) { .values = { PACKAGE, PACKAGE_VERSION }, .cells = { 1 } });
}

static void
write_depth(struct ctx *c, struct buf *b, const struct metric *m)
{
	struct job_depth depth;
	enum error e;

	metric_write_head(b, m);
	e = job_depth(c, &depth);
	if (e) {
		failure_clear(c);
	} else if (m == &metric_jobs_oldest) {
		write_gauge(b, m, NULL, depth.oldest);
	} else {
		write_gauge(b, m, "queued", depth.queued);
		write_gauge(b, m, "scheduled", depth.scheduled);
		write_gauge(b, m, "running", depth.running);
	}
}

static void
write_totals(struct ctx *c, struct buf *b, const struct metric *m)
{
	struct records totals;
	const struct job_total *t;
	enum error e;

	metric_write_head(b, m);
	e = job_totals(c, &totals);
	if (e) {
		failure_clear(c);
		return;
	}
	t = totals.rows;
	for (size_t i = 0; i < totals.n; i++, t++) {
		struct metric_series s = { .values = { t->task, t->result } };
		const char *at = t->cells;
		char *end;

		for (size_t k = 0; k < METRIC_CELLS; k++, at = end + (*end == ','))
			s.cells[k] = strtoull(at, &end, 10);
		metric_write(b, m, &s);
	}
}

static const struct asked {
	const struct metric *metric;
	void (*write)(struct ctx *, struct buf *, const struct metric *);
} asked[] = {
	{ &metric_http_in_progress, write_processes }, { &metric_workers, write_processes },
	{ &metric_log_dropped, write_log_dropped },    { &metric_build, write_build },
	{ &metric_jobs_depth, write_depth },           { &metric_jobs_oldest, write_depth },
	{ &metric_jobs_finished, write_totals },       { &metric_job_duration, write_totals },
};

static void
write_metric(struct ctx *c, struct buf *b, const struct metric *m)
{
	for (size_t i = 0; i < COUNT(asked); i++) {
		if (asked[i].metric == m) {
			asked[i].write(c, b, m);
			return;
		}
	}
	metric_write_all(b, m);
}

void
prometheus_write(struct ctx *c, struct buf *b)
{
	for (const struct metric *const *m = metrics; *m; m++)
		write_metric(c, b, *m);
	for (const struct feature *const *f = c->app->features; *f; f++) {
		for (const struct metric *const *m = (*f)->metrics; m && *m; m++)
			metric_write_all(b, *m);
	}
}
