/* Shared inside this folder only. */
#ifndef ITEMS_PRIV_H
#define ITEMS_PRIV_H

#include "items.h"

extern const struct route items_routes[];
extern const struct query items_queries[];
extern const struct list items_rows;

/* Rows of items_rows' filters. */
enum { ITEMS_BY_STATUS, ITEMS_BY_OWNER, ITEMS_VISIBLE, ITEMS_MINE };

extern const char *const item_states[];

/* items_sample.c */
enum error items_sample(struct ctx *, FILE *out) MUST_CHECK;

/* Statements: on rows that the caller may touch. */
enum error items_insert(struct ctx *, const char *owner, const struct item *in,
			struct item *out) MUST_CHECK;
enum error items_find(struct ctx *, const char *id, struct item *out) MUST_CHECK;
enum error items_change(struct ctx *, const char *id, const struct item *in, uint64_t given,
			struct item *out) MUST_CHECK;
enum error items_remove(struct ctx *, const char *id) MUST_CHECK;

#endif
