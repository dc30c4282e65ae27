/* Time: wall clock for timestamps, monotonic clock for durations. */
#ifndef APP_CLOCK_H
#define APP_CLOCK_H

#include "app/arena.h"

/* Microseconds since 1970, UTC. */
int64_t clock_now(void);

/* Microseconds since an arbitrary point (CLOCK_MONOTONIC). */
int64_t clock_monotonic(void);

/* RFC 3339 in UTC with microseconds: 2026-11-20T15:08:41.218287Z */
enum { CLOCK_TEXT_SIZE = 28 };
void clock_text(int64_t microseconds, char out[CLOCK_TEXT_SIZE]);

/* Parses RFC 3339 with any offset and up to 9 fractional digits, truncated to microseconds. False
 * if the text is invalid or its year is not between 1 and 9999. */
bool clock_parse(const char *text, int64_t *microseconds) MUST_CHECK;

#endif
