/* Rules and transactions of sign-in and sign-out. No HTTP, no SQL. */
#include "auth_priv.h"

#include "app/auth_cache.h"
#include "app/clock.h"
#include "app/log.h"
#include "app/settings.h"
#include "app/token.h"
#include "features/audit/audit.h"
#include "features/recovery/recovery.h"
#include "features/sessions/sessions.h"

enum { HOURS_A_DAY = 24 };

/* What a token pair is issued for. */
struct grant {
	const char *user_id, *session_id, *role, *refresh_token;
	struct user user;   /* after a sign-in */
	bool cookie;        /* it gets a cookie, and no refresh token */
	int64_t expires_in; /* lifetime of the session in seconds */
};

/* If addresses are verified by e-mail, the response does not reveal that one is taken; its owner is
 * notified by e-mail. */
static enum error
conceal_taken(struct ctx *c, const struct new_user *in, struct user *out)
{
	enum error e;

	failure_clear(c);
	e = users_pretend(c, in, out);
	if (e)
		return e;

	return recovery_already_registered(c, in->email, in->full_name);
}

enum error
auth_register(struct ctx *c, const struct registration *in, struct user *out)
{
	struct new_user user = {
		.email = in->email,
		.password = in->password,
		.full_name = in->full_name,
		.role = ROLE_MEMBER,
		.created = email_verification_required() ? recovery_greet : NULL,
		.taken = email_verification_required() ? conceal_taken : NULL,
	};

	if (strcmp(auth_settings.registration, "open") != 0)
		return fail(c, E_FORBIDDEN, "registration is closed");

	return users_create(c, &user, out);
}

/* Issues a refresh token of the session. */
static enum error
issue_refresh_token(struct ctx *c, const struct session_life *session, const char *parent,
		    struct grant *grant)
{
	grant->session_id = session->session_id;
	grant->expires_in = session->expires_in;
	grant->refresh_token = secret_new(c->arena);
	return auth_insert_token(c, session->session_id, parent, grant->refresh_token);
}

static enum error
sign(struct ctx *c, const struct grant *grant, int64_t life, const char **token)
{
	int64_t now = clock_now() / 1000000;
	struct claims claims = {
		.sub = grant->user_id,
		.sid = grant->session_id,
		.role = grant->role,
		.iat = now,
		.exp = now + life,
	};

	return token_sign(c, &claims, token);
}

static enum error
hand_out(struct ctx *c, const struct grant *grant, struct tokens *out)
{
	int64_t life = settings.access_token_expire_minutes * 60;

	if (life > grant->expires_in)
		life = grant->expires_in;
	*out = (struct tokens) {
		.refresh_token = grant->refresh_token,
		.token_type = "bearer",
		.expires_in = life,
		.refresh_expires_in = grant->expires_in,
	};
	return sign(c, grant, life, &out->access_token);
}

static enum error
begin_session(struct ctx *c, const struct login *login, struct grant *grant)
{
	struct audit_event event = { .action = AUDIT_LOGIN_SUCCESS };
	const struct cookie_sessions *cookies = cookie_sessions(c->app);
	struct session_life session;
	enum error e;

	e = users_signed_in(c, login, &grant->user);
	if (e)
		return e;

	grant->user_id = grant->user.id;
	grant->role = grant->user.role;
	e = auth_insert_session(c, grant->user_id, sessions_settings.expire_days * HOURS_A_DAY,
				&session);
	if (e)
		return e;

	e = grant->cookie ? cookies->issue(c, session.session_id)
			  : issue_refresh_token(c, &session, NULL, grant);
	if (e)
		return e;

	event.actor_id = grant->user_id;
	event.target = session.session_id;
	return audit_write(c, &event);
}

/* The same failure for every reason, so that neither the response nor its timing reveals which. */
static enum error
refuse_login(struct ctx *c, const char *email)
{
	struct audit_event event = {
		.action = AUDIT_LOGIN_FAIL,
		.failed = true,
		.target = email,
	};
	enum error e;

	e = audit_write(c, &event);
	if (e)
		return e;

	return fail(c, E_INVALID_CREDENTIALS,
		    email_verification_required()
			? "the e-mail address or the password is wrong, or the"
			  " address has not been verified yet"
			: NULL);
}

