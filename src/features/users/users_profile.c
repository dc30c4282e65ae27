/* Rules and transactions of the caller's own account. No HTTP, no SQL. */
#include "users_priv.h"

#include "app/password.h"
#include "features/audit/audit.h"
#include "features/mail/mail.h"
#include "features/recovery/recovery.h"
#include "features/sessions/sessions.h"

/* Audits a wrong current password, because the session may be stolen. */
static enum error
note_wrong_password(struct ctx *c, const struct audit_event *event)
{
	enum error e;

	e = db_begin(c);
	if (!e)
		e = audit_write(c, event);
	if (!e)
		e = sessions_password_wrong(c);
	return db_finish(c, e);
}

enum error
users_check_current_password(struct ctx *c, const char *password, enum audit_action action,
			     const struct login **login)
{
	const char *id = c->caller.user_id;
	struct audit_event event = { .action = action, .failed = true, .target = id };
	enum error e;

	e = users_check_own_password(c, id, password, login);
	if (!e)
		return sessions_password_right(c);
	if (e != E_INVALID_CREDENTIALS)
		return e;

	e = note_wrong_password(c, &event);
	if (e)
		return e;

	return fail(c, E_INVALID_CREDENTIALS, "the current password is wrong");
}

/* E_NOT_FOUND: the password changed after the check. */
static enum error
still_current(struct ctx *c, enum error e)
{
	if (e != E_NOT_FOUND)
		return e;

	return fail(c, E_INVALID_CREDENTIALS, "the current password is wrong");
}

static enum error
update_profile(struct ctx *c, const struct profile *in, uint64_t given, const char *detail,
	       struct user *out)
{
	struct audit_event event = {
		.action = AUDIT_USER_UPDATED,
		.target = c->caller.user_id,
		.detail = detail,
	};
	const struct user user = { .full_name = in->full_name, .email = in->email };
	uint64_t fields = 0;
	enum error e;

	if (given & PROFILE(full_name))
		fields |= GIVEN(&user_schema, struct user, full_name);
	if (given & PROFILE(email))
		fields |= GIVEN(&user_schema, struct user, email);
	e = users_set_email(c, c->caller.user_id, &user, fields, out);
	if (e)
		return e;

	return audit_write(c, &event);
}

static enum error
password_missing(struct ctx *c)
{
	return fail_field(c, "body", "current_password", FIELD_REQUIRED,
			  "must be given with a new e-mail address");
}

/* A new address needs the password, so that an unattended session is not enough to take over the
 * account. If addresses must be verified, the change takes effect after verification. */
static enum error
check_new_email(struct ctx *c, const struct profile *in, uint64_t given, const struct login **login)
{
	if (!(given & PROFILE(current_password)))
		return password_missing(c);

	return users_check_current_password(c, in->current_password, AUDIT_USER_UPDATED, login);
}

/* The address was the account's own, so no password was checked. */
static enum error
check_same_email(struct ctx *c, const struct profile *in)
{
	struct user now;
	enum error e;

	e = table_lock(c, &users_table, c->caller.user_id, &now);
	if (e)
		return e;

	return strcasecmp(in->email, now.email) == 0 ? OK : password_missing(c);
}

/* `login`: the account as its password was checked for a new address, else NULL. It must not have
 * changed since, for example by a password reset. */
static enum error
change_profile(struct ctx *c, const struct profile *in, uint64_t given, const struct login *login,
	       struct user *out)
{
	const char *detail = NULL;
	enum error e = OK;

	if (login) {
		e = users_lock_login(c, login);
		if (e)
			return e;

		detail = audit_detail(c, "email_from", login->email, "email_to", in->email, NULL);
		if (email_verification_required()) {
			e = recovery_change_email(c, login->id, in->email);
			given &= ~PROFILE(email);
		} else if (mail_enabled()) {
			e = recovery_email_changed(c, login->id, in->email);
		}
	} else if (given & PROFILE(email)) {
		e = check_same_email(c, in);
	}
	if (e)
		return e;

	return update_profile(c, in, given, detail, out);
}

enum error
users_change_profile(struct ctx *c, const struct profile *in, uint64_t given, struct user *out)
{
	const struct login *login = NULL;
	struct user was;
	enum error e;

	e = table_find(c, &users_table, c->caller.user_id, &was);
	if (e)
		return e;

	if (!(given & (PROFILE(full_name) | PROFILE(email)))) {
		*out = was;
		return table_check_version(c, &user_schema, &was);
	}
	if (given & PROFILE(email) && strcasecmp(in->email, was.email) != 0) {
		e = check_new_email(c, in, given, &login);
		if (e)
			return e;
	}

	e = db_begin(c);
	if (!e)
		e = change_profile(c, in, given, login, out);
	e = db_finish(c, e);
	return login ? still_current(c, e) : e;
}

static enum error
set_password(struct ctx *c, const struct login *login, const char *hash)
{
	struct audit_event event = { .action = AUDIT_PASSWORD_CHANGE, .target = login->id };
	enum error e;

	e = users_set_hash(c, login, hash);
	if (e)
		return e;

	e = sessions_end_all(c, login->id, c->caller.session_id, SESSIONS_PASSWORD_CHANGE);
	if (e)
		return e;

	e = sessions_raised(c);
	if (e)
		return e;

	e = recovery_password_changed(c, login->id);
	if (e)
		return e;

	return audit_write(c, &event);
}

enum error
users_change_password(struct ctx *c, const struct password_change *in)
{
	const struct login *login;
	const char *hash;
	enum error e;

	e = users_check_current_password(c, in->current_password, AUDIT_PASSWORD_CHANGE_FAIL,
					 &login);
	if (e)
		return e;

	e = password_check(c, "new_password", in->new_password, login->email);
	if (e)
		return e;

	e = password_hash(c, in->new_password, &hash);
	if (e)
		return e;

	e = db_begin(c);
	if (!e)
		e = set_password(c, login, hash);
	return still_current(c, db_finish(c, e));
}
