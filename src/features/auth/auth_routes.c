/* Routes: HTTP only. Rules are in the service, SQL in the repository. */
#include "auth_priv.h"

#include "app/settings.h"

enum error
auth_authenticate(struct request *req)
{
	static const char scheme[] = "Bearer ";
	const char *header = request_env(req, "HTTP_AUTHORIZATION");

	if (!header || !*header)
		return OK;
	if (strncasecmp(header, scheme, strlen(scheme)) != 0)
		return fail(req->ctx, E_INVALID_TOKEN,
			    "the Authorization header must be Bearer and an access token");

	header += strlen(scheme);
	return auth_identify(req->ctx, header + strspn(header, " "));
}

static enum error
sign_up(struct request *req)
{
	struct user user;
	enum error e = auth_register(req->ctx, req->in, &user);

	return respond_record(req, e, &user);
}

static enum error
log_in(struct request *req)
{
	const struct credentials *in = req->in;
	struct tokens tokens;
	struct user user;
	bool cookie = in->cookie && cookie_sessions(req->ctx->app);
	enum error e =
	    cookie ? auth_login_by_cookie(req->ctx, in, &user) : auth_login(req->ctx, in, &tokens);

	if (!req->ctx->parked)
		count_attempt("password", e);
	return cookie ? respond_record_as(req, e, &user_schema, &user)
		      : respond_record(req, e, &tokens);
}

static enum error
refresh_with(struct request *req, const char *token)
{
	struct tokens tokens;
	enum error e = auth_refresh(req->ctx, token, &tokens);

	count_attempt("refresh_token", e);
	return respond_record(req, e, &tokens);
}

static enum error
refresh(struct request *req)
{
	const struct refresh *in = req->in;

	return refresh_with(req, in->refresh_token);
}

/* The token endpoint of OAuth 2.0. */
static enum error
respond_with_tokens(struct request *req)
{
	const struct credentials *in = req->in;

	return grant_is_refresh(in) ? refresh_with(req, in->refresh_token) : log_in(req);
}

static enum error
log_out(struct request *req)
{
	const struct cookie_sessions *cookies = cookie_sessions(req->ctx->app);
	const struct refresh *in = req->in;
	enum error e = in ? auth_logout(req->ctx, in->refresh_token) : OK;

	if (!e && cookies && cookies->sent(req))
		e = cookies->log_out(req);
	return respond_empty(req, e);
}

static enum error
confirm_session(struct request *req)
{
	const struct confirmation *in = req->in;
	enum error e = auth_confirm(req->ctx, in->password);

	if (!req->ctx->parked)
		count_attempt("password", e);
	return respond_empty(req, e);
}

/* For web servers that authorize requests to other services by a subrequest (nginx: auth_request). */
static enum error
show_caller(struct request *req)
{
	const struct caller *caller = &req->ctx->caller;

	response_header(req, "X-User-Id", caller->user_id);
	response_header(req, "X-User-Role", role_name(caller->role));
	response_header(req, "X-Session-Id", caller->session_id);
	return respond_empty(req, OK);
}

static const char *
login_key(struct request *req)
{
	const struct credentials *in = req->in;

	return grant_is_refresh(in) ? NULL : limit_account(req, in ? in->email : NULL);
}

static const char *
token_ip_key(struct request *req)
{
	return grant_is_refresh(req->in) ? NULL : limit_client(req);
}

/* Keyed by the session of the token; for an unknown token, by the token itself. */
static const char *
session_key(struct request *req, const char *token)
{
	return token ? auth_session_of(req->ctx, token) : limit_client(req);
}

static const char *
refresh_key(struct request *req)
{
	const struct refresh *in = req->in;

	return session_key(req, in ? in->refresh_token : NULL);
}

static const char *
token_refresh_key(struct request *req)
{
	const struct credentials *in = req->in;

	return grant_is_refresh(in) ? session_key(req, in->refresh_token) : NULL;
}

