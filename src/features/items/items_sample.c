/* Sample items for the sample accounts. */
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
make_item(struct ctx *c, size_t i)
{
	struct item item;

	return items_create(c, &rows[i], &item);
}

enum error
items_sample(struct ctx *c, FILE *out)
{
	return users_give_samples(c, &items_rows, COUNT(rows), make_item, out);
}
