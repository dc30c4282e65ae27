/* Private to this folder. */
#ifndef TASKS_PRIV_H
#define TASKS_PRIV_H

#include "tasks.h"

extern const struct route tasks_routes[];

/* tasks_sample.c */
enum error tasks_sample(struct ctx *, FILE *out) MUST_CHECK;

#endif
