/*
 * Errors. A function that can fail returns `enum error`, 0 (OK) for success, and records a text
 * for the client in the ctx (app/ctx.h):
 *
 *	return fail(c, E_CONFLICT, "an item may have at most %d parts", MAX_PARTS);
 *
 * A 503 also needs a cause, for the access log and the metrics:
 *
 *	return fail_unavailable(c, CAUSE_HASH_QUEUE, NULL);
 *
 * Only http/problem.c and cli/cli.c turn an error into a response or a message; only src/db/
 * turns SQLSTATE into an error.
 */
#ifndef APP_ERROR_H
#define APP_ERROR_H

#include "app/base.h"

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
	const char *detail; /* the default text */
};

/* Returns the row of an error; for OK and unknown values, the row of E_INTERNAL. */
const struct error_info *error_info(enum error);

/* The reasons for a 503 (cause.def). */
enum cause {
	CAUSE_NONE,
#define CAUSE(name, error, word, text) name,
#include "app/cause.def"
#undef CAUSE
	CAUSE_COUNT
};

/* Returns the name: "hash_queue", as in the access log and the label of unavailable_total.
 * "unstated" for CAUSE_NONE, which a test rejects. */
const char *cause_word(enum cause);

/* E_UNAVAILABLE or E_OVERLOADED. */
enum error cause_error(enum cause);

/* Error codes of fields (doc/API.md, Errors). */
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
	const char *field; /* the name, as the client sent it */
	enum field_code code;
	const char *message; /* "must have at least 8 characters" */
	struct field_error *next;
};

/* The last error of a ctx. failure_clear() resets it. */
struct failure {
	enum error error;
	const char *detail;         /* one sentence for the client, or NULL: the default */
	struct field_error *fields; /* of E_VALIDATION, in the order found */
	unsigned nfields;
	unsigned retry_after; /* seconds; 0: the default */
	enum cause cause;     /* of E_UNAVAILABLE and E_OVERLOADED */
};

#endif
