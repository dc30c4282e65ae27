/*
 * Several processes at the same thing: each with a database connection of its own, all
 * started at one moment.
 */
#ifndef TESTS_CROWD_H
#define TESTS_CROWD_H

#include "app/ctx.h"

/* Runs `act(c, number, arg)` in `n` processes at once, numbered from 0, and waits for them.
 * What `act` returns is in the array. The database must be open (support/testdb.h). */
const enum error *crowd_run(int n, enum error (*act)(struct ctx *, int number, void *arg),
			    void *arg);

/* How many of the first `n` are `e`. */
int crowd_count(const enum error *, int n, enum error e);

#endif
