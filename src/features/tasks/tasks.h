/* Tasks: what a person has to do. The only tasks header another feature may include. */
#ifndef TASKS_H
#define TASKS_H

#include "app/feature.h"

struct task {
	const char *id, *owner_id;
	const char *title;
	const char *description;  /* or NULL */
	const char *status;       /* todo, in_progress, done */
	const char *due_at;       /* or NULL */
	const char *completed_at; /* since when it is done; or NULL */
	const char *created_at, *updated_at;
	int64_t version; /* counts the updates */
};

extern const struct schema task_schema;
extern const struct feature tasks_feature;

/* What the caller may see: his own, for admins everybody's. */
enum error tasks_get(struct ctx *, const char *id, struct task *out) MUST_CHECK;

/* For fields that refer to one: E_NOT_FOUND unless the caller may see it. */
enum error tasks_visible(struct ctx *, const char *id) MUST_CHECK;

enum error tasks_create(struct ctx *, const struct task *in, struct task *out) MUST_CHECK;

/* Sets the rows of `in` that are named in `given` (bits of task_schema). */
#define TASK_WHOLE UINT64_MAX
enum error tasks_update(struct ctx *, const char *id, const struct task *in, uint64_t given,
			struct task *out) MUST_CHECK;

enum error tasks_delete(struct ctx *, const char *id) MUST_CHECK;

#endif
