/*
 * One table for a record: its rows drive validation, JSON in and out, the scan of
 * database rows, query parameters and OpenAPI. A row whose C member does not fit its
 * type does not compile.
 *
 *	static const struct field fields[] = {
 *		{ UUID(struct item, id), .flags = F_READ, .summary = "Identifier." },
 *		{ TEXT(struct item, title), .flags = F_RW | F_REQUIRED, .min = 1, .max = 200,
 *		  .summary = "Short name shown in lists." },
 *		{ ENUM(struct item, status), .flags = F_RW, .choices = item_states,
 *		  .default_value = "active", .summary = "Stage of life." },
 *	};
 *	const struct schema item_schema = SCHEMA("Item", struct item, fields);
 */
#ifndef APP_SCHEMA_H
#define APP_SCHEMA_H

#include "app/buf.h"
#include "app/ctx.h"

enum field_type {
	TYPE_TEXT,    /* const char *: UTF-8; min and max count characters */
	TYPE_EMAIL,   /* const char *: trimmed; plain ASCII local@domain, at most 254 bytes;
		       * the domain has a dot */
	TYPE_UUID,    /* const char *: lower case */
	TYPE_TIME,    /* const char *: RFC 3339; read with any offset, kept and sent in UTC */
	TYPE_DATE,    /* const char *: YYYY-MM-DD, between the years 1 and 9999 */
	TYPE_ENUM,    /* const char *: one of .choices */
	TYPE_INT,     /* int64_t: min and max are values, where max > min; -2^63 is refused;
		       * JSON's 1.0 and 1e2 are whole numbers too, up to 2^53 */
	TYPE_DECIMAL, /* const char *, never a double: .scale digits after the point, at most 18
		       * in all; read from a JSON string or number without exponent, sent as a
		       * string ("12.50"), which every client keeps exact; min and max are
		       * values as with TYPE_INT; the column is numeric(18, scale) */
	TYPE_BOOL,    /* bool */
	TYPE_JSON,    /* const char *: any JSON but null; max counts bytes, 0: 64 KiB. PATCH
		       * replaces it as a whole. The column is jsonb */
	TYPE_ARRAY,   /* const char *const *: values of .item in their normal form, with NULL at
		       * the end; min and max count them, 0: at most 100; of choices each once.
		       * Not given it is empty, or null where it may be. Never of JSON */
	TYPE_RECORD,  /* const void *: a record of .record, for replies */
	TYPE_RECORDS, /* struct records: an array of .record, for replies */
};

enum { DECIMAL_DIGITS = 18, ARRAY_MAX = 100 };

/* Flags of a row. None set: loaded from the database, never accepted, never sent. */
enum {
	F_READ = 1,      /* sent in replies */
	F_CREATE = 2,    /* accepted by POST and PUT */
	F_UPDATE = 4,    /* accepted by PATCH */
	F_RW = 7,        /* all of these */
	F_REQUIRED = 8,  /* must be given in POST and PUT, and in a query */
	F_NULLABLE = 16, /* may be null; the member is then a pointer that may be NULL, for
			  * INT and BOOL too: const int64_t *, const bool * */
	F_SECRET = 32,   /* writeOnly and a password field in OpenAPI; never logged */
};

struct field {
	const char *name; /* JSON key, SQL column, query parameter */
	enum field_type type;
	size_t offset;
	unsigned flags;
	int64_t min, max;           /* 0 and 0: no limit but the type's own */
	const int64_t *min_setting; /* a setting that takes the place of .min, or NULL */
	const char *const *choices; /* TYPE_ENUM: ends with NULL */
	/* TYPE_ENUM: pairs of an alias and the choice that it is stored as, then NULL; or NULL.
	 * OpenAPI states them in the description, not in `enum`. */
	const char *const *aliases;
	int scale;                /* TYPE_DECIMAL: digits after the point, at most 17 */
	bool pointer;             /* TYPE_INT, TYPE_BOOL: the member is a pointer */
	const struct field *item; /* TYPE_ARRAY: the type of each value; its name is unused */
	/* Whether POST and PUT require it, given the members before it in the record; NULL: no. */
	bool (*required_if)(const void *record);
	const char *default_value;   /* as text: what POST and PUT take where it is not given */
	const struct schema *record; /* TYPE_RECORD, TYPE_RECORDS */

