/* The audit log over HTTP: records refusals and lists events. */
#include "audit_priv.h"

#include "app/log.h"

/* Called by the pipeline after a refusal. The response is complete; a failure to write the event
 * must not change it. */
void
audit_refused(struct request *req, enum error e)
{
	struct ctx *c = req->ctx;
	struct failure failure = c->failure;
	struct audit_event event = {
		.action = e == E_RATE_LIMITED ? AUDIT_RATE_LIMIT_EXCEEDED : AUDIT_AUTHZ_FAIL,
		.failed = true,
		.target = req->path,
		.detail =
		    audit_detail(c, "method", req->method_text, "route", c->route, "code",
				 error_info(e)->code, "api_key_id", c->caller.api_key_id, NULL),
	};

	if (audit_write(c, &event))
		log_error(c, "a refusal could not be written to the audit log");
	c->failure = failure;
}

const struct route audit_routes[] = {
	{ GET, "/audit", list_rows, ACCESS_ADMIN, .list = &audit_table, .response = &audit_schema,
	  .id = "audit_list", .summary = "List security events", .description = "Newest first." },
	{ 0 },
};
