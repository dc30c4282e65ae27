/* Routes: HTTP only. Rules are in the service. */
#include "tasks_priv.h"

static enum error
create_task(struct request *req)
{
	struct task task;
	enum error e = tasks_create(req->ctx, req->in, &task);

	return respond_record(req, e, &task);
}

static enum error
update_task(struct request *req)
{
	struct task task;
	enum error e = tasks_update(req->ctx, request_path(req, "id"), req->in, req->given, &task);

	return respond_record(req, e, &task);
}

const struct route tasks_routes[] = {
	{ GET, "/tasks", list_rows, ACCESS_VIEWER, .scope = "tasks:read", .list = &tasks_table,
	  .response = &task_schema, .id = "tasks_list", .summary = "List tasks",
	  .description = "Admins get the tasks of all users, other callers their own." },
	{ POST, "/tasks", create_task, ACCESS_MEMBER, .scope = "tasks:write", .body = &task_schema,
	  .response = &task_schema, .status = 201, .idempotent = true, .id = "tasks_create",
	  .summary = "Create a task" },
	{ GET, "/tasks/{id}", show_row, ACCESS_VIEWER, .scope = "tasks:read", .table = &tasks_table,
	  .response = &task_schema, .id = "tasks_show", .summary = "Get a task" },
	{ PATCH, "/tasks/{id}", update_task, ACCESS_MEMBER, .scope = "tasks:write",
	  .body = &task_schema, .response = &task_schema, .id = "tasks_update",
	  .summary = "Update a task",
	  .description = "The body is a JSON merge patch (RFC 7396; the media type may also be "
			 "`application/merge-patch+json`): omitted members are unchanged, null "
			 "clears a nullable member." },
	{ PUT, "/tasks/{id}", update_task, ACCESS_MEMBER, .scope = "tasks:write",
	  .body = &task_schema, .response = &task_schema, .id = "tasks_replace",
	  .summary = "Replace a task",
	  .description = "Omitted members are reset to their defaults." },
	{ DELETE, "/tasks/{id}", delete_row, ACCESS_MEMBER, .scope = "tasks:write",
	  .table = &tasks_table, .status = 204, .errors = { E_CONFLICT }, .id = "tasks_delete",
	  .summary = "Delete a task" },
	{ 0 },
};
