/* The rules. No HTTP, no SQL. */
#include "items_priv.h"

/* Whose rows the caller may touch: NULL is everybody's. */
static const char *
visible_to(const struct ctx *c)
{
	return c->caller.role >= ROLE_ADMIN ? NULL : c->caller.user_id;
}

enum error
items_list(struct ctx *c, struct list_args *args, struct page *out)
{
	list_restrict(args, ITEMS_VISIBLE, visible_to(c));
	return db_list(c, args, out);
}

enum error
items_list_own(struct ctx *c, struct list_args *args, struct page *out)
{
	list_restrict(args, ITEMS_VISIBLE, c->caller.user_id);
	return db_list(c, args, out);
}

enum error
items_get(struct ctx *c, const char *id, struct item *out)
{
	return items_find(c, id, visible_to(c), out);
}

enum error
items_create(struct ctx *c, const struct item *in, struct item *out)
{
	return items_insert(c, c->caller.user_id, in, out);
}

enum error
items_update(struct ctx *c, const char *id, const struct item *in, uint64_t given, struct item *out)
{
	if (!given)
		return items_find(c, id, visible_to(c), out);

	return items_change(c, id, visible_to(c), in, given, out);
}

enum error
items_delete(struct ctx *c, const char *id)
{
	return items_remove(c, id, visible_to(c));
}
