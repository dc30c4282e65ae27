/*
 * Concurrent processes, each with its own database connection, that start at the same time.
 */
#ifndef TESTS_CROWD_H
#define TESTS_CROWD_H

#include "app/ctx.h"

/* Runs `act(c, number, arg)` in `n` processes concurrently, numbered from 0, and waits for them.
 * Returns an array with the results of `act`. The database must be open (support/testdb.h). */
const enum error *crowd_run(int n, enum error (*act)(struct ctx *, int number, void *arg),
			    void *arg);

/* The number of results that are `e`. */
int crowd_count(const enum error *, int n, enum error e);

#endif
