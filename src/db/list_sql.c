/*
 * Composes the statements of lists from the literals of their rows.
 *
 * A page has two limits. The inner one is a literal, so that the planner expects few rows and uses
 * the index. The outer one is the requested limit, a parameter. It is wrapped in a SELECT, because
 * with a bare parameter PostgreSQL prefers custom plans, which it makes for each execution. A page
 * far from the start has no inner limit.
 */
#include "table_priv.h"

#include "app/buf.h"
#include "db_priv.h"

enum { SQL_MAX = 64 * 1024 };

struct writer {
	struct buf b;
	const struct list_shape *shape;
	int nfilters; /* number of parameters for owner, parent and filters */
};

static void
put_condition(struct writer *w, const char *sql, int number)
{
	for (; *sql; sql++) {
		buf_char(&w->b, *sql);
		if (*sql == '$')
			buf_int(&w->b, number);
	}
}

static void
put_filter(struct writer *w, const struct list_filter *f, int number)
{
	if (f->sql) {
		buf_char(&w->b, '(');
		put_condition(w, f->sql, number);
		buf_char(&w->b, ')');
	} else {
		buf_printf(&w->b, "%s %s $%d", f->column ? f->column : f->name,
			   f->operator? f->operator: "=", number);
	}
}

/* Appends " FROM … WHERE …"; `condition` NULL: only the filters. */
static void
put_source(struct writer *w, const char *condition)
{
	const struct list_shape *shape = w->shape;
	const struct table *t = shape->table;
	const char *word = " WHERE ";
	int number = 0;

	buf_printf(&w->b, " FROM %s", t->from ? t->from : t->name);
	if (shape->owner) {
		buf_printf(&w->b, "%s%s = $%d", word, t->owner, ++number);
		word = " AND ";
	}
	if (shape->parent) {
		buf_printf(&w->b, "%s%s = $%d", word, t->parent, ++number);
		word = " AND ";
	}
	for (size_t i = 0; i < LIST_FILTERS_MAX; i++) {
		if (!(shape->filters >> i & 1))
			continue;
		buf_text(&w->b, word);
		put_filter(w, &t->filters[i], ++number);
		word = " AND ";
	}
	if (condition)
		buf_printf(&w->b, "%s%s", word, condition);
}

static void
put_columns(struct writer *w)
{
	const struct table *t = w->shape->table;

	if (t->columns)
		buf_text(&w->b, t->columns);
	else
		table_put_columns(&w->b, t);
}

const struct field *
list_sort_field(const struct table *t, const struct list_sort *sort)
{
	return schema_field(t->schema, sort->name);
}

static bool
is_nullable(const struct list_shape *shape)
{
	return list_sort_field(shape->table, shape->sort)->flags & F_NULLABLE;
}

static void
put_order(struct writer *w)
{
	const struct list_shape *shape = w->shape;
	const char *direction = shape->ascending ? "" : " DESC";

	buf_printf(&w->b, " ORDER BY %s%s%s, id%s", shape->sort->name, direction,
		   is_nullable(shape) && !shape->ascending ? " NULLS LAST" : "", direction);
}

static void
put_total(struct writer *w)
{
	buf_text(&w->b, ", (SELECT count(*)");
	put_source(w, NULL);
	buf_text(&w->b, ") AS " LIST_TOTAL);
}

/* Returns the condition on rows after the cursor, whose parameters follow those of the filters;
 * NULL without a cursor. Null values come last. */
static const char *
cursor_condition(struct writer *w)
{
	const struct list_shape *shape = w->shape;
	const char *sort = shape->sort->name;
	char after = shape->ascending ? '>' : '<';
	int number = w->nfilters + 1;

	if (shape->mode == LIST_AFTER_NULL)
		return arena_printf(w->b.arena, "%s IS NULL AND id %c $%d", sort, after, number);
	if (shape->mode != LIST_AFTER)
		return NULL;
	if (is_nullable(shape))
		return arena_printf(w->b.arena, "((%s, id) %c ($%d, $%d) OR %s IS NULL)", sort,
				    after, number, number + 1, sort);
	return arena_printf(w->b.arena, "(%s, id) %c ($%d, $%d)", sort, after, number, number + 1);
}

/* Selects the rows after the cursor, or all. */
static void
put_rows(struct writer *w, int max)
{
	buf_text(&w->b, "SELECT ");
	put_columns(w);
	put_source(w, cursor_condition(w));
	put_order(w);
	if (max)
		buf_printf(&w->b, " LIMIT %d", max);
}

const char *
list_sql(struct arena *a, const void *of)
{
	static const int inner_limits[] = {
		[LIST_NEAR] = LIST_NEAR_MAX + LIST_LIMIT_MAX + 1,
		[LIST_FAR] = 0,
		[LIST_AFTER] = LIST_LIMIT_MAX + 1,
		[LIST_AFTER_NULL] = LIST_LIMIT_MAX + 1,
	};
	static const int cursor_parameters[] = { [LIST_AFTER] = 2, [LIST_AFTER_NULL] = 1 };

	const struct list_shape *shape = of;
	struct writer w = { .b = buf_new(a, SQL_MAX), .shape = shape };
	bool by_offset = shape->mode == LIST_NEAR || shape->mode == LIST_FAR;
	int limit;

	w.nfilters = shape->owner + shape->parent + __builtin_popcount(shape->filters);
	limit = w.nfilters + 1 + (by_offset ? 0 : cursor_parameters[shape->mode]);
	buf_text(&w.b, "SELECT page.*");
	if (by_offset)
		put_total(&w);
	buf_text(&w.b, " FROM (");
	put_rows(&w, inner_limits[shape->mode]);
	buf_text(&w.b, ") AS page");
	put_order(&w);
	buf_printf(&w.b, " LIMIT (SELECT $%d::bigint)", limit);
	if (by_offset)
		buf_printf(&w.b, " OFFSET (SELECT $%d::bigint)", limit + 1);
	return buf_done(&w.b);
}

const char *
list_name(struct arena *a, const struct list_shape *shape)
{
	static const char *const modes[] = {
		[LIST_NEAR] = "near",
		[LIST_FAR] = "far",
		[LIST_AFTER] = "after",
		[LIST_AFTER_NULL] = "after_null",
	};

	return arena_printf(a, "%s_list:%s%s:%s%s%x:%s", shape->table->name,
			    shape->ascending ? "" : "-", shape->sort->name,
			    shape->owner ? "own:" : "", shape->parent ? "of:" : "", shape->filters,
			    modes[shape->mode]);
}
