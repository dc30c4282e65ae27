/* Writes records as JSON. */
#include "app/schema.h"

void
schema_write_all(struct buf *b, const struct schema *schema, const struct records *records)
{
	const char *row = records->rows;

	buf_char(b, '[');
	for (size_t i = 0; i < records->n; i++, row += schema->size) {
		if (i > 0)
			buf_char(b, ',');
		schema_write(b, schema, row);
	}
	buf_char(b, ']');
}

/* Writes a value in normal form. */
static void
write_text(struct buf *b, const struct field *f, const char *text)
{
	if (f->type == TYPE_JSON || f->type == TYPE_INT || f->type == TYPE_BOOL)
		buf_text(b, text);
	else
		buf_json_text(b, text);
}

static void
write_array(struct buf *b, const struct field *f, const char *const *values)
{
	buf_char(b, '[');
	for (size_t i = 0; values && values[i]; i++) {
		if (i > 0)
			buf_char(b, ',');
		write_text(b, f->item, values[i]);
	}
	buf_char(b, ']');
}

static void
write_value(struct buf *b, const struct field *f, const void *member)
{
	const void *value = member; /* or what it points to */

	if (f->type == TYPE_RECORDS) {
		schema_write_all(b, f->record, member);
		return;
	}
	if (f->pointer || (f->type != TYPE_INT && f->type != TYPE_BOOL))
		value = *(const void *const *)member;
	if (!value && (f->type != TYPE_ARRAY || f->flags & F_NULLABLE)) {
		buf_put(b, "null", 4);
		return;
	}

	switch (f->type) {
	case TYPE_INT:
		buf_int(b, *(const int64_t *)value);
		break;
	case TYPE_BOOL:
		buf_text(b, *(const bool *)value ? "true" : "false");
		break;
	case TYPE_RECORD:
		schema_write(b, f->record, value);
		break;
	case TYPE_ARRAY:
		write_array(b, f, value);
		break;
	default:
		write_text(b, f, value);
	}
}

/* Writes the key with one call, for speed. */
static void
write_key(struct buf *b, char before, const char *name)
{
	char key[80];
	size_t len = strlen(name);

	if (len + 4 > sizeof(key)) {
		buf_printf(b, "%c\"%s\":", before, name);
		return;
	}
	key[0] = before;
	key[1] = '"';
	memcpy(key + 2, name, len);
	key[len + 2] = '"';
	key[len + 3] = ':';
	buf_put(b, key, len + 4);
}

void
schema_write(struct buf *b, const struct schema *schema, const void *record)
{
	char before = '{';

	for (size_t i = 0; i < schema->nfields; i++) {
		const struct field *f = &schema->fields[i];

		if (!(f->flags & F_READ))
			continue;
		write_key(b, before, f->name);
		write_value(b, f, (const char *)record + f->offset);
		before = ',';
	}
	if (before == '{')
		buf_char(b, before);
	buf_char(b, '}');
}
