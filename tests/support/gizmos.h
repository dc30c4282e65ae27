/* A resource that only the tests have. Tests of the core use it, so that they do not depend on
 * resources of the application, which can be removed. */
#ifndef TESTS_GIZMOS_H
#define TESTS_GIZMOS_H

#include "app/feature.h"

struct gizmo {
	const char *id, *owner_id;
	const char *title;
	const char *description; /* or NULL */
	const char *status;      /* draft, active, archived */
	const char *created_at, *updated_at;
	int64_t version;
};

struct part {
	const char *id, *gizmo_id, *owner_id;
	const char *name;
	const int64_t *number; /* or NULL */
	const char *created_at;
	int64_t version;
};

struct label {
	const char *id, *slug, *owner_id;
	const char *text;
	int64_t version;
	const char *created_at;
};

extern const struct feature gizmos_feature;

#endif
