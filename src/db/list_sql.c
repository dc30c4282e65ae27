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
#include "list_priv.h"

#include "app/buf.h"
#include "db_priv.h"

enum { SQL_MAX = 64 * 1024 };

struct writer {
	struct buf b;
	const struct list_shape *shape;
	int nfilters; /* parameters that the filters take */
};

/* Returns the number of the limit's parameter, which follows those of filters and cursor. */
static int
limit_number(const struct writer *w)
{
	enum list_mode mode = w->shape->mode;

	return w->nfilters + (mode == LIST_AFTER ? 3 : mode == LIST_AFTER_NULL ? 2 : 1);
}

static void
put_filter(struct writer *w, const char *sql, int number)
{
	for (; *sql; sql++) {
		buf_char(&w->b, *sql);
		if (*sql == '$')
			buf_int(&w->b, number);
	}
}

/* Appends " FROM … WHERE …"; `condition` NULL: only the filters. */
static void
put_source(struct writer *w, const char *condition)
{
	const struct list *list = w->shape->list;
	const char *word = " WHERE ";
	int number = 0;

	buf_printf(&w->b, " FROM %s", list->from);
	for (size_t i = 0; i < LIST_FILTERS_MAX; i++) {
		if (!(w->shape->filters >> i & 1))
			continue;
		buf_printf(&w->b, "%s(", word);
		put_filter(w, list->filters[i].sql, ++number);
		buf_char(&w->b, ')');
		word = " AND ";
	}
	if (condition)
		buf_printf(&w->b, "%s%s", word, condition);
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

	buf_printf(&w->b, "SELECT %s", w->shape->list->columns);
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
	buf_printf(&w->b, "SELECT %s, ", w->shape->list->columns);
	put_total(w);
	put_source(w, NULL);
	put_order(w, w->shape->sort->nullable);
	buf_printf(&w->b, " LIMIT (SELECT $%d::bigint) OFFSET (SELECT $%d::bigint)",
		   limit_number(w), limit_number(w) + 1);
}

const char *
list_sql(struct arena *a, const struct list_shape *shape)
{
	struct writer w = { .b = buf_new(a, SQL_MAX),
			    .shape = shape,
			    .nfilters = __builtin_popcount(shape->filters) };
	const char *sort = shape->sort->name;
	bool nullable = shape->sort->nullable;
	char after = shape->ascending ? '>' : '<';
	const char *values, *nulls = arena_printf(a, "%s IS NULL", sort);

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

	return arena_printf(a, "%s_list:%s%s:%x:%s", shape->list->name, shape->ascending ? "" : "-",
			    shape->sort->name, shape->filters, modes[shape->mode]);
}
