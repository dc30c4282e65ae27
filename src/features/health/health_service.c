/* Asks the dependencies. */
#include "health_priv.h"

#include "app/migrate.h"
#include "app/settings.h"
#include "app/shared.h"

static struct check_database *
check_database(struct ctx *c)
{
	struct check_database *check = ARENA_NEW(c->arena, struct check_database);
	int64_t latency = 0;
	enum error e;

	e = db_ping(c, &latency);
	check->status = e ? "error" : "ok";
	check->latency_ms = (latency + 999) / 1000;
	return check;
}

static struct check_migrations *
check_migrations(struct ctx *c)
{
	struct check_migrations *check = ARENA_NEW(c->arena, struct check_migrations);
	enum error e;

	e = migrate_pending(c, &check->pending);
	check->status = e ? "unknown" : (check->pending ? "pending" : "ok");
	return check;
}

void
health_check(struct ctx *c, struct health *out)
{
	struct checks *checks = ARENA_NEW(c->arena, struct checks);
	struct check_database *database = check_database(c);
	struct check_migrations *migrations = check_migrations(c);
	bool ok = strcmp(database->status, "ok") == 0 && strcmp(migrations->status, "ok") == 0;

	failure_clear(c);
	checks->database = database;
	checks->migrations = migrations;
	*out = (struct health) {
		.status = ok ? "ok" : "degraded",
		.service = settings.app_name,
		.version = PACKAGE_VERSION,
		.environment = settings.environment,
		.checks = checks,
		.ready = ok && !shared_draining(),
	};
}
