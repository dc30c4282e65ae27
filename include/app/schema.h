/*
 * A schema describes a C record. Its rows drive validation, JSON input and output, the
 * conversion of database rows, query parameters and OpenAPI. A row whose type does not match
 * its C member does not compile.
 *
 *	static const struct field fields[] = {
 *		{ UUID(struct item, id), .flags = F_READ, .summary = "Identifier." },
 *		{ TEXT(struct item, title), .flags = F_RW | F_REQUIRED, .min = 1, .max = 200,
 *		  .summary = "Short name shown in lists." },
 *		{ ENUM(struct item, status), .flags = F_RW, .choices = item_states,
 *		  .default_value = "active", .summary = "Status of the item." },
 *	};
 *	const struct schema item_schema = SCHEMA("Item", struct item, fields);
 */
#ifndef APP_SCHEMA_H
#define APP_SCHEMA_H

#include "app/buf.h"
#include "app/ctx.h"

enum field_type {
	TYPE_TEXT,    /* const char *: UTF-8; min and max count characters */
	TYPE_EMAIL,   /* const char *: trimmed; ASCII local@domain, at most 254 bytes; the
		       * domain has a dot */
	TYPE_SLUG,    /* const char *: 1 to 100 of a to z and 0 to 9, with single hyphens between */
	TYPE_UUID,    /* const char *: lower case */
	TYPE_TIME,    /* const char *: RFC 3339; accepted with any offset, stored and sent in UTC */
	TYPE_DATE,    /* const char *: YYYY-MM-DD, years 1 to 9999 */
	TYPE_ENUM,    /* const char *: one of .choices */
	TYPE_INT,     /* int64_t except -2^63. .min and .max limit the value if .max > .min. 1.0 and
		       * 1e2 in JSON are accepted as integers, up to 2^53 */
	TYPE_DECIMAL, /* const char *: .scale digits after the point, at most 18 in total. Accepted
		       * as a JSON string, or as a number without exponent; sent as a string
		       * ("12.50"), so that clients do not round it. .min and .max as for
		       * TYPE_INT. The column is numeric(18, scale) */
	TYPE_BOOL,    /* bool */
	TYPE_JSON,    /* const char *: any JSON value except null, at most .max bytes (0: 64 KiB).
		       * PATCH replaces it as a whole. The column is jsonb */
	TYPE_ARRAY,   /* const char *const *: values of .item in normal form, then NULL. .min and
		       * .max are counts (.max 0: 100). A choice may occur only once. If absent,
		       * it is null if F_NULLABLE, else empty. .item cannot be TYPE_JSON */
	TYPE_RECORD,  /* const void *: a record of .record; responses only */
	TYPE_RECORDS, /* struct records: an array of .record; responses only */
};

enum { DECIMAL_DIGITS = 18, ARRAY_MAX = 100 };

/* Flags of a field. Without flags, it is loaded from the database, but never accepted and
 * never sent. */
enum {
	F_READ = 1,       /* sent in responses */
	F_CREATE = 2,     /* accepted by POST and PUT */
	F_UPDATE = 4,     /* accepted by PATCH */
	F_RW = 7,         /* all of the above */
	F_REQUIRED = 8,   /* required in POST, PUT and queries */
	F_NULLABLE = 16,  /* may be null. The C member is then a pointer, for INT and BOOL too:
			  * const int64_t *, const bool * */
	F_SECRET = 32,    /* writeOnly, format password in OpenAPI; never logged */
	F_SET = 64,       /* not accepted, but set by the program: table_insert() and table_update()
			  * write it */
	F_COMPUTED = 128, /* not a column of the table; only lists with .from select it */
};

