/* What the files of the log share. */
#ifndef APP_LOG_PRIV_H
#define APP_LOG_PRIV_H

#include "app/base.h"

/* Writes a line of at most PIPE_BUF bytes to standard error. False: it was not written, or
 * not all of it. After log_never_block() it does not wait. */
bool log_output(const char *data, size_t len) MUST_CHECK;

#endif
