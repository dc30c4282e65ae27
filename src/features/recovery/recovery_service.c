/* Rules and transactions of mail tokens. No HTTP, no SQL. */
#include "recovery_priv.h"

#include "app/clock.h"
#include "app/password.h"
#include "app/settings.h"
#include "features/api_keys/api_keys.h"
#include "features/audit/audit.h"
#include "features/mail/mail.h"
#include "features/sessions/sessions.h"

enum { VERIFY_MINUTES = 24 * 60, RESET_MINUTES = 60 };

bool
recovery_may_sign_in(const struct sign_in *account)
{
	return account->email_verified || !email_verification_required();
}

bool
email_verification_required(void)
{
	return settings.require_verified_email;
}

/* Runs in a transaction. token->account_email is NULL afterwards if none was issued, because of the
 * limits or because the account is not active. */
static enum error
issue_mail_token(struct ctx *c, struct mail_token *token, int64_t minutes, const char *secret)
{
	struct account account;
	bool issued = false;
	enum error e;

	e = recovery_lock_account(c, token->user_id, &account);
	if (e == E_NOT_FOUND) {
		failure_clear(c);
		return OK;
	}
	if (e)
		return e;

	token->account_email = account.email;
	token->security_version = account.security_version;
	e = recovery_insert(c, token, minutes, secret, &issued);
	if (!issued)
		token->account_email = NULL;
	return e;
}

/* Sends a new token by e-mail. */
static enum error
send_token(struct ctx *c, struct mail_token *token, const char *template, const char *page,
	   int64_t minutes)
{
	const char *secret = secret_new(c->arena);
	const char *link = arena_printf(c->arena, "%s%s#token=%s", settings.app_url, page, secret);
	enum error e;

	e = db_begin(c);
	if (!e)
		e = issue_mail_token(c, token, minutes, secret);
	if (!e && token->account_email)
		e = mail_enqueue(c, token->email, template,
				 (struct mail_value[]) { { "link", link }, { 0 } });
	return db_finish(c, e);
}

enum error
recovery_greet(struct ctx *c, const char *user_id, const char *email)
{
	struct mail_token token = { user_id, PURPOSE_VERIFY, email };

	return send_token(c, &token, "verify_email", "/verify-email", VERIFY_MINUTES);
}

static enum error
register_again(struct ctx *c, const struct account *account, const char *full_name)
{
	struct audit_event event = {
		.action = AUDIT_PASSWORD_CHANGE,
		.target = account->id,
		.detail = audit_detail(c, "by", "registration", NULL),
	};
	bool done;
	enum error e;

	e = recovery_register_again(c, account->id, full_name, &done);
	if (!e && done)
		e = audit_write(c, &event);
	if (e)
		return e;

	return recovery_greet(c, account->id, account->email);
}

enum error
recovery_already_registered(struct ctx *c, const char *email, const char *full_name)
{
	struct account account;
	enum error e;

	e = recovery_find_any_account(c, email, &account);
	if (e)
		return e;

	if (account.verified)
		return mail_enqueue(c, account.email, "already_registered", NULL);

	e = db_begin(c);
	if (!e)
		e = register_again(c, &account, full_name);
	return db_finish(c, e);
}

/* Sends to the account's address if it is verified. */
static enum error
notify(struct ctx *c, const char *user_id, const char *template, const struct mail_value *values)
{
	struct account account;
	enum error e;

	e = recovery_get_account(c, user_id, &account);
	if (e || !account.verified)
		return e;

	return mail_enqueue(c, account.email, template, values);
}

enum error
recovery_email_changed(struct ctx *c, const char *user_id, const char *to)
{
	return notify(c, user_id, "email_changed",
		      (struct mail_value[]) { { "email", to }, { 0 } });
}

enum error
recovery_password_changed(struct ctx *c, const char *user_id)
{
	char now[CLOCK_TEXT_SIZE];

	if (!mail_enabled())
		return OK;

	clock_text(clock_now(), now);
	return notify(c, user_id, "password_changed",
		      (struct mail_value[]) { { "time", now }, { 0 } });
}

/* Only the latest requested address can become the account's. */
enum error
recovery_change_email(struct ctx *c, const char *user_id, const char *to)
{
	struct mail_token token = { user_id, PURPOSE_CHANGE, to };
	enum error e;

	e = recovery_drop_changes(c, user_id, to);
	if (e)
		return e;

	e = send_token(c, &token, "change_email", "/verify-email", VERIFY_MINUTES);
	if (e || !token.account_email)
		return e;

	return notify(c, user_id, "email_change_requested",
		      (struct mail_value[]) { { "email", to }, { 0 } });
}

