/* Checks the dependencies at most once a second for all workers of the host, so that probes cannot
 * load the database. */
#include "health_priv.h"

#include "app/job.h"
#include "app/migrate.h"
#include "app/redis.h"
#include "app/settings.h"
#include "app/shared.h"

enum { LATE_SECONDS = 300 };

/* The reading that all workers share. */
struct found {
	int64_t away; /* enum cause while PostgreSQL does not respond; 0 if it does */
	int64_t read_only, latency_ms;
	int64_t pending; /* -1: unknown */
	int64_t cache;   /* it responds, or none is configured */
};

static struct found
ask(struct ctx *c)
{
	struct found r;
	struct db_ping ping;

	r.away = db_ping(c, &ping) ? c->failure.cause : CAUSE_NONE;
	r.read_only = ping.read_only;
	r.latency_ms = (ping.latency + 999) / 1000;
	if (r.away || migrate_pending(c, &r.pending))
		r.pending = -1;
	r.cache = !redis_enabled() || redis_ping();
	failure_clear(c);
	return r;
}

static struct found
look(struct ctx *c)
{
	struct found r;

	if (!shared_reading(READING_HEALTH, &r, sizeof(r))) {
		r = ask(c);
		shared_report(READING_HEALTH, &r, sizeof(r));
	}
	return r;
}

/* Without its tables there is nothing to count. */
static struct check_jobs
check_jobs(struct ctx *c, bool tables)
{
	struct check_jobs check = { .status = "unknown" };
	struct job_depth depth;

	if (tables && job_depth(c, &depth) == OK) {
		check.status = depth.oldest < LATE_SECONDS ? "ok" : "late";
		check.queued = depth.queued;
		check.oldest_seconds = depth.oldest;
	}
	failure_clear(c);
	return check;
}

static enum cause
not_ready(const struct found *r)
{
	if (r->away)
		return (enum cause)r->away;
	if (r->read_only)
		return CAUSE_DB_READ_ONLY;
	if (r->pending)
		return CAUSE_DB_MIGRATIONS;
	return shared_draining() ? CAUSE_DRAINING : CAUSE_NONE;
}

void
health_check(struct ctx *c, struct health *out)
{
	struct found r = look(c);
	const struct check_database database = {
		r.away ? "away" : (r.read_only ? "read-only" : "ok"),
		r.latency_ms,
	};
	const struct check_migrations migrations = {
		r.pending < 0 ? "unknown" : (r.pending ? "pending" : "ok"),
		r.pending < 0 ? 0 : r.pending,
	};
	const struct check_jobs jobs = check_jobs(c, r.pending == 0);
	const struct check_cache cache = { r.cache ? "ok" : "error",
					   redis_enabled() ? "redis" : "memory" };
	const struct checks checks = {
		.database = arena_copy(c->arena, &database, sizeof(database)),
		.migrations = arena_copy(c->arena, &migrations, sizeof(migrations)),
		.cache = arena_copy(c->arena, &cache, sizeof(cache)),
		.jobs = arena_copy(c->arena, &jobs, sizeof(jobs)),
	};
	bool ok = !r.away && !r.read_only && r.pending == 0;

	*out = (struct health) {
		.status = ok && r.cache && strcmp(jobs.status, "ok") == 0 ? "ok" : "degraded",
		.service = settings.app_name,
		.version = PACKAGE_VERSION,
		.environment = settings.environment,
		.checks = arena_copy(c->arena, &checks, sizeof(checks)),
		.database_cause = (enum cause)r.away,
		.cause = not_ready(&r),
	};
}
