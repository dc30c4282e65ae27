/* Tasks to try the API with, for the sample accounts. */
#include "tasks_priv.h"

#include "features/users/users.h"

static const struct task rows[] = {
	{ .title = "Polish the lamp", .description = "The shade, too.", .status = "done" },
	{ .title = "Wax the drawer", .status = "in_progress", .due_at = "2036-11-20T17:00:00Z" },
	{ .title = "Sell the shelf", .status = "todo", .due_at = "2036-12-01T09:00:00Z" },
	{ .title = "Learn to type", .status = "todo" },
};

/* What an admin sees is everybody's: an id of his own tells whether he has some. */
static enum error
count_own(struct ctx *c, int64_t *n)
{
	struct list_args args;
	struct page page;
	enum error e;

	e = list_read(c, &tasks_rows, NULL, 0, NULL, &args);
	if (e)
		return e;

	e = tasks_list(c, &args, &page);
	*n = e ? 0 : page.total;
	return e;
}

/* One that has tasks keeps what it has. */
static enum error
fill(struct ctx *c, const char *email, FILE *out)
{
	struct task task;
	int64_t n;
	enum error e;

	e = count_own(c, &n);
	if (e)
		return e;

	if (n > 0) {
		fprintf(out, "tasks: %s has %" PRId64 " already\n", email, n);
		return OK;
	}
	for (size_t i = 0; i < COUNT(rows) && !e; i++)
		e = tasks_create(c, &rows[i], &task);
	if (!e)
		fprintf(out, "tasks: made %zu for %s\n", COUNT(rows), email);
	return e;
}

enum error
tasks_sample(struct ctx *c, FILE *out)
{
	return users_as_samples(c, fill, out);
}
