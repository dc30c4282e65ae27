/* Role names, row visibility and the user agent. */
#include "app/ctx.h"

#include "app/utf8.h"

enum { USER_AGENT_MAX = 400 };

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
