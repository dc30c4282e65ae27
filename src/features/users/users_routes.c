/* Users over HTTP: no rules, no SQL. */
#include "users_priv.h"

static enum error
show_me(struct request *req)
{
	struct user user;
	enum error e;

	e = users_get(req->ctx, req->ctx->caller.user_id, &user);
	if (e)
		return e;

	return reply_record(req, &user);
}

const struct route users_routes[] = {
	{ GET, "/users/me", show_me, ACCESS_VIEWER, .scope = "", .reply = &user_schema,
	  .id = "users_me", .text = "Show the caller's own account." },
	{ 0 },
};
