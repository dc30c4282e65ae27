/*
 * Lists: a row in the repository says what may be filtered and sorted, and the core
 * does the rest: parameters, paging by offset or cursor, total, OpenAPI. The SQL is put
 * together from the literals of these rows alone, never from a value.
 *
 *	const struct list items_list = {
 *		.name = "items", .row = &item_schema,
 *		.columns = COLUMNS, .from = "items",
 *		.filters = items_filters, .sorts = items_sorts,
 *	};
 */
#ifndef APP_LIST_H
#define APP_LIST_H

#include "app/db.h"

/* `$` in the SQL stands for the value: "status = $". A row without .name is set by the
 * service alone (list_restrict). One that is F_REQUIRED is always set. Ends with { 0 }. */
struct list_filter {
	const char *sql;
	struct field field; /* name, type, choices, min, max, text */
	bool own; /* always asked for, with visible_to(): one's own rows, for admins all */
};

/* A column that may be sorted by. The first one, descending, is the default order;
 * the column `id` breaks ties; nulls come last in both directions. */
struct list_sort {
	const char *name;
	enum field_type type; /* TYPE_TEXT, _TIME, _DATE, _INT or _DECIMAL */
	bool nullable;
};

enum { LIST_FILTERS_MAX = 16, LIST_LIMIT_MAX = 100, LIST_LIMIT = 20 };
#define LIST_OFFSET_MAX INT64_C(9007199254740991) /* exact in every JSON reader */

struct list {
	const char *name; /* "items": names its statements */
	const struct schema *row;
	const char *columns, *from; /* SELECT columns FROM from */
	const struct list_filter *filters;
	const struct list_sort *sorts; /* ends with { 0 } */
	bool fixed_order;              /* the client cannot choose: no parameter `sort` */
	bool by_values;                /* as in struct query */
};

/* The parameters that every list has, for OpenAPI. */
enum { LIST_PAGING = 3 };
extern const struct field list_paging[LIST_PAGING];

/* What a request asks of a list. */
struct list_args {
	const struct list *list;
	int64_t limit, offset;
	const char *cursor; /* as the client sent it, or NULL: by offset */
	const struct list_sort *sort;
	bool ascending;
	const char *values[LIST_FILTERS_MAX]; /* one for each filter row; NULL: not asked for */
};

struct page {
	struct records items;
	bool by_cursor; /* then total and offset mean nothing */
	int64_t total, limit, offset;
	const char *next_cursor; /* NULL on the last page */
};

/* Reads limit, offset, cursor, sort and the filters. E_VALIDATION with every bad one.
 * `others` are names that the route reads itself (NULL-terminated, or NULL); what has no value
 * (NULL) is passed over too. */
enum error list_read(struct ctx *, const struct list *, const struct param *, size_t n,
		     const char *const *others, struct list_args *out) MUST_CHECK;

/* Sets filter row number `filter` whatever the client asked. */
void list_restrict(struct list_args *, size_t filter, const char *value);

/* Fetches the page. A cursor that was not issued for this list, order and filters is
 * E_VALIDATION. */
enum error db_list(struct ctx *, const struct list_args *, struct page *out) MUST_CHECK;

#endif
