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
	  .id = "jobs_start_example",
	  .summary = "Queue a job that returns a greeting after a while; `Location` is its URL." },
	{ GET, "/jobs", respond_list, ACCESS_VIEWER, .scope = "jobs:read", .list = &jobs_rows,
	  .response = &job_schema, .id = "jobs_list",
	  .summary = "List one's own jobs; admins list everybody's." },
	{ GET, "/jobs/{id}", show_job, ACCESS_VIEWER, .scope = "jobs:read", .response = &job_schema,
	  .id = "jobs_show", .summary = "Show a job: how far it is, and what came of it." },
	{ GET, "/jobs/{id}/status", show_job, ACCESS_VIEWER, .scope = "jobs:read",
	  .response = &job_schema, .id = "jobs_status", .summary = "The same." },
	{ POST, "/jobs/{id}/cancel", cancel_job, ACCESS_MEMBER, .scope = "jobs:write",
	  .response = &job_schema, .status = 202, .errors = { E_CONFLICT }, .id = "jobs_cancel",
	  .summary = "Cancel a job: at once while it waits; one that runs is told to stop." },
	{ POST, "/jobs/{id}/retry", retry_job, ACCESS_MEMBER, .scope = "jobs:write",
	  .response = &job_schema, .status = 202, .errors = { E_CONFLICT, E_RATE_LIMITED },
	  .id = "jobs_retry", .summary = "Queue a failed or cancelled job again." },
	{ 0 },
};
