/* The job that removes the answers of yesterday's keys, and what this feature plugs into the
 * application. */
#include "replays.h"

#include "app/job.h"
#include "app/replay.h"

enum { BATCH = 5000 };

static enum error
run_clean(struct job *job)
{
	int64_t n;
	enum error e;

	do {
		e = job_check(job);
		if (!e)
			e = replay_clean(job->ctx, BATCH, &n);
	} while (!e && n == BATCH);
	return e;
}

static const struct job_kind clean_job = {
	.name = "clean_replays",
	.text = "Removes the answers of keys that are older than a day.",
	.run = run_clean,
	.timeout = 600,
	.attempts = 3,
};

static const struct job_kind *const jobs[] = { &clean_job, NULL };
static const struct cron crons[] = {
	{ .name = "clean_replays", .at = "29 * * * *", .kind = &clean_job },
	{ 0 },
};

const struct feature replays_feature = {
	.name = "replays",
	.text = "Answers that are kept for who repeats a request.",
	.queries = replay_queries,
	.jobs = jobs,
	.crons = crons,
};
