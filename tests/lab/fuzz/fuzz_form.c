/* Forms: name=value pairs are read into a record. */
#include "fuzz.h"

#include "http/http_priv.h"

#include "app/utf8.h"

void
fuzz(struct ctx *c, const char *bytes, size_t len)
{
	const struct param *params;
	struct sample sample;
	uint64_t given;
	enum error e;
	size_t n;

	if (!params_read(c->arena, bytes, len, &params, &n))
		return;

	for (size_t i = 0; i < n; i++)
		HOLDS(utf8_valid(params[i].name, strlen(params[i].name)) &&
		      utf8_valid(params[i].value, strlen(params[i].value)));
	e = schema_read_params(c, &sample_schema, "body", params, n, &sample, &given);
	HOLDS(e == OK || (e == E_VALIDATION && c->failure.nfields > 0));
}