static const struct limit login_limit = { "login", &auth_settings.login_rate_limit, login_key,
					  .needs_body = true };
static const struct limit login_ip_limit = { "login_ip", &auth_settings.login_ip_rate_limit, NULL };
static const struct limit refresh_limit = { "refresh", &auth_settings.refresh_rate_limit,
					    refresh_key, .needs_body = true };

/* The token endpoint shares these counts; only its body says whether it is a sign-in. */
static const struct limit token_ip_limit = { "login_ip", &auth_settings.login_ip_rate_limit,
					     token_ip_key, .needs_body = true };
static const struct limit token_refresh_limit = { "refresh", &auth_settings.refresh_rate_limit,
						  token_refresh_key, .needs_body = true };
static const struct limit register_limit = { "register", &auth_settings.register_rate_limit, NULL };

const struct route auth_routes[] = {
	{ POST, "/auth/register", sign_up, ACCESS_PUBLIC, .body = &registration_schema,
	  .response = &user_schema, .status = 201, .location = "/users",
	  .errors = { E_FORBIDDEN, E_EMAIL_TAKEN }, .limits = { &register_limit },
	  .id = "auth_register", .summary = "Create your account" },
	{ POST, "/auth/login", log_in, ACCESS_PUBLIC, .body = &credentials_schema,
	  .form = &credentials_form, .response = &tokens_schema, .cookie_response = &user_schema,
	  .errors = { E_INVALID_CREDENTIALS }, .limits = { &login_ip_limit, &login_limit },
	  .oauth = true, .id = "auth_login", .summary = "Sign in",
	  .description = "Also accepts the form of `auth/token`." },
	{ POST, "/auth/token", respond_with_tokens, ACCESS_PUBLIC, .body = &credentials_schema,
	  .form = &token_form, .response = &tokens_schema, .cookie_response = &user_schema,
	  .errors = { E_INVALID_CREDENTIALS, E_INVALID_TOKEN, E_TOKEN_REUSED },
	  .limits = { &token_ip_limit, &login_limit, &token_refresh_limit }, .oauth = true,
	  .token_endpoint = true, .id = "auth_token", .summary = "Sign in as an OAuth 2.0 client",
	  .description = "Token endpoint (RFC 6749) for the grant types `password` and "
			 "`refresh_token`. Also accepts the JSON body of `auth/login`." },
	{ POST, "/auth/refresh", refresh, ACCESS_PUBLIC, .body = &refresh_schema,
	  .response = &tokens_schema, .errors = { E_INVALID_TOKEN, E_TOKEN_REUSED },
	  .limits = { &refresh_limit }, .id = "auth_refresh", .summary = "Refresh the tokens",
	  .description = "A refresh token can be used once." },
	{ POST, "/auth/logout", log_out, ACCESS_PUBLIC, .body = &refresh_schema, .status = 204,
	  .cookie_needs_no_body = true, .id = "auth_logout", .summary = "Sign out",
	  .description = "Ends the session of the refresh token. The response is the same for an "
			 "unknown token." },
	{ POST, "/auth/confirm", confirm_session, ACCESS_VIEWER, .body = &confirmation_schema,
	  .status = 204, .errors = { E_INVALID_CREDENTIALS }, .limits = { &users_password_limit },
	  .id = "auth_confirm", .summary = "Confirm the session",
	  .description = "After this, the session may use the operations that require a recent "
			 "sign-in." },
	{ GET, "/auth/check", show_caller, ACCESS_VIEWER, .status = 204, .id = "auth_check",
	  .response_headers = { { "X-User-Id", "ID of the user." },
				{ "X-User-Role", "Role of the user." },
				{ "X-Session-Id", "Session of the token." } },
	  .summary = "Check a request",
	  .description = "For the subrequest of a web server (nginx: `auth_request`). The response "
			 "headers identify the caller." },
	{ 0 },
};
