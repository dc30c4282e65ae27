/* Access to the fields of a schema and of its records. */
#include "app/schema.h"

#include "schema_priv.h"

const struct field *
schema_field(const struct schema *schema, const char *name)
{
	for (size_t i = 0; i < schema->nfields; i++)
		if (strcmp(schema->fields[i].name, name) == 0)
			return &schema->fields[i];
	return NULL;
}

uint64_t
schema_bit(const struct schema *schema, size_t offset)
{
	for (size_t i = 0; i < schema->nfields; i++)
		if (schema->fields[i].offset == offset)
			return UINT64_C(1) << i;
	return 0;
}

uint64_t
schema_replaced(const struct schema *schema)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < schema->nfields; i++)
		if (schema->fields[i].flags & F_CREATE)
			bits |= UINT64_C(1) << i;
	return bits;
}

int64_t
field_min(const struct field *f)
{
	return f->min_setting ? *f->min_setting : f->min;
}

bool
field_accepted(const struct field *f, enum schema_mode mode)
{
	if (f->type == TYPE_RECORD || f->type == TYPE_RECORDS)
		return false;
	if (f->enabled && !*f->enabled)
		return false;
	return f->flags & (mode == SCHEMA_CREATE ? F_CREATE : F_UPDATE);
}

const char *
field_text(struct arena *a, const struct field *f, const void *record)
{
	const void *member = (const char *)record + f->offset;

	if (f->pointer)
		member = *(const void *const *)member;
	if (!member)
		return NULL;

	switch (f->type) {
	case TYPE_INT:
		return arena_printf(a, "%" PRId64, *(const int64_t *)member);
	case TYPE_BOOL:
		return *(const bool *)member ? "true" : "false";
	case TYPE_RECORD:
	case TYPE_RECORDS:
	case TYPE_ARRAY:
		return NULL;
	default:
		return *(const char *const *)member;
	}
}

void
field_set(struct arena *a, const struct field *f, void *record, const char *normal)
{
	void *member = (char *)record + f->offset;

	if (f->pointer)
		member = *(void **)member = arena_alloc(a, sizeof(int64_t));

	switch (f->type) {
	case TYPE_INT:
		*(int64_t *)member = strtoll(normal, NULL, 10);
		break;
	case TYPE_BOOL:
		*(bool *)member = *normal == 't';
		break;
	case TYPE_RECORD:
	case TYPE_RECORDS:
	case TYPE_ARRAY: /* not a single value */
		break;
	default:
		*(const char **)member = normal;
	}
}
