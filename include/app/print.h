/*
 * Output of commands. Texts from the database, a file or a client may contain control characters
 * that move the cursor of a terminal, or line breaks that imitate lines of the command.
 */
#ifndef APP_PRINT_H
#define APP_PRINT_H

#include "app/base.h"

/* fprintf() that escapes inserted texts as utf8_visible() does: a control character becomes \uXXXX,
 * which JSON reads as the same character. Line breaks in the format string are kept. */
void print(FILE *, const char *format, ...) PRINTF_LIKE(2, 3);
void print_args(FILE *, const char *format, va_list args) PRINTF_LIKE(2, 0);

#endif
