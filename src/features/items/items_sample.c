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

	e = items_list_own(c, &args, &page);
	*n = e ? 0 : page.total;
	return e;
}

/* Acts as that account; one that has items keeps what it has. */
static enum error
fill(struct ctx *c, const struct user *user, FILE *out)
{
	struct item item;
	int64_t n;
	enum error e;

	c->caller = (struct caller) { .user_id = user->id, .role = role_parse(user->role) };
	e = count_own(c, &n);
	if (!e && n > 0)
		fprintf(out, "items: %s has %" PRId64 " already\n", user->email, n);
	for (size_t i = 0; i < COUNT(rows) && !e && n == 0; i++)
		e = items_create(c, &rows[i], &item);
	if (!e && n == 0)
		fprintf(out, "items: made %zu for %s\n", COUNT(rows), user->email);
	c->caller = (struct caller) { 0 };
	return e;
}

enum error
items_sample(struct ctx *c, FILE *out)
{
	struct user user;
	enum error e = OK;

	for (const char *const *email = users_samples; *email && !e; email++) {
		e = users_get_by_email(c, *email, &user);
		if (!e)
			e = fill(c, &user, out);
	}
	return e;
}
