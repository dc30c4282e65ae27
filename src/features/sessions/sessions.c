/* Sessions: field rows, tables, feature row. */
#include "sessions_priv.h"

static const struct field fields[] = {
	{ UUID(struct session, id), .flags = F_READ, .summary = "Identifier." },
	{ TIME(struct session, created_at), .flags = F_READ, .summary = "Time of sign-in." },
	{ TIME(struct session, last_used_at), .flags = F_READ,
	  .summary = "Time of the last token refresh." },
	{ TIME(struct session, expires_at), .flags = F_READ,
	  .summary = "Time at which it expires unless refreshed; at most SESSION_MAX_DAYS after "
		     "`created_at`." },
	{ TEXT(struct session, ip), .flags = F_READ | F_NULLABLE,
	  .summary = "IP address at sign-in.", .example = "192.0.2.1" },
	{ TEXT(struct session, user_agent), .flags = F_READ | F_NULLABLE,
	  .summary = "User-Agent at sign-in.", .example = "curl/7.88.1" },
	{ BOOL(struct session, current), .flags = F_READ,
	  .summary = "Whether it is the session of this request.", .example = "true" },
};
const struct schema session_schema = SCHEMA("Session", struct session, fields);

static const struct table *const tables[] = { &sessions_table, NULL };

static const struct job_task sessions_prune_job = {
	.name = "clean_sessions",
	.summary = "Deletes ended sessions and expired refresh tokens.",
	.run = sessions_prune_run,
	.timeout = 600,
};
static const struct job_task *const jobs[] = { &sessions_prune_job, NULL };

static const struct cron crons[] = {
	{ .name = "clean_sessions", .at = "41 * * * *", .task = &sessions_prune_job },
	{ 0 },
};

struct sessions_settings sessions_settings;

static const struct setting settings_rows[] = {
#define SETTING(...) SETTING_ROW(sessions_settings, __VA_ARGS__)
#include "features/sessions/sessions_settings.def"
#undef SETTING
	{ 0 },
};

const struct feature sessions_feature = {
	.name = "sessions",
	.tag = "Sign-in",
	.routes = sessions_routes,
	.commands = sessions_commands,
	.queries = sessions_queries,
	.tables = tables,
	.jobs = jobs,
	.crons = crons,
	.settings = settings_rows,
};
