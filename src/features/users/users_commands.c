/* The command `user`: manages accounts by the same rules as the API. */
#include "users_priv.h"

#include "app/ids.h"
#include "app/print.h"

/* ---- output */

static void
print_line(const char *name, const char *value)
{
	print(stdout, "  %-10s  %s\n", name, value ? value : "-");
}

static enum error
print_user(struct ctx *c, const struct call *call, const struct user *user, enum error e)
{
	if (e)
		return e;

	if (cli_value(call, "--json")) {
		cli_print_json(c, &user_schema, user);
		print(stdout, "\n");
		return OK;
	}
	print(stdout, "%s\n", user->email);
	print_line("id", user->id);
	print_line("name", user->full_name);
	print_line("role", user->role);
	print_line("active", user->is_active ? "yes" : "no");
	print_line("last login", user->last_login_at);
	print_line("created", user->created_at);
	print_line("changed", user->updated_at);
	return OK;
}

static void
print_json_list(struct ctx *c, const struct page *page)
{
	const struct user *user = page->items.rows;

	print(stdout, "[");
	for (size_t i = 0; i < page->items.n; i++, user++) {
		print(stdout, i ? ",\n " : "");
		cli_print_json(c, &user_schema, user);
	}
	print(stdout, "]\n");
}

static void
print_list(const struct page *page)
{
	const struct user *user = page->items.rows;

	print(stdout, "%-36s  %-6s  %-6s  %s\n", "ID", "ROLE", "ACTIVE", "EMAIL");
	for (size_t i = 0; i < page->items.n; i++, user++)
		print(stdout, "%-36s  %-6s  %-6s  %s\n", user->id, user->role,
		      user->is_active ? "yes" : "no", user->email);
}

/* ---- subcommands */

static enum error
command_find(struct ctx *c, const struct call *call, struct user *out)
{
	const char *who = cli_value(call, "WHO");
	enum error e;

	e = uuid_valid(who) ? table_find(c, &users_table, who, out)
			    : users_get_by_email(c, who, out);
	if (e == E_NOT_FOUND)
		return fail(c, e, "there is no account %s; `%s user list` shows them", who,
			    PACKAGE);
	return e;
}

/* Returns the value in normal form; NULL if the option was not given. */
static enum error
read_value(struct ctx *c, const char *name, const char *field, const char *text, const char **value)
{
	*value = NULL;
	return text ? cli_check(c, name, schema_field(&user_schema, field), text, value) : OK;
}

/* Prompts for the address if it was not given. */
static enum error
read_new(struct ctx *c, const struct call *call, struct new_user *out)
{
	const char *email = cli_value(call, "--email"), *role;
	enum error e;

	if (!email)
		email = cli_ask(c->arena, "E-mail address", false);
	if (!email)
		return fail(c, E_VALIDATION,
			    "the e-mail address is missing; hint: --email ada@example.com");

	e = read_value(c, "--email", "email", email, &out->email);
	if (!e)
		e = read_value(c, "--role", "role", cli_value(call, "--role"), &role);
	if (e)
		return e;

	out->role = role ? role_parse(role) : ROLE_MEMBER;
	out->inactive = cli_value(call, "--inactive");
	return read_value(c, "--name", "full_name", cli_value(call, "--name"), &out->full_name);
}

static enum error
create(struct ctx *c, const struct call *call)
{
	struct new_user fresh = { 0 };
	struct user user;
	enum error e;

	e = read_new(c, call, &fresh);
	if (!e)
		e = cli_new_password(c, &fresh.password);
	if (!e)
		e = users_add(c, &fresh, &user);
	return print_user(c, call, &user, e);
}

static enum error
list(struct ctx *c, const struct call *call)
{
	const char *limit = cli_value(call, "--limit");
	const struct param params[] = {
		{ "q", cli_value(call, "--q") },
		{ "role", cli_value(call, "--role") },
		{ "is_active", cli_value(call, "--active") },
		{ "limit", limit ? limit : "100" },
		{ "offset", cli_value(call, "--offset") },
	};
	struct list_args args;
	struct page page;
	enum error e;

	e = list_read(c, &users_table, params, COUNT(params), NULL, &args);
	if (!e)
		e = table_list(c, &args, &page);
	if (e)
		return e;

	if (cli_value(call, "--json"))
		print_json_list(c, &page);
	else
		print_list(&page);
	if (page.offset + (int64_t)page.items.n < page.total)
		print(stderr, "%zu of %" PRId64 "; --offset %" PRId64 " shows more\n", page.items.n,
		      page.total, page.offset + (int64_t)page.items.n);
	return OK;
}

static enum error
show(struct ctx *c, const struct call *call)
{
	struct user user;
	enum error e = command_find(c, call, &user);

	return print_user(c, call, &user, e);
}

static enum error
change(struct ctx *c, const struct call *call, const struct user_change *in, uint64_t which)
{
	struct user user;
	enum error e;

	e = command_find(c, call, &user);
	if (!e)
		e = users_change(c, user.id, in, which, &user);
	return print_user(c, call, &user, e);
}

static enum error
set_role(struct ctx *c, const struct call *call)
{
	struct user_change in = { 0 };
	enum error e;

	e = read_value(c, "the role", "role", cli_value(call, "R"), &in.role);
	if (e)
		return e;

	return change(c, call, &in, USER_CHANGE(role));
}

static enum error
command_set_password(struct ctx *c, const struct call *call)
{
	struct user_change in = { 0 };
	struct user user;
	enum error e;

	e = command_find(c, call, &user); /* before the password prompt */
	if (!e)
		e = cli_new_password(c, &in.password);
	if (e)
		return e;

	return change(c, call, &in, USER_CHANGE(password));
}

static enum error
activate(struct ctx *c, const struct call *call)
{
	return change(c, call, &(struct user_change) { .is_active = true }, USER_CHANGE(is_active));
}

static enum error
deactivate(struct ctx *c, const struct call *call)
{
	return change(c, call, &(struct user_change) { .is_active = false },
		      USER_CHANGE(is_active));
}

static enum error
command_delete(struct ctx *c, const struct call *call)
{
	struct user user;
	enum error e;

	e = command_find(c, call, &user);
	if (!e && !cli_value(call, "--yes"))
		e = cli_confirm(c, arena_printf(c->arena,
						"Delete %s and everything that belongs to it?"
						" Type yes",
						user.email));
	if (!e)
		e = users_remove(c, user.id);
	if (e)
		return e;

	if (cli_value(call, "--json"))
		return print_user(c, call, &user, OK);
	print(stdout, "deleted %s\n", user.email);
	return OK;
}

static const struct subcommand subcommands[] = {
	{ "create [--email E] [--role R] [--name N] [--inactive] [--json]", create, NULL },
	{ "list [--q TEXT] [--role R] [--active true|false] [--limit N] [--offset N] [--json]",
	  list, NULL },
	{ "show WHO [--json]", show, NULL },
	{ "set-role WHO R [--json]", set_role, NULL },
	{ "set-password WHO [--json]", command_set_password, NULL },
	{ "activate WHO [--json]", activate, NULL },
	{ "deactivate WHO [--json]", deactivate, NULL },
	{ "delete WHO [--yes] [--json]", command_delete, NULL },
	{ 0 },
};

const struct command users_commands[] = {
	{ "user", subcommands,
	  "Manage accounts. WHO is an e-mail address or an id. Prompts for passwords, or"
	  " reads them from standard input.",
	  "create --email ada@example.com --role admin", .needs_config = true },
	{ 0 },
};
