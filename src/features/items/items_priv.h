/* Private to this folder. */
#ifndef ITEMS_PRIV_H
#define ITEMS_PRIV_H

#include "items.h"

extern const struct route items_routes[];
extern const struct query items_queries[];
extern const struct list items_rows;

/* Filters of items_rows. */
enum { ITEMS_BY_STATUS, ITEMS_BY_OWNER, ITEMS_VISIBLE, ITEMS_MINE };

/* Search results: among all items, among those of one owner. */
extern const struct list items_found, items_found_own;
extern const struct schema found_item_schema;
enum { ITEMS_FOUND_OF = 1 }; /* a filter of items_found_own */

extern const char *const item_states[];

/* items_sample.c */
enum error items_sample(struct ctx *, FILE *out) MUST_CHECK;

/* items_repo.c: act on rows that the caller may access. */
enum error items_insert(struct ctx *, const char *owner, const struct item *in,
			struct item *out) MUST_CHECK;
enum error items_change(struct ctx *, const char *id, const struct item *in, uint64_t given,
			struct item *out) MUST_CHECK;

#endif
