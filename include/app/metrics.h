/*
 * Metrics. A metric is a row; each combination of label values is a series. Series are in the shared
 * segment, so they are totals of all workers, and survive a crash of a worker and a reload.
 *
 *	const struct metric metric_invoices = {
 *		.name = "invoices_total", .summary = "Invoices that were sent.", .labels = { "kind" },
 *	};
 *	metric_add(&metric_invoices, 1, "monthly");
 *
 * Add the row to .metrics of the feature. Names follow Prometheus: base units, and _total for
 * counters. Label values must come from rows or literals, never from client input: beyond
 * METRIC_SERIES_MAX series, further ones are not counted.
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
	const int64_t *bounds;   /* histogram: METRIC_BOUNDS upper bounds, in microseconds */
	const struct metric *of; /* counter: the number of observations of this histogram */
};

/* The metrics of the core, NULL-terminated. */
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

/* Adds `n` to a counter; the label values follow in order. Async-signal-safe. */
#define metric_add(metric, n, ...)                                                                 \
	metric_add_((metric), (n), (const char *const[METRIC_LABELS_MAX + 1]) { __VA_ARGS__ })
void metric_add_(const struct metric *, uint64_t n, const char *const *values);

/* Adds a duration to a histogram. Async-signal-safe. */
#define metric_observe(metric, microseconds, ...)                                                  \
	metric_observe_((metric), (microseconds),                                                  \
			(const char *const[METRIC_LABELS_MAX + 1]) { __VA_ARGS__ })
void metric_observe_(const struct metric *, int64_t microseconds, const char *const *values);

/* The values of one series. Histogram: the number of observations in each bucket (not cumulative),
 * the number above all bounds, and the sum in microseconds. Counter: only the first cell. */
enum { METRIC_CELLS = METRIC_BOUNDS + 2 };
struct metric_series {
	const char *values[METRIC_LABELS_MAX]; /* label values */
	uint64_t cells[METRIC_CELLS];
};

/* Returns the number of series of a metric and sets *out to them, in the arena. `reset` also sets
 * them to zero, for a caller that stores them elsewhere. */
size_t metric_read(struct arena *, const struct metric *, bool reset, struct metric_series **out);

/* Adds the cells to those of the series. */
void metric_merge(const struct metric *, const struct metric_series *);

/* Write Prometheus text format (0.0.4). metric_write_all() writes a metric with its series in the
 * shared segment; the others write the HELP and TYPE lines, and one given series. */
void metric_write_head(struct buf *, const struct metric *);
void metric_write(struct buf *, const struct metric *, const struct metric_series *);
void metric_write_all(struct buf *, const struct metric *);

#endif
