/* Tasks: an example resource (a to-do list). The public header of this feature. */
#ifndef TASKS_H
#define TASKS_H

#include "app/feature.h"

struct task {
	const char *id, *owner_id;
	const char *title;
	const char *description;  /* or NULL */
	const char *status;       /* todo, in_progress, done */
	const char *due_at;       /* or NULL */
	const char *completed_at; /* or NULL */
	const char *created_at, *updated_at;
	int64_t version; /* incremented by each update */
};

extern const struct schema task_schema;
extern const struct feature tasks_feature;

/* Reads tasks visible to the caller: all for admins, else the caller's own. */
enum error tasks_get(struct ctx *, const char *id, struct task *out) MUST_CHECK;

/* For fields that refer to a task: E_NOT_FOUND unless it is visible to the caller. */
enum error tasks_visible(struct ctx *, const char *id) MUST_CHECK;

enum error tasks_create(struct ctx *, const struct task *in, struct task *out) MUST_CHECK;

/* Sets the fields of `in` whose bits are set in `given` (rows of task_schema). */
#define TASK_WHOLE UINT64_MAX
enum error tasks_update(struct ctx *, const char *id, const struct task *in, uint64_t given,
			struct task *out) MUST_CHECK;

enum error tasks_delete(struct ctx *, const char *id) MUST_CHECK;

#endif
