/* Private to this folder. */
#ifndef TASKS_PRIV_H
#define TASKS_PRIV_H

#include "tasks.h"

extern const struct route tasks_routes[];
extern const struct query tasks_queries[];
extern const struct list tasks_rows;

extern const char *const task_states[];

/* tasks_sample.c */
enum error tasks_sample(struct ctx *, FILE *out) MUST_CHECK;

/* tasks_repo.c: act on rows that the caller may access. */
enum error tasks_insert(struct ctx *, const char *owner, const struct task *in,
			struct task *out) MUST_CHECK;
enum error tasks_change(struct ctx *, const char *id, const struct task *in, uint64_t given,
			struct task *out) MUST_CHECK;

#endif
