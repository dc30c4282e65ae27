/* migrate: the database's tables, up to date or back. */
#include "cli_priv.h"

#include "app/migrate.h"
#include "app/settings.h"

static int
up(int argc, char **argv)
{
	struct ctx *c;

	if (argc > 2)
		return cli_usage(argv[0], "up takes no argument, not %s", argv[2]);

	c = cli_open_owner();
	return cli_close(c, argv[0], migrate_up(c, stdout));
}

static int
down(int argc, char **argv)
{
	const char *text = argc > 2 ? argv[2] : "1";
	struct ctx *c;
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (argc > 3 || errno || end == text || *end || n < 1)
		return cli_usage(argv[0], "down takes how many to take back, from 1 up");

	c = cli_open_owner();
	return cli_close(c, argv[0], migrate_down(c, n, stdout));
}

static int
status(int argc, char **argv)
{
	bool json = cli_flag(&argc, argv, "--json");
	struct ctx *c;

	if (argc > 2)
		return cli_usage(argv[0], "status takes --json or nothing, not %s", argv[2]);

	c = cli_open_owner();
	return cli_close(c, argv[0], migrate_status(c, json, stdout));
}

static int new (int argc, char **argv)
{
	struct ctx *c;

	if (argc != 3)
		return cli_usage(argv[0], "new takes one name, such as add_colour_to_items");

	c = cli_open_owner();
	return cli_close(c, argv[0], migrate_new(c, argv[2], stdout));
}

int
cmd_migrate(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} acts[] = { { "up", up }, { "down", down }, { "status", status }, { "new", new } };

	/* Whoever owns the tables need not know the secrets of the service. */
	if (!*settings.migrate_database_url && !*settings.database_url) {
		fputs(PACKAGE " migrate: set MIGRATE_DATABASE_URL, or DATABASE_URL where one role"
			      " does everything\n",
		      stderr);
		return 1;
	}

	for (size_t i = 0; argc > 1 && i < COUNT(acts); i++)
		if (strcmp(argv[1], acts[i].name) == 0)
			return acts[i].run(argc, argv);
	return cli_usage(argv[0], "it wants up, down, status or new");
}
