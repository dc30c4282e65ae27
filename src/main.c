/* What the program can do: one row a command. */
#include "app/command.h"

static const struct command commands[] = {
	{ "serve", serve_subcommands, "Serve requests: the pool of workers behind the web server.",
	  "--single", .needs_config = true, .daemon = true },
	{ "work", work_subcommands,
	  "Run jobs: a supervisor and JOB_WORKERS workers. --once runs what is due and exits, "
	  "for cron.",
	  "--once", .needs_config = true, .daemon = true },
	{ "jobs", jobs_subcommands, "Look after the jobs in the queue.", "list --status failed",
	  .needs_config = true },
	{ "migrate", migrate_subcommands, "Bring the database's tables up to date, or back.", "up",
	  .owner = true },
	{ "seed", seed_subcommands,
	  "Make what must be there before the first request: the first owner. --sample adds"
	  " data to try the API with. Safe to repeat.",
	  "--sample", .needs_config = true },
	{ "log-level", log_level_subcommands,
	  "Change what the running pool logs, without a restart; default is LOG_LEVEL again."
	  " LEVEL is debug, info, warn, error or default. The pool is that of PID_FILE, or of"
	  " --pid.",
	  "debug" },
	{ "keys", keys_subcommands,
	  "Make, list and retire the keys of access tokens in JWT_KEYS_DIR.", "make ES256" },
	{ "doctor", doctor_subcommands,
	  "Find the usual faults of an installation, and say what to do. --site: the web server's"
	  " file.",
	  "--url https://api.example.com --site /etc/nginx/sites-enabled/api" },
	{ "routes", routes_subcommands, "List every route, and who may call it.", "--json" },
	{ "openapi", openapi_subcommands, "Print the OpenAPI document.", "" },
	{ "settings", settings_subcommands, "List every setting and its value.", "--example" },
	{ "queries", queries_subcommands, "List every SQL statement by name.", "" },
	{ 0 },
};

int
main(int argc, char **argv)
{
	return cli_main(commands, argc, argv);
}
