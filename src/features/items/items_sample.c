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

enum error
items_sample(struct ctx *c, FILE *out)
{
	return users_give_samples(c, &items_table, rows, COUNT(rows), out);
}
