/* Statements: named literals; values are parameters. */
#include "tasks_priv.h"

#define COLUMNS                                                                                    \
	"id, owner_id, title, description, status, due_at, completed_at, created_at, updated_at,"  \
	" version"

enum { INSERT, FIND, UPDATE, DELETE_ONE };

/* `completed_at` follows the status; a task that was done before keeps its time. */
const struct query tasks_queries[] = {
	[INSERT] =
	    QUERY("tasks_insert", &task_schema,
		  "INSERT INTO tasks (owner_id, title, description, status, due_at, completed_at)"
		  " VALUES ($1, $2, $3, $4, $5, CASE $4 WHEN 'done' THEN now() END)"
		  " RETURNING " COLUMNS),
	[FIND] = QUERY_READ("tasks_find", &task_schema,
			    "SELECT " COLUMNS " FROM tasks"
			    " WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2)"),
	[UPDATE] = QUERY("tasks_update", &task_schema,
			 "UPDATE tasks SET"
			 " title = CASE WHEN $3 THEN $4 ELSE title END,"
			 " description = CASE WHEN $5 THEN $6 ELSE description END,"
			 " status = CASE WHEN $7 THEN $8 ELSE status END,"
			 " due_at = CASE WHEN $9 THEN $10 ELSE due_at END,"
			 " completed_at = CASE WHEN NOT $7 THEN completed_at"
			 " WHEN $8 = 'done' THEN coalesce(completed_at, now()) END,"
			 " updated_at = now(), version = version + 1"
			 " WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2)"
			 " RETURNING " COLUMNS),
	[DELETE_ONE] = QUERY("tasks_delete", NULL,
			     "DELETE FROM tasks"
			     " WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2)"),
	{ 0 },
};

static const struct list_filter filters[] = {
	{ .sql = "status = $",
	  .field = { .name = "status",
		     .type = TYPE_ENUM,
		     .choices = task_states,
		     .summary = "Only tasks with this status." } },
	{ .sql = "due_at < $",
	  .field = { .name = "due_before",
		     .type = TYPE_TIME,
		     .summary = "Only tasks that are due before this time." } },
	{ .sql = "due_at >= $",
	  .field = { .name = "due_after",
		     .type = TYPE_TIME,
		     .summary = "Only tasks that are due at or after this time." } },
	{ .sql = "owner_id = $", .field = { .type = TYPE_UUID }, .own = true },
	{ 0 },
};

static const struct list_sort sorts[] = {
	{ "created_at", TYPE_TIME },
	{ "due_at", TYPE_TIME, .nullable = true },
	{ "title", TYPE_TEXT },
	{ 0 },
};

const struct list tasks_rows = {
	.name = "tasks",
	.row = &task_schema,
	.columns = COLUMNS,
	.from = "tasks",
	.filters = filters,
	.sorts = sorts,
};

enum error
tasks_insert(struct ctx *c, const char *owner, const struct task *in, struct task *out)
{
	return db_one(c, &tasks_queries[INSERT], out, owner, in->title, in->description, in->status,
		      in->due_at);
}

enum error
tasks_get(struct ctx *c, const char *id, struct task *out)
{
	return db_one(c, &tasks_queries[FIND], out, id, visible_to(c));
}

enum error
tasks_change(struct ctx *c, const char *id, const struct task *in, uint64_t given, struct task *out)
{
	return db_one(c, &tasks_queries[UPDATE], out, id, visible_to(c),
		      p_bool(schema_given(&task_schema, given, "title")), in->title,
		      p_bool(schema_given(&task_schema, given, "description")), in->description,
		      p_bool(schema_given(&task_schema, given, "status")), in->status,
		      p_bool(schema_given(&task_schema, given, "due_at")), in->due_at);
}

enum error
tasks_delete(struct ctx *c, const char *id)
{
	return db_exec_one(c, &tasks_queries[DELETE_ONE], id, visible_to(c));
}
