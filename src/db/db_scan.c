/* Converts result rows to records: each column is stored in the field of the same name. */
#include "db_priv.h"

#include "app/clock.h"
#include "app/log.h"

struct number {
	int64_t n;
};
static const struct field number_fields[] = { { INT(struct number, n) } };
const struct schema db_number_schema = SCHEMA("Number", struct number, number_fields);

static enum error
unfit(struct ctx *c, const struct rows *rows, const struct field *f, const char *why)
{
	log_error(c, "statement %s: column \"%s\" %s", rows->name, f->name, why);
	return fail(c, E_INTERNAL, NULL);
}

static bool
all_digits(const char *text, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return true;
}

/* Converts "2026-11-20 15:08:41.2+00" to "2026-11-20T15:08:41.200000Z". Behind a pooler, the session
 * may have another time zone. NULL for infinity and years outside 1 to 9999. */
static const char *
scan_time(struct arena *a, const char *text, size_t len)
{
	enum { SECONDS = 19, FRACTION = 6, POINT = 1, ZONE = 3 };
	char *out = arena_alloc(a, CLOCK_TEXT_SIZE), *copy;
	size_t digits;
	int64_t t;

	if (len < SECONDS + ZONE || len > 64)
		return NULL;

	digits = text[SECONDS] == '.' ? strspn(text + SECONDS + POINT, "0123456789") : 0;
	if (strcmp(text + len - ZONE, "+00") == 0 && digits <= FRACTION &&
	    len == SECONDS + (digits ? POINT + digits : 0) + ZONE && text[4] == '-' &&
	    all_digits(text, 0, 4)) {
		memcpy(out, text, SECONDS);
		out[10] = 'T';
		memcpy(out + SECONDS, ".000000Z", 9);
		memcpy(out + SECONDS + POINT, text + SECONDS + POINT, digits);
		return out;
	}

	copy = arena_printf(a, "%s%s", text,
			    text[len - 3] == '+' || text[len - 3] == '-' ? ":00" : "");
	copy[10] = 'T';
	if (!clock_parse(copy, &t))
		return NULL;
	clock_text(t, out);
	return out;
}

static bool
scan_int(const char *text, int64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno == 0 && end != text && *end == '\0';
}

/* Returns the normal form of a value that records store as text, or NULL if it has none. */
static const char *
scan_text(struct arena *a, enum field_type type, const char *text, size_t len)
{
	switch (type) {
	case TYPE_TIME:
		return scan_time(a, text, len);
	case TYPE_DATE: /* not infinity, not years outside 1 to 9999 */
		return len == 10 && text[4] == '-' ? text : NULL;
	case TYPE_DECIMAL: /* not NaN, not Infinity */
		return text[strspn(text, "-.0123456789")] ? NULL : text;
	case TYPE_BOOL:
		return p_bool(*text == 't');
	default:
		return text;
	}
}

/* Copies one value of an array to `*out`, with a NUL. `at` is the brace or comma before it. Returns
 * the one after it, or NULL if the value is null or an array. */
static const char *
copy_value(const char *at, char **out)
{
	bool quoted = at[1] == '"';
	const char *start = at + 1 + quoted;

	for (at = start; *at && !strchr(quoted ? "\"" : ",}", *at); at++) {
		if (*at == '\\')
			at++;
		*(*out)++ = *at;
	}
	*(*out)++ = '\0';
	if (!quoted && (*start == '{' || (at - start == 4 && strncmp(start, "NULL", 4) == 0)))
		return NULL;
	return at + quoted;
}

/* Splits `{red,"dark \"green\""}` into its values, then NULL. Returns NULL for nested arrays and
 * for null or invalid values. */
static const char *const *
scan_array(struct arena *a, const struct field *item, const char *text, size_t len)
{
	char *out = arena_alloc(a, len + 1);
	const char **values;
	size_t n = 2;

	for (const char *at = text; *at; at++)
		n += *at == ',';
	values = arena_array(a, n, sizeof(*values));
	if (strcmp(text, "{}") == 0)
		return values;

	n = 0;
	for (const char *at = text; *at != '}'; n++) {
		const char *value = out;

		at = *at == '{' || *at == ',' ? copy_value(at, &out) : NULL;
		values[n] = at ? scan_text(a, item->type, value, strlen(value)) : NULL;
		if (!values[n])
			return NULL;
	}
	return values;
}

static enum error
scan_value(struct ctx *c, const struct rows *rows, const struct field *f, int at, int column,
	   void *member)
{
	const char *text = PQgetvalue(rows->result, at, column);
	size_t len = (size_t)PQgetlength(rows->result, at, column);

	if (f->pointer)
		member = *(void **)member = arena_alloc(c->arena, sizeof(int64_t));

	switch (f->type) {
	case TYPE_INT:
		if (!scan_int(text, member))
			return unfit(c, rows, f, "is not a 64-bit integer");
		return OK;
	case TYPE_BOOL:
		*(bool *)member = text[0] == 't';
		return OK;
	case TYPE_ARRAY:
		text = (const char *)scan_array(c->arena, f->item, text, len);
		break;
	case TYPE_RECORD:
	case TYPE_RECORDS:
		return unfit(c, rows, f, "cannot be a record");
	default:
		text = scan_text(c->arena, f->type, text, len);
	}
	*(const char **)member = text;
	return text ? OK : unfit(c, rows, f, "has a value that its field type cannot represent");
}

/* Finds the field of each column; NULL for LIST_TOTAL, which list.c reads. */
static enum error
find_fields(struct ctx *c, const struct rows *rows, const struct field ***out)
{
	int n = PQnfields(rows->result);
	const struct field **fields = arena_array(c->arena, (size_t)n, sizeof(*fields));

	for (int i = 0; i < n; i++) {
		const char *column = PQfname(rows->result, i);

		fields[i] = schema_field(rows->schema, column);
		if (!fields[i] && strcmp(column, LIST_TOTAL) != 0) {
			log_error(c, "statement %s: schema %s has no field for the column \"%s\"",
				  rows->name, rows->schema->name, column);
			return fail(c, E_INTERNAL, NULL);
		}
	}
	*out = fields;
	return OK;
}

static enum error
scan_row(struct ctx *c, const struct rows *rows, const struct field **fields, int at, char *out)
{
	enum error e;

	for (int i = 0; i < PQnfields(rows->result); i++) {
		const struct field *f = fields[i];

		if (!f)
			continue;
		if (PQgetisnull(rows->result, at, i)) {
			if (!(f->flags & F_NULLABLE))
				return unfit(c, rows, f,
					     "is null, and its field is not F_NULLABLE");
			continue;
		}
		e = scan_value(c, rows, f, at, i, out + f->offset);
		if (e)
			return e;
	}
	return OK;
}

enum error
rows_scan(struct ctx *c, const struct rows *rows, int at, void *out)
{
	const struct field **fields;
	enum error e;

	e = find_fields(c, rows, &fields);
	if (e)
		return e;

	memset(out, 0, rows->schema->size);
	return scan_row(c, rows, fields, at, out);
}

enum error
rows_scan_all(struct ctx *c, const struct rows *rows, size_t n, struct records *out)
{
	size_t size = rows->schema->size;
	char *records = arena_array(c->arena, n, size);
	const struct field **fields;
	enum error e;

	e = find_fields(c, rows, &fields);
	for (size_t i = 0; !e && i < n; i++)
		e = scan_row(c, rows, fields, (int)i, records + i * size);
	if (e)
		return e;

	*out = (struct records) { records, n };
	return OK;
}
