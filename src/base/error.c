/* The tables of errors and causes; recording a failure. */
#include "app/error.h"

#include "app/ctx.h"

enum { FIELD_ERRORS_MAX = 100 };

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

static enum error
record_failure(struct ctx *c, enum error e, enum cause cause, const char *format, va_list args)
{
	failure_clear(c);
	c->failure.error = e;
	c->failure.cause = cause;
	if (format)
		c->failure.detail = arena_vprintf(c->arena, format, args);
	return e;
}

enum error
fail(struct ctx *c, enum error e, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	record_failure(c, e, CAUSE_NONE, format, args);
	va_end(args);
	return e;
}

enum error
fail_unavailable(struct ctx *c, enum cause cause, const char *format, ...)
{
	va_list args;
	enum error e;

	va_start(args, format);
	e = record_failure(c, causes[cause].error, cause, format, args);
	va_end(args);
	return e;
}

enum error
fail_field(struct ctx *c, const char *in, const char *field, enum field_code code,
	   const char *format, ...)
{
	struct field_error **at = &c->failure.fields, *row;
	va_list args;

	if (c->failure.error != E_VALIDATION)
		failure_clear(c);
	c->failure.error = E_VALIDATION;
	c->failure.nfields++;
	if (c->failure.nfields > FIELD_ERRORS_MAX)
		return E_VALIDATION;

	while (*at)
		at = &(*at)->next;
	row = ARENA_NEW(c->arena, struct field_error);
	row->in = in;
	row->field = arena_text(c->arena, field);
	row->code = code;
	va_start(args, format);
	row->message = arena_vprintf(c->arena, format, args);
	va_end(args);
	*at = row;
	return E_VALIDATION;
}

void
failure_clear(struct ctx *c)
{
	c->failure = (struct failure) { 0 };
}
