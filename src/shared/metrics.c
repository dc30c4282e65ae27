/* The metrics of the core, and the series of all of them in the shared segment. */
#include "app/metrics.h"

#include "app/hash.h"
#include "shared/shared_priv.h"

#define MS  INT64_C(1000)
#define SEC INT64_C(1000000)

static const int64_t http_bounds[METRIC_BOUNDS] = {
	5 * MS,   10 * MS,  25 * MS, 50 * MS,   75 * MS, 100 * MS,  250 * MS,
	500 * MS, 750 * MS, 1 * SEC, 2500 * MS, 5 * SEC, 7500 * MS, 10 * SEC,
};
static const int64_t db_bounds[METRIC_BOUNDS] = {
	100,     250,     500,      1 * MS,   2500,     5 * MS,  10 * MS,
	25 * MS, 50 * MS, 100 * MS, 250 * MS, 500 * MS, 1 * SEC, 5 * SEC,
};
static const int64_t job_bounds[METRIC_BOUNDS] = {
	1 * MS,  10 * MS,  50 * MS,  100 * MS, 500 * MS,  1 * SEC,   2500 * MS,
	5 * SEC, 10 * SEC, 30 * SEC, 60 * SEC, 300 * SEC, 600 * SEC, 3600 * SEC,
};

const struct metric metric_http_duration = {
	.name = "http_request_duration_seconds",
	.summary = "Duration of requests.",
	.type = METRIC_HISTOGRAM,
	.labels = { "method", "route", "status" },
	.bounds = http_bounds,
};
static const struct metric http_requests = {
	.name = "http_requests_total",
	.summary = "Completed requests.",
	.labels = { "method", "route", "status" },
	.of = &metric_http_duration,
};
const struct metric metric_http_in_progress = {
	.name = "http_requests_in_progress",
	.summary = "Requests in progress, including this one.",
	.type = METRIC_GAUGE,
};
const struct metric metric_auth_attempts = {
	.name = "auth_attempts_total",
	.summary = "Checks of credentials: success, failure (rejected) or error.",
	.labels = { "kind", "result" },
};
const struct metric metric_db_duration = {
	.name = "db_query_duration_seconds",
	.summary = "Duration of SQL statements, by name.",
	.type = METRIC_HISTOGRAM,
	.labels = { "query" },
	.bounds = db_bounds,
};
const struct metric metric_db_errors = {
	.name = "db_errors_total",
	.summary = "Database errors by SQLSTATE class; 08 is a lost connection.",
	.labels = { "class" },
};
const struct metric metric_cache_hits = {
	.name = "cache_hits_total",
	.summary = "Responses served from the cache.",
};
const struct metric metric_cache_misses = {
	.name = "cache_misses_total",
	.summary = "Cacheable requests whose response was not in the cache.",
};
const struct metric metric_rate_limited = {
	.name = "rate_limited_total",
	.summary = "Requests refused by a rate limit.",
	.labels = { "policy" },
};
const struct metric metric_unavailable = {
	.name = "unavailable_total",
	.summary = "Responses with status 503, by cause (HACKING.md lists the causes).",
	.labels = { "cause" },
};
const struct metric metric_job_duration = {
	.name = "job_duration_seconds",
	.summary = "Duration of job attempts on all hosts.",
	.type = METRIC_HISTOGRAM,
	.labels = { "task", "result" },
	.bounds = job_bounds,
};
const struct metric metric_jobs_finished = {
	.name = "jobs_finished_total",
	.summary = "Finished job attempts on all hosts: succeeded, failed, cancelled or retried.",
	.labels = { "task", "result" },
	.of = &metric_job_duration,
};
const struct metric metric_jobs_depth = {
	.name = "jobs_queue_depth",
	.summary = "Unfinished jobs on all hosts.",
	.type = METRIC_GAUGE,
	.labels = { "status" },
};
const struct metric metric_jobs_oldest = {
	.name = "jobs_oldest_age_seconds",
	.summary = "Waiting time of the oldest queued job, without paused queues.",
	.type = METRIC_GAUGE,
};
const struct metric metric_workers = {
	.name = "workers",
	.summary = "Worker processes that are ready.",
	.type = METRIC_GAUGE,
};
const struct metric metric_worker_restarts = {
	.name = "worker_restarts_total",
	.summary = "Workers replaced after a crash, a kill or a timeout.",
};
const struct metric metric_log_dropped = {
	.name = "log_lines_dropped_total",
	.summary = "Log lines dropped because standard error did not accept them.",
};
const struct metric metric_build = {
	.name = "build_info",
	.summary = "Name and version of the program; always 1.",
	.type = METRIC_GAUGE,
	.labels = { "name", "version" },
};

