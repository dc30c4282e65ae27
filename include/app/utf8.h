/* UTF-8 (RFC 3629): shortest forms only, no surrogates, at most U+10FFFF. */
#ifndef APP_UTF8_H
#define APP_UTF8_H

#include "app/base.h"

/* Length in bytes of the well-formed character at `s` (1 to 4), or 0. */
size_t utf8_char(const char *s, size_t len);

/* Whether all of it is well formed. */
bool utf8_valid(const char *s, size_t len);

/* Characters in well-formed text. */
size_t utf8_length(const char *text);

#endif
