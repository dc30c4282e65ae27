/*
 * Puts the statements of lists together, from the literals of their rows alone.
 *
 * A page has two limits: the largest that there is, as a literal, by which the planner
 * sees that it is a matter of a few rows and takes the index whatever comes in; and around
 * it the one that was asked for, as a parameter.
 *
 * PostgreSQL cannot go on in an index behind a null. So a page of a column that may be null
 * is made of two parts, each of which it can: the rows with a value, then those without.
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

/* Numbers of the parameters behind those of the filters. */
static int
limit_number(const struct writer *w)
{
	static const int position[LIST_MODES] = { [LIST_AFTER] = 2, [LIST_AFTER_NULL] = 1 };

	return w->nfilters + position[w->shape->mode] + 1;
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

/* " FROM … WHERE …"; `condition` NULL: the filters alone. */
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
	return w->shape->mode == LIST_FIRST || w->shape->mode == LIST_OFFSET;
}

/* The rows that fit the condition: an ordered scan of one range of an index. */
static void
put_part(struct writer *w, const char *condition, bool total)
{
	buf_text(&w->b, "SELECT part.*");
	if (total) {
		buf_text(&w->b, ", ");
		put_total(w);
	}
	buf_printf(&w->b, " FROM (SELECT %s", w->shape->list->columns);
	put_source(w, condition);
	put_order(w, false);
	buf_printf(&w->b, " LIMIT %d) AS part", LIST_LIMIT_MAX + 1);
	put_order(w, false);
	buf_printf(&w->b, " LIMIT $%d", limit_number(w));
}

/* The rows with a value, then those without. */
static void
put_two_parts(struct writer *w, const char *values, const char *nulls)
{
	buf_text(&w->b, "SELECT page.*");
	if (has_total(w)) {
		buf_text(&w->b, ", ");
		put_total(w);
	}
	buf_text(&w->b, " FROM ((");
	put_part(w, values, false);
	buf_text(&w->b, ") UNION ALL (");
	put_part(w, nulls, false);
	buf_text(&w->b, ")) AS page");
	put_order(w, true);
	buf_printf(&w->b, " LIMIT $%d", limit_number(w));
}

static void
put_offset(struct writer *w)
{
	buf_printf(&w->b, "SELECT part.*, ");
	put_total(w);
	buf_printf(&w->b, " FROM (SELECT %s", w->shape->list->columns);
	put_source(w, NULL);
	put_order(w, w->shape->sort->nullable);
	buf_printf(&w->b, " LIMIT $%d OFFSET $%d) AS part", limit_number(w), limit_number(w) + 1);
	put_order(w, w->shape->sort->nullable);
}

const char *
list_sql(struct arena *a, const struct list_shape *shape)
{
	struct writer w = { .b = buf_new(a, SQL_MAX),
			    .shape = shape,
			    .nfilters = __builtin_popcount(shape->filters) };
	const char *sort = shape->sort->name;
	char after = shape->ascending ? '>' : '<';
	const char *values, *nulls = arena_printf(a, "%s IS NULL", sort);

	switch (shape->mode) {
	case LIST_FIRST:
		values = arena_printf(a, "%s IS NOT NULL", sort);
		if (shape->sort->nullable)
			put_two_parts(&w, values, nulls);
		else
			put_part(&w, NULL, true);
		break;
	case LIST_AFTER:
		values = arena_printf(a, "(%s, id) %c ($%d, $%d)", sort, after, w.nfilters + 1,
				      w.nfilters + 2);
		if (shape->sort->nullable)
			put_two_parts(&w, values, nulls);
		else
			put_part(&w, values, false);
		break;
	case LIST_AFTER_NULL:
		nulls = arena_printf(a, "%s AND id %c $%d", nulls, after, w.nfilters + 1);
		put_part(&w, nulls, false);
		break;
	case LIST_OFFSET:
		put_offset(&w);
		break;
	case LIST_COUNT:
	case LIST_MODES:
		buf_text(&w.b, "SELECT ");
		put_total(&w);
		break;
	}
	return buf_done(&w.b);
}

const char *
list_name(struct arena *a, const struct list_shape *shape)
{
	static const char *const modes[] = {
		[LIST_FIRST] = "first",           [LIST_OFFSET] = "offset", [LIST_AFTER] = "after",
		[LIST_AFTER_NULL] = "after_null", [LIST_COUNT] = "count",
	};

	return arena_printf(a, "%s_list:%s%s:%x:%s", shape->list->name, shape->ascending ? "" : "-",
			    shape->sort->name, shape->filters, modes[shape->mode]);
}