	/* TYPE_UUID that refers to another row: OK where the caller may see the row of that id,
	 * E_NOT_FOUND where not, which is FIELD_INVALID_CHOICE. Asked of each id that comes in. */
	enum error (*visible)(struct ctx *, const char *id);

	const char *summary; /* one sentence for the API's documents */
	const char *example; /* as text; OpenAPI makes one up where there is none */
};

struct schema {
	const char *name; /* "Item": its name in OpenAPI */
	size_t size;      /* of the C record */
	const struct field *fields;
	size_t nfields; /* at most 64: one bit each in `given` */
	/* Whether unknown members are ignored, given the record that was read; NULL: they are
	 * errors. */
	bool (*ignores_unknown)(const void *record);
};

/* An array of records: `rows` is n structs, one after the other. */
struct records {
	const void *rows;
	size_t n;
};

/* clang-format off */
#define SCHEMA(label, rec, rows) \
	{ .name = label, .size = sizeof(rec), .fields = rows, .nfields = COUNT(rows) }
/* clang-format on */

/* Whether the member has that C type. ZERO_IF() is 0, and compiles only if `condition` holds. */
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
	SCHEMA_CREATE, /* POST, PUT: F_CREATE rows, required ones required, initials set */
	SCHEMA_UPDATE, /* PATCH: F_UPDATE rows; what is not named is not in `given` */
};

/* Reads a JSON object into the record `out` (schema->size bytes, zeroed first) and sets
 * a bit in `*given` for each row that was there (bit number = row number). Fails with
 * E_MALFORMED_JSON, or with E_VALIDATION and every bad field; strings live in the
 * ctx's arena. Strictness: doc/API.md, Bodies. */
enum error schema_read(struct ctx *, const struct schema *, enum schema_mode, const char *json,
		       size_t len, void *out, uint64_t *given) MUST_CHECK;

/* One name=value of a query string or a form, decoded. */
struct param {
	const char *name, *value;
};

/* The same from parameters, with F_CREATE rows; `in` ("query" or "body") goes into the
 * errors. An array is its name given for each value. A parameter that no row knows is
 * FIELD_UNKNOWN, one that is no array and given twice FIELD_INVALID_FORMAT. */
enum error schema_read_params(struct ctx *, const struct schema *, const char *in,
			      const struct param *, size_t n, void *out,
			      uint64_t *given) MUST_CHECK;

/* Checks one value of a row given as text and returns its normal form (UUID in lower
 * case, time in UTC, "true", "17", "12.50"), or NULL after fail_field(). */
const char *field_check(struct ctx *, const char *in, const struct field *, const char *text);

/* Whether the row of that name was in `given`. */
bool schema_given(const struct schema *, uint64_t given, const char *name);

/* The row's minimum: what its .min_setting says, else .min. */
int64_t field_min(const struct field *);

/* The row of that name, or NULL. */
const struct field *schema_field(const struct schema *, const char *name);

/* What a record has in that row, as text in its normal form; NULL where it is null, or no
 * single value. */
const char *field_text(struct arena *, const struct field *, const void *record);

/* Appends the record as a JSON object: the F_READ rows, in their order. */
void schema_write(struct buf *, const struct schema *, const void *record);

/* The same for an array of them. */
void schema_write_all(struct buf *, const struct schema *, const struct records *);

/* Checks bytes against RFC 8259 and doc/API.md's stricter rules (UTF-8, no NUL in a string, at most
 * 32 levels and JSON_VALUES_MAX values, no duplicate key, nothing after the value). Returns
 * NULL, or what is wrong, for the user: "a key occurs twice in an object". */
enum { JSON_VALUES_MAX = 10000 };
const char *json_check(const char *json, size_t len) MUST_CHECK;

struct json_scan {
	size_t members; /* of all objects: a parser that keeps the last of two keys has fewer */
	size_t offset;  /* where the scan ended: the position of the error */
	bool too_many;  /* the error is JSON_VALUES_MAX */
};

/* The same without the check for duplicate keys; allocates nothing. */
const char *json_scan(const char *json, size_t len, struct json_scan *) MUST_CHECK;

#endif
