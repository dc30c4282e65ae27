/* Reading small text files. */
#ifndef APP_FILE_H
#define APP_FILE_H

#include "app/arena.h"

enum { FILE_MAX = 64 * 1024 };

/* The content of a file of at most FILE_MAX bytes, or NULL with errno; EILSEQ: it has a NUL byte.
 * Unless `open_to_all` is NULL, sets it to whether every user of the host can use the file. */
char *file_read(struct arena *, const char *path, bool *open_to_all) MUST_CHECK;

#endif
