/*
 * Logs on standard error: one JSON object a line, or coloured text on a terminal
 * (LOG_FORMAT=auto|json|text). One write(2) a line, at most 4096 bytes (PIPE_BUF),
 * so lines of several workers never mix; a longer message is cut. Control characters
 * and those that change the direction of text are escaped; in the text format, line breaks become spaces.
 *
 * A line that cannot be written is dropped and counted, and the next line that is written has
 * the count as log_lines_dropped. In the processes of a pool, a line that would have to wait
 * for its reader is dropped as well.
 *
 * Never log a password, a token, an Authorization header or a body.
 */
#ifndef APP_LOG_H
#define APP_LOG_H

#include "app/ctx.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* A further member of a line; rows end with { 0 }. A NULL text leaves the member out. */
struct log_field {
	const char *name;
	const char *text;
	enum { LOG_TEXT, LOG_NUMBER, LOG_SECONDS } is;
	int64_t number; /* with LOG_SECONDS in microseconds, printed with 6 digits */
};

/* Sets level and form from the settings; before it, info and auto. */
void log_init(void);

/* The level of that name; false where there is none. */
bool log_level_parse(const char *name, enum log_level *out) MUST_CHECK;

/* Lines that were dropped, in all and since the last report. */
struct log_dropped {
	_Atomic uint64_t total, unreported;
};

/* Reads the level, plus one, from `level` (0: that of the settings), and counts dropped lines in
 * the given counters, so that all processes that share this memory agree. */
void log_obey(const _Atomic int32_t *level, struct log_dropped *);

/* From now on, no log line and no output to stderr waits for its reader. */
void log_never_block(void);

/* Adds to the number of dropped lines. */
void log_count_dropped(uint64_t);

/* The number of lines that all processes dropped. */
uint64_t log_lines_dropped(void);

bool log_enabled(enum log_level);

/* The name of the level that holds now. */
const char *log_level_now(void);

/* The ctx may be NULL; with one, the line has its request id, route and user. */
void log_write(enum log_level, const struct ctx *, const struct log_field *fields,
	       const char *format, ...) PRINTF_LIKE(4, 5);

#define log_debug(c, ...) log_write(LOG_DEBUG, (c), NULL, __VA_ARGS__)
#define log_info(c, ...)  log_write(LOG_INFO, (c), NULL, __VA_ARGS__)
#define log_warn(c, ...)  log_write(LOG_WARN, (c), NULL, __VA_ARGS__)
#define log_error(c, ...) log_write(LOG_ERROR, (c), NULL, __VA_ARGS__)

#endif
