/*
 * Log lines on standard error: JSON objects, or coloured text on a terminal
 * (LOG_FORMAT=auto|json|text). Each line is one write(2) of at most 4096 bytes (PIPE_BUF), so lines
 * of several workers never mix; a longer message is cut. Control characters and those that change
 * the direction of text are escaped; in the text format, line breaks become spaces.
 *
 * A line that cannot be written is dropped and counted; the next line has the count as
 * log_lines_dropped. In the processes of a pool, a line that would block is dropped as well.
 *
 * Never log a password, a token, an Authorization header or a body.
 */
#ifndef APP_LOG_H
#define APP_LOG_H

#include "app/ctx.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* An additional member of a line; arrays end with { 0 }. A member whose text is NULL is omitted. */
struct log_field {
	const char *name;
	const char *text;
	enum { LOG_TEXT, LOG_NUMBER, LOG_SECONDS } is;
	int64_t number; /* LOG_SECONDS: in microseconds, printed as seconds with 6 decimals */
};

/* Sets the level and format from the settings. Until then, the level is info and the format JSON.
 * */
void log_init(void);

/* False if the name is unknown. */
bool log_level_parse(const char *name, enum log_level *out) MUST_CHECK;

/* Dropped lines: in total, and since the last log_lines_dropped. */
struct log_dropped {
	_Atomic uint64_t total, unreported;
};

/* Takes the level from shared memory (level + 1; 0: the level of the settings) and counts dropped
 * lines there, so that all processes have the same level and count. */
void log_share(const _Atomic int32_t *level, struct log_dropped *);

/* From now on, log lines and output to stderr are dropped instead of waiting for the reader. */
void log_never_block(void);

/* Adds to the number of dropped lines. */
void log_count_dropped(uint64_t);

/* The number of lines dropped by all processes that share the counter. */
uint64_t log_lines_dropped(void);

bool log_enabled(enum log_level);

/* The name of the current level. */
const char *log_level_now(void);

/* The ctx may be NULL; otherwise the line has its request id, trace, route, user and session. */
void log_write(enum log_level, const struct ctx *, const struct log_field *fields,
	       const char *format, ...) PRINTF_LIKE(4, 5);

#define log_debug(c, ...) log_write(LOG_DEBUG, (c), NULL, __VA_ARGS__)
#define log_info(c, ...)  log_write(LOG_INFO, (c), NULL, __VA_ARGS__)
#define log_warn(c, ...)  log_write(LOG_WARN, (c), NULL, __VA_ARGS__)
#define log_error(c, ...) log_write(LOG_ERROR, (c), NULL, __VA_ARGS__)

#endif
