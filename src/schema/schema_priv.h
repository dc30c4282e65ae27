/* What the files of this folder share. */
#ifndef APP_SCHEMA_PRIV_H
#define APP_SCHEMA_PRIV_H

#include "app/schema.h"

/* Which rows a client may give: the flag of the mode, and a type that is read at all. */
bool field_accepted(const struct field *, enum schema_mode);

/* What a value must be, for FIELD_INVALID_TYPE: "must be a whole number". */
const char *field_type_message(const struct field *);

/* Puts a value in its normal form (field_check, .initial) into the record. */
void field_store(const struct field *, void *record, const char *normal);

#endif
