/* A small writer of JSON for the OpenAPI document. */
#include "openapi_priv.h"

enum { LINES = 3 };

/* The comma, line and key before a value. */
static void
begin(struct json *j, const char *key)
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
json_open(struct json *j, const char *key, char bracket)
{
	begin(j, key);
	buf_char(&j->out, bracket);
	j->depth++;
	j->follows = false;
}

void
json_close(struct json *j, char bracket)
{
	buf_char(&j->out, bracket);
	j->depth--;
	j->follows = true;
}

void
json_text(struct json *j, const char *key, const char *text)
{
	begin(j, key);
	buf_json_text(&j->out, text);
}

void
json_int(struct json *j, const char *key, int64_t number)
{
	begin(j, key);
	buf_int(&j->out, number);
}

void
json_bool(struct json *j, const char *key, bool value)
{
	json_raw(j, key, value ? "true" : "false");
}

void
json_raw(struct json *j, const char *key, const char *value)
{
	begin(j, key);
	buf_text(&j->out, value);
}

void
json_ref(struct json *j, const char *key, const char *kind, const char *name)
{
	json_open(j, key, '{');
	json_text(j, "$ref", arena_printf(j->out.arena, "#/components/%s/%s", kind, name));
	json_close(j, '}');
}
