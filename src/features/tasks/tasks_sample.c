/* Sample tasks for the sample accounts. */
#include "tasks_priv.h"

#include "features/users/users.h"

static const struct task rows[] = {
	{ .title = "Polish the lamp",
	  .description = "The shade, too.",
	  .status = "done",
	  .completed_at = TABLE_NOW },
	{ .title = "Wax the drawer", .status = "in_progress", .due_at = "2036-11-20T17:00:00Z" },
	{ .title = "Sell the shelf", .status = "todo", .due_at = "2036-12-01T09:00:00Z" },
	{ .title = "Learn to type", .status = "todo" },
};

enum error
tasks_sample(struct ctx *c, FILE *out)
{
	return users_give_samples(c, &tasks_table, rows, COUNT(rows), out);
}
