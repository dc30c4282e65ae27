/* Digits of numbers and bytes, and patterns. All but text_matches() is async-signal-safe. */
#ifndef APP_TEXT_H
#define APP_TEXT_H

#include "app/base.h"

#include <regex.h>

/* Writes a number in decimal, with at least `digits` digits, in front of `end`; at most 20
 * characters unless `digits` is greater. Returns the first one. */
char *digits_before(char *end, uint64_t number, int digits);

/* Writes bytes in hexadecimal, in lower case and without a NUL. Returns the position after them. */
char *hex_write(char *out, const void *bytes, size_t n);

/* The value of a hexadecimal digit, or of a byte in two digits; -1: it has other characters. */
int hex_value(char digit);
int hex_byte(const char *text);

/* Whether the text matches an extended regular expression (regex(7)). Sets the first `n` of its
 * parts; `parts` may be NULL if `n` is 0. */
bool text_matches(const char *pattern, const char *text, regmatch_t *parts, size_t n);

#endif
