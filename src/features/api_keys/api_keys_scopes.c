/* The scopes that an API key can have: read and write for each resource. */
#include "features/api_keys/api_keys.h"

/* clang-format off */
const char *const api_key_scopes[] = {
	"items:read", "items:write",
	"tasks:read", "tasks:write",
	"jobs:read", "jobs:write",
	NULL,
};
/* clang-format on */
