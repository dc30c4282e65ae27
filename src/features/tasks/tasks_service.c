/* Rules and transactions. No HTTP, no SQL. */
#include "tasks_priv.h"

static bool
is_done(const struct task *task)
{
	return strcmp(task->status, "done") == 0;
}

enum error
tasks_create(struct ctx *c, const struct task *in, struct task *out)
{
	struct task task = *in;

	if (is_done(in))
		task.completed_at = TABLE_NOW;
	return table_insert(c, &tasks_table, &task, out);
}

/* A task that was done before keeps its time. The row is locked, so that it is still done. */
static enum error
update_status(struct ctx *c, const char *id, const struct task *in, uint64_t given,
	      struct task *out)
{
	struct task task = *in;
	enum error e;

	e = table_lock(c, &tasks_table, id, out);
	if (e)
		return e;

	if (is_done(in))
		task.completed_at = out->completed_at ? out->completed_at : TABLE_NOW;
	given |= GIVEN(&task_schema, struct task, completed_at);
	return table_update(c, &tasks_table, id, &task, given, out);
}

enum error
tasks_update(struct ctx *c, const char *id, const struct task *in, uint64_t given, struct task *out)
{
	enum error e;

	if (!(given & GIVEN(&task_schema, struct task, status)))
		return table_update(c, &tasks_table, id, in, given, out);

	e = db_begin(c);
	if (!e)
		e = update_status(c, id, in, given, out);
	return db_finish(c, e);
}