enum error
recovery_ask(struct ctx *c, const char *purpose, const char *email)
{
	struct recovery_args args = { purpose, email };

	return job_enqueue(c, &recovery_job, &args,
			   .unique = arena_printf(c->arena, "%s %s", purpose, email));
}

enum error
recovery_mail(struct job *job)
{
	const struct recovery_args *args = job->args;
	struct ctx *c = job->ctx;
	struct account account;
	struct mail_token token;
	enum error e;

	e = recovery_find_account(c, args->email, &account);
	if (e == E_NOT_FOUND) {
		failure_clear(c);
		return OK;
	}
	if (e)
		return e;

	/* If verification is required, an unverified address receives nothing else. */
	token = (struct mail_token) { account.id, args->purpose, account.email };
	if (strcmp(args->purpose, PURPOSE_RESET) == 0 &&
	    (account.verified || !email_verification_required()))
		return send_token(c, &token, "reset_password", "/reset-password", RESET_MINUTES);
	return account.verified ? OK : recovery_greet(c, account.id, account.email);
}

/* Runs in a transaction. Uses the token if the account is still in the state in which the token was
 * issued. Locks the account first, as sessions_end_all() does. */
static enum error
redeem(struct ctx *c, const struct mail_token *token, const char *text, struct account *account)
{
	enum error e;

	e = recovery_lock_account(c, token->user_id, account);
	if (e == E_NOT_FOUND)
		return recovery_void(c);
	if (e)
		return e;
	if (account->security_version != token->security_version ||
	    strcasecmp(account->email, token->account_email) != 0)
		return recovery_void(c);

	return recovery_spend(c, text);
}

static enum error
set_email(struct ctx *c, const struct mail_token *token, const struct account *account)
{
	enum error e;

	e = recovery_email_changed(c, account->id, token->email);
	if (e)
		return e;

	return recovery_set_email(c, token);
}

/* API keys created before the verification may belong to another person who registered the address. */
static enum error
prove(struct ctx *c, const struct mail_token *token, const char *text)
{
	bool change = strcmp(token->purpose, PURPOSE_CHANGE) == 0;
	struct audit_event event = {
		.action = AUDIT_USER_UPDATED,
		.actor_id = token->user_id,
		.target = token->user_id,
		.detail = audit_detail(c, "email_verified", token->email, NULL),
	};
	struct account account;
	enum error e;

	e = redeem(c, token, text, &account);
	if (e)
		return e;

	e = change ? set_email(c, token, &account) : recovery_mark_verified(c, token);
	if (e)
		return e;

	if (!account.verified) {
		e = api_keys_delete_all(c, token->user_id, "email_verified");
		if (e)
			return e;
	}
	return audit_write(c, &event);
}

enum error
recovery_verify(struct ctx *c, const char *text)
{
	struct mail_token token;
	enum error e;

	e = recovery_find(c, text, &token);
	if (e)
		return e;
	if (strcmp(token.purpose, PURPOSE_RESET) == 0)
		return fail(c, E_INVALID_TOKEN, "this token is for a password reset");

	e = db_begin(c);
	if (!e)
		e = prove(c, &token, text);
	return db_finish(c, e);
}

static enum error
store_new_password(struct ctx *c, const struct mail_token *token, const char *text,
		   const char *hash)
{
	struct audit_event event = {
		.action = AUDIT_PASSWORD_CHANGE,
		.actor_id = token->user_id,
		.target = token->user_id,
		.detail = audit_detail(c, "by", "mail", NULL),
	};
	struct account account;
	enum error e;

	e = redeem(c, token, text, &account);
	if (e)
		return e;

	e = recovery_set_hash(c, token, hash);
	if (e)
		return e;

	e = sessions_end_all(c, token->user_id, NULL, SESSIONS_PASSWORD_RESET);
	if (e)
		return e;

	e = api_keys_delete_all(c, token->user_id, "password_reset");
	if (e)
		return e;

	e = recovery_password_changed(c, token->user_id);
	if (e)
		return e;

	return audit_write(c, &event);
}

enum error
recovery_reset(struct ctx *c, const struct reset *in)
{
	struct mail_token token;
	const char *hash;
	enum error e;

	e = recovery_find(c, in->token, &token);
	if (e)
		return e;
	if (strcmp(token.purpose, PURPOSE_RESET) != 0)
		return fail(c, E_INVALID_TOKEN, "this token is not for a password reset");

	e = password_check(c, "new_password", in->new_password, token.email);
	if (e)
		return e;

	e = password_hash(c, in->new_password, &hash);
	if (e)
		return e;

	e = db_begin(c);
	if (!e)
		e = store_new_password(c, &token, in->token, hash);
	return db_finish(c, e);
}

enum error
recovery_prune(struct job *job)
{
	return recovery_delete_expired(job->ctx);
}
