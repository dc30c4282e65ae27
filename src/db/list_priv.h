/* What the files of lists know of each other. */
#ifndef APP_LIST_PRIV_H
#define APP_LIST_PRIV_H

#include "app/list.h"

enum list_mode {
	LIST_NEAR,       /* a page not far from the first, and the total */
	LIST_FAR,        /* a page beyond LIST_NEAR_MAX, and the total */
	LIST_AFTER,      /* what follows a row */
	LIST_AFTER_NULL, /* what follows a row whose sort column is null */
	LIST_MODES,
};

enum { LIST_NEAR_MAX = 1000 }; /* largest offset of LIST_NEAR */

/* What the text of a list's statement hangs on. */
struct list_shape {
	const struct list *list;
	const struct list_sort *sort;
	bool ascending;
	uint32_t filters; /* a bit for each filter that is set */
	enum list_mode mode;
};

/* list.c: the maximum of statements that a process keeps; tests lower it. */
extern size_t list_statements_max;

/* list_sql.c: name and text for a shape. The parameters are, in this order: the filters
 * that are set; for LIST_AFTER the value and the id to go on after, for LIST_AFTER_NULL the
 * id alone; the limit; for LIST_NEAR and LIST_FAR the offset. */
const char *list_name(struct arena *, const struct list_shape *);
const char *list_sql(struct arena *, const struct list_shape *);

/* The row after which a page begins. */
struct list_position {
	const char *id;
	const char *value; /* of the sort column; NULL where it is null */
};

/* Bytes of a sort column's value in a cursor: 200 characters of 4 bytes, and a bit. */
enum { CURSOR_VALUE_MAX = 1024 };

/* list_cursor.c: a position as text, signed together with what makes the order. */
enum error cursor_write(struct ctx *, const struct list_args *, const struct list_position *,
			const char **out) MUST_CHECK;
/* Whether it looks like one at all. */
bool cursor_plausible(const char *cursor);
/* E_VALIDATION where it was not issued for this list, order and filters. */
enum error cursor_read(struct ctx *, const struct list_args *, struct list_position *) MUST_CHECK;

#endif
