/* Routes: HTTP only. Rules are in the service, SQL in the repository. */
#include "sessions_priv.h"

static enum error
list_sessions(struct request *req)
{
	struct page page;
	enum error e = sessions_list(req->ctx, &req->list, &page);

	return respond_page(req, e, &page);
}

static enum error
end_session(struct request *req)
{
	enum error e = sessions_end_own(req->ctx, request_path(req, "id"));

	return respond_empty(req, e);
}

static enum error
end_all_sessions(struct request *req)
{
	enum error e = sessions_end_all_own(req->ctx);

	return respond_empty(req, e);
}

const struct route sessions_routes[] = {
	{ GET, "/auth/sessions", list_sessions, ACCESS_VIEWER, .list = &sessions_table,
	  .response = &session_schema, .id = "sessions_list", .summary = "List sessions",
	  .description = "Lists the caller's sessions that have not ended." },
	{ DELETE, "/auth/sessions/{id}", end_session, ACCESS_VIEWER, .status = 204,
	  .id = "sessions_end", .summary = "End a session" },
	{ POST, "/auth/logout-all", end_all_sessions, ACCESS_VIEWER, .status = 204,
	  .id = "sessions_end_all", .summary = "Sign out everywhere",
	  .description = "Ends all of the caller's sessions, including this one." },
	{ 0 },
};
