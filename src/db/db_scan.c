/* Makes records of rows: each column goes where the schema's row says. */
#include "db_priv.h"

#include "app/clock.h"
#include "app/log.h"

static enum error
unfit(struct ctx *c, const struct rows *rows, const struct field *f, const char *why)
{
	log_error(c, "statement %s: column \"%s\" %s", rows->query->name, f->name, why);
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

/* "2026-11-20 15:08:41.2+00", the fraction as short as can be, becomes
 * "2026-11-20T15:08:41.200000Z". A server behind a pooler may speak of another time zone;
 * NULL where it is no time of ours at all (infinity, before Christ). */
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

/* "{red,green}" as an array that ends with NULL; the text is cut into its words. NULL where
 * they are not plain. */
static const char *const *
scan_choices(struct arena *a, char *text, size_t len)
{
	const char **words;
	size_t n = 0;

	if (len < 2 || text[0] != '{' || text[len - 1] != '}' || strpbrk(text + 1, "{\"\\"))
		return NULL;

	/* Each word takes a letter and a comma, so there are fewer than bytes. */
	words = arena_array(a, len, sizeof(*words));
	text[len - 1] = '\0';
	for (char *word = text + 1, *end; *word; word = end) {
		end = word + strcspn(word, ",");
		words[n++] = word;
		if (*end)
			*end++ = '\0';
	}
	return words;
}

static enum error
scan_value(struct ctx *c, const struct rows *rows, const struct field *f, int at, int column,
	   char *member)
{
	const char *text = PQgetvalue(rows->result, at, column);
	const char *const *words;

	switch (f->type) {
	case TYPE_TEXT:
	case TYPE_EMAIL:
	case TYPE_UUID:
	case TYPE_ENUM:
	case TYPE_JSON:
		*(const char **)(void *)member = text;
		return OK;
	case TYPE_TIME:
		text = scan_time(c->arena, text, (size_t)PQgetlength(rows->result, at, column));
		*(const char **)(void *)member = text;
		return text ? OK : unfit(c, rows, f, "holds no time between the years 1 and 9999");
	case TYPE_INT:
		if (!scan_int(text, (int64_t *)(void *)member))
			return unfit(c, rows, f, "holds no whole number of 64 bits");
		return OK;
	case TYPE_BOOL:
		*(bool *)member = text[0] == 't';
		return OK;
	case TYPE_CHOICES:
		words = scan_choices(c->arena, arena_text(c->arena, text), strlen(text));
		*(const char *const **)(void *)member = words;
		return words ? OK : unfit(c, rows, f, "holds no list of plain words");
	case TYPE_RECORD:
	case TYPE_RECORDS:
		break;
	}
	return unfit(c, rows, f, "cannot be a record");
}

static enum error
scan_row(struct ctx *c, const struct rows *rows, int at, char *out)
{
	const struct statement *s = rows->statement;
	enum error e;

	for (int i = 0; i < s->nfields; i++) {
		const struct field *f = s->fields[i];

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
	enum error e;

	e = statement_fields(c, rows->query, rows->statement, rows->result);
	if (e)
		return e;

	memset(out, 0, rows->query->row->size);
	return scan_row(c, rows, at, out);
}

enum error
rows_scan_all(struct ctx *c, const struct rows *rows, size_t n, struct records *out)
{
	size_t size = rows->query->row->size;
	char *records = arena_array(c->arena, n, size);
	enum error e;

	e = statement_fields(c, rows->query, rows->statement, rows->result);
	for (size_t i = 0; !e && i < n; i++)
		e = scan_row(c, rows, (int)i, records + i * size);
	if (e)
		return e;

	*out = (struct records) { records, n };
	return OK;
}
