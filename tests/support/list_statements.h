/* The statements of lists. */
#ifndef TESTS_LIST_STATEMENTS_H
#define TESTS_LIST_STATEMENTS_H

#include "app/list.h"

/* What a list becomes with none, one, two and all of its filters: calls `each` with name and
 * text until it returns an error. */
enum error list_statements(struct ctx *, const struct list *,
			   enum error (*each)(struct ctx *, const char *name, const char *sql));

#endif
