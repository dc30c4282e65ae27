/* Counters and histograms in the shared segment, and their text format. */
#include <criterion/criterion.h>

#include "shared/shared_priv.h"

#include <sys/wait.h>

static const int64_t bounds[METRIC_BOUNDS] = { 5000,    100000,  1000000, 2500000,   3000000,
					       4000000, 5000000, 6000000, 7000000,   8000000,
					       9000000, 9100000, 9200000, 3600000000 };
static const struct metric lamps = { .name = "lamps_total",
				     .summary = "Lamps.",
				     .labels = { "colour", "shade" } };
static const struct metric plain = { .name = "plain_total", .summary = "No labels." };
static const struct metric lamp_seconds = {
	.name = "lamp_seconds",
	.summary = "How long.",
	.type = METRIC_HISTOGRAM,
	.labels = { "colour" },
	.bounds = bounds,
};
static const struct metric lit = {
	.name = "lit_total", .summary = "How often.", .labels = { "colour" }, .of = &lamp_seconds
};

static struct arena *arena;

static void
begin(void)
{
	arena = arena_new(64 * 1024 * 1024);
	cr_assert_null(shared_open(NULL, 20));
}

static void
end(void)
{
	arena_free(arena);
}

TestSuite(metrics, .init = begin, .fini = end);

static const char *
written(const struct metric *m)
{
	struct buf b = buf_new(arena, 16 * 1024 * 1024);

	metric_write_all(&b, m);
	return buf_done(&b);
}

static void
expect(const struct metric *m, const char *line)
{
	const char *text = written(m);

	cr_expect_not_null(strstr(text, line), "'%s' is not in:\n%s", line, text);
}

Test(metrics, counts_by_label_values)
{
	metric_add(&lamps, 1, "red", "dark");
	metric_add(&lamps, 2, "red", "light");
	metric_add(&lamps, 3, "red", "dark");
	expect(&lamps, "# HELP lamps_total Lamps.\n# TYPE lamps_total counter\n");
	expect(&lamps, "\nlamps_total{colour=\"red\",shade=\"dark\"} 4\n");
	expect(&lamps, "\nlamps_total{colour=\"red\",shade=\"light\"} 2\n");
}

Test(metrics, a_metric_without_labels_is_always_written)
{
	expect(&plain, "\nplain_total 0\n");
	metric_add(&plain, 7);
	expect(&plain, "\nplain_total 7\n");
	cr_expect_null(strstr(written(&lamps), "\nlamps_total"));
}

Test(metrics, label_values_are_escaped)
{
	metric_add(&lamps, 1, "a \"quoted\" \\ one\n", "");
	expect(&lamps, "\nlamps_total{colour=\"a \\\"quoted\\\" \\\\ one \",shade=\"\"} 1\n");
}

Test(metrics, a_long_value_is_cut)
{
	char value[1000];

	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	metric_add(&lamps, 1, value, value);
	metric_add(&lamps, 1, value, value);
	expect(&lamps, "xxx\",shade=\"\"} 2\n");
}

Test(metrics, a_histogram)
{
	metric_observe(&lamp_seconds, 0, "red");
	metric_observe(&lamp_seconds, 5000, "red");
	metric_observe(&lamp_seconds, 5001, "red");
	metric_observe(&lamp_seconds, 2500000, "red");
	metric_observe(&lamp_seconds, INT64_C(3600000001), "red");
	metric_observe(&lamp_seconds, -5, "red");
	expect(&lamp_seconds, "# TYPE lamp_seconds histogram\n");
	expect(&lamp_seconds, "\nlamp_seconds_bucket{colour=\"red\",le=\"0.005\"} 3\n");
	expect(&lamp_seconds, "\nlamp_seconds_bucket{colour=\"red\",le=\"0.1\"} 4\n");
	expect(&lamp_seconds, "\nlamp_seconds_bucket{colour=\"red\",le=\"2.5\"} 5\n");
	expect(&lamp_seconds, "\nlamp_seconds_bucket{colour=\"red\",le=\"3600\"} 5\n");
	expect(&lamp_seconds, "\nlamp_seconds_bucket{colour=\"red\",le=\"+Inf\"} 6\n");
	expect(&lamp_seconds, "\nlamp_seconds_sum{colour=\"red\"} 3602.510002\n");
	expect(&lamp_seconds, "\nlamp_seconds_count{colour=\"red\"} 6\n");
	expect(&lit, "\nlit_total{colour=\"red\"} 6\n");
}

/* ---- several processes */

static void
count_in_child(unsigned times)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (!shared_slot_take())
			_exit(1);
		for (unsigned i = 0; i < times; i++) {
			char colour[20];

			snprintf(colour, sizeof(colour), "colour %u", i % 100);
			metric_add(&lamps, 1, colour, "dark");
		}
		_exit(0);
	}
}

Test(metrics, many_processes_lose_no_count)
{
	for (int i = 0; i < 10; i++)
		count_in_child(20000);
	for (int i = 0; i < 10; i++) {
		int status;

		wait(&status);
		cr_expect_eq(status, 0);
	}
	for (unsigned i = 0; i < 100; i++) {
		char line[100];

		snprintf(line, sizeof(line),
			 "\nlamps_total{colour=\"colour %u\",shade=\"dark\"} 2000\n", i);
		expect(&lamps, line);
	}
}

/* It dies between the two writes that create a series: the next process completes it. */
Test(metrics, an_incomplete_series_is_completed)
{
	struct measured *all = &shared->measured;
	size_t i = 0;

	metric_add(&plain, 1);
	while (!all->keys[i])
		i++;
	all->series[i].named = false;
	memset(all->series[i].text, 0, sizeof(all->series[i].text));
	expect(&plain, "\nplain_total 0\n");
	metric_add(&plain, 1);
	expect(&plain, "\nplain_total 2\n");
}

Test(metrics, too_many_series_are_not_counted)
{
	struct metric_series *series;
	char colour[20];

	for (unsigned i = 0; i < METRIC_SERIES_MAX + 100; i++) {
		snprintf(colour, sizeof(colour), "%u", i);
		metric_add(&lamps, 1, colour, "dark");
	}
	cr_expect_eq(metric_read(arena, &lamps, false, &series), METRIC_SERIES_MAX);
	metric_add(&plain, 1);
	expect(&plain, "\nplain_total 0\n");
	metric_add(&lamps, 1, "0", "dark");
	expect(&lamps, "\nlamps_total{colour=\"0\",shade=\"dark\"} 2\n");
}

Test(metrics, series_can_be_reset_and_merged)
{
	struct metric_series *series;

	metric_observe(&lamp_seconds, 5000, "red");
	metric_observe(&lamp_seconds, 6000, "red");
	cr_assert_eq(metric_read(arena, &lamp_seconds, true, &series), 1);
	cr_expect_str_eq(series[0].values[0], "red");
	cr_expect_eq(series[0].cells[0], 1);
	cr_expect_eq(series[0].cells[METRIC_CELLS - 1], 11000);
	expect(&lit, "\nlit_total{colour=\"red\"} 0\n");
	metric_merge(&lamp_seconds, &series[0]);
	expect(&lit, "\nlit_total{colour=\"red\"} 2\n");
	expect(&lamp_seconds, "\nlamp_seconds_sum{colour=\"red\"} 0.011\n");
}

Test(metrics, names_are_unique)
{
	for (const struct metric *const *a = metrics; *a; a++) {
		cr_expect((*a)->type != METRIC_HISTOGRAM || (*a)->bounds);
		for (const struct metric *const *b = a + 1; *b; b++)
			cr_expect_str_neq((*a)->name, (*b)->name);
	}
}
