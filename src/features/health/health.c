/* Health: field rows, feature row. */
#include "health_priv.h"

static const char *const live_states[] = { "ok", NULL };
static const char *const health_states[] = { "ok", "degraded", NULL };
static const char *const database_states[] = { "ok", "read-only", "away", NULL };
static const char *const migration_states[] = { "ok", "pending", "unknown", NULL };

static const char *const cache_states[] = { "ok", "error", NULL };
static const char *const cache_backends[] = { "memory", "redis", NULL };
static const char *const job_states[] = { "ok", "late", "unknown", NULL };

static const struct field live_fields[] = {
	{ ENUM(struct live, status), .flags = F_READ, .choices = live_states,
	  .summary = "The process answers." },
};
const struct schema live_schema = SCHEMA("Live", struct live, live_fields);

static const struct field database_fields[] = {
	{ ENUM(struct check_database, status), .flags = F_READ, .choices = database_states,
	  .summary =
	      "ok; read-only on a standby, or while default_transaction_read_only is on; away "
	      "while PostgreSQL does not respond." },
	{ INT(struct check_database, latency_ms), .flags = F_READ, .example = "1",
	  .summary = "How long it took, in milliseconds." },
};
static const struct schema database_schema =
    SCHEMA("HealthDatabase", struct check_database, database_fields);

static const struct field migrations_fields[] = {
	{ ENUM(struct check_migrations, status), .flags = F_READ, .choices = migration_states,
	  .summary = "Whether the tables are up to date; unknown while the database is away." },
	{ INT(struct check_migrations, pending), .flags = F_READ, .example = "0",
	  .summary = "Migrations that were not applied yet." },
};
static const struct schema migrations_schema =
    SCHEMA("HealthMigrations", struct check_migrations, migrations_fields);

static const struct field cache_fields[] = {
	{ ENUM(struct check_cache, status), .flags = F_READ, .choices = cache_states,
	  .summary = "error while Redis is away; this host then counts and remembers by itself." },
	{ ENUM(struct check_cache, backend), .flags = F_READ, .choices = cache_backends,
	  .summary = "What REDIS_URL names." },
};
static const struct schema cache_schema = SCHEMA("HealthCache", struct check_cache, cache_fields);

static const struct field jobs_fields[] = {
	{ ENUM(struct check_jobs, status), .flags = F_READ, .choices = job_states,
	  .summary = "late where a job has waited for five minutes, so that no worker seems to be "
		     "there; unknown while the database is away." },
	{ INT(struct check_jobs, queued), .flags = F_READ, .example = "0",
	  .summary = "Jobs that wait for a worker." },
	{ INT(struct check_jobs, oldest_seconds), .flags = F_READ, .example = "0",
	  .summary = "How long the first of them has waited; paused queues do not count." },
};
static const struct schema jobs_schema = SCHEMA("HealthJobs", struct check_jobs, jobs_fields);

static const struct field checks_fields[] = {
	{ RECORD(struct checks, database, &database_schema), .flags = F_READ,
	  .summary = "PostgreSQL." },
	{ RECORD(struct checks, migrations, &migrations_schema), .flags = F_READ,
	  .summary = "The tables." },
	{ RECORD(struct checks, cache, &cache_schema), .flags = F_READ,
	  .summary = "Where limits and cached answers are kept." },
	{ RECORD(struct checks, jobs, &jobs_schema), .flags = F_READ,
	  .summary = "The queue of jobs." },
};
static const struct schema checks_schema = SCHEMA("HealthChecks", struct checks, checks_fields);

static const struct field health_fields[] = {
	{ ENUM(struct health, status), .flags = F_READ, .choices = health_states,
	  .summary = "degraded where something is away or late." },
	{ TEXT(struct health, service), .flags = F_READ, .summary = "APP_NAME.", .example = "api" },
	{ TEXT(struct health, version), .flags = F_READ, .summary = "Version of the program.",
	  .example = "1.0.0" },
	{ TEXT(struct health, environment), .flags = F_READ, .summary = "ENVIRONMENT.",
	  .example = "production" },
	{ RECORD(struct health, checks, &checks_schema), .flags = F_READ,
	  .summary = "What was asked." },
};
const struct schema health_schema = SCHEMA("Health", struct health, health_fields);

const struct feature health_feature = {
	.name = "health",
	.summary = "For load balancers, probes and people.",
	.routes = health_routes,
};
