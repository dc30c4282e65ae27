/* What this feature plugs into the application. */
#include "jwks.h"

const struct feature jwks_feature = {
	.name = "keys",
	.text = "The public keys that access tokens are checked with.",
	.routes = jwks_routes,
};
