/* Private to this folder. */
#ifndef ITEMS_PRIV_H
#define ITEMS_PRIV_H

#include "items.h"

extern const struct route items_routes[];

/* items_repo.c: search results among all items, among those of one owner. */
extern const struct table items_found, items_found_own;

/* items_sample.c */
enum error items_sample(struct ctx *, FILE *out) MUST_CHECK;

#endif
