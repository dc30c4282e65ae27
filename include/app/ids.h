/* Random numbers, UUIDs and request ids. */
#ifndef APP_IDS_H
#define APP_IDS_H

#include "app/base.h"

/* Fills from the kernel's generator (getrandom); ends the process if that fails. */
void random_bytes(void *out, size_t len);

enum { UUID_TEXT_SIZE = 37 };

/* A new UUID of version 7 (RFC 9562 section 5.7) in lower-case text. */
void uuid_new(char out[UUID_TEXT_SIZE]);

/* Whether the text is a UUID in its usual form (8-4-4-4-12 hex digits, either case). */
bool uuid_valid(const char *text);

/* Whether a client's X-Request-ID may be kept: [A-Za-z0-9._-]{8,64}. */
bool request_id_valid(const char *text);

/* Whether it is a traceparent that we carry on (W3C Trace Context, section 3.2). */
bool traceparent_valid(const char *text);

#endif
