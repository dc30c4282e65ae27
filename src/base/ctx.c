/* Roles by name. */
#include "app/ctx.h"

const char *const role_names[] = { "viewer", "member", "admin", "owner", NULL };

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
