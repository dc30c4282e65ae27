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
	  "Bring the database's tables up to date, or back.", "up", cmd_migrate, false },
	{ "seed", "[--sample]",
	  "Make what must be there before the first request: the first owner. --sample adds"
	  " data to try the API with. Safe to repeat.",
	  "--sample", cmd_seed, true },
	{ "user",
	  "create [--email E] [--role R] [--name N] [--inactive] |"
	  " list [--q TEXT] [--role R] [--active true|false] [--limit N] [--offset N] |"
	  " show WHO | set-role WHO R | set-password WHO | activate WHO | deactivate WHO |"
	  " delete WHO [--yes]",
	  "Look after accounts. WHO is an e-mail address or an id. Passwords are asked for, or"
	  " read from standard input. Each takes --json.",
	  "create --email ada@example.com --role admin", cmd_user, true },
	{ "token", "[--email E] [--role R] [--hours N] [--json]",
	  "Print an access token for development; makes the account where there is none.",
	  "--email ada@example.com --role admin --hours 8", cmd_token, true },
	{ "sessions", "cleanup [--json]", "Remove sessions that are over.", "cleanup", cmd_sessions,
	  true },
	{ "audit", "prune --older-than AGE", "Remove what the audit log has kept for long enough.",
	  "prune --older-than 90d", cmd_audit, true },
	{ "log-level", "debug | info | warn | error | default  [--pid N]",
	  "Change what the running pool logs, without a restart; default is LOG_LEVEL again. The"
	  " pool is that of PID_FILE, or of --pid.",
	  "debug", cmd_log_level, false },
	{ "keys", "make [RS256 | ES256] | list [--json] | retire KID [--now]",
	  "Make, list and retire the keys of access tokens in JWT_KEYS_DIR.", "make ES256",
	  cmd_keys, false },
	{ "doctor", "[--url URL] [--site FILE] [--json]",
	  "Find the usual faults of an installation, and say what to do. --site: the web server's"
	  " file.",
	  "--url https://api.example.com --site /etc/nginx/sites-enabled/api", cmd_doctor, false },
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
