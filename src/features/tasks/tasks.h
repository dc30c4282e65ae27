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
	int64_t version;
};

extern const struct schema task_schema;
extern const struct table tasks_table;
extern const struct feature tasks_feature;

/* Inserts a task, or changes one as table_update() does, and sets `completed_at`. */
enum error tasks_create(struct ctx *, const struct task *in, struct task *out) MUST_CHECK;
enum error tasks_update(struct ctx *, const char *id, const struct task *in, uint64_t given,
			struct task *out) MUST_CHECK;

#endif
