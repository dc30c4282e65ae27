/* JSON: the parser accepts what json_check() accepts, and a written record reads back as the
 * same. */
#include "fuzz.h"

/* Reads a record and returns it as written; NULL if it is invalid. */
static const char *
read_and_write(struct ctx *c, enum schema_mode mode, const char *json, size_t len)
{
	struct buf out = buf_new(c->arena, 1 << 20);
	struct sample sample;
	uint64_t given;
	enum error e = schema_read(c, &sample_schema, mode, json, len, &sample, &given);

	bool malformed = e == E_MALFORMED_JSON || e == E_PAYLOAD_TOO_LARGE;

	HOLDS(malformed == (json_check(json, len) != NULL));
	HOLDS(e == OK || malformed || e == E_VALIDATION);
	failure_clear(c);
	if (e || (mode == SCHEMA_UPDATE && !(given & GIVEN(&sample_schema, struct sample, words))))
		return NULL;

	schema_write(&out, &sample_schema, &sample);
	return buf_done(&out);
}

void
fuzz(struct ctx *c, const char *bytes, size_t len)
{
	const char *written = read_and_write(c, SCHEMA_CREATE, bytes, len), *again;

	read_and_write(c, SCHEMA_UPDATE, bytes, len);
	if (!written)
		return;

	HOLDS(!json_check(written, strlen(written)));
	again = read_and_write(c, SCHEMA_CREATE, written, strlen(written));
	HOLDS(again && strcmp(again, written) == 0);
}
