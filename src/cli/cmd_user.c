/* user: looks after accounts, by the same rules as the API. */
#include "cli_priv.h"

#include "app/ids.h"
#include "features/users/users.h"

enum { OUTPUT_MAX = 16 * 1024 * 1024 };

/* How the command was called: `user set-role WHO ROLE`. */
struct user_call {
	const char *who, *value; /* or NULL */
	const char *email, *role, *name, *q, *active, *limit, *offset;
	bool inactive, yes, json;
};

/* ---- output */

static void
print_json(struct ctx *c, const struct user *user, size_t n)
{
	struct buf b = buf_new(c->arena, OUTPUT_MAX);

	for (size_t i = 0; i < n; i++) {
		buf_text(&b, i ? ",\n " : "");
		schema_write(&b, &user_schema, &user[i]);
	}
	fputs(b.data, stdout);
}

static void
print_line(const char *name, const char *value)
{
	printf("  %-10s  %s\n", name, value ? value : "-");
}

static enum error
print_user(struct ctx *c, const struct user_call *call, const struct user *user)
{
	if (call->json) {
		print_json(c, user, 1);
		putchar('\n');
		return OK;
	}
	puts(user->email);
	print_line("id", user->id);
	print_line("name", user->full_name);
	print_line("role", user->role);
	print_line("active", user->is_active ? "yes" : "no");
	print_line("last login", user->last_login_at);
	print_line("made", user->created_at);
	print_line("changed", user->updated_at);
	return OK;
}

static void
print_list(const struct page *page)
{
	const struct user *user = page->items.rows;

	printf("%-36s  %-6s  %-6s  %s\n", "ID", "ROLE", "ACTIVE", "EMAIL");
	for (size_t i = 0; i < page->items.n; i++, user++)
		printf("%-36s  %-6s  %-6s  %s\n", user->id, user->role,
		       user->is_active ? "yes" : "no", user->email);
}

/* ---- what it does */

static enum error
find(struct ctx *c, const char *who, struct user *out)
{
	enum error e;

	e = uuid_valid(who) ? users_get(c, who, out) : users_get_by_email(c, who, out);
	if (e == E_NOT_FOUND)
		return fail(c, e, "there is no account %s; `%s user list` shows them", who,
			    PACKAGE);
	return e;
}

static enum error
check_value(struct ctx *c, const char *option, const char *field, const char **value)
{
	const char *normal;

	if (!*value)
		return OK;

	normal = field_check(c, "argument", schema_field(&user_schema, field), *value);
	if (!normal)
		return fail(c, E_VALIDATION, "%s %s", option, c->failure.fields->message);

	*value = normal;
	return OK;
}

static enum error
check_new(struct ctx *c, struct user_call *call)
{
	enum error e;

	if (!call->email)
		call->email = cli_ask(c->arena, "E-mail address", false);
	if (!call->email)
		return fail(c, E_VALIDATION, "which address? cure: --email ada@example.com");

	e = check_value(c, "--email", "email", &call->email);
	if (!e)
		e = check_value(c, "--role", "role", &call->role);
	if (!e)
		e = check_value(c, "--name", "full_name", &call->name);
	return e;
}

static enum error
create(struct ctx *c, struct user_call *call)
{
	struct new_user fresh = { .inactive = call->inactive };
	struct user user;
	enum error e;

	e = check_new(c, call);
	if (e)
		return e;

	fresh.email = call->email;
	fresh.full_name = call->name;
	fresh.role = call->role ? role_parse(call->role) : ROLE_MEMBER;
	e = cli_new_password(c, &fresh.password);
	if (e)
		return e;

	e = users_add(c, &fresh, &user);
	if (e)
		return e;

	return print_user(c, call, &user);
}

static enum error
list(struct ctx *c, struct user_call *call)
{
	const struct param all[] = {
		{ "q", call->q },
		{ "role", call->role },
		{ "is_active", call->active },
		{ "limit", call->limit ? call->limit : "100" },
		{ "offset", call->offset },
	};
	struct param given[COUNT(all)];
	struct list_args args;
	struct page page;
	size_t n = 0;
	enum error e;

	for (size_t i = 0; i < COUNT(all); i++)
		if (all[i].value)
			given[n++] = all[i];
	e = list_read(c, &users_rows, given, n, NULL, &args);
	if (!e)
		e = users_list(c, &args, &page);
	if (e)
		return e;

	if (call->json) {
		putchar('[');
		print_json(c, page.items.rows, page.items.n);
		puts("]");
	} else {
		print_list(&page);
	}
	if (page.offset + (int64_t)page.items.n < page.total)
		fprintf(stderr, "%zu of %" PRId64 "; --offset %" PRId64 " shows more\n",
			page.items.n, page.total, page.offset + (int64_t)page.items.n);
	return OK;
}

