/* UTF-8 (RFC 3629): shortest forms only, no surrogates, at most U+10FFFF. */
#ifndef APP_UTF8_H
#define APP_UTF8_H

#include "app/base.h"

/* Length in bytes (1 to 4) of the well-formed character at `s`, or 0. */
size_t utf8_char(const char *s, size_t len);

/* Whether all characters are well formed. */
bool utf8_valid(const char *s, size_t len);

/* Writes the first character of `text`, which is not empty, so that a terminal can show it: control
 * characters (C0, DEL, C1), line separators (U+2028, U+2029), characters that change the direction
 * of text, and bytes that are not UTF-8 become \uXXXX. Returns the number of bytes read. */
size_t utf8_visible(const char *text, char out[8]);

/* Characters in well-formed text. */
size_t utf8_length(const char *text);

#endif
