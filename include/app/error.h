/*
 * One enum for every way to fail. A function that can fail returns `enum error`, 0
 * (OK) for success, and leaves in the ctx what a person should read:
 *
 *	return fail(c, E_CONFLICT, "an item may have at most %d parts", MAX_PARTS);
 *
 * A 503 also needs its cause, so that the access line and the metrics can name it:
 *
 *	return fail_unavailable(c, CAUSE_HASH_QUEUE, NULL);
 *
 * Only the edge (http/problem.c, cli/) turns an error into an answer; only src/db/
 * turns SQLSTATE into an error.
 */
#ifndef APP_ERROR_H
#define APP_ERROR_H

#include "app/base.h"

struct ctx;

enum error {
	OK = 0,
#define ERROR(name, status, code, title, detail) name,
#include "app/error.def"
#undef ERROR
	ERROR_COUNT
};

struct error_info {
	const char *name;   /* "E_NOT_FOUND", for logs */
	unsigned status;    /* HTTP */
	const char *code;   /* "not_found" */
	const char *title;  /* "Not Found" */
	const char *detail; /* one sentence, where fail() gave none */
};

/* The row of an error; of OK and of unknown numbers, that of E_INTERNAL. */
const struct error_info *error_info(enum error);

/* The reasons for a 503 (cause.def). */
enum cause {
	CAUSE_NONE,
#define CAUSE(name, error, word, text) name,
#include "app/cause.def"
#undef CAUSE
	CAUSE_COUNT
};

/* "hash_queue": in the access line and the label of unavailable_total. "unstated" for
 * CAUSE_NONE, which a test rejects. */
const char *cause_word(enum cause);

/* What is wrong with one field; the codes are the contract's. */
enum field_code {
	FIELD_REQUIRED,
	FIELD_UNKNOWN,
	FIELD_INVALID_TYPE,
	FIELD_INVALID_FORMAT,
	FIELD_INVALID_CHOICE,
	FIELD_TOO_SHORT,
	FIELD_TOO_LONG,
	FIELD_TOO_SMALL,
	FIELD_TOO_LARGE,
	FIELD_NOT_NULL,
};

/* "too_short" */
const char *field_code_text(enum field_code);

struct field_error {
	const char *in;    /* "body", "query", "path" or "header" */
	const char *field; /* its name, as the client sent it */
	enum field_code code;
	const char *message; /* "must have at least 8 characters" */
	struct field_error *next;
};

/* What the last fail() said. Empty again with failure_clear(). */
struct failure {
	enum error error;
	const char *detail;         /* one sentence for the client, or NULL */
	struct field_error *fields; /* E_VALIDATION only, in the order found */
	unsigned nfields;
	unsigned retry_after; /* seconds, 0 = the error's own default */
	enum cause cause;     /* of E_UNAVAILABLE and E_OVERLOADED */
};

/* Records the failure and returns `e`. The text goes to the client, so it holds no
 * SQL, no path, no secret; `format` may be NULL. What only the operator may see is
 * logged where it happens. */
enum error fail(struct ctx *, enum error e, const char *format, ...) PRINTF_LIKE(3, 4);

/* The same for a 503: returns the error of the cause's row, E_UNAVAILABLE or E_OVERLOADED,
 * which fail() must not be given (tests/lint/names.sh). */
enum error fail_unavailable(struct ctx *, enum cause, const char *format, ...) PRINTF_LIKE(3, 4);

/* Adds one bad field and returns E_VALIDATION. `in` must be a literal; at most 100 are
 * kept. */
enum error fail_field(struct ctx *, const char *in, const char *field, enum field_code,
		      const char *format, ...) PRINTF_LIKE(5, 6);

void failure_clear(struct ctx *);

#endif
