/* Shared by the files of the log. */
#ifndef APP_LOG_PRIV_H
#define APP_LOG_PRIV_H

#include "app/base.h"

/* Writes a line of at most PIPE_BUF bytes to standard error. False if not all of it was written.
 * After log_never_block(), it does not block. */
bool log_output(const char *data, size_t len) MUST_CHECK;

#endif
