/* Random numbers, UUIDs and request ids. */
#ifndef APP_IDS_H
#define APP_IDS_H

#include "app/base.h"

/* Fills `out` from the kernel's generator (getrandom); aborts if that fails. */
void random_bytes(void *out, size_t len);

enum { UUID_TEXT_SIZE = 37 };

/* A new UUID of version 7 (RFC 9562 section 5.7) in lower-case text. */
void uuid_new(char out[UUID_TEXT_SIZE]);

/* Whether the text is a UUID (8-4-4-4-12 hex digits, either case). */
bool uuid_valid(const char *text);

/* Whether the text is a slug: TYPE_SLUG of app/schema.h. */
enum { SLUG_MAX = 100 };
bool slug_valid(const char *text);

/* Whether a client's X-Request-ID is accepted: [A-Za-z0-9._-]{8,64}. */
bool request_id_valid(const char *text);

/* Whether a traceparent is valid (W3C Trace Context, section 3.2). */
bool traceparent_valid(const char *text);

#endif
