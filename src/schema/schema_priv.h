/* What the files of this folder share. */
#ifndef APP_SCHEMA_PRIV_H
#define APP_SCHEMA_PRIV_H

#include "app/schema.h"

/* Which rows a client may give: the flag of the mode, and a type that is read at all. */
bool field_accepted(const struct field *, enum schema_mode);

/* What a value must be, for FIELD_INVALID_TYPE: "must be a whole number". */
const char *field_type_message(const struct field *);

/* Puts a value in its normal form (field_check, .default_value) into the record. */
void field_store(struct arena *, const struct field *, void *record, const char *normal);

/* Where a value comes from and what it must be, for the errors. */
struct field_input {
	struct ctx *ctx;
	const char *in;
	const struct field *field;
};

/* Notes what is wrong, and is the NULL that the check then returns. */
const char *field_reject(const struct field_input *, enum field_code, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Whether there are enough characters or values, and no more than `max` (0: no limit). */
bool field_count(const struct field_input *, size_t n, int64_t max, const char *what);

/* field_number.c: the checks of TYPE_INT and TYPE_DECIMAL. */
const char *field_check_int(const struct field_input *, const char *text);
const char *field_check_decimal(const struct field_input *, const char *text);

/* The value of the object's member number `n`, from 0, as it stands in the text, which has
 * passed json_scan(). */
const char *json_member(struct arena *, const char *object, size_t len, size_t n);

#endif
