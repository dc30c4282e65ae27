/* Digits of numbers and bytes. Nothing here allocates memory: it is async-signal-safe. */
#ifndef APP_TEXT_H
#define APP_TEXT_H

#include "app/base.h"

/* Writes a number in decimal, with at least `digits` digits, in front of `end`; at most 20
 * characters unless `digits` is greater. Returns the first one. */
char *digits_before(char *end, uint64_t number, int digits);

/* Writes bytes in hexadecimal, in lower case and without a NUL. Returns the position after them. */
char *hex_write(char *out, const void *bytes, size_t n);

/* The value of a hexadecimal digit, or -1. */
int hex_value(char digit);

#endif
