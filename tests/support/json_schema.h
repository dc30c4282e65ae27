/*
 * Whether a value fits a schema of an OpenAPI 3.1 document: the part of JSON Schema that
 * documents of ours use. What this does not know, a keyword or a format, fits nothing, so
 * that nothing passes unseen.
 */
#ifndef TESTS_JSON_SCHEMA_H
#define TESTS_JSON_SCHEMA_H

#include "app/arena.h"

struct json_object;

/* NULL where it fits, else what does not: "items.0.status: is not one of the words of
 * enum". Stricter than JSON Schema in two things, for what is held against it was sent by
 * the API itself: an object has no member that `properties` does not name, and none that
 * is writeOnly. `document` is where $ref leads. */
const char *json_schema_mismatch(struct arena *, struct json_object *document,
				 struct json_object *schema, struct json_object *value) MUST_CHECK;

/* What a $ref "#/components/…" leads to; the value itself where it is none. NULL: nowhere. */
struct json_object *json_schema_follow(struct json_object *document, struct json_object *value);

#endif