struct field {
	const char *name; /* JSON key, SQL column, query parameter */
	enum field_type type;
	size_t offset;
	unsigned flags;
	int64_t min, max;           /* see the type; TYPE_INT, TYPE_DECIMAL: limits if max > min */
	const int64_t *min_setting; /* a setting that replaces .min, or NULL */
	const char *const *choices; /* TYPE_ENUM: ends with NULL */
	/* TYPE_ENUM: NULL, or pairs of an alias and the choice that it is stored as, then NULL.
	 * OpenAPI states them in the description, not in `enum`. */
	const char *const *aliases;
	int scale;                /* TYPE_DECIMAL: digits after the point, at most 17 */
	bool pointer;             /* TYPE_INT, TYPE_BOOL: the member is a pointer */
	const struct field *item; /* TYPE_ARRAY: the type of each value; its name is unused */
	const bool
	    *enabled; /* a setting that permits the field; off: it is unknown. NULL: always */
	/* Whether POST and PUT require the field. `record` has the fields above it. NULL: no. */
	bool (*required_if)(const void *record);
	const char *default_value;   /* as text, for POST and PUT */
	const struct schema *record; /* TYPE_RECORD, TYPE_RECORDS */

	/* TYPE_UUID that refers to a row of another table (REFERENCES() in app/table.h). Returns OK
	 * if the caller may see that row, else E_NOT_FOUND, which becomes FIELD_INVALID_CHOICE.
	 * Called for each id in a request. */
	enum error (*visible)(struct ctx *, const struct field *, const char *id);
	const struct table *references;
	bool cascade; /* deleting that row deletes this one; false: that row cannot be deleted */

	const char *summary; /* one sentence, for OpenAPI */
	const char *example; /* as text; NULL: OpenAPI generates one */
};

struct schema {
	const char *name; /* "Item": its name in OpenAPI */
	size_t size;      /* of the C record */
	const struct field *fields;
	size_t nfields; /* at most 64: one bit each in `given` */
	/* Whether unknown members are ignored, given the record after reading. NULL: they are
	 * errors. */
	bool (*ignores_unknown)(const void *record);
};

/* An array of `n` records of one schema. */
struct records {
	const void *rows;
	size_t n;
};

/* clang-format off */
#define SCHEMA(label, rec, rows) \
	{ .name = label, .size = sizeof(rec), .fields = rows, .nfields = COUNT(rows) }
/* clang-format on */

/* Whether the member has that C type. ZERO_IF() is 0; it compiles only if `condition` is true. */
#define IS_A(rec, m, ctype) __builtin_types_compatible_p(__typeof__(((rec *)0)->m), ctype)
#define ZERO_IF(condition)  (0 * sizeof(char[(condition) ? 1 : -1]))
#define MEMBER(rec, m, t, ctype)                                                                   \
	.name = #m, .type = t, .offset = offsetof(rec, m) + ZERO_IF(IS_A(rec, m, ctype))
/* The same; the member is a pointer if the field is nullable. */
#define MEMBER_OR_POINTER(rec, m, t, ctype)                                                        \
	.name = #m, .type = t, .pointer = IS_A(rec, m, const ctype *),                             \
	.offset = offsetof(rec, m) + ZERO_IF(IS_A(rec, m, ctype) || IS_A(rec, m, const ctype *))
#define TEXT(rec, m)           MEMBER(rec, m, TYPE_TEXT, const char *)
#define EMAIL(rec, m)          MEMBER(rec, m, TYPE_EMAIL, const char *)
#define SLUG(rec, m)           MEMBER(rec, m, TYPE_SLUG, const char *)
#define UUID(rec, m)           MEMBER(rec, m, TYPE_UUID, const char *)
#define TIME(rec, m)           MEMBER(rec, m, TYPE_TIME, const char *)
#define DATE(rec, m)           MEMBER(rec, m, TYPE_DATE, const char *)
#define ENUM(rec, m)           MEMBER(rec, m, TYPE_ENUM, const char *)
#define JSON(rec, m)           MEMBER(rec, m, TYPE_JSON, const char *)
#define DECIMAL(rec, m, n)     MEMBER(rec, m, TYPE_DECIMAL, const char *), .scale = (n)
#define INT(rec, m)            MEMBER_OR_POINTER(rec, m, TYPE_INT, int64_t)
#define BOOL(rec, m)           MEMBER_OR_POINTER(rec, m, TYPE_BOOL, bool)
#define ARRAY(rec, m, of)      MEMBER(rec, m, TYPE_ARRAY, const char *const *), .item = (of)
#define RECORD(rec, m, shape)  MEMBER(rec, m, TYPE_RECORD, const void *), .record = (shape)
#define RECORDS(rec, m, shape) MEMBER(rec, m, TYPE_RECORDS, struct records), .record = (shape)

