/* Private to this folder. */
#ifndef HEALTH_PRIV_H
#define HEALTH_PRIV_H

#include "health.h"

extern const struct route health_routes[];

struct live {
	const char *status;
};
extern const struct schema live_schema;

/* The state of a dependency. */
struct check_database {
	const char *status; /* ok, read-only, away */
	int64_t latency_ms;
};
struct check_migrations {
	const char *status; /* ok, pending, unknown */
	int64_t pending;
};
struct check_cache {
	const char *status;  /* ok, error */
	const char *backend; /* memory, redis */
};
struct check_jobs {
	const char *status; /* ok, late, unknown */
	int64_t queued, oldest_seconds;
};
struct checks {
	const void *database, *migrations, *cache, *jobs;
};
struct health {
	const char *status; /* ok, degraded */
	const char *service, *version, *environment;
	const void *checks;
	/* Why the database, or the whole service, is not ready; CAUSE_NONE if it is. */
	enum cause database_cause, cause;
};
extern const struct schema health_schema;

/* Reports the state of every dependency, at most a second old. Never fails: failures are part of
 * the report. */
void health_check(struct ctx *, struct health *out);

#endif
