/* The processes that serve requests over FastCGI. */
#ifndef APP_SERVE_H
#define APP_SERVE_H

#include "app/base.h"

/* Serves requests until a signal stops it; returns the exit status. The settings must be loaded.
 * Runs a pool of WORKERS workers (HACKING.md, Processes and signals). With `single`, runs one worker
 * without a parent, for mod_fcgid, which manages a pool itself. */
int serve_run(bool single);

#endif
