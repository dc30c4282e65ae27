/* Rules and transactions. No HTTP, no SQL. */
#include "jobs_priv.h"

enum error
jobs_get(struct ctx *c, const char *id, struct job_row *out)
{
	return job_find(c, id, visible_to(c), out);
}

enum error
jobs_cancel(struct ctx *c, const char *id, struct job_row *out)
{
	return job_cancel(c, id, visible_to(c), out);
}

enum error
jobs_retry(struct ctx *c, const char *id, struct job_row *out)
{
	return job_retry(c, id, visible_to(c), out);
}

enum error
jobs_start_example(struct ctx *c, const struct example *args, struct queued_job *out)
{
	*out = (struct queued_job) { .task = example_job.name, .status = "queued" };
	return job_enqueue(c, &example_job, args, .owner = c->caller.user_id, .id = &out->job_id);
}
