/* The job that removes tokens and sessions that are over, so that their tables do not grow
 * for ever. A spent token stays until it would have expired: by it a theft is noticed. */
#include "auth_priv.h"

#include "app/log.h"

enum { BATCH = 1000 };

static enum error
run_clean(struct job *job)
{
	int64_t n = 1, all = 0;
	enum error e;

	while (n) {
		e = job_check(job);
		if (e)
			return e;

		e = auth_remove_old(job->ctx, BATCH, &n);
		if (e)
			return e;

		all += n;
	}
	if (all)
		log_info(job->ctx, "removed %" PRId64 " tokens and sessions that were over", all);
	return OK;
}

static const struct job_kind clean_job = {
	.name = "clean_sessions",
	.text = "Removes tokens and sessions that were over long ago.",
	.run = run_clean,
	.timeout = 600,
	.attempts = 3,
};

const struct job_kind *const auth_jobs[] = { &clean_job, NULL };

const struct cron auth_crons[] = {
	{ .name = "clean_sessions", .at = "41 * * * *", .kind = &clean_job },
	{ 0 },
};
