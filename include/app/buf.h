/*
 * A string builder in an arena. Check for failure once, at the end: beyond `max` bytes the builder
 * fails, and further appends do nothing.
 */
#ifndef APP_BUF_H
#define APP_BUF_H

#include "app/arena.h"

struct buf {
	struct arena *arena; /* NULL: buf_fixed() */
	char *data;          /* always ends with a NUL; "" while empty */
	size_t len, size, max;
	bool failed;
};

/* An empty builder of at most `max` bytes, not counting the NUL. */
struct buf buf_new(struct arena *, size_t max);

/* An empty builder in `size` bytes of memory. Async-signal-safe with all functions except
 * buf_printf() and buf_url(). */
struct buf buf_fixed(char *memory, size_t size);

void buf_put(struct buf *, const void *data, size_t len);
void buf_char(struct buf *, char);
void buf_text(struct buf *, const char *text);
void buf_int(struct buf *, int64_t);
void buf_seconds(struct buf *, uint64_t microseconds); /* 1500000 as 1.500000 */
void buf_printf(struct buf *, const char *format, ...) PRINTF_LIKE(2, 3);

/* Append the text encoded as a JSON string with its quotes (RFC 8259, section 7); as a component of
 * a URL (RFC 3986: all characters except unreserved ones become %XX); as base64url without padding
 * (RFC 4648, section 5). */
void buf_json_text(struct buf *, const char *text);
void buf_url(struct buf *, const char *text);
void buf_base64url(struct buf *, const void *data, size_t len);

/* Decodes base64url into `out`, which has room for `len` bytes; sets *n to the number of bytes
 * written. False if the text has an invalid character or nonzero trailing bits, so that each value
 * has one encoding. */
bool base64url_read(const char *text, size_t len, void *out, size_t *n) MUST_CHECK;

/* Appends JSON from a pattern: ' stands for ", %s for a text as buf_json_text() writes it (NULL:
 * null), %u and %jd (an int64_t) for a number. A closing bracket removes a comma before it, so
 * every member may end with one:
 *
 *	buf_json(&b, "{'name':%s,'size':%u,", name, size);
 *	if (note)
 *		buf_json(&b, "'note':%s,", note);
 *	buf_json(&b, "}");
 */
void buf_json(struct buf *, const char *pattern, ...) PRINTF_LIKE(2, 3);

/* Appends the text with its characters escaped by utf8_visible(). */
void buf_visible(struct buf *, const char *text);

/* The finished text, or NULL if the builder failed. */
const char *buf_done(struct buf *) MUST_CHECK;

#endif
