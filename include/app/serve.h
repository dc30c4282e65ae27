/* The processes that serve requests over FastCGI. */
#ifndef APP_SERVE_H
#define APP_SERVE_H

#include "app/base.h"

struct app;

/* These serve requests until a signal stops them, and return the exit status. The settings must be
 * loaded. serve_pool() runs a pool of WORKERS workers (HACKING.md, Processes and signals); `argv` is
 * the command line, for a reload. serve_single() runs one worker without a parent, for mod_fcgid,
 * which manages a pool itself. */
int serve_pool(const struct app *, char **argv);
int serve_single(const struct app *);

#endif
