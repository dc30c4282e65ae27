/* Tasks for tests, inserted without the API. */
#ifndef TESTS_MAKE_TASK_H
#define TESTS_MAKE_TASK_H

#include "call.h"

struct new_task {
	const char *title;       /* NULL: numbered */
	const char *description; /* NULL: null */
	const char *status;      /* NULL: todo */
	const char *due_at;      /* NULL: null */
	const char *created_at;  /* NULL: now; also the time of completion if it is done */
};

/* Returns its id. */
#define make_task(t, owner, ...) make_task_((t), (owner), (struct new_task) { __VA_ARGS__ })
const char *make_task_(struct test *, const struct account *owner, struct new_task);

#endif
