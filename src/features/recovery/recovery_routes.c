/* Routes: HTTP only. The response to an address reveals nothing about it. */
#include "recovery_priv.h"

#include "app/settings.h"

static enum error
verify_email(struct request *req)
{
	const struct proof *in = req->in;
	enum error e = recovery_verify(req->ctx, in->token);

	return respond_empty(req, e);
}

static enum error
ask_for(struct request *req, const char *purpose)
{
	const struct address *in = req->in;
	enum error e = recovery_ask(req->ctx, purpose, in->email);

	return respond_empty(req, e);
}

static enum error
resend_verification(struct request *req)
{
	return ask_for(req, PURPOSE_VERIFY);
}

static enum error
forgot_password(struct request *req)
{
	return ask_for(req, PURPOSE_RESET);
}

static enum error
reset_password(struct request *req)
{
	enum error e = recovery_reset(req->ctx, req->in);

	return respond_empty(req, e);
}

static const char *
account_key(struct request *req)
{
	const struct address *in = req->in;

	return limit_account(req, in ? in->email : NULL);
}

static const struct limit mail_limit = { "recovery", &settings.auth_recovery_rate_limit,
					 account_key, .needs_body = true };
static const struct limit address_limit = { "recovery_ip", &settings.auth_recovery_ip_rate_limit,
					    NULL };

const struct route recovery_routes[] = {
	{ POST, "/auth/verify-email", verify_email, ACCESS_PUBLIC, .body = &proof_schema,
	  .status = 204, .errors = { E_INVALID_TOKEN, E_EMAIL_TAKEN }, .limits = { &address_limit },
	  .id = "auth_verify_email",
	  .summary = "Prove an e-mail address with the token that was sent there." },
	{ POST, "/auth/resend-verification", resend_verification, ACCESS_PUBLIC,
	  .body = &address_schema, .status = 204, .limits = { &address_limit, &mail_limit },
	  .id = "auth_resend_verification",
	  .summary = "Send that token again, if the address has an account that needs it." },
	{ POST, "/auth/forgot-password", forgot_password, ACCESS_PUBLIC, .body = &address_schema,
	  .status = 204, .limits = { &address_limit, &mail_limit }, .id = "auth_forgot_password",
	  .summary = "Send a token for a new password, if the address has an account." },
	{ POST, "/auth/reset-password", reset_password, ACCESS_PUBLIC, .body = &reset_schema,
	  .status = 204, .errors = { E_INVALID_TOKEN, E_OVERLOADED }, .limits = { &address_limit },
	  .id = "auth_reset_password",
	  .summary = "Set a new password with that token; ends every session of the account." },
	{ 0 },
};
