/* What the program can do: one row a command. */
#include "cli/cli_priv.h"

static const struct command commands[] = {
	{ "serve", "[--single]", "Serve requests: the pool of workers behind the web server.",
	  "--single", cmd_serve, true },
	{ "work", "", "Run jobs: a keeper and JOB_WORKERS workers.", "", cmd_work, true },
	{ "jobs",
	  "list [--status S] [--task T] [--queue Q] [--limit N] | show ID | retry ID |"
	  " cancel ID | pause QUEUE | resume QUEUE | prune [--hours N] | stats  [--watch] [--json]",
	  "Look after the jobs in the queue.", "list --status failed", cmd_jobs, true },
	{ "migrate", "up | down [N] | status [--json] | new NAME",
	  "Bring the database's tables up to date, or back.", "up", cmd_migrate, true },
	{ "seed", "", "Make what must be there before the first request: the first owner.", "",
	  cmd_seed, true },
	{ "audit", "prune --older-than AGE", "Remove what the audit log has kept for long enough.",
	  "prune --older-than 90d", cmd_audit, true },
	{ "keys", "make [RS256 | ES256] | list [--json] | retire KID [--now]",
	  "Make, list and retire the keys of access tokens in JWT_KEYS_DIR.", "make ES256",
	  cmd_keys, false },
	{ "routes", "[--json]", "List every route, and who may call it.", "--json", cmd_routes,
	  false },
	{ "openapi", "", "Print the OpenAPI document.", "", cmd_openapi, false },
	{ "settings", "[--json | --example]", "List every setting and its value.", "--example",
	  cmd_settings, false },
	{ "queries", "", "List every SQL statement by name.", "", cmd_queries, false },
	{ 0 },
};

int
main(int argc, char **argv)
{
	return cli_main(commands, argc, argv);
}
