/* What this program can do: the commands of the core that it has a use for. */
#include "cli/cli_priv.h"

static const struct command commands[] = {
	{ "serve", "[--single]", "Serve requests.", "", cmd_serve, true },
	{ "migrate", "up | down [N] | status [--json] | new NAME", "Make the tables.", "up",
	  cmd_migrate, true },
	{ "seed", "", "Make what must be there before the first request.", "", cmd_seed, true },
	{ "routes", "[--json]", "List every route.", "", cmd_routes, false },
	{ "openapi", "", "Print the OpenAPI document.", "", cmd_openapi, false },
	{ "settings", "[--json | --example]", "List every setting and its value.", "", cmd_settings,
	  false },
	{ 0 },
};

int
main(int argc, char **argv)
{
	return cli_main(commands, argc, argv);
}
