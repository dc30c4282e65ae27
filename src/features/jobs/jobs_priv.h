/* Private to this folder. */
#ifndef JOBS_PRIV_H
#define JOBS_PRIV_H

#include "jobs.h"

#include "app/job.h"

/* Arguments of the job `example`. */
struct example {
	const char *name;
	int64_t duration; /* seconds */
};

struct queued_job {
	const char *job_id, *task, *status;
};

struct greeting {
	const char *message;
	int64_t slept; /* seconds */
};

struct pruned {
	int64_t removed;
};

extern const struct schema example_schema, queued_job_schema, greeting_schema, pruned_schema;
extern const struct route jobs_routes[];
extern const struct job_task example_job, prune_job;

/* Reads jobs visible to the caller: all for admins, else the caller's own. */
enum error jobs_get(struct ctx *, const char *id, struct job_row *out) MUST_CHECK;
enum error jobs_cancel(struct ctx *, const char *id, struct job_row *out) MUST_CHECK;
enum error jobs_retry(struct ctx *, const char *id, struct job_row *out) MUST_CHECK;

enum error jobs_start_example(struct ctx *, const struct example *,
			      struct queued_job *out) MUST_CHECK;

#endif
