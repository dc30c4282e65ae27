/*
 * What is measured. A metric is a row; each set of its labels' values is a series, whose
 * numbers lie in the shared segment: they are those of all workers together, and outlive a
 * worker's death and a reload.
 *
 *	const struct metric metric_invoices = {
 *		.name = "invoices_total", .summary = "Invoices that were sent.", .labels = { "kind" },
 *	};
 *	metric_add(&metric_invoices, 1, "monthly");
 *
 * and the row in the feature's .metrics. Names as Prometheus has them: base units, and _total
 * for what only grows. Values of labels come from rows and fixed words, never from a client:
 * there is room for METRIC_SERIES_MAX series, and what finds none is not counted.
 */
#ifndef APP_METRICS_H
#define APP_METRICS_H

#include "app/buf.h"

enum { METRIC_SERIES_MAX = 2048, METRIC_LABELS_MAX = 3, METRIC_BOUNDS = 14 };

enum metric_type { METRIC_COUNTER, METRIC_HISTOGRAM, METRIC_GAUGE };

struct metric {
	const char *name, *summary;
	enum metric_type type;
	const char *labels[METRIC_LABELS_MAX];
	const int64_t *bounds;   /* of a histogram: METRIC_BOUNDS of them, in microseconds */
	const struct metric *of; /* of a counter: how often that histogram was observed */
};

/* Those of the core, NULL at the end. */
extern const struct metric *const metrics[];

extern const struct metric metric_http_duration, metric_http_in_progress;
extern const struct metric metric_auth_attempts; /* kind, result */
extern const struct metric metric_db_duration;   /* query */
extern const struct metric metric_db_errors;     /* class */
extern const struct metric metric_cache_hits, metric_cache_misses;
extern const struct metric metric_rate_limited; /* policy */
extern const struct metric metric_unavailable;  /* cause */
extern const struct metric metric_job_duration; /* task, result */
extern const struct metric metric_jobs_finished, metric_jobs_depth, metric_jobs_oldest;
extern const struct metric metric_workers, metric_worker_restarts, metric_log_dropped, metric_build;

/* Adds to a counter. The values of the labels follow, in their order. */
#define metric_add(metric, n, ...)                                                                 \
	metric_add_((metric), (n), (const char *const[METRIC_LABELS_MAX + 1]) { __VA_ARGS__ })
void metric_add_(const struct metric *, uint64_t n, const char *const *values);

/* Adds how long something took to a histogram. Safe in a signal handler, as metric_add. */
#define metric_observe(metric, microseconds, ...)                                                  \
	metric_observe_((metric), (microseconds),                                                  \
			(const char *const[METRIC_LABELS_MAX + 1]) { __VA_ARGS__ })
void metric_observe_(const struct metric *, int64_t microseconds, const char *const *values);

/* The numbers of one series: of a histogram, how many fell under each bound and not under
 * the one before, how many under none, and the sum in microseconds; of a counter, the first
 * alone. */
enum { METRIC_CELLS = METRIC_BOUNDS + 2 };
struct metric_series {
	const char *values[METRIC_LABELS_MAX]; /* of its labels */
	uint64_t cells[METRIC_CELLS];
};

/* All series of a metric, in the arena. With `take` they are set to zero, for who keeps them
 * elsewhere. */
size_t metric_read(struct arena *, const struct metric *, bool take, struct metric_series **out);

/* Adds all cells of a series at once. */
void metric_put_back(const struct metric *, const struct metric_series *);

/* Writes a metric in Prometheus's text format (0.0.4). metric_write_all() takes the series
 * from the shared segment; the others write one of them after metric_write_head(). */
void metric_write_head(struct buf *, const struct metric *);
void metric_write(struct buf *, const struct metric *, const struct metric_series *);
void metric_write_all(struct buf *, const struct metric *);

#endif