static enum error
try_login(struct ctx *c, const struct credentials *in, struct grant *grant)
{
	const struct login *login;
	enum error e;

	e = users_check_password(c, in->email, in->password, &login);
	if (e)
		return e;

	e = db_begin(c);
	if (!e)
		e = begin_session(c, login, grant);
	return db_finish(c, e);
}

static enum error
check_login(struct ctx *c, const struct credentials *in, struct grant *grant)
{
	enum error e;

	e = try_login(c, in, grant);
	if (e ==
	    E_NOT_FOUND) /* the account changed since the password check; perhaps only its hash */
		e = try_login(c, in, grant);
	if (e == E_NOT_FOUND || e == E_INVALID_CREDENTIALS)
		return refuse_login(c, in->email);
	return e;
}

enum error
auth_login(struct ctx *c, const struct credentials *in, struct tokens *out)
{
	struct grant grant = { 0 };
	enum error e = check_login(c, in, &grant);

	return e ? e : hand_out(c, &grant, out);
}

enum error
auth_login_by_cookie(struct ctx *c, const struct credentials *in, struct user *out)
{
	struct grant grant = { .cookie = true };
	enum error e = check_login(c, in, &grant);

	*out = grant.user;
	return e;
}

/* Either client may be the thief, so the session ends for both. */
static enum error
end_stolen(struct ctx *c, const struct refresh_state *was)
{
	struct audit_event event = {
		.action = AUDIT_TOKEN_REUSE,
		.failed = true,
		.target = was->session_id,
		.detail = audit_detail(c, "user_id", was->user_id, NULL),
	};
	enum error e;

	e = audit_write(c, &event);
	if (e)
		return e;

	return sessions_end(c, was->user_id, was->session_id, NULL, "token_reuse");
}

/* Handles a used or revoked token. It is accepted within the grace period, and later if no token it
 * issued was ever used: the client never received them. Otherwise sets `*reused`. */
static enum error
check_reuse(struct ctx *c, const char *token, const struct refresh_state *was, bool *reused)
{
	struct audit_event event = { .action = AUDIT_TOKEN_RETRY, .target = was->session_id };
	int64_t revoked = 0;
	enum error e = OK;

	if (!was->revoked && !was->in_grace)
		e = auth_revoke_successors(c, was->session_id, token, &revoked);
	if (e)
		return e;

	*reused = was->revoked || (!was->in_grace && !revoked);
	if (*reused)
		return end_stolen(c, was);

	event.detail = audit_detail(c, "user_id", was->user_id, "revoked", p_int(c, revoked), NULL);
	return audit_write(c, &event);
}

/* Uses the token and issues its successor. Locks the session first, so concurrent refreshes run one
 * after the other. Reuse returns OK, because the end of the session must be committed. */
static enum error
rotate(struct ctx *c, const char *token, struct grant *grant, bool *reused)
{
	struct session_life session;
	struct refresh_state was;
	enum error e;

	e = auth_lock_token(c, token, &was);
	if (e && e != E_NOT_FOUND)
		return e;
	if (e || !was.live)
		return fail(c, E_INVALID_TOKEN, NULL);

	grant->user_id = was.user_id;
	grant->session_id = was.session_id;
	grant->role = was.role;
	e = was.spent || was.revoked ? check_reuse(c, token, &was, reused)
				     : auth_spend_token(c, token);
	if (e || *reused)
		return e;

	e = auth_renew_session(c, was.session_id, &session);
	if (e)
		return e;

	return issue_refresh_token(c, &session, token, grant);
}

enum error
auth_refresh(struct ctx *c, const char *token, struct tokens *out)
{
	struct grant grant = { 0 };
	bool reused = false;
	enum error e;

	e = db_begin(c);
	if (!e)
		e = rotate(c, token, &grant, &reused);
	e = db_finish(c, e);
	if (e)
		return e;

	if (reused) {
		log_warn(c, "a used refresh token was used again: session %s has ended",
			 grant.session_id);
		return fail(c, E_TOKEN_REUSED, NULL);
	}
	return hand_out(c, &grant, out);
}

