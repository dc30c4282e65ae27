/* A resource of the tests' own, which the program does not have: what tests of the core call,
 * so that they stay when a resource of the application is removed. */
#ifndef TESTS_GIZMOS_H
#define TESTS_GIZMOS_H

#include "app/feature.h"

struct gizmo {
	const char *id, *owner_id;
	const char *title;
	const char *description; /* or NULL */
	const char *status;      /* draft, active, archived */
	const char *created_at, *updated_at;
	int64_t version; /* counts the updates */
};

extern const struct feature gizmos_feature;

#endif
