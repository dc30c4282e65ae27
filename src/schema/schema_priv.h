/* Internal interfaces of src/schema. */
#ifndef APP_SCHEMA_PRIV_H
#define APP_SCHEMA_PRIV_H

#include "app/schema.h"

/* Whether a client may send the field: the flag of the mode is set, and it is not a record. */
bool field_accepted(const struct field *, enum schema_mode);

/* Returns the message for FIELD_INVALID_TYPE: "must be a whole number". */
const char *field_type_message(const struct field *);

/* Stores a value in normal form (from field_check() or .default_value) in the record. */
void field_set(struct arena *, const struct field *, void *record, const char *normal);

/* The field of a value and its source, for errors. */
struct field_input {
	struct ctx *ctx;
	const char *in;
	const struct field *field;
};

/* Records an error for the field. Returns NULL. */
const char *field_reject(const struct field_input *, enum field_code, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Checks that `n` characters or values (`what`, singular) are at least the field's minimum and at
 * most `max` (0: no limit). */
bool field_count(const struct field_input *, size_t n, int64_t max, const char *what);

/* field_number.c: field_check() for TYPE_INT and TYPE_DECIMAL. */
const char *field_check_int(const struct field_input *, const char *text);
const char *field_check_decimal(const struct field_input *, const char *text);

/* Returns the text of the value of member number `n` (from 0) of an object that json_scan() has
 * accepted. */
const char *json_member(struct arena *, const char *object, size_t len, size_t n);

#endif
