/*
 * Lists. A `struct list` in a repository declares the filters and sort orders; the core provides
 * the query parameters, pagination by offset and cursor, the total, and OpenAPI (doc/API.md,
 * Lists). The SQL is composed only from the literals of these rows.
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

/* A filter: `$` in the SQL is the value, as in "status = $". A filter without .field.name is not
 * a query parameter; only list_restrict() sets it. F_REQUIRED: the client must send the
 * parameter; without a name, the service must call list_restrict(). The table ends with { 0 }. */
struct list_filter {
	const char *sql;
	struct field field; /* uses .name, .type, .choices, .min, .max, .flags and .summary */
	bool own; /* always set, to visible_to(): callers see their own rows, admins all */
};

/* A column for `sort`. The first one, descending, is the default order. The column `id` breaks
 * ties; nulls come last in both directions. */
struct list_sort {
	const char *name;
	enum field_type type; /* TYPE_TEXT, _TIME, _DATE, _INT or _DECIMAL */
	bool nullable;
};

enum { LIST_FILTERS_MAX = 16, LIST_LIMIT_MAX = 100, LIST_LIMIT = 20 };
#define LIST_OFFSET_MAX INT64_C(9007199254740991) /* 2^53 - 1: exact as a double */

struct list {
	const char *name; /* "items": the prefix of its statements' names */
	const struct schema *row;
	const char *columns, *from; /* SELECT columns FROM from */
	const struct list_filter *filters;
	const struct list_sort *sorts; /* ends with { 0 } */
	bool fixed_order;              /* no parameter `sort`: always the default order */
	bool by_values;                /* as in struct query */
};

/* The query parameters of every list, for OpenAPI. */
enum { LIST_PAGING = 3 };
extern const struct field list_paging[LIST_PAGING];

/* The parameters of a request for a page. */
struct list_args {
	const struct list *list;
	int64_t limit, offset;
	const char *cursor; /* as the client sent it; NULL: pagination by offset */
	const struct list_sort *sort;
	bool ascending;
	const char *values[LIST_FILTERS_MAX]; /* one for each filter; NULL: not set */
};

struct page {
	struct records items;
	bool by_cursor; /* then `total` and `offset` are not set */
	int64_t total, limit, offset;
	const char *next_cursor; /* NULL on the last page */
};

/* Reads limit, offset, cursor, sort and the filters. E_VALIDATION with all invalid parameters.
 * Skips parameters whose value is NULL or whose name is in `others` (NULL, or NULL-terminated):
 * those that the route reads itself. */
enum error list_read(struct ctx *, const struct list *, const struct param *, size_t n,
		     const char *const *others, struct list_args *out) MUST_CHECK;

/* Sets filter number `filter` (its index in .filters), even if the client has set it. */
void list_restrict(struct list_args *, size_t filter, const char *value);

/* Fetches the page into the ctx's arena. E_VALIDATION for a cursor that was not issued for this
 * list, order and filters. */
enum error db_list(struct ctx *, const struct list_args *, struct page *out) MUST_CHECK;

#endif
