/* The application: its features, and the commands of the core, one row each. */
#include "app_features.h"

#include "app/command.h"

static const struct command commands[] = {
	{ "serve", serve_subcommands,
	  "Serve requests: the pool of workers behind the web server. --check only checks the"
	  " settings.",
	  "--single", .needs_config = true, .daemon = true },
	{ "work", work_subcommands,
	  "Run jobs: a supervisor and JOB_WORKERS workers. --once runs the due jobs and exits, "
	  "for cron. --check only checks the settings.",
	  "--once", .needs_config = true, .daemon = true },
	{ "jobs", jobs_subcommands, "Inspect and control the job queue.", "list --status failed",
	  .needs_config = true },
	{ "migrate", migrate_subcommands, "Apply or revert migrations of the database.", "up",
	  .owner = true },
	{ "seed", seed_subcommands,
	  "Create the rows that the service needs: the first owner. --sample adds data to try"
	  " the API with. Safe to repeat.",
	  "--sample", .needs_config = true },
	{ "log-level", log_level_subcommands,
	  "Change the log level of a running pool. LEVEL is debug, info, warn, error or default"
	  " (the setting LOG_LEVEL). --pid is the process ID of the pool, by default the one in"
	  " PID_FILE.",
	  "debug" },
	{ "keys", keys_subcommands,
	  "Create, list and retire the access token keys in JWT_KEYS_DIR.", "make ES256" },
	{ "doctor", doctor_subcommands,
	  "Find common problems of an installation, with hints. --url is that of the web server, by"
	  " default APP_URL; --log is the log of the pool.",
	  "--url https://api.example.com" },
	{ "routes", routes_subcommands, "List every route with its access and rate limits.",
	  "--json" },
	{ "openapi", openapi_subcommands, "Print the OpenAPI document.", "" },
	{ "settings", settings_subcommands, "List every setting and its value.", "--example" },
	{ "queries", queries_subcommands, "List every SQL statement by name.", "" },
	{ 0 },
};

int
main(int argc, char **argv)
{
	static const struct app app = {
		.name = PACKAGE,
		.features = app_features,
		.commands = commands,
	};

	return cli_main(&app, argc, argv);
}
