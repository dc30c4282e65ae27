/* Rules and transactions. No HTTP, no SQL. */
#include "items_priv.h"

enum error
items_list_own(struct ctx *c, struct list_args *args, struct page *out)
{
	list_restrict(args, ITEMS_MINE, c->caller.user_id);
	return db_list(c, args, out);
}

enum error
items_search(struct ctx *c, struct list_args *args, struct page *out)
{
	if (visible_to(c)) {
		args->list = &items_found_own;
		list_restrict(args, ITEMS_FOUND_OF, visible_to(c));
	}
	return db_list(c, args, out);
}

enum error
items_visible(struct ctx *c, const char *id)
{
	struct item item;

	return items_get(c, id, &item);
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
		return items_get(c, id, out);

	return items_change(c, id, in, given, out);
}