const struct metric *const metrics[] = {
	&http_requests,
	&metric_http_duration,
	&metric_http_in_progress,
	&metric_auth_attempts,
	&metric_db_duration,
	&metric_db_errors,
	&metric_cache_hits,
	&metric_cache_misses,
	&metric_rate_limited,
	&metric_unavailable,
	&metric_jobs_finished,
	&metric_job_duration,
	&metric_jobs_depth,
	&metric_jobs_oldest,
	&metric_workers,
	&metric_worker_restarts,
	&metric_log_dropped,
	&metric_build,
	NULL,
};

/* ---- series: found by a hash of their names, written once, never removed */

enum { SEPARATOR = 0x1f };

struct series_name {
	char text[SERIES_TEXT];
	size_t len;
};

/* Appends a part and a separator; a name that is too long is cut. */
static void
append_part(struct series_name *n, const char *part)
{
	size_t len = strlen(part), room = sizeof(n->text) - 1 - n->len;

	if (len > room)
		len = room;
	memcpy(n->text + n->len, part, len);
	n->len += len;
	if (n->len < sizeof(n->text) - 1)
		n->text[n->len++] = SEPARATOR;
}

static struct series_name
series_name_of(const struct metric *m, const char *const *values)
{
	struct series_name n = { .len = 0 };

	append_part(&n, m->name);
	for (size_t i = 0; i < METRIC_LABELS_MAX && m->labels[i]; i++)
		append_part(&n, values[i] ? values[i] : "");
	return n;
}

/* Never 0. */
static uint64_t
series_key(const struct series_name *n)
{
	uint64_t hash = hash_add(HASH_START, n->text, n->len);

	return hash ? hash : 1;
}

/* Every process that finds a series without a name writes the same one, so the death of a process
 * leaves no incomplete series. */
static void
write_name(struct series *s, const struct series_name *n)
{
	for (size_t i = 0; i < COUNT(s->text); i++) {
		uint64_t word;

		memcpy(&word, n->text + i * sizeof(word), sizeof(word));
		atomic_store_explicit(&s->text[i], word, memory_order_relaxed);
	}
	atomic_store_explicit(&s->named, true, memory_order_release);
}

/* Finds or adds a key, beginning at its place in the hash table. METRIC_SERIES_MAX: the table is
 * full. */
static size_t
series_index(struct measured *all, uint64_t key)
{
	for (size_t n = 0; n < METRIC_SERIES_MAX; n++) {
		size_t i = (key + n) % METRIC_SERIES_MAX;
		uint64_t there = atomic_load_explicit(&all->keys[i], memory_order_relaxed);

		if (!there && atomic_compare_exchange_strong(&all->keys[i], &there, key))
			there = key;
		if (there == key)
			return i;
	}
	return METRIC_SERIES_MAX;
}

/* The cells of the series in the shard of this worker, or NULL if the table is full. */
static struct series_cells *
find_series(const struct metric *m, const char *const *values)
{
	struct measured *all = &shared->measured;
	struct series_name name = series_name_of(m, values);
	size_t i = series_index(all, series_key(&name));

	if (i == METRIC_SERIES_MAX)
		return NULL;

	if (!atomic_load_explicit(&all->series[i].named, memory_order_relaxed))
		write_name(&all->series[i], &name);
	return &all->cells[shared_shard][i];
}

static void
cell_add(_Atomic uint64_t *cell, uint64_t n)
{
	atomic_fetch_add_explicit(cell, n, memory_order_relaxed);
}

void
metric_add_(const struct metric *m, uint64_t n, const char *const *values)
{
	struct series_cells *s = find_series(m, values);

	if (s)
		cell_add(&s->cell[0], n);
}

void
metric_observe_(const struct metric *m, int64_t microseconds, const char *const *values)
{
	struct series_cells *s = find_series(m, values);
	size_t i = 0;

	if (!s)
		return;

	while (i < METRIC_BOUNDS && microseconds > m->bounds[i])
		i++;
	cell_add(&s->cell[i], 1);
	cell_add(&s->cell[METRIC_CELLS - 1], microseconds > 0 ? (uint64_t)microseconds : 0);
}

void
metric_merge(const struct metric *m, const struct metric_series *series)
{
	struct series_cells *s = find_series(m, series->values);

	for (size_t i = 0; s && i < METRIC_CELLS; i++)
		cell_add(&s->cell[i], series->cells[i]);
}

/* ---- reading: the sum of all shards */

/* Whether the series belongs to the metric; then fills `values`. */
static bool
is_series_of(struct arena *a, const struct series *s, const struct metric *m,
	     const char *values[METRIC_LABELS_MAX])
{
	char text[SERIES_TEXT + 1] = { 0 }, *at;
	size_t len = strlen(m->name);

	if (!atomic_load_explicit(&s->named, memory_order_acquire))
		return false;

	for (size_t i = 0; i < COUNT(s->text); i++) {
		uint64_t word = atomic_load_explicit(&s->text[i], memory_order_relaxed);

		memcpy(text + i * sizeof(word), &word, sizeof(word));
	}
	if (strncmp(text, m->name, len) != 0 || text[len] != SEPARATOR)
		return false;

	at = text + len + 1;
	for (size_t i = 0; i < METRIC_LABELS_MAX && m->labels[i]; i++) {
		len = strcspn(at, "\x1f");
		values[i] = arena_text_n(a, at, len);
		at += at[len] ? len + 1 : len;
	}
	return true;
}

