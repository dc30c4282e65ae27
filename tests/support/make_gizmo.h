/* Gizmos, inserted without the API. */
#ifndef TESTS_MAKE_GIZMO_H
#define TESTS_MAKE_GIZMO_H

#include "call.h"

struct new_gizmo {
	const char *title;       /* NULL: numbered */
	const char *description; /* NULL: null */
	const char *status;      /* NULL: active */
	const char *created_at;  /* NULL: now */
};

/* Returns its id. */
#define make_gizmo(t, owner, ...) make_gizmo_((t), (owner), (struct new_gizmo) { __VA_ARGS__ })
const char *make_gizmo_(struct test *, const struct account *owner, struct new_gizmo);

/* Inserts `n` gizmos, each created a minute after the previous one, or all at the same time. */
void make_gizmos(struct test *, const struct account *owner, int n, bool same_moment);

#endif