enum error
auth_logout(struct ctx *c, const char *token)
{
	struct session_ref session;
	enum error e;

	e = auth_find_session_of(c, token, &session);
	if (!e) {
		e = db_begin(c);
		if (!e)
			e = sessions_end(c, session.user_id, session.session_id, session.user_id,
					 "logout");
		e = db_finish(c, e);
	}
	if (e == E_NOT_FOUND) { /* unknown, or ended already: signed out either way */
		failure_clear(c);
		return OK;
	}
	return e;
}

static enum error
confirm(struct ctx *c)
{
	struct audit_event event = {
		.action = AUDIT_LOGIN_SUCCESS,
		.target = c->caller.session_id,
		.detail = audit_detail(c, "reason", "confirmation", NULL),
	};
	enum error e;

	e = sessions_confirm(c);
	return e ? e : audit_write(c, &event);
}

enum error
auth_confirm(struct ctx *c, const char *password)
{
	const struct login *login;
	enum error e;

	e = users_check_current_password(c, password, AUDIT_LOGIN_FAIL, &login);
	if (e)
		return e;

	e = db_begin(c);
	if (!e)
		e = confirm(c);
	return db_finish(c, e);
}

const char *
auth_session_of(struct ctx *c, const char *token)
{
	struct session_ref session;

	if (!auth_find_session_of(c, token, &session))
		return session.session_id;

	failure_clear(c);
	return p_digest(c, token);
}

static enum error
begin_short_session(struct ctx *c, const char *user_id, int64_t hours, struct session_life *session)
{
	struct audit_event event = { .action = AUDIT_LOGIN_SUCCESS, .target = user_id };
	enum error e;

	e = auth_insert_session(c, user_id, hours, session);
	if (e)
		return e;

	event.detail = audit_detail(c, "session_id", session->session_id, NULL);
	return audit_write(c, &event);
}

enum error
auth_issue(struct ctx *c, const char *user_id, const char *role, int64_t hours, const char **token,
	   int64_t *expires_in)
{
	struct session_life session = { 0 };
	enum error e;

	e = db_begin(c);
	if (!e)
		e = begin_short_session(c, user_id, hours, &session);
	e = db_finish(c, e);
	if (e)
		return e;

	*expires_in = session.expires_in;
	return sign(
	    c,
	    &(struct grant) { .user_id = user_id, .session_id = session.session_id, .role = role },
	    *expires_in, token);
}

/* Checks a token that is not in the auth cache. */
static enum error
verify(struct ctx *c, const char *token, struct cached_caller *known)
{
	struct claims claims;
	enum error e;

	e = token_verify(c, token, &claims);
	if (e)
		return e;

	known->expires = claims.exp;
	memcpy(known->user_id, claims.sub, UUID_TEXT_SIZE);
	memcpy(known->id, claims.sid, UUID_TEXT_SIZE);
	return OK;
}

/* The role comes from the account, never from the token. */
static enum error
find_token_session(struct ctx *c, struct cached_caller *known)
{
	struct session_access live;
	enum error e;

	auth_cache_stamp(known);
	e = auth_find_session(c, known->id, known->user_id, &live);
	if (e == E_NOT_FOUND)
		return fail(c, E_INVALID_TOKEN, "the session has ended");
	if (e)
		return e;

	known->role = role_parse(live.role);
	known->confirmed = live.confirmed;
	return OK;
}

enum error
auth_identify(struct ctx *c, const char *token)
{
	struct cached_caller known;
	enum error e;

	auth_cache_find("session", token, settings.clock_skew_seconds, &known);
	if (!*known.id) {
		e = verify(c, token, &known);
		if (e)
			return e;
	}
	if (!auth_cache_fresh(&known)) {
		e = find_token_session(c, &known);
		if (e)
			return e;
		auth_cache_put(&known);
	}
	c->caller = (struct caller) {
		.role = known.role,
		.user_id = arena_text(c->arena, known.user_id),
		.session_id = arena_text(c->arena, known.id),
		.confirmed = known.confirmed,
	};
	return OK;
}
