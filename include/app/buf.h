/*
 * A string builder in an arena. Append freely and look once at the end: past `max`
 * bytes it fails and stays failed, and further appends do nothing.
 */
#ifndef APP_BUF_H
#define APP_BUF_H

#include "app/arena.h"

struct buf {
	struct arena *arena;
	char *data; /* always ends with a NUL; "" while empty */
	size_t len, size, max;
	bool failed;
};

/* An empty builder of at most `max` bytes, the NUL not counted. */
struct buf buf_new(struct arena *, size_t max);

void buf_put(struct buf *, const void *data, size_t len);
void buf_char(struct buf *, char);
void buf_text(struct buf *, const char *text);
void buf_int(struct buf *, int64_t);
void buf_printf(struct buf *, const char *format, ...) PRINTF_LIKE(2, 3);

/* Named by where the text goes: a JSON string with its quotes (RFC 8259 section 7);
 * a component of a URL (RFC 3986: all but unreserved characters in %XX);
 * base64 for URLs without padding (RFC 4648 section 5). */
void buf_json_text(struct buf *, const char *text);
void buf_url(struct buf *, const char *text);
void buf_base64url(struct buf *, const void *data, size_t len);

/* The bytes of base64url, *n of them: `out` has room for `len`. False where it is not what an
 * encoder writes: another letter, or bits left over that mean nothing, so that two texts
 * would be the same bytes. */
bool base64url_read(const char *text, size_t len, void *out, size_t *n) MUST_CHECK;

/* JSON by a pattern: ' stands for ", %s for a text as buf_json_text() writes it or for NULL,
 * %u and %jd (an int64_t) for a number. A bracket that closes takes away the comma before it, so that
 * every member may end with one:
 *
 *	buf_json(&b, "{'name':%s,'size':%u,", name, size);
 *	if (note)
 *		buf_json(&b, "'note':%s,", note);
 *	buf_json(&b, "}");
 */
void buf_json(struct buf *, const char *pattern, ...) PRINTF_LIKE(2, 3);

/* Appends the text, each character as utf8_visible() writes it. */
void buf_visible(struct buf *, const char *text);

/* The finished text, or NULL if the builder failed. */
const char *buf_done(struct buf *) MUST_CHECK;

#endif
