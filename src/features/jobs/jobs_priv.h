/* Shared inside this folder only. */
#ifndef JOBS_PRIV_H
#define JOBS_PRIV_H

#include "jobs.h"

#include "app/job.h"

/* What the job `example` takes. */
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

/* What the caller may see: his own, for admins everybody's. */
enum error jobs_get(struct ctx *, const char *id, struct job_row *out) MUST_CHECK;
enum error jobs_cancel(struct ctx *, const char *id, struct job_row *out) MUST_CHECK;
enum error jobs_retry(struct ctx *, const char *id, struct job_row *out) MUST_CHECK;

enum error jobs_start_example(struct ctx *, const struct example *,
			      struct queued_job *out) MUST_CHECK;

#endif
