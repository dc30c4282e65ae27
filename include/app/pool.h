/* A pool: a parent that supervises workers, loads a new binary on HUP, and drains on TERM
 * (HACKING.md, Processes and signals). A struct pool_plan says what the workers do. */
#ifndef APP_POOL_H
#define APP_POOL_H

#include "app/base.h"

#include <signal.h>
#include <sys/types.h>

struct app;

/* Passed to each worker. */
struct worker_info {
	const struct app *app;
	int listener;  /* the listening socket; -1: none */
	pid_t parent;  /* to send SIGUSR1 when the worker is ready */
	size_t number; /* 0 to nworkers - 1; unique among the current workers */
};

struct pool_plan {
	const struct app *app;
	char **argv;         /* the command line, executed again on HUP; first with --check added */
	const char *summary; /* what the pool is doing, for the log: "serving requests" */
	size_t nworkers;
	bool listens;          /* whether the pool has a listening socket */
	int64_t drain_seconds; /* time that a worker has to exit after TERM */

	/* The main function of a worker. Takes a slot of the shared segment (shared_slot_take), sets
	 * `ready` in it, and returns the exit status after SIGTERM, SIGUSR1 or SIGXCPU. */
	int (*work)(const struct worker_info *);
};

/* Runs the pool until it is stopped; returns the exit status. The settings must be loaded. */
int pool_run(const struct pool_plan *);

/* Sets the dispositions of all signals (serve/signals.c), blocks those that the process reads, and
 * returns them. The pool calls it in each worker before .work. */
enum signal_role { SIGNALS_PARENT, SIGNALS_WORKER, SIGNALS_SINGLE };
sigset_t signals_init(enum signal_role);

/* Exit status of a worker that exited at the deadline of a request or job. Not a failure. */
enum { EXIT_OVERRUN = 3 };

#endif