static enum error
show(struct ctx *c, struct user_call *call)
{
	struct user user;
	enum error e;

	e = find(c, call->who, &user);
	if (e)
		return e;

	return print_user(c, call, &user);
}

static enum error
change(struct ctx *c, const struct user_call *call, const struct user_change *in, uint64_t which)
{
	struct user user;
	enum error e;

	e = find(c, call->who, &user);
	if (!e)
		e = users_change(c, user.id, in, which, &user);
	if (e)
		return e;

	return print_user(c, call, &user);
}

static enum error
set_role(struct ctx *c, struct user_call *call)
{
	enum error e;

	e = check_value(c, "the role", "role", &call->value);
	if (e)
		return e;

	return change(c, call, &(struct user_change) { .role = call->value }, USER_ROLE);
}

static enum error
set_password(struct ctx *c, struct user_call *call)
{
	struct user_change in = { 0 };
	struct user user;
	enum error e;

	e = find(c, call->who, &user); /* before anybody types */
	if (!e)
		e = cli_new_password(c, &in.password);
	if (e)
		return e;

	return change(c, call, &in, USER_PASSWORD);
}

static enum error
activate(struct ctx *c, struct user_call *call)
{
	return change(c, call, &(struct user_change) { .is_active = true }, USER_ACTIVE);
}

static enum error
deactivate(struct ctx *c, struct user_call *call)
{
	return change(c, call, &(struct user_change) { .is_active = false }, USER_ACTIVE);
}

static enum error
delete_user(struct ctx *c, struct user_call *call)
{
	struct user user;
	enum error e;

	e = find(c, call->who, &user);
	if (!e && !call->yes)
		e = cli_confirm(c, arena_printf(c->arena,
						"Delete %s and everything that belongs to it?"
						" Type yes",
						user.email));
	if (!e)
		e = users_remove(c, user.id);
	if (e)
		return e;

	if (call->json)
		return print_user(c, call, &user);
	printf("deleted %s\n", user.email);
	return OK;
}

/* ---- the command line */

enum { TAKES_WHO = 1, TAKES_VALUE = 2, TAKES_NEW = 4, TAKES_LIST = 8, TAKES_YES = 16 };

static const struct act {
	const char *name;
	enum error (*run)(struct ctx *, struct user_call *);
	unsigned takes;
} acts[] = {
	{ "create", create, TAKES_NEW },
	{ "list", list, TAKES_LIST },
	{ "show", show, TAKES_WHO },
	{ "set-role", set_role, TAKES_WHO | TAKES_VALUE },
	{ "set-password", set_password, TAKES_WHO },
	{ "activate", activate, TAKES_WHO },
	{ "deactivate", deactivate, TAKES_WHO },
	{ "delete", delete_user, TAKES_WHO | TAKES_YES },
};

static void
read_options(unsigned takes, int *argc, char **argv, struct user_call *call)
{
	if (takes & (TAKES_NEW | TAKES_LIST))
		call->role = cli_option(argc, argv, "--role");
	if (takes & TAKES_NEW) {
		call->email = cli_option(argc, argv, "--email");
		call->name = cli_option(argc, argv, "--name");
		call->inactive = cli_flag(argc, argv, "--inactive");
	}
	if (takes & TAKES_LIST) {
		call->q = cli_option(argc, argv, "--q");
		call->active = cli_option(argc, argv, "--active");
		call->limit = cli_option(argc, argv, "--limit");
		call->offset = cli_option(argc, argv, "--offset");
	}
	if (takes & TAKES_YES)
		call->yes = cli_flag(argc, argv, "--yes");
	call->json = cli_flag(argc, argv, "--json");
}

static int
run(const struct act *act, int argc, char **argv)
{
	struct user_call call = { 0 };
	int words = 2;
	struct ctx *c;

	read_options(act->takes, &argc, argv, &call);
	if (act->takes & TAKES_WHO && argc > words && argv[words][0] != '-')
		call.who = argv[words++];
	if (act->takes & TAKES_VALUE && argc > words && argv[words][0] != '-')
		call.value = argv[words++];
	if (argc > words)
		return cli_usage(argv[0], "%s does not take %s so", act->name, argv[words]);
	if (act->takes & TAKES_WHO && !call.who)
		return cli_usage(argv[0], "%s wants an e-mail address or an id", act->name);
	if (act->takes & TAKES_VALUE && !call.value)
		return cli_usage(argv[0], "%s wants viewer, member, admin or owner behind that",
				 act->name);

	c = cli_open();
	return cli_close(c, argv[0], act->run(c, &call));
}

int
cmd_user(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < COUNT(acts); i++)
		if (strcmp(argv[1], acts[i].name) == 0)
			return run(&acts[i], argc, argv);
	return cli_usage(argv[0], "it wants create, list, show, set-role, set-password, activate, "
				  "deactivate or delete");
}
