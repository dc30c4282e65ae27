/* Tasks: field rows, table row, feature row. */
#include "tasks_priv.h"

static const char *const states[] = { "todo", "in_progress", "done", NULL };

static const struct field fields[] = {
	{ UUID(struct task, id), .flags = F_READ, .summary = "Identifier." },
	{ UUID(struct task, owner_id), .flags = F_READ, .summary = "User who owns the task." },
	{ TEXT(struct task, title), .flags = F_RW | F_REQUIRED, .min = 1, .max = 200,
	  .summary = "Title.", .example = "Polish the lamp" },
	{ TEXT(struct task, description), .flags = F_RW | F_NULLABLE, .max = 5000,
	  .summary = "Free text.", .example = "The shade, too." },
	{ ENUM(struct task, status), .flags = F_RW, .choices = states, .default_value = "todo",
	  .summary = "Status of the task.", .example = "todo" },
	{ TIME(struct task, due_at), .flags = F_RW | F_NULLABLE, .summary = "Time when it is due.",
	  .example = "2036-11-20T17:00:00.000000Z" },
	{ TIME(struct task, completed_at), .flags = F_READ | F_SET | F_NULLABLE,
	  .summary = "Time when `status` became `done`; otherwise null." },
	{ TIME(struct task, created_at), .flags = F_READ, .summary = "Time of creation." },
	{ TIME(struct task, updated_at), .flags = F_READ, .summary = "Time of the last change." },
	{ INT(struct task, version) },
};

const struct schema task_schema = SCHEMA("Task", struct task, fields);

static const struct list_filter filters[] = {
	{ "status", "Only tasks with this status." },
	{ "due_before", "Only tasks that are due before this time.", "due_at", "<" },
	{ "due_after", "Only tasks that are due at or after this time.", "due_at", ">=" },
	{ 0 },
};

static const struct list_sort sorts[] = { { "created_at" }, { "due_at" }, { "title" }, { 0 } };

const struct table tasks_table = {
	.name = "tasks",
	.schema = &task_schema,
	.owner = "owner_id",
	.readers = OWNER_AND_ADMINS,
	.filters = filters,
	.sorts = sorts,
};

static const struct table *const tables[] = { &tasks_table, NULL };

const struct feature tasks_feature = {
	.name = "tasks",
	.tag = "Tasks",
	.summary = "To-do lists of users.",
	.routes = tasks_routes,
	.tables = tables,
	.sample = tasks_sample,
};
