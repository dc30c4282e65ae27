/* Routes: HTTP only. Rules are in the service, SQL in the repository. */
#include "tasks_priv.h"

static enum error
create_task(struct request *req)
{
	struct task task;
	enum error e = tasks_create(req->ctx, req->in, &task);

	return respond_record(req, e, &task);
}

static enum error
show_task(struct request *req)
{
	struct task task;
	enum error e = tasks_get(req->ctx, request_path(req, "id"), &task);

	return respond_record(req, e, &task);
}

static enum error
change_task(struct request *req)
{
	struct task task;
	enum error e = tasks_update(req->ctx, request_path(req, "id"), req->in, req->given, &task);

	return respond_record(req, e, &task);
}

static enum error
replace_task(struct request *req)
{
	struct task task;
	enum error e = tasks_update(req->ctx, request_path(req, "id"), req->in, TASK_WHOLE, &task);

	return respond_record(req, e, &task);
}

static enum error
delete_task(struct request *req)
{
	enum error e = tasks_delete(req->ctx, request_path(req, "id"));

	return respond_empty(req, e);
}

const struct route tasks_routes[] = {
	{ GET, "/tasks", respond_list, ACCESS_VIEWER, .scope = "tasks:read", .list = &tasks_rows,
	  .response = &task_schema, .id = "tasks_list", .summary = "List tasks",
	  .description = "Admins get the tasks of all users, other callers their own." },
	{ POST, "/tasks", create_task, ACCESS_MEMBER, .scope = "tasks:write", .body = &task_schema,
	  .response = &task_schema, .status = 201, .idempotent = true, .id = "tasks_create",
	  .summary = "Create a task" },
	{ GET, "/tasks/{id}", show_task, ACCESS_VIEWER, .scope = "tasks:read",
	  .response = &task_schema, .id = "tasks_show", .summary = "Get a task" },
	{ PATCH, "/tasks/{id}", change_task, ACCESS_MEMBER, .scope = "tasks:write",
	  .body = &task_schema, .response = &task_schema, .id = "tasks_update",
	  .summary = "Update a task",
	  .description = "The body is a JSON merge patch (RFC 7396; the media type may also be "
			 "`application/merge-patch+json`): omitted members are unchanged, null "
			 "clears a nullable member." },
	{ PUT, "/tasks/{id}", replace_task, ACCESS_MEMBER, .scope = "tasks:write",
	  .body = &task_schema, .response = &task_schema, .id = "tasks_replace",
	  .summary = "Replace a task",
	  .description = "Omitted members are reset to their defaults." },
	{ DELETE, "/tasks/{id}", delete_task, ACCESS_MEMBER, .scope = "tasks:write", .status = 204,
	  .errors = { E_CONFLICT }, .id = "tasks_delete", .summary = "Delete a task" },
	{ 0 },
};
