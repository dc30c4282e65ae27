/* The application: its features, and its commands, a subset of the core's. */
#include "notes.h"

#include "app/command.h"

static const struct command commands[] = {
	{ "serve", serve_subcommands, "Serve requests.", "", .needs_config = true },
	{ "migrate", migrate_subcommands, "Make the tables.", "up", .needs_config = true,
	  .owner = true },
	{ "seed", seed_subcommands, "Make what must be there before the first request.", "",
	  .needs_config = true },
	{ "routes", routes_subcommands, "List every route.", "" },
	{ "openapi", openapi_subcommands, "Print the OpenAPI document.", "" },
	{ "settings", settings_subcommands, "List every setting and its value.", "" },
	{ 0 },
};

int
main(int argc, char **argv)
{
	static const struct app app = { "notes", notes_features, commands };

	return cli_main(&app, argc, argv);
}
