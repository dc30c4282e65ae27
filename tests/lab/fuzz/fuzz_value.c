/* Values of each type. Input: "price 12.5". The normal form of an accepted value is accepted and
 * unchanged. */
#include "fuzz.h"

void
fuzz(struct ctx *c, const char *bytes, size_t len)
{
	char *name = fuzz_text(c, bytes, len), *text = fuzz_cut(name, ' ');
	const struct field *field = schema_field(&sample_schema, name);
	const char *normal, *again;

	if (!field)
		return;

	normal = field_check(c, "body", field, text);
	HOLDS((normal == NULL) == (c->failure.nfields == 1));
	if (!normal)
		return;

	again = field_check(c, "body", field, normal);
	HOLDS(again && strcmp(again, normal) == 0);
}
