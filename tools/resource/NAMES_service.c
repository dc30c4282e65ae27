/* Rules and transactions. No HTTP, no SQL. */
#include "@names@_priv.h"

enum error
@names@_visible(struct ctx *c, const char *id)
{
	struct @name@ @name@;

	return @names@_get(c, id, &@name@);
}

enum error
@names@_create(struct ctx *c, const struct @name@ *in, struct @name@ *out)
{
	return @names@_insert(c, c->caller.user_id, in, out);
}

enum error
@names@_update(struct ctx *c, const char *id, const struct @name@ *in, uint64_t given,
	     struct @name@ *out)
{
	if (!given)
		return @names@_get(c, id, out);

	return @names@_change(c, id, in, given, out);
}
