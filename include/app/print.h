/*
 * What a command prints. Texts from the database, from a file or from a client may have control
 * characters that move a terminal's cursor, or line breaks that look like lines of the command.
 */
#ifndef APP_PRINT_H
#define APP_PRINT_H

#include "app/base.h"

/* fprintf() that escapes inserted texts as utf8_visible() does: a control character is \uXXXX, which
 * JSON reads as the same character. The format's own line breaks stay. */
void print(FILE *, const char *format, ...) PRINTF_LIKE(2, 3);
void print_args(FILE *, const char *format, va_list args) PRINTF_LIKE(2, 0);

#endif
