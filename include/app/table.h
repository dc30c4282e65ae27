/*
 * Tables. A `struct table` names a table of the database, the schema of its rows, and the filters
 * and orders of its list. From these, the core composes the statements that insert, find, update,
 * delete and list rows; the SQL consists only of literals. `migrate autogenerate` compares table and
 * field rows with the database.
 *
 *	const struct table items_table = {
 *		.name = "items", .schema = &item_schema,
 *		.owner = "owner_id", .readers = OWNER_AND_ADMINS,
 *		.filters = filters, .sorts = sorts,
 *	};
 *
 * Columns with these names are special: table_insert() generates `id` (a UUID, the key);
 * `created_at` defaults to the current time; each table_update() sets `updated_at` to the current
 * time and increments `version`.
 */
#ifndef APP_TABLE_H
#define APP_TABLE_H

#include "app/db.h"

/* A filter of a list: a query parameter that selects the rows whose column is equal to its value.
 * The array ends with { 0 }. */
struct list_filter {
	const char *name;     /* the parameter; NULL: only list_restrict() sets the filter */
	const char *summary;  /* one sentence, for OpenAPI */
	const char *column;   /* NULL: the column `name` */
	const char *operator; /* NULL: "=" */
	/* A condition that replaces column and operator. `$` in it stands for the value; .value
	 * describes the parameter. If it is F_REQUIRED, the client must send the value, or
	 * list_restrict() must set it. */
	const char *sql;
	struct field value;
	bool indexed; /* migrate autogenerate makes an index for the filter in the default order */
};

/* A column by which the list can be ordered. The first one, descending, is the default order. The
 * column `id` breaks ties; nulls come last in both directions. The array ends with { 0 }. */
struct list_sort {
	const char *name;
	bool indexed; /* migrate autogenerate makes an index; the default order always has one */
};

/* Who may see a row of a table with an owner. The owner and admins may change it. */
enum readers {
	OWNER_ONLY, /* admins may neither see nor change it */
	OWNER_AND_ADMINS,
	EVERYONE,
};

struct table {
	const char *name;            /* "items": also the prefix of its statements' names */
	const struct schema *schema; /* of a row; each field is a column */
	/* The column of the owner's account (users.id). NULL: every caller may see and change all rows,
	 * as far as the routes allow. */
	const char *owner;
	enum readers readers;
	const char *parent; /* the column of the parent's id in a nested path, or NULL */
	/* The column (SLUG, NOT NULL, UNIQUE) by which {slug} in a path finds a row, or NULL. */
	const char *slug;
	const struct list_filter *filters; /* NULL: none */
	const struct list_sort *sorts;
	bool fixed_order; /* the list has no parameter `sort` */
	bool by_values;   /* of the list, as in struct query */

	/* Columns without a field, which migrate autogenerate leaves alone; ends with NULL. NULL:
	 * none. */
	const char *const *unlisted;

	/* The list selects .columns (NULL: the fields of the schema) from .from (NULL: the table).
	 * With .from, rows can only be listed. */
	const char *columns, *from;
};

/* Inserts a row: the fields of `in` with F_CREATE, F_UPDATE or F_SET, a new id, and the owner (if
 * `in` has none, the caller). A null in a field that is not F_NULLABLE becomes its default. Stores
 * the whole row in `out`, as table_find() and table_update() do. E_CONFLICT if the row violates a
 * unique or foreign key constraint. */
enum error table_insert(struct ctx *, const struct table *, const void *in, void *out) MUST_CHECK;

/* E_NOT_FOUND if there is no such row, or the caller may not see it. */
enum error table_find(struct ctx *, const struct table *, const char *id, void *out) MUST_CHECK;

/* The same by .slug. */
enum error table_find_slug(struct ctx *, const struct table *, const char *slug,
			   void *out) MUST_CHECK;

/* Finds a row and locks it until the transaction ends, for a change that depends on its values.
 * E_NOT_FOUND and E_PRECONDITION_FAILED as in table_update(). */
enum error table_lock(struct ctx *, const struct table *, const char *id, void *out) MUST_CHECK;

/* Sets the fields of `in` that are in `given` and have F_UPDATE or F_SET; without any, only reads
 * the row. E_NOT_FOUND if there is no such row, or the caller may not change it;
 * E_PRECONDITION_FAILED if it has another version than the request demands (If-Match); E_CONFLICT
 * as in table_insert(). */
enum error table_update(struct ctx *, const struct table *, const char *id, const void *in,
			uint64_t given, void *out) MUST_CHECK;

/* Deletes a row. Errors as in table_update(); E_CONFLICT if another row refers to it. */
enum error table_delete(struct ctx *, const struct table *, const char *id) MUST_CHECK;

/* For code that locks the row and changes it with statements of its own: E_PRECONDITION_FAILED if the
 * row has another version than the request demands. */
enum error table_check_version(struct ctx *, const struct schema *, const void *row) MUST_CHECK;

/* Returns "id-version" of the row. */
const char *table_version(struct arena *, const struct schema *, const void *row);

/* For a field of type UUID that refers to a row of `table`: the caller must be able to see it,
 * and its parents. */
#define REFERENCES(table) .visible = table_visible, .references = (table)
enum error table_visible(struct ctx *, const struct field *, const char *id) MUST_CHECK;

/* A value for a field with F_SET: the time of the transaction. */
#define TABLE_NOW "now"

/* Returns a statement of a table; .name is NULL if the table has no field for it. */
enum table_statement {
	TABLE_INSERT,
	TABLE_FIND,
	TABLE_FIND_SLUG,
	TABLE_LOCK,
	TABLE_UPDATE,
	TABLE_DELETE,
	TABLE_STATEMENTS,
};
struct query table_query(struct arena *, const struct table *, enum table_statement);

/* --- lists (doc/API.md, Lists) --- */

enum { LIST_FILTERS_MAX = 16, LIST_LIMIT_MAX = 100, LIST_LIMIT = 20 };
#define LIST_OFFSET_MAX INT64_C(9007199254740991) /* 2^53 - 1: exact as a double */

/* The query parameters of every list, for OpenAPI. */
enum { LIST_PAGING = 3 };
extern const struct field list_paging[LIST_PAGING];

/* Whether the row is not the end of the array. */
static inline bool
list_is_filter(const struct list_filter *f)
{
	return f && (f->name || f->column || f->sql);
}

/* Returns a filter's query parameter. */
struct field list_parameter(const struct table *, const struct list_filter *);

/* The parameters of a request for a page. */
struct list_args {
	const struct table *table;
	int64_t limit, offset;
	const char *cursor; /* as the client sent it; NULL: pagination by offset */
	const struct list_sort *sort;
	bool ascending;
	const char *values[LIST_FILTERS_MAX]; /* one for each filter; NULL: not set */
	const char *owner;  /* only rows of this account; NULL: those that the caller may see */
	const char *parent; /* only rows of this parent; NULL: the list is not nested */
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
enum error list_read(struct ctx *, const struct table *, const struct param *, size_t n,
		     const char *const *others, struct list_args *out) MUST_CHECK;

/* Sets filter number `filter` (its index in .filters), even if the client has set it. */
void list_restrict(struct list_args *, size_t filter, const char *value);

/* Fetches the page into the ctx's arena. E_VALIDATION for a cursor that was not issued for this
 * list, order and filters. */
enum error table_list(struct ctx *, const struct list_args *, struct page *out) MUST_CHECK;

#endif
