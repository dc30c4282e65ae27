/* Items for tests, inserted without the API. */
#ifndef TESTS_MAKE_ITEM_H
#define TESTS_MAKE_ITEM_H

#include "call.h"

struct new_item {
	const char *title;       /* NULL: numbered */
	const char *description; /* NULL: null */
	const char *status;      /* NULL: active */
	const char *created_at;  /* NULL: now */
};

/* Returns its id. */
#define make_item(t, owner, ...) make_item_((t), (owner), (struct new_item) { __VA_ARGS__ })
const char *make_item_(struct test *, const struct account *owner, struct new_item);

/* Inserts `n` items, each created a minute after the previous one, or all at the same time. */
void make_items(struct test *, const struct account *owner, int n, bool same_moment);

#endif
