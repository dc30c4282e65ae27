/* The schemas of jobs and queues, for the API and the command line. */
#include "job_priv.h"

const char *const job_statuses[] = { "queued", "scheduled", "running", "succeeded",
				     "failed", "cancelled", NULL };

static const struct field job_fields[] = {
	{ UUID(struct job_row, id), .flags = F_READ, .summary = "Identifier." },
	{ UUID(struct job_row, job_id), .flags = F_READ, .summary = "Same as `id`." },
	{ TEXT(struct job_row, task), .flags = F_READ, .summary = "Task of the job.",
	  .example = "example" },
	{ ENUM(struct job_row, status), .flags = F_READ, .choices = job_statuses,
	  .summary = "Status; `scheduled`: it waits for `run_at`.", .example = "running" },
	{ INT(struct job_row, progress), .flags = F_READ, .max = 100,
	  .summary = "Progress in percent.", .example = "40" },
	{ JSON(struct job_row, result), .flags = F_READ | F_NULLABLE,
	  .summary = "Result of the task: any JSON." },
	{ TEXT(struct job_row, error), .flags = F_READ | F_NULLABLE,
	  .summary = "Error of the last attempt.", .example = "its worker was lost" },
	{ INT(struct job_row, attempts), .flags = F_READ, .summary = "Attempts so far.",
	  .example = "1" },
	{ INT(struct job_row, max_attempts), .flags = F_READ,
	  .summary = "Maximum number of attempts.", .example = "10" },
	{ TIME(struct job_row, queued_at), .flags = F_READ, .summary = "Time of creation." },
	{ TIME(struct job_row, run_at), .flags = F_READ,
	  .summary = "Earliest time of the next attempt." },
	{ TIME(struct job_row, started_at), .flags = F_READ | F_NULLABLE,
	  .summary = "Start of the last attempt." },
	{ TIME(struct job_row, finished_at), .flags = F_READ | F_NULLABLE,
	  .summary = "Time when it finished." },
	{ UUID(struct job_row, owner_id), .flags = F_NULLABLE },
	{ TEXT(struct job_row, queue) },
	{ TEXT(struct job_row, args) },
	{ TEXT(struct job_row, errors) },
	{ TEXT(struct job_row, request_id), .flags = F_NULLABLE },
	{ INT(struct job_row, priority) },
	{ BOOL(struct job_row, stopping) },
};
const struct schema job_schema = SCHEMA("Job", struct job_row, job_fields);

static const struct field queue_fields[] = {
	{ TEXT(struct job_queue, queue), .flags = F_READ },
	{ BOOL(struct job_queue, paused), .flags = F_READ },
	{ INT(struct job_queue, queued), .flags = F_READ },
	{ INT(struct job_queue, scheduled), .flags = F_READ },
	{ INT(struct job_queue, running), .flags = F_READ },
	{ INT(struct job_queue, succeeded), .flags = F_READ },
	{ INT(struct job_queue, failed), .flags = F_READ },
	{ INT(struct job_queue, cancelled), .flags = F_READ },
	{ INT(struct job_queue, oldest), .flags = F_READ },
};
const struct schema job_queue_schema = SCHEMA("JobQueue", struct job_queue, queue_fields);
