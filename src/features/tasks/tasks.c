/* Tasks: field rows, list, feature row. */
#include "tasks_priv.h"

const char *const task_states[] = { "todo", "in_progress", "done", NULL };

static const struct field fields[] = {
	{ UUID(struct task, id), .flags = F_READ, .summary = "Identifier." },
	{ UUID(struct task, owner_id), .flags = F_READ, .summary = "User who owns the task." },
	{ TEXT(struct task, title), .flags = F_RW | F_REQUIRED, .min = 1, .max = 200,
	  .summary = "Title.", .example = "Polish the lamp" },
	{ TEXT(struct task, description), .flags = F_RW | F_NULLABLE, .max = 5000,
	  .summary = "Free text.", .example = "The shade, too." },
	{ ENUM(struct task, status), .flags = F_RW, .choices = task_states, .default_value = "todo",
	  .summary = "Status of the task.", .example = "todo" },
	{ TIME(struct task, due_at), .flags = F_RW | F_NULLABLE, .summary = "Time when it is due.",
	  .example = "2036-11-20T17:00:00.000000Z" },
	{ TIME(struct task, completed_at), .flags = F_READ | F_NULLABLE,
	  .summary = "Time when `status` became `done`; otherwise null." },
	{ TIME(struct task, created_at), .flags = F_READ, .summary = "Time of creation." },
	{ TIME(struct task, updated_at), .flags = F_READ, .summary = "Time of the last change." },
	{ INT(struct task, version) },
};

const struct schema task_schema = SCHEMA("Task", struct task, fields);

static const struct list *const lists[] = { &tasks_rows, NULL };

const struct feature tasks_feature = {
	.name = "tasks",
	.tag = "Tasks",
	.summary = "To-do lists of users.",
	.routes = tasks_routes,
	.queries = tasks_queries,
	.lists = lists,
	.sample = tasks_sample,
};
