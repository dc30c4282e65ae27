/* Writes records as JSON, straight into the builder: no tree in between. */
#include "app/schema.h"

static void
write_records(struct buf *b, const struct schema *schema, const struct records *records)
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

static void
write_choices(struct buf *b, const char *const *words)
{
	buf_char(b, '[');
	for (size_t i = 0; words && words[i]; i++) {
		if (i > 0)
			buf_char(b, ',');
		buf_json_text(b, words[i]);
	}
	buf_char(b, ']');
}

static void
write_value(struct buf *b, const struct field *f, const void *member)
{
	const void *pointer;

	switch (f->type) {
	case TYPE_INT:
		buf_int(b, *(const int64_t *)member);
		return;
	case TYPE_BOOL:
		buf_text(b, *(const bool *)member ? "true" : "false");
		return;
	case TYPE_RECORDS:
		write_records(b, f->record, member);
		return;
	case TYPE_CHOICES:
		write_choices(b, *(const char *const *const *)member);
		return;
	default:
		break;
	}

	pointer = *(const void *const *)member;
	if (!pointer)
		buf_put(b, "null", 4);
	else if (f->type == TYPE_JSON)
		buf_text(b, pointer);
	else if (f->type == TYPE_RECORD)
		schema_write(b, f->record, pointer);
	else
		buf_json_text(b, pointer);
}

/* In one piece: half of what is written are keys. */
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
