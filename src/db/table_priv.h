/* Internal interfaces of tables and lists. */
#ifndef APP_TABLE_PRIV_H
#define APP_TABLE_PRIV_H

#include "app/table.h"

/* Appends the names of the columns: "id, title". */
void table_put_columns(struct buf *, const struct table *);

/* Returns the owner whose rows the caller may see; NULL: all rows. */
const char *table_visible_to(const struct ctx *, const struct table *);

/* Parameters of a statement, in their order. */
enum { TABLE_PARAMS_MAX = 3 + 2 * 64 };
struct table_params {
	const char *at[1 + TABLE_PARAMS_MAX]; /* [0] is not used */
	int n;
};

static inline void
table_param(struct table_params *p, const char *value)
{
	p->at[++p->n] = value;
}

enum list_mode {
	LIST_NEAR,       /* by an offset up to LIST_NEAR_MAX, with the total */
	LIST_FAR,        /* by a larger offset, with the total */
	LIST_AFTER,      /* the rows after a cursor */
	LIST_AFTER_NULL, /* the rows after a cursor whose sort column is null */
	LIST_MODES,
};

enum { LIST_NEAR_MAX = 1000 }; /* largest offset of LIST_NEAR */

/* What determines the text of a list's statement. */
struct list_shape {
	const struct table *table;
	const struct list_sort *sort;
	bool ascending;
	bool owner, parent; /* only rows of one owner, of one parent */
	uint32_t filters;   /* a bit for each filter that is set */
	enum list_mode mode;
};

/* list_sql.c: name and text of a shape's statement. Its parameters, in order: owner, parent and the
 * filters that are set; for LIST_AFTER the value and the id of the cursor, for LIST_AFTER_NULL its
 * id; the limit; for LIST_NEAR and LIST_FAR the offset. */
const char *list_name(struct arena *, const struct list_shape *);
const char *list_sql(struct arena *, const void *shape);

/* The field of the column that the order sorts by. */
const struct field *list_sort_field(const struct table *, const struct list_sort *);

/* The row before a page. */
struct list_position {
	const char *id;
	const char *value; /* of the sort column; NULL if it is null */
};

/* Maximum bytes of a sort column's value in a cursor: more than 200 characters of 4 bytes. */
enum { CURSOR_VALUE_MAX = 1024 };

/* list_cursor.c: encodes a position, with a MAC over list, order and filters. */
enum error cursor_write(struct ctx *, const struct list_args *, const struct list_position *,
			const char **out) MUST_CHECK;
/* Whether the text has the form of a cursor. */
bool cursor_plausible(const char *cursor);
/* Decodes args->cursor. E_VALIDATION if it was not issued for this list, order and filters. */
enum error cursor_read(struct ctx *, const struct list_args *, struct list_position *) MUST_CHECK;

#endif
