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
	  .summary = "Always `ok`." },
};
const struct schema live_schema = SCHEMA("Live", struct live, live_fields);

static const struct field database_fields[] = {
	{ ENUM(struct check_database, status), .flags = F_READ, .choices = database_states,
	  .summary = "`read-only`: PostgreSQL accepts no writes; `away`: it does not respond." },
	{ INT(struct check_database, latency_ms), .flags = F_READ, .example = "1",
	  .summary = "Duration of the check, in milliseconds." },
};
static const struct schema database_schema =
    SCHEMA("HealthDatabase", struct check_database, database_fields);

static const struct field migrations_fields[] = {
	{ ENUM(struct check_migrations, status), .flags = F_READ, .choices = migration_states,
	  .summary = "`unknown` while the database is unreachable." },
	{ INT(struct check_migrations, pending), .flags = F_READ, .example = "0",
	  .summary = "Migrations that are not applied." },
};
static const struct schema migrations_schema =
    SCHEMA("HealthMigrations", struct check_migrations, migrations_fields);

static const struct field cache_fields[] = {
	{ ENUM(struct check_cache, status), .flags = F_READ, .choices = cache_states,
	  .summary = "`error`: Redis does not respond, so limits and cached responses are those of "
		     "this host." },
	{ ENUM(struct check_cache, backend), .flags = F_READ, .choices = cache_backends,
	  .summary = "`redis` if REDIS_URL is set." },
};
static const struct schema cache_schema = SCHEMA("HealthCache", struct check_cache, cache_fields);

static const struct field jobs_fields[] = {
	{ ENUM(struct check_jobs, status), .flags = F_READ, .choices = job_states,
	  .summary = "`late` if a job has waited for more than five minutes; `unknown` while the "
		     "database is unreachable." },
	{ INT(struct check_jobs, queued), .flags = F_READ, .example = "0",
	  .summary = "Jobs waiting for a worker." },
	{ INT(struct check_jobs, oldest_seconds), .flags = F_READ, .example = "0",
	  .summary = "Seconds that the oldest job has waited, excluding paused queues." },
};
static const struct schema jobs_schema = SCHEMA("HealthJobs", struct check_jobs, jobs_fields);

static const struct field checks_fields[] = {
	{ RECORD(struct checks, database, &database_schema), .flags = F_READ,
	  .summary = "PostgreSQL." },
	{ RECORD(struct checks, migrations, &migrations_schema), .flags = F_READ,
	  .summary = "Migrations of the database." },
	{ RECORD(struct checks, cache, &cache_schema), .flags = F_READ,
	  .summary = "Rate limits and cached responses." },
	{ RECORD(struct checks, jobs, &jobs_schema), .flags = F_READ, .summary = "Job queue." },
};
static const struct schema checks_schema = SCHEMA("HealthChecks", struct checks, checks_fields);

static const struct field health_fields[] = {
	{ ENUM(struct health, status), .flags = F_READ, .choices = health_states,
	  .summary = "`degraded`: at least one check is not `ok`." },
	{ TEXT(struct health, service), .flags = F_READ,
	  .summary = "Name of the service (APP_NAME).", .example = "api" },
	{ TEXT(struct health, version), .flags = F_READ, .summary = "Version of the service.",
	  .example = "1.0.0" },
	{ TEXT(struct health, environment), .flags = F_READ,
	  .summary = "Environment (ENVIRONMENT).", .example = "production" },
	{ RECORD(struct health, checks, &checks_schema), .flags = F_READ,
	  .summary = "Results of the checks." },
};
const struct schema health_schema = SCHEMA("Health", struct health, health_fields);

const struct feature health_feature = {
	.name = "health",
	.tag = "Operations",
	.summary = "Health, metrics and documents of the service.",
	.routes = health_routes,
};
