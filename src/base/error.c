/* The tables of errors and causes. */
#include "app/error.h"

static const struct error_info infos[] = {
#define ERROR(name, status, code, title, detail) [name] = { #name, status, code, title, detail },
#include "app/error.def"
#undef ERROR
};

const struct error_info *
error_info(enum error e)
{
	if (e <= OK || e >= ERROR_COUNT)
		e = E_INTERNAL;
	return &infos[e];
}

static const struct {
	enum error error;
	const char *word;
} causes[] = {
	[CAUSE_NONE] = { E_UNAVAILABLE, "unstated" },
#define CAUSE(name, error, word, text) [name] = { error, word },
#include "app/cause.def"
#undef CAUSE
};

const char *
cause_word(enum cause cause)
{
	return causes[cause].word;
}

enum error
cause_error(enum cause cause)
{
	return causes[cause].error;
}

static const char *const field_codes[] = {
	[FIELD_REQUIRED] = "required",
	[FIELD_UNKNOWN] = "unknown_field",
	[FIELD_INVALID_TYPE] = "invalid_type",
	[FIELD_INVALID_FORMAT] = "invalid_format",
	[FIELD_INVALID_CHOICE] = "invalid_choice",
	[FIELD_TOO_SHORT] = "too_short",
	[FIELD_TOO_LONG] = "too_long",
	[FIELD_TOO_SMALL] = "too_small",
	[FIELD_TOO_LARGE] = "too_large",
	[FIELD_NOT_NULL] = "not_null",
};

const char *
field_code_text(enum field_code code)
{
	return field_codes[code];
}
