/* Shared inside this folder only. */
#ifndef HEALTH_PRIV_H
#define HEALTH_PRIV_H

#include "health.h"

extern const struct route health_routes[];

struct live {
	const char *status;
};
extern const struct schema live_schema;

/* One dependency. */
struct check_database {
	const char *status; /* ok, error */
	int64_t latency_ms;
};
struct check_migrations {
	const char *status; /* ok, pending, unknown */
	int64_t pending;
};
struct checks {
	const void *database, *migrations;
};
struct health {
	const char *status; /* ok, degraded */
	const char *service, *version, *environment;
	const void *checks;
	bool ready; /* database answers, nothing pending, not draining */
};
extern const struct schema health_schema;

/* Asks every dependency. Never fails: what is wrong is in the answer. */
void health_check(struct ctx *, struct health *out);

#endif
