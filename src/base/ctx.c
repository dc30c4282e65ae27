/* Role names, row visibility, the user agent, and recording a failure. */
#include "app/ctx.h"

#include "app/utf8.h"

enum { USER_AGENT_MAX = 400, FIELD_ERRORS_MAX = 100 };

const char *const role_names[] = { "viewer", "member", "admin", "owner", NULL };
const char *const role_aliases[] = { "user", "member", NULL };

const char *
role_name(enum role role)
{
	return role > ROLE_NONE && role <= ROLE_OWNER ? role_names[role - 1] : "none";
}

enum role
role_parse(const char *name)
{
	for (int i = 0; role_names[i]; i++) {
		if (strcmp(role_names[i], name) == 0)
			return (enum role)(i + 1);
	}
	return ROLE_NONE;
}

const char *
visible_to(const struct ctx *c)
{
	if (c->caller.role >= ROLE_ADMIN || (c->process && !c->caller.user_id))
		return NULL;

	return c->caller.user_id ? c->caller.user_id : "00000000-0000-0000-0000-000000000000";
}

const char *
ctx_user_agent(struct ctx *c)
{
	const char *text = c->user_agent;
	size_t len = 0, n;

	if (!text)
		return NULL;
	while ((n = utf8_char(text + len, strlen(text + len))) && len + n <= USER_AGENT_MAX)
		len += n;
	return arena_text_n(c->arena, text, len);
}

static enum error
record_failure(struct ctx *c, enum error e, enum cause cause, const char *format, va_list args)
{
	failure_clear(c);
	c->failure.error = e;
	c->failure.cause = cause;
	if (format)
		c->failure.detail = arena_vprintf(c->arena, format, args);
	return e;
}

enum error
fail(struct ctx *c, enum error e, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	record_failure(c, e, CAUSE_NONE, format, args);
	va_end(args);
	return e;
}

enum error
fail_unavailable(struct ctx *c, enum cause cause, const char *format, ...)
{
	va_list args;
	enum error e;

	va_start(args, format);
	e = record_failure(c, cause_error(cause), cause, format, args);
	va_end(args);
	return e;
}

enum error
fail_field(struct ctx *c, const char *in, const char *field, enum field_code code,
	   const char *format, ...)
{
	struct field_error **at = &c->failure.fields, *row;
	va_list args;

	if (c->failure.error != E_VALIDATION)
		failure_clear(c);
	c->failure.error = E_VALIDATION;
	c->failure.nfields++;
	if (c->failure.nfields > FIELD_ERRORS_MAX)
		return E_VALIDATION;

	while (*at)
		at = &(*at)->next;
	row = ARENA_NEW(c->arena, struct field_error);
	row->in = in;
	row->field = arena_text(c->arena, field);
	row->code = code;
	va_start(args, format);
	row->message = arena_vprintf(c->arena, format, args);
	va_end(args);
	*at = row;
	return E_VALIDATION;
}

void
failure_clear(struct ctx *c)
{
	c->failure = (struct failure) { 0 };
}
