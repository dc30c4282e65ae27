/* The tasks of this feature. */
#include "jobs_priv.h"

#include "app/log.h"

enum { STEPS_EACH_SECOND = 10 };

/* Sleeps in steps and reports its progress: an example of a long job. */
static enum error
run_example(struct job *job)
{
	const struct example *args = job->args;
	struct greeting greeting = { .slept = args->duration };
	int64_t steps = args->duration * STEPS_EACH_SECOND;
	enum error e;

	for (int64_t i = 0; i < steps; i++) {
		e = job_progress(job, (int)(100 * i / steps));
		if (e)
			return e;

		e = job_sleep(job, 1000 / STEPS_EACH_SECOND);
		if (e)
			return e;
	}

	greeting.message = arena_printf(job->ctx->arena, "Hello, %s!", args->name);
	job_result(job, &greeting_schema, &greeting);
	return OK;
}

const struct job_task example_job = {
	.name = "example",
	.summary = "Writes a greeting after a delay.",
	.args = &example_schema,
	.run = run_example,
	.timeout = 120,
	.max_attempts = 3,
};

static enum error
run_prune(struct job *job)
{
	struct pruned pruned;
	enum error e;

	e = job_prune(job->ctx, 0, &pruned.removed);
	if (e)
		return e;

	if (pruned.removed)
		log_info(job->ctx, "removed %" PRId64 " old jobs", pruned.removed);
	job_result(job, &pruned_schema, &pruned);
	return OK;
}

const struct job_task prune_job = {
	.name = "prune_jobs",
	.summary = "Removes jobs that ended long ago.",
	.run = run_prune,
	.timeout = 600,
	.max_attempts = 3,
};
