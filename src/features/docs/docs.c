/* What this feature plugs into the application. */
#include "docs.h"

const struct feature docs_feature = {
	.name = "docs",
	.text = "The API's own description.",
	.routes = docs_routes,
};
