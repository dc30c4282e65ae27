/* The statements of lists. */
#ifndef TESTS_LIST_STATEMENTS_H
#define TESTS_LIST_STATEMENTS_H

#include "app/table.h"

/* Calls `each` with name and text of the statements of a list, with none, one, two and all of its
 * filters, until it returns an error. */
enum error list_statements(struct ctx *, const struct table *,
			   enum error (*each)(struct ctx *, const char *name, const char *sql));

#endif
