/* Items for tests, made beside the application. */
#ifndef TESTS_MAKE_ITEM_H
#define TESTS_MAKE_ITEM_H

#include "call.h"

struct new_item {
	const char *title;       /* NULL: one by number */
	const char *description; /* NULL: null */
	const char *status;      /* NULL: active */
	const char *created_at;  /* NULL: now */
};

/* Returns its id. */
#define make_item(t, owner, ...) make_item_((t), (owner), (struct new_item) { __VA_ARGS__ })
const char *make_item_(struct test *, const struct account *owner, struct new_item);

/* `n` items, each a minute younger than the one before, or all of one moment. */
void make_items(struct test *, const struct account *owner, int n, bool same_moment);

#endif
