/* Times, dates, numbers, addresses and the others: "price 12.5". What is taken has a normal
 * form, which is its own normal form. */
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
