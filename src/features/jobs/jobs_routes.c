/* Routes: HTTP only. Rules are in the service, SQL in the repository. */
#include "jobs_priv.h"

static enum error
start_example(struct request *req)
{
	struct queued_job queued;
	enum error e = jobs_start_example(req->ctx, req->query_record, &queued);

	return respond_record(req, e, &queued);
}

static enum error
show_job(struct request *req)
{
	struct job_row job;
	enum error e = jobs_get(req->ctx, request_path(req, "id"), &job);

	return respond_record(req, e, &job);
}

static enum error
cancel_job(struct request *req)
{
	struct job_row job;
	enum error e = jobs_cancel(req->ctx, request_path(req, "id"), &job);

	return respond_record(req, e, &job);
}

static enum error
retry_job(struct request *req)
{
	struct job_row job;
	enum error e = jobs_retry(req->ctx, request_path(req, "id"), &job);

	return respond_record(req, e, &job);
}

const struct route jobs_routes[] = {
	{ POST, "/jobs/example", start_example, ACCESS_MEMBER, .scope = "jobs:write",
	  .query = &example_schema, .response = &queued_job_schema, .status = 202,
	  .location = "/jobs", .idempotent = true, .errors = { E_RATE_LIMITED },
	  .id = "jobs_start_example", .summary = "Start an example job",
	  .description = "It returns a greeting after `duration` seconds." },
	{ GET, "/jobs", list_rows, ACCESS_VIEWER, .scope = "jobs:read", .list = &jobs_table,
	  .response = &job_schema, .id = "jobs_list", .summary = "List jobs",
	  .description = "Admins get the jobs of all users, other callers their own." },
	{ GET, "/jobs/{id}", show_job, ACCESS_VIEWER, .scope = "jobs:read", .response = &job_schema,
	  .id = "jobs_show", .summary = "Get a job" },
	{ GET, "/jobs/{id}/status", show_job, ACCESS_VIEWER, .scope = "jobs:read",
	  .response = &job_schema, .deprecated = true, .id = "jobs_status",
	  .summary = "Get a job (alias)", .description = "Use `/jobs/{id}`." },
	{ POST, "/jobs/{id}/cancel", cancel_job, ACCESS_MEMBER, .scope = "jobs:write",
	  .response = &job_schema, .status = 202, .errors = { E_CONFLICT }, .id = "jobs_cancel",
	  .summary = "Cancel a job",
	  .description = "A waiting job is cancelled at once; a running job is asked to stop." },
	{ POST, "/jobs/{id}/retry", retry_job, ACCESS_MEMBER, .scope = "jobs:write",
	  .response = &job_schema, .status = 202, .errors = { E_CONFLICT, E_RATE_LIMITED },
	  .id = "jobs_retry", .summary = "Retry a job",
	  .description = "The job must have failed or been cancelled." },
	{ 0 },
};
