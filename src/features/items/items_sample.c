/* Items to try the API with, for the sample accounts. */
#include "items_priv.h"

#include "features/users/users.h"

static const struct item rows[] = {
	{ .title = "Lamp", .description = "Brass, with a green shade.", .status = "active" },
	{ .title = "Desk", .description = "Oak; one drawer sticks.", .status = "active" },
	{ .title = "Chair", .status = "active" },
	{ .title = "Typewriter", .description = "The ribbon is new.", .status = "draft" },
	{ .title = "Shelf", .description = "Too long for the wall.", .status = "archived" },
};

static enum error
count_own(struct ctx *c, int64_t *n)
{
	struct list_args args;
	struct page page;
	enum error e;

	e = list_read(c, &items_rows, NULL, 0, NULL, &args);
	if (e)
		return e;

	e = items_list(c, &args, &page);
	*n = e ? 0 : page.total;
	return e;
}

/* One that has items keeps what it has. */
static enum error
fill(struct ctx *c, const char *email, FILE *out)
{
	struct item item;
	int64_t n;
	enum error e;

	e = count_own(c, &n);
	if (e)
		return e;

	if (n > 0) {
		fprintf(out, "items: %s has %" PRId64 " already\n", email, n);
		return OK;
	}
	for (size_t i = 0; i < COUNT(rows) && !e; i++)
		e = items_create(c, &rows[i], &item);
	if (!e)
		fprintf(out, "items: made %zu for %s\n", COUNT(rows), email);
	return e;
}

enum error
items_sample(struct ctx *c, FILE *out)
{
	return users_as_samples(c, fill, out);
}
