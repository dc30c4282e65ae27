/* The processes that serve requests over FastCGI. */
#ifndef APP_SERVE_H
#define APP_SERVE_H

#include "app/base.h"

/* Serves until it is told to stop; returns the exit status. The settings must be loaded.
 * A pool: a parent that keeps WORKERS workers going (signals: HACKING.md). `single`: one
 * worker without a parent, for spawn-fcgi -F, mod_fcgid and template units, which keep
 * pools themselves. */
int serve_run(bool single);

#endif
