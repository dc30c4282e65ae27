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
	  .id = "auth_verify_email", .summary = "Verify an e-mail address",
	  .description = "Expects the token that was sent to the address." },
	{ POST, "/auth/resend-verification", resend_verification, ACCESS_PUBLIC,
	  .body = &address_schema, .status = 204, .limits = { &address_limit, &mail_limit },
	  .id = "auth_resend_verification", .summary = "Resend the verification e-mail",
	  .description = "The response is the same whether or not the account exists." },
	{ POST, "/auth/forgot-password", forgot_password, ACCESS_PUBLIC, .body = &address_schema,
	  .status = 204, .limits = { &address_limit, &mail_limit }, .id = "auth_forgot_password",
	  .summary = "Request a password reset",
	  .description = "Sends an e-mail with a link. The response is the same whether or not the "
			 "account exists." },
	{ POST, "/auth/reset-password", reset_password, ACCESS_PUBLIC, .body = &reset_schema,
	  .status = 204, .errors = { E_INVALID_TOKEN }, .limits = { &address_limit },
	  .id = "auth_reset_password", .summary = "Reset a password",
	  .description = "Takes the token from the e-mail. Ends all sessions of the account and "
			 "deletes its API keys." },
	{ 0 },
};
