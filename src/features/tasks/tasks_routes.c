/* HTTP in, HTTP out. No rules, no SQL. */
#include "tasks_priv.h"

static enum error
create_task(struct request *req)
{
	struct task task;
	enum error e = tasks_create(req->ctx, req->in, &task);

	return reply_record(req, e, &task);
}

static enum error
show_task(struct request *req)
{
	struct task task;
	enum error e = tasks_get(req->ctx, request_path(req, "id"), &task);

	return reply_record(req, e, &task);
}

static enum error
change_task(struct request *req)
{
	struct task task;
	enum error e = tasks_update(req->ctx, request_path(req, "id"), req->in, req->given, &task);

	return reply_record(req, e, &task);
}

static enum error
replace_task(struct request *req)
{
	struct task task;
	enum error e = tasks_update(req->ctx, request_path(req, "id"), req->in, TASK_WHOLE, &task);

	return reply_record(req, e, &task);
}

static enum error
delete_task(struct request *req)
{
	enum error e = tasks_delete(req->ctx, request_path(req, "id"));

	return reply_empty(req, e);
}

const struct route tasks_routes[] = {
	{ GET, "/tasks", reply_list, ACCESS_VIEWER, .scope = "tasks:read", .list = &tasks_rows,
	  .reply = &task_schema, .id = "tasks_list",
	  .text = "List one's own tasks; admins list everybody's." },
	{ POST, "/tasks", create_task, ACCESS_MEMBER, .scope = "tasks:write", .body = &task_schema,
	  .reply = &task_schema, .status = 201, .idempotent = true, .id = "tasks_create",
	  .text = "Create a task." },
	{ GET, "/tasks/{id}", show_task, ACCESS_VIEWER, .scope = "tasks:read",
	  .reply = &task_schema, .id = "tasks_show", .text = "Show a task." },
	{ PATCH, "/tasks/{id}", change_task, ACCESS_MEMBER, .scope = "tasks:write",
	  .body = &task_schema, .reply = &task_schema, .id = "tasks_update",
	  .text = "Change what is named, by JSON merge patch (RFC 7396)." },
	{ PUT, "/tasks/{id}", replace_task, ACCESS_MEMBER, .scope = "tasks:write",
	  .body = &task_schema, .reply = &task_schema, .id = "tasks_replace",
	  .text = "Replace a task: what is not named goes back to its default." },
	{ DELETE, "/tasks/{id}", delete_task, ACCESS_MEMBER, .scope = "tasks:write", .status = 204,
	  .errors = { E_CONFLICT }, .id = "tasks_delete", .text = "Delete a task." },
	{ 0 },
};
