/* Rules and transactions. No HTTP, no SQL. */
#include "tasks_priv.h"

enum error
tasks_visible(struct ctx *c, const char *id)
{
	struct task task;

	return tasks_get(c, id, &task);
}

enum error
tasks_create(struct ctx *c, const struct task *in, struct task *out)
{
	return tasks_insert(c, c->caller.user_id, in, out);
}

enum error
tasks_update(struct ctx *c, const char *id, const struct task *in, uint64_t given, struct task *out)
{
	if (!given)
		return tasks_get(c, id, out);

	return tasks_change(c, id, in, given, out);
}