/* How a body is read. */
enum schema_mode {
	SCHEMA_CREATE, /* POST, PUT: accepts F_CREATE rows, checks F_REQUIRED, sets defaults */
	SCHEMA_UPDATE, /* PATCH: accepts F_UPDATE rows; absent fields are left zero */
};

/* Reads a JSON object into the record `out` (schema->size bytes, zeroed first) and sets bit
 * number i of `*given` if row number i was present. E_MALFORMED_JSON; E_VALIDATION with all
 * invalid fields; E_PAYLOAD_TOO_LARGE for more than JSON_VALUES_MAX values. Strings are
 * allocated in the ctx's arena. What is accepted: doc/API.md, Bodies. */
enum error schema_read(struct ctx *, const struct schema *, enum schema_mode, const char *json,
		       size_t len, void *out, uint64_t *given) MUST_CHECK;

/* One name=value of a query string or a form, decoded. */
struct param {
	const char *name, *value;
};

/* schema_read() for parameters (mode SCHEMA_CREATE). Errors refer to `in` ("query" or "body"). An
 * array repeats its name for each value. An unknown parameter is FIELD_UNKNOWN; a repeated one
 * that is not an array is FIELD_INVALID_FORMAT. */
enum error schema_read_params(struct ctx *, const struct schema *, const char *in,
			      const struct param *, size_t n, void *out,
			      uint64_t *given) MUST_CHECK;

/* Validates a value given as text. Returns its normal form (UUID in lower case, time in UTC,
 * "true", "17", "12.50"), or NULL after fail_field(). */
const char *field_check(struct ctx *, const char *in, const struct field *, const char *text);

/* Returns the bit of a member's field in `given`: GIVEN(&item_schema, struct item, title). */
#define GIVEN(schema, rec, m) schema_bit((schema), offsetof(rec, m))
uint64_t schema_bit(const struct schema *, size_t offset);

/* Returns the bits of all fields that a PUT replaces: those with F_CREATE. */
uint64_t schema_replaced(const struct schema *);

/* Returns the minimum: the value of .min_setting, else .min. */
int64_t field_min(const struct field *);

/* Returns the field of that name, or NULL. */
const struct field *schema_field(const struct schema *, const char *name);

/* Returns a field's value as text in normal form, or NULL if it is null, an array or a record. */
const char *field_text(struct arena *, const struct field *, const void *record);

/* Stores a value in normal form, as field_text() and field_check() return it. */
void field_set(struct arena *, const struct field *, void *record, const char *normal);

/* Appends the record as a JSON object: the F_READ rows, in their order. */
void schema_write(struct buf *, const struct schema *, const void *record);

/* Appends an array of records. */
void schema_write_all(struct buf *, const struct schema *, const struct records *);

/* Checks that bytes are JSON according to RFC 8259 and the stricter rules of doc/API.md (UTF-8,
 * no NUL in a string, at most 32 levels and JSON_VALUES_MAX values, no duplicate key, nothing
 * after the value). Returns NULL, or an error for the user: "a key occurs twice in an object". */
enum { JSON_VALUES_MAX = 10000 };
const char *json_check(const char *json, size_t len) MUST_CHECK;

struct json_scan {
	size_t members; /* in all objects; if the parsed tree has fewer, a key was duplicated */
	size_t offset;  /* in bytes, of the error */
	bool too_many;  /* the error is more than JSON_VALUES_MAX values */
};

/* json_check() without the check for duplicate keys. Allocates nothing. */
const char *json_scan(const char *json, size_t len, struct json_scan *) MUST_CHECK;

#endif
