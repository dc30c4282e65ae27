/* The job that deletes expired audit events. */
#include "audit_priv.h"

#include "app/log.h"
#include "app/settings.h"

static enum error
run_audit_prune(struct job *job)
{
	int64_t n = 1, all = 0;
	enum error e;

	while (audit_settings.retention_days && n) {
		e = job_check(job);
		if (e)
			return e;

		e = audit_prune_expired(job->ctx, audit_settings.retention_days, &n);
		if (e)
			return e;

		all += n;
	}
	if (all)
		log_info(job->ctx, "removed %" PRId64 " old events from the audit log", all);
	return OK;
}

static const struct job_task audit_prune_job = {
	.name = "forget_audit",
	.summary = "Removes events that the audit log has kept for AUDIT_RETENTION_DAYS.",
	.run = run_audit_prune,
	.timeout = 3600,
	.max_attempts = 3,
};

const struct job_task *const audit_jobs[] = { &audit_prune_job, NULL };

const struct cron audit_crons[] = {
	{ .name = "forget_audit", .at = "23 3 * * *", .task = &audit_prune_job },
	{ 0 },
};
