/*
 * Validates a value against a schema of an OpenAPI 3.1 document. Supports the part of JSON Schema
 * that our documents use; an unknown keyword or format fails the validation.
 */
#ifndef TESTS_JSON_SCHEMA_H
#define TESTS_JSON_SCHEMA_H

#include "app/arena.h"

struct json_object;

/* Returns NULL or the error: "items.0.status: is not one of the words of enum". Stricter than JSON
 * Schema, since the value is a response of the API: an object must not have members that are not in
 * `properties` or that are writeOnly. $ref refers to `document`. */
const char *json_schema_mismatch(struct arena *, struct json_object *document,
				 struct json_object *schema, struct json_object *value) MUST_CHECK;

/* Resolves a $ref "#/components/…"; any other value is returned as it is. NULL: not found. */
struct json_object *json_schema_follow(struct json_object *document, struct json_object *value);

#endif
