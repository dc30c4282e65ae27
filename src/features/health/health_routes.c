/* Routes: HTTP only. Rules are in the service. */
#include "health_priv.h"

static enum error
show_live(struct request *req)
{
	static const struct live live = { "ok" };

	return respond_record(req, OK, &live);
}

static enum error
show_health(struct request *req)
{
	struct health health;
	enum error e;

	health_check(req->ctx, &health);
	e = respond_record(req, OK, &health);
	if (e)
		return e;

	if (health.database_cause) {
		req->ctx->failure.cause = health.database_cause;
		req->response.status = 503;
		response_header(req, "Retry-After", "1");
	}
	return OK;
}

static enum error
show_ready(struct request *req)
{
	static const struct live ready = { "ok" };
	struct health health;

	health_check(req->ctx, &health);
	if (health.cause)
		return fail_unavailable(
		    req->ctx, health.cause,
		    "not ready: the database is away or read-only, a migration is pending, or "
		    "the service is stopping; /health shows which");

	return respond_record(req, OK, &ready);
}

const struct route health_routes[] = {
	{ GET, "/health", show_health, ACCESS_PUBLIC, .root = true, .response = &health_schema,
	  .body_on_503 = true, .id = "health", .summary = "Check the service and its dependencies",
	  .description = "503 if the database does not respond." },
	{ GET, "/health/live", show_live, ACCESS_PUBLIC, .root = true, .response = &live_schema,
	  .id = "health_live", .summary = "Check that the process responds",
	  .description = "Checks no dependency." },
	{ GET, "/health/ready", show_ready, ACCESS_PUBLIC, .root = true, .response = &live_schema,
	  .id = "health_ready", .summary = "Check that the service is ready",
	  .description = "It is ready if the database accepts writes, all migrations are applied "
			 "and the service is not stopping." },
	{ 0 },
};
