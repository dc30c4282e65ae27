/* Generates the statements of a list. */
#include "list_statements.h"

#include "db/table_priv.h"

static enum error
each_mode(struct ctx *c, struct list_shape *shape,
	  enum error (*each)(struct ctx *, const char *name, const char *sql))
{
	enum error e = OK;

	for (int mode = 0; mode < LIST_MODES && !e; mode++) {
		shape->mode = (enum list_mode)mode;
		if (mode == LIST_AFTER_NULL &&
		    !(list_sort_field(shape->table, shape->sort)->flags & F_NULLABLE))
			continue;
		e = each(c, list_name(c->arena, shape), list_sql(c->arena, shape));
	}
	return e;
}

static enum error
each_order(struct ctx *c, struct list_shape *shape,
	   enum error (*each)(struct ctx *, const char *name, const char *sql))
{
	enum error e = OK;

	for (shape->sort = shape->table->sorts; shape->sort->name; shape->sort++)
		for (int up = 0; up < 2 && !e; up++) {
			shape->ascending = up;
			e = each_mode(c, shape, each);
		}
	return e;
}

enum error
list_statements(struct ctx *c, const struct table *table,
		enum error (*each)(struct ctx *, const char *name, const char *sql))
{
	struct list_shape shape = { .table = table };
	uint32_t all = 1, required = 0;
	enum error e = OK;

	for (const struct list_filter *f = table->filters; list_is_filter(f); f++, all <<= 1)
		required |= f->value.flags & F_REQUIRED ? all : 0;
	for (shape.filters = required; shape.filters < all && !e;
	     shape.filters = (shape.filters + 1) | required)
		if (__builtin_popcount(shape.filters) <= 2 || shape.filters == all - 1)
			e = each_order(c, &shape, each);
	return e;
}
