/* token: an access token for who develops a client, without signing in. */
#include "cli_priv.h"

#include "app/buf.h"
#include "app/secret.h"
#include "app/settings.h"
#include "features/auth/auth.h"
#include "features/users/users.h"

enum { HOURS = 8, HOURS_MAX = 24 * 30 };

struct token_call {
	const char *email, *role; /* role: or NULL */
	int64_t hours;
	bool json;
};

static enum error
make_account(struct ctx *c, const struct token_call *call, struct user *out)
{
	const struct field *email = schema_field(&user_schema, "email");
	struct new_user fresh = {
		.email = field_check(c, "argument", email, call->email),
		.password = secret_new(c->arena),
		.role = call->role ? role_parse(call->role) : ROLE_MEMBER,
	};
	enum error e;

	if (!fresh.email)
		return fail(c, E_VALIDATION, "--email %s", c->failure.fields->message);

	e = users_add(c, &fresh, out);
	if (e)
		return e;

	fprintf(stderr, "made the %s %s; `%s user set-password` gives it a password\n", out->role,
		out->email, PACKAGE);
	return OK;
}

static enum error
find_account(struct ctx *c, const struct token_call *call, struct user *out)
{
	enum error e = users_get_by_email(c, call->email, out);

	if (e == E_NOT_FOUND) {
		failure_clear(c);
		return make_account(c, call, out);
	}
	if (e)
		return e;

	if (!out->is_active)
		return fail(c, E_CONFLICT, "%s is not active; cure: %s user activate %s",
			    out->email, PACKAGE, out->email);
	if (call->role && strcmp(call->role, out->role) != 0)
		return fail(c, E_CONFLICT, "%s has the role %s; cure: %s user set-role %s %s",
			    out->email, out->role, PACKAGE, out->email, call->role);
	return OK;
}

static void
print_token(struct ctx *c, const struct token_call *call, const struct user *user,
	    const char *token)
{
	struct buf b = buf_new(c->arena, 64 * 1024);

	if (!call->json) {
		puts(token);
		return;
	}
	buf_json(&b, "{'access_token':%s,'token_type':'bearer','expires_in':%jd,'user':", token,
		 call->hours * 3600);
	schema_write(&b, &user_schema, user);
	buf_char(&b, '}');
	puts(b.data);
}

static enum error
token(struct ctx *c, const struct call *words)
{
	const char *email = cli_value(words, "--email");
	struct token_call call = {
		.json = cli_value(words, "--json"),
		.email = email ? email : settings.first_admin_email,
		.role = cli_value(words, "--role"),
		.hours = HOURS,
	};
	struct user user;
	const char *text;
	enum error e;

	if (call.role && role_parse(call.role) == ROLE_NONE)
		return fail(c, E_BAD_REQUEST, "--role takes viewer, member, admin or owner");
	e = cli_number(c, words, "--hours", HOURS_MAX, &call.hours);
	if (e)
		return e;
	if (settings_production())
		return fail(c, E_FORBIDDEN,
			    "tokens without a password are for development: not"
			    " where ENVIRONMENT is production");

	c->user_agent = PACKAGE " token";
	e = find_account(c, &call, &user);
	if (e)
		return e;

	e = auth_issue(c, user.id, user.role, call.hours, &text);
	if (e)
		return e;

	print_token(c, &call, &user, text);
	return OK;
}

const struct act token_acts[] = {
	{ "[--email E] [--role R] [--hours N] [--json]", token, NULL },
	{ 0 },
};
