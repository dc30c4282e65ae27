/* A small writer of JSON for the OpenAPI document. */
#include "openapi_priv.h"

enum { LINES = 3 };

/* The comma, line and key before a value. */
static void
begin(struct writer *j, const char *key)
{
	if (j->follows)
		buf_char(&j->out, ',');
	if (j->depth > 0 && j->depth <= LINES) {
		buf_char(&j->out, '\n');
		for (unsigned i = 0; i < j->depth; i++)
			buf_char(&j->out, ' ');
	}
	if (key) {
		buf_json_text(&j->out, key);
		buf_char(&j->out, ':');
	}
	j->follows = true;
}

void
writer_open(struct writer *j, const char *key, char bracket)
{
	begin(j, key);
	buf_char(&j->out, bracket);
	j->depth++;
	j->follows = false;
}

void
writer_close(struct writer *j, char bracket)
{
	buf_char(&j->out, bracket);
	j->depth--;
	j->follows = true;
}

void
writer_text(struct writer *j, const char *key, const char *text)
{
	begin(j, key);
	buf_json_text(&j->out, text);
}

void
writer_int(struct writer *j, const char *key, int64_t number)
{
	begin(j, key);
	buf_int(&j->out, number);
}

void
writer_bool(struct writer *j, const char *key, bool value)
{
	writer_raw(j, key, value ? "true" : "false");
}

void
writer_raw(struct writer *j, const char *key, const char *value)
{
	begin(j, key);
	buf_text(&j->out, value);
}

void
writer_ref(struct writer *j, const char *key, const char *kind, const char *name)
{
	writer_open(j, key, '{');
	writer_text(j, "$ref", arena_printf(j->out.arena, "#/components/%s/%s", kind, name));
	writer_close(j, '}');
}
