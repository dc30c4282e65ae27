/* migrate: the database's tables, up to date or back. */
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
up(struct ctx *c, const struct call *call UNUSED)
{
	enum error e;

	e = show_target(c);
	return e ? e : migrate_up(c, stdout);
}

static enum error
down(struct ctx *c, const struct call *call)
{
	int64_t n = 1;
	enum error e;

	e = cli_number(c, call, "N", INT32_MAX, &n);
	if (!e)
		e = show_target(c);
	return e ? e : migrate_down(c, n, stdout);
}

static enum error
status(struct ctx *c, const struct call *call)
{
	enum error e;

	e = show_target(c);
	return e ? e : migrate_status(c, cli_value(call, "--json"), stdout);
}

static enum error
add(struct ctx *c, const struct call *call)
{
	return migrate_new(c, cli_value(call, "NAME"), stdout);
}

const struct act migrate_acts[] = {
	{ "up", up, NULL },
	{ "down [N]", down, NULL },
	{ "status [--json]", status, NULL },
	{ "new NAME", add, NULL },
	{ 0 },
};
