/* HTTP in, HTTP out. */
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

	return reply_body(req, 200, "application/json", b.data, b.len);
}

const struct route jwks_routes[] = {
	{ GET, "/.well-known/jwks.json", show_keys, ACCESS_PUBLIC, .root = true,
	  .cache_control = "public, max-age=600", .media_type = "application/json",
	  .id = "jwks_list",
	  .text = "The public keys (RFC 7517); none while tokens are signed with a secret." },
	{ 0 },
};
