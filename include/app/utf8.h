/* UTF-8 (RFC 3629): shortest forms only, no surrogates, at most U+10FFFF. */
#ifndef APP_UTF8_H
#define APP_UTF8_H

#include "app/base.h"

/* Length in bytes of the well-formed character at `s` (1 to 4), or 0. */
size_t utf8_char(const char *s, size_t len);

/* Whether all of it is well formed. */
bool utf8_valid(const char *s, size_t len);

/* Writes the character at `text`, which is not its end, as a terminal may show it: a control
 * character (C0, DEL, C1), a line separator (U+2028, U+2029) or one that changes the direction of
 * text as \uXXXX, and so a byte that is not UTF-8. Returns its length in `text`. */
size_t utf8_visible(const char *text, char out[8]);

/* Characters in well-formed text. */
size_t utf8_length(const char *text);

#endif
