/* The key set of the access tokens: route, feature row. */
#include "jwks.h"

#include "app/keys.h"

enum { JWKS_MAX = 128 * 1024 };

static enum error
show_keys(struct request *req)
{
	struct buf b = buf_new(req->ctx->arena, JWKS_MAX);

	keys_write(&b);
	if (!buf_done(&b))
		return fail(req->ctx, E_INTERNAL, NULL);

	return respond_body(req, 200, "application/json", b.data, b.len);
}

static const struct route routes[] = {
	{ GET, "/.well-known/jwks.json", show_keys, ACCESS_PUBLIC, .root = true,
	  .cache_control = "public, max-age=600", .media_type = "application/json",
	  .id = "jwks_list", .summary = "Get the public keys",
	  .description = "The keys that verify access tokens, as a JWK set (RFC 7517); empty if "
			 "tokens are signed with a secret." },
	{ 0 },
};

const struct feature jwks_feature = {
	.name = "keys",
	.tag = "Operations",
	.routes = routes,
};
