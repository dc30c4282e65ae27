/*
 * Composes the statements of lists from the literals of their rows.
 *
 * A page has two limits. The inner one is a literal, so that the planner expects few rows and uses
 * the index. The outer one is the requested limit, a parameter. It is wrapped in a SELECT, because
 * with a bare parameter PostgreSQL prefers custom plans, and plans each execution again.
 *
 * A row comparison cannot continue an index scan after a null. So a page by a nullable column is
 * the union of two index scans: the rows with a value, then those without.
 */
#include "table_priv.h"

#include "app/buf.h"
#include "db_priv.h"

enum { SQL_MAX = 64 * 1024 };

struct writer {
	struct buf b;
	const struct list_shape *shape;
	int nfilters; /* parameters that owner, parent and filters take */
};

/* Returns the number of the limit's parameter, which follows those of filters and cursor. */
static int
limit_number(const struct writer *w)
{
	enum list_mode mode = w->shape->mode;

	return w->nfilters + (mode == LIST_AFTER ? 3 : mode == LIST_AFTER_NULL ? 2 : 1);
}

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
		table_put_columns(&w->b, t->schema);
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
put_order(struct writer *w, bool nulls)
{
	const char *direction = w->shape->ascending ? "" : " DESC";

	buf_printf(&w->b, " ORDER BY %s%s%s, id%s", w->shape->sort->name, direction,
		   nulls && !w->shape->ascending ? " NULLS LAST" : "", direction);
}

static void
put_total(struct writer *w)
{
	buf_text(&w->b, "(SELECT count(*)");
	put_source(w, NULL);
	buf_text(&w->b, ") AS " LIST_TOTAL);
}

static bool
has_total(const struct writer *w)
{
	return w->shape->mode == LIST_NEAR || w->shape->mode == LIST_FAR;
}

/* Selects the rows that match the condition: an ordered scan of one range of an index. */
static void
put_rows(struct writer *w, const char *condition)
{
	int max = LIST_LIMIT_MAX + 1 + (has_total(w) ? LIST_NEAR_MAX : 0);

	buf_text(&w->b, "SELECT ");
	put_columns(w);
	put_source(w, condition);
	put_order(w, false);
	buf_printf(&w->b, " LIMIT %d", max);
}

/* Selects at most as many matching rows as the page needs. */
static void
put_union_part(struct writer *w, const char *condition)
{
	int number = limit_number(w);

	buf_text(&w->b, "(SELECT part.* FROM (");
	put_rows(w, condition);
	buf_text(&w->b, ") AS part");
	put_order(w, false);
	if (has_total(w))
		buf_printf(&w->b, " LIMIT (SELECT $%d::bigint + $%d::bigint))", number, number + 1);
	else
		buf_printf(&w->b, " LIMIT (SELECT $%d::bigint))", number);
}

/* Selects a page of the rows that match the first condition, then of those that match the second
 * (NULL: only the first). */
static void
put_page(struct writer *w, const char *first, const char *second)
{
	int number = limit_number(w);

	buf_text(&w->b, "SELECT page.*");
	if (has_total(w)) {
		buf_text(&w->b, ", ");
		put_total(w);
	}
	buf_text(&w->b, " FROM (");
	if (second) {
		put_union_part(w, first);
		buf_text(&w->b, " UNION ALL ");
		put_union_part(w, second);
	} else {
		put_rows(w, first);
	}
	buf_text(&w->b, ") AS page");
	put_order(w, second);
	buf_printf(&w->b, " LIMIT (SELECT $%d::bigint)", number);
	if (has_total(w))
		buf_printf(&w->b, " OFFSET (SELECT $%d::bigint)", number + 1);
}

static void
put_far_page(struct writer *w)
{
	buf_text(&w->b, "SELECT ");
	put_columns(w);
	buf_text(&w->b, ", ");
	put_total(w);
	put_source(w, NULL);
	put_order(w, is_nullable(w->shape));
	buf_printf(&w->b, " LIMIT (SELECT $%d::bigint) OFFSET (SELECT $%d::bigint)",
		   limit_number(w), limit_number(w) + 1);
}

const char *
list_sql(struct arena *a, const void *of)
{
	const struct list_shape *shape = of;
	struct writer w = { .b = buf_new(a, SQL_MAX), .shape = shape };
	const char *sort = shape->sort->name;
	bool nullable = is_nullable(shape);
	char after = shape->ascending ? '>' : '<';
	const char *values, *nulls = arena_printf(a, "%s IS NULL", sort);

	w.nfilters = shape->owner + shape->parent + __builtin_popcount(shape->filters);
	switch (shape->mode) {
	case LIST_NEAR:
		values = arena_printf(a, "%s IS NOT NULL", sort);
		put_page(&w, nullable ? values : NULL, nullable ? nulls : NULL);
		break;
	case LIST_FAR:
		put_far_page(&w);
		break;
	case LIST_AFTER:
		values = arena_printf(a, "(%s, id) %c ($%d, $%d)", sort, after, w.nfilters + 1,
				      w.nfilters + 2);
		put_page(&w, values, nullable ? nulls : NULL);
		break;
	case LIST_AFTER_NULL:
	case LIST_MODES:
		nulls = arena_printf(a, "%s AND id %c $%d", nulls, after, w.nfilters + 1);
		put_page(&w, nulls, NULL);
		break;
	}
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
