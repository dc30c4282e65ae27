/* Time. Wall clock for what people see, monotonic for how long something took. */
#ifndef APP_CLOCK_H
#define APP_CLOCK_H

#include "app/arena.h"

/* Microseconds since 1970, UTC. */
int64_t clock_now(void);

/* Microseconds since some fixed moment; never goes back. */
int64_t clock_monotonic(void);

/* RFC 3339 in UTC with microseconds: 2026-11-20T15:08:41.218287Z */
enum { CLOCK_TEXT_SIZE = 28 };
void clock_text(int64_t microseconds, char out[CLOCK_TEXT_SIZE]);

/* Reads RFC 3339 with any offset and up to 9 digits of a second (the rest beyond
 * microseconds is cut). False if it is not one, or not between the years 1 and 9999. */
bool clock_parse(const char *text, int64_t *microseconds) MUST_CHECK;

#endif
