/* The job that prunes stored responses, feature row. */
#include "idempotency_feature.h"

#include "app/job.h"
#include "app/idempotency.h"

enum { BATCH = 5000 };

static enum error
run_idempotency_prune(struct job *job)
{
	int64_t n;
	enum error e;

	do {
		e = job_check(job);
		if (!e)
			e = idempotency_prune(job->ctx, BATCH, &n);
	} while (!e && n == BATCH);
	return e;
}

static const struct job_task idempotency_prune_job = {
	.name = "clean_replays",
	.summary = "Removes stored responses that are older than a day.",
	.run = run_idempotency_prune,
	.timeout = 600,
	.max_attempts = 3,
};

static const struct job_task *const jobs[] = { &idempotency_prune_job, NULL };
static const struct cron crons[] = {
	{ .name = "clean_replays", .at = "29 * * * *", .task = &idempotency_prune_job },
	{ 0 },
};

const struct feature idempotency_feature = {
	.name = "idempotency",
	.queries = idempotency_queries,
	.jobs = jobs,
	.crons = crons,
};
