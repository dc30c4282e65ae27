/* Routes: HTTP only. Rules are in the service, SQL in the repository. */
#include "users_priv.h"

#include "app/settings.h"

static enum error
show_me(struct request *req)
{
	struct user user;
	enum error e = table_find(req->ctx, &users_table, req->ctx->caller.user_id, &user);

	return respond_record(req, e, &user);
}

static enum error
change_me(struct request *req)
{
	struct user user;
	enum error e = users_change_profile(req->ctx, req->in, req->given, &user);

	return respond_record(req, e, &user);
}

static enum error
change_password(struct request *req)
{
	enum error e = users_change_password(req->ctx, req->in);

	return respond_empty(req, e);
}

static enum error
delete_me(struct request *req)
{
	enum error e = users_remove_own(req->ctx);

	return respond_empty(req, e);
}

static enum error
create_user(struct request *req)
{
	const struct user_body *in = req->in;
	struct new_user fresh = {
		.email = in->email,
		.password = in->password,
		.full_name = in->full_name,
		.role = role_parse(in->role),
		.inactive = !in->is_active,
	};
	struct user user;
	enum error e = users_add(req->ctx, &fresh, &user);

	return respond_record(req, e, &user);
}

static enum error
show_user(struct request *req)
{
	struct user user;
	enum error e = users_see(req->ctx, request_path(req, "id"), &user);

	return respond_record(req, e, &user);
}

static enum error
change_user(struct request *req)
{
	struct user user;
	enum error e = users_change(req->ctx, request_path(req, "id"), req->in, req->given, &user);

	return respond_record(req, e, &user);
}

static enum error
delete_user(struct request *req)
{
	enum error e = users_remove(req->ctx, request_path(req, "id"));

	return respond_empty(req, e);
}

/* Routes that check the current password share a limit for each account. An API key, which may not
 * use them, has its own count. */
static const char *
caller_account(struct request *req)
{
	return req->ctx->caller.api_key_id ? req->ctx->caller.api_key_id : req->ctx->caller.user_id;
}

static const char *
account_if_password(struct request *req)
{
	const struct profile *in = req->in;

	return in && in->current_password ? req->ctx->caller.user_id : NULL;
}

static const char *
account_if_email(struct request *req)
{
	const struct profile *in = req->in;

	return in && in->email ? account_if_password(req) : NULL;
}

static const char *
client_if_email(struct request *req)
{
	return account_if_email(req) ? limit_client(req) : NULL;
}

const struct limit users_password_limit = { "password", &users_settings.password_rate_limit,
					    caller_account };
static const struct limit profile_password_limit = { "password",
						     &users_settings.password_rate_limit,
						     account_if_password, .needs_body = true };
static const struct limit email_limit = { "email_change", &users_settings.email_change_rate_limit,
					  account_if_email, .needs_body = true };
static const struct limit client_email_limit = { "recovery_ip",
						 &settings.auth_recovery_ip_rate_limit,
						 client_if_email, .needs_body = true };

const struct route users_routes[] = {
	{ GET, "/users/me", show_me, ACCESS_VIEWER, .scope = "", .response = &user_schema,
	  .id = "users_me", .summary = "Get your account" },
	{ GET, "/auth/me", show_me, ACCESS_VIEWER, .scope = "", .response = &user_schema,
	  .deprecated = true, .id = "auth_me", .summary = "Get your account (alias)",
	  .description = "Use `/users/me`." },
	{ PATCH, "/users/me", change_me, ACCESS_VIEWER, .body = &profile_schema,
	  .response = &user_schema, .errors = { E_INVALID_CREDENTIALS, E_EMAIL_TAKEN },
	  .limits = { &client_email_limit, &profile_password_limit, &email_limit },
	  .id = "users_change_me", .summary = "Update your account",
	  .description = "A new e-mail address requires `current_password`. The body is a JSON "
			 "merge patch (RFC 7396)." },
	{ POST, "/users/me/change-password", change_password, ACCESS_VIEWER,
	  .body = &password_change_schema, .status = 204, .errors = { E_INVALID_CREDENTIALS },
	  .limits = { &users_password_limit }, .id = "users_change_password",
	  .summary = "Change your password",
	  .description = "Ends all other sessions of the account." },
	{ DELETE, "/users/me", delete_me, ACCESS_VIEWER, .fresh = true, .status = 204,
	  .errors = { E_LAST_OWNER }, .id = "users_delete_me", .summary = "Delete your account",
	  .description = "Deletes everything that belongs to the account." },
	{ GET, "/users", list_rows, ACCESS_ADMIN, .list = &users_table, .response = &user_schema,
	  .id = "users_list", .summary = "List users" },
	{ POST, "/users", create_user, ACCESS_ADMIN, .body = &user_body_schema,
	  .response = &user_schema, .status = 201, .idempotent = true, .errors = { E_EMAIL_TAKEN },
	  .id = "users_create", .summary = "Create a user",
	  .description = "Only owners can create owners and admins." },
	{ GET, "/users/{id}", show_user, ACCESS_VIEWER, .response = &user_schema,
	  .id = "users_show", .summary = "Get a user",
	  .description = "Admins can get all users, other callers only their own account." },
	{ PATCH, "/users/{id}", change_user, ACCESS_ADMIN, .body = &user_change_schema,
	  .response = &user_schema, .errors = { E_LAST_OWNER }, .id = "users_change",
	  .summary = "Update a user",
	  .description =
	      "A new role, a new password or deactivation ends the user's sessions. Only owners "
	      "can change owners and admins. The body is a JSON merge patch (RFC 7396)." },
	{ DELETE, "/users/{id}", delete_user, ACCESS_ADMIN, .status = 204,
	  .errors = { E_LAST_OWNER }, .id = "users_delete", .summary = "Delete a user",
	  .description = "Deletes everything that belongs to the account." },
	{ 0 },
};
