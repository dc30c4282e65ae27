/* The command `token`: issues an access token for development. */
#include "auth_priv.h"

#include "app/buf.h"
#include "app/secret.h"
#include "app/settings.h"
#include "app/print.h"
#include "features/users/users.h"

enum { HOURS = 8, HOURS_MAX = 24 * 30 };

static enum error
make_account(struct ctx *c, const char *email, const char *role, struct user *out)
{
	struct new_user fresh = {
		.password = secret_new(c->arena),
		.role = role ? role_parse(role) : ROLE_MEMBER,
	};
	enum error e;

	e = cli_check(c, "--email", schema_field(&user_schema, "email"), email, &fresh.email);
	if (!e)
		e = users_add(c, &fresh, out);
	if (e)
		return e;

	print(stderr, "created the %s %s; set its password with `%s user set-password`\n",
	      out->role, out->email, PACKAGE);
	return OK;
}

static enum error
find_account(struct ctx *c, const char *email, const char *role, struct user *out)
{
	enum error e = users_get_by_email(c, email, out);

	if (e == E_NOT_FOUND) {
		failure_clear(c);
		return make_account(c, email, role, out);
	}
	if (e)
		return e;

	if (!out->is_active)
		return fail(c, E_CONFLICT, "%s is not active; hint: %s user activate %s",
			    out->email, PACKAGE, out->email);
	if (role && strcmp(role, out->role) != 0)
		return fail(c, E_CONFLICT, "%s has the role %s; hint: %s user set-role %s %s",
			    out->email, out->role, PACKAGE, out->email, role);
	return OK;
}

static enum error
default_account(struct ctx *c, struct user *out)
{
	enum error e = users_find_owner(c, out);

	if (e == E_NOT_FOUND)
		return fail(c, e,
			    "there is no active owner; `%s seed` creates one from"
			    " FIRST_ADMIN_EMAIL and FIRST_ADMIN_PASSWORD, or give --email",
			    PACKAGE);
	return e;
}

static void
print_json(struct ctx *c, const struct user *user, const char *token, int64_t expires_in)
{
	struct buf b = buf_new(c->arena, 64 * 1024);

	buf_json(&b, "{'access_token':%s,'token_type':'bearer','expires_in':%jd,'user':", token,
		 expires_in);
	schema_write(&b, &user_schema, user);
	buf_char(&b, '}');
	print(stdout, "%s\n", b.data);
}

static enum error
token(struct ctx *c, const struct call *call)
{
	const char *email = cli_value(call, "--email"), *role = cli_value(call, "--role"), *text;
	int64_t hours = HOURS, expires_in;
	struct user user;
	enum error e = OK;

	if (role)
		e = cli_check(c, "--role", schema_field(&user_schema, "role"), role, &role);
	if (!e)
		e = cli_number(c, call, "--hours", HOURS_MAX, &hours);
	if (e)
		return e;
	if (settings_production())
		return fail(c, E_FORBIDDEN,
			    "tokens without a password are for development: not"
			    " where ENVIRONMENT is production");

	c->user_agent = PACKAGE " token";
	e = email ? OK : default_account(c, &user);
	if (!e)
		e = find_account(c, email ? email : user.email, role, &user);
	if (!e)
		e = auth_issue(c, user.id, user.role, hours, &text, &expires_in);
	if (e)
		return e;

	if (cli_value(call, "--json"))
		print_json(c, &user, text, expires_in);
	else
		print(stdout, "%s\n", text);
	return OK;
}

static const struct subcommand subcommands[] = {
	{ "[--email E] [--role R] [--hours N] [--json]", token, NULL },
	{ 0 },
};

const struct command auth_commands[] = {
	{ "token", subcommands,
	  "Print an access token for development. Creates the account if it does not exist.",
	  "--email ada@example.com --role admin --hours 8", .needs_config = true },
	{ 0 },
};
