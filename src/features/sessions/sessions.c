/* Sessions: field rows, list, feature row. */
#include "sessions_priv.h"

static const struct field fields[] = {
	{ UUID(struct session, id), .flags = F_READ, .summary = "Identifier." },
	{ TIME(struct session, created_at), .flags = F_READ, .summary = "When it was signed in." },
	{ TIME(struct session, last_used_at), .flags = F_READ,
	  .summary = "When it last got new tokens." },
	{ TIME(struct session, expires_at), .flags = F_READ,
	  .summary =
	      "When it ends unless it is refreshed; at most SESSION_MAX_DAYS after `created_at`." },
	{ TEXT(struct session, ip), .flags = F_READ | F_NULLABLE,
	  .summary = "Address it was signed in from.", .example = "192.0.2.1" },
	{ TEXT(struct session, user_agent), .flags = F_READ | F_NULLABLE,
	  .summary = "What the client called itself then.", .example = "curl/7.88.1" },
	{ BOOL(struct session, current), .flags = F_READ,
	  .summary = "Whether it is the one that asks.", .example = "true" },
};
const struct schema session_schema = SCHEMA("Session", struct session, fields);

static const struct list *const lists[] = { &sessions_rows, NULL };

static const struct job_task sessions_prune_job = {
	.name = "clean_sessions",
	.summary = "Removes sessions and tokens that are over.",
	.run = sessions_prune_run,
	.timeout = 600,
};
static const struct job_task *const jobs[] = { &sessions_prune_job, NULL };

static const struct cron crons[] = {
	{ .name = "clean_sessions", .at = "41 * * * *", .task = &sessions_prune_job },
	{ 0 },
};

const struct feature sessions_feature = {
	.name = "sessions",
	.summary = "Where an account is signed in, and how to end that.",
	.routes = sessions_routes,
	.commands = sessions_commands,
	.queries = sessions_queries,
	.lists = lists,
	.jobs = jobs,
	.crons = crons,
};
