/* Jobs: field rows of the routes, feature row. */
#include "jobs_priv.h"

enum { ARGUMENT = F_READ | F_CREATE };

static const struct field example_fields[] = {
	{ TEXT(struct example, name), .flags = ARGUMENT | F_REQUIRED, .min = 1, .max = 100,
	  .summary = "Name to greet.", .example = "Ada" },
	{ INT(struct example, duration), .flags = ARGUMENT, .min = 0, .max = 60,
	  .default_value = "5", .summary = "Duration in seconds.", .example = "5" },
};
const struct schema example_schema = SCHEMA("Example", struct example, example_fields);

static const struct field queued_fields[] = {
	{ UUID(struct queued_job, job_id), .flags = F_READ, .summary = "Identifier of the job." },
	{ TEXT(struct queued_job, task), .flags = F_READ, .summary = "Task of the job.",
	  .example = "example" },
	{ TEXT(struct queued_job, status), .flags = F_READ, .summary = "Always `queued`.",
	  .example = "queued" },
};
const struct schema queued_job_schema = SCHEMA("QueuedJob", struct queued_job, queued_fields);

static const struct field greeting_fields[] = {
	{ TEXT(struct greeting, message), .flags = F_READ },
	{ INT(struct greeting, slept), .flags = F_READ },
};
const struct schema greeting_schema = SCHEMA("Greeting", struct greeting, greeting_fields);

static const struct field pruned_fields[] = { { INT(struct pruned, removed), .flags = F_READ } };
const struct schema pruned_schema = SCHEMA("Pruned", struct pruned, pruned_fields);

static const struct table *const tables[] = { &jobs_table, NULL };
static const struct job_task *const tasks[] = { &example_job, &prune_job, NULL };
static const struct cron crons[] = {
	{ .name = "prune_jobs", .at = "17 * * * *", .task = &prune_job },
	{ 0 },
};

const struct feature jobs_feature = {
	.name = "jobs",
	.tag = "Jobs",
	.summary = "Background jobs.",
	.routes = jobs_routes,
	.queries = job_queries,
	.tables = tables,
	.jobs = tasks,
	.crons = crons,
};
