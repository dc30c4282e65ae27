/* A pool: a parent that keeps workers going, takes a new binary with HUP, and drains with
 * TERM (HACKING.md). What the workers do is a row of this. */
#ifndef APP_POOL_H
#define APP_POOL_H

#include "app/base.h"

#include <signal.h>
#include <sys/types.h>

/* What a worker is told. */
struct worker_info {
	int listener;  /* -1 where the pool has none */
	pid_t parent;  /* hears SIGUSR1 when the worker is ready */
	size_t number; /* 0 to nworkers - 1: one process at a time has it */
};

struct pool_plan {
	const char *summary; /* what it does, for the log: "serves" */
	size_t nworkers;
	bool listens;          /* it takes the listening socket */
	int64_t drain_seconds; /* how long a worker may take to end after TERM */

	/* The life of a worker: takes a slot of the shared segment (shared_slot_take), sets
	 * `ready` in it, ends after SIGTERM, SIGUSR1 or SIGXCPU. Returns its exit status. */
	int (*work)(const struct worker_info *);
};

/* Returns the exit status. The settings must be loaded. */
int pool_run(const struct pool_plan *);

/* Sets what each signal does (serve/signals.c), blocks those that the process reads, and returns
 * them. In a worker of a pool, the pool has called it before .work. */
enum signal_role { SIGNALS_PARENT, SIGNALS_WORKER, SIGNALS_SINGLE };
sigset_t signals_take(enum signal_role);

/* What a worker exits with after it ended itself at a deadline: no failure. */
enum { EXIT_OVERRUN = 3 };

#endif