size_t
metric_read(struct arena *a, const struct metric *m, bool reset, struct metric_series **out)
{
	struct measured *all = &shared->measured;
	struct metric_series *found;
	size_t used = 0, n = 0;

	for (size_t i = 0; i < METRIC_SERIES_MAX; i++)
		used += all->keys[i] != 0;
	*out = found = arena_array(a, used + 1, sizeof(*found));
	for (size_t i = 0; i < METRIC_SERIES_MAX && n < used; i++) {
		if (!is_series_of(a, &all->series[i], m, found[n].values))
			continue;
		for (size_t shard = 0; shard < SHARDS; shard++) {
			for (size_t k = 0; k < METRIC_CELLS; k++) {
				_Atomic uint64_t *cell = &all->cells[shard][i].cell[k];

				found[n].cells[k] += reset ? atomic_exchange(cell, 0) : *cell;
			}
		}
		n++;
	}
	return n;
}

/* ---- writing (https://prometheus.io/docs/instrumenting/exposition_formats/) */

void
metric_write_head(struct buf *b, const struct metric *m)
{
	static const char *const types[] = {
		[METRIC_COUNTER] = "counter",
		[METRIC_HISTOGRAM] = "histogram",
		[METRIC_GAUGE] = "gauge",
	};

	buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->summary, m->name, types[m->type]);
}

/* 1500000 as 1.5 */
static void
put_metric_seconds(struct buf *b, uint64_t microseconds)
{
	char text[40];
	struct buf seconds = buf_fixed(text, sizeof(text));

	buf_seconds(&seconds, microseconds);
	while (text[seconds.len - 1] == '0')
		seconds.len--;
	if (text[seconds.len - 1] == '.')
		seconds.len--;
	buf_put(b, text, seconds.len);
}

static void
put_label_value(struct buf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			buf_char(b, '\\');
		buf_char(b, *text == '\n' ? ' ' : *text);
	}
}

/* Writes name{label="value"}, with le="…" for a bucket: microseconds; UINT64_MAX: +Inf. */
static void
put_series_name(struct buf *b, const struct metric *m, const char *ending,
		const struct metric_series *s, const uint64_t *le)
{
	char before = '{';

	buf_text(b, m->name);
	buf_text(b, ending);
	for (size_t i = 0; i < METRIC_LABELS_MAX && m->labels[i]; i++, before = ',') {
		buf_printf(b, "%c%s=\"", before, m->labels[i]);
		put_label_value(b, s->values[i] ? s->values[i] : "");
		buf_char(b, '"');
	}
	if (le) {
		buf_printf(b, "%cle=\"", before);
		if (*le == UINT64_MAX)
			buf_text(b, "+Inf");
		else
			put_metric_seconds(b, *le);
		buf_char(b, '"');
		before = ',';
	}
	buf_text(b, before == ',' ? "} " : " ");
}

static uint64_t
count_of(const struct metric_series *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < METRIC_CELLS - 1; i++)
		n += s->cells[i];
	return n;
}

static void
write_histogram(struct buf *b, const struct metric *m, const struct metric_series *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i <= METRIC_BOUNDS; i++) {
		uint64_t le = i < METRIC_BOUNDS ? (uint64_t)m->bounds[i] : UINT64_MAX;

		n += s->cells[i];
		put_series_name(b, m, "_bucket", s, &le);
		buf_printf(b, "%" PRIu64 "\n", n);
	}
	put_series_name(b, m, "_sum", s, NULL);
	put_metric_seconds(b, s->cells[METRIC_CELLS - 1]);
	buf_char(b, '\n');
	put_series_name(b, m, "_count", s, NULL);
	buf_printf(b, "%" PRIu64 "\n", n);
}

void
metric_write(struct buf *b, const struct metric *m, const struct metric_series *s)
{
	if (m->type == METRIC_HISTOGRAM) {
		write_histogram(b, m, s);
		return;
	}
	put_series_name(b, m, "", s, NULL);
	buf_printf(b, "%" PRIu64 "\n", m->of ? count_of(s) : s->cells[0]);
}

/* A counter without labels is written even if it was never counted. */
void
metric_write_all(struct buf *b, const struct metric *m)
{
	static const struct metric_series none;
	struct metric_series *series;
	size_t n = metric_read(b->arena, m->of ? m->of : m, false, &series);

	metric_write_head(b, m);
	for (size_t i = 0; i < n; i++)
		metric_write(b, m, &series[i]);
	if (n == 0 && !m->labels[0])
		metric_write(b, m, &none);
}
