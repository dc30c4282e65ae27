/* migrate: applies and reverts migrations. */
#include "app/command.h"

#include "app/db.h"
#include "app/migrate.h"
#include "app/print.h"
#include "app/settings.h"

/* On standard error: standard output may be JSON. */
static enum error
show_target(struct ctx *c)
{
	const char *text;
	enum error e;

	e = db_target(c, &text);
	if (!e)
		print(stderr, "%s (%s)\n", text,
		      *settings.migrate_database_url ? "MIGRATE_DATABASE_URL" : "DATABASE_URL");
	return e;
}

static enum error
cmd_migrate_up(struct ctx *c, const struct call *call UNUSED)
{
	enum error e;

	e = show_target(c);
	return e ? e : migrate_up(c, stdout);
}

static enum error
cmd_migrate_down(struct ctx *c, const struct call *call)
{
	int64_t n = 1;
	enum error e;

	e = cli_number(c, call, "N", INT32_MAX, &n);
	if (!e)
		e = show_target(c);
	return e ? e : migrate_down(c, n, stdout);
}

static enum error
cmd_migrate_status(struct ctx *c, const struct call *call)
{
	enum error e;

	e = show_target(c);
	return e ? e : migrate_status(c, cli_value(call, "--json"), stdout);
}

static enum error
cmd_migrate_new(struct ctx *c, const struct call *call)
{
	return migrate_new(c, cli_value(call, "NAME"), stdout);
}

const struct subcommand migrate_subcommands[] = {
	{ "up", cmd_migrate_up, NULL },
	{ "down [N]", cmd_migrate_down, NULL },
	{ "status [--json]", cmd_migrate_status, NULL },
	{ "new NAME", cmd_migrate_new, NULL },
	{ 0 },
};
