/* Rules and transactions of cookies. No SQL. */
#include "browser_sessions_priv.h"

#include "app/auth_cache.h"
#include "app/clock.h"
#include "app/log.h"
#include "app/settings.h"
#include "features/sessions/sessions.h"

enum { TOUCH_SECONDS = 60 };

enum error
browser_sessions_issue(struct ctx *c, const char *session_id)
{
	const char *secret = secret_new(c->arena);
	enum error e;

	if (!c->https && settings_production())
		return fail(c, E_FORBIDDEN, "a sign-in with a cookie needs https");

	e = browser_sessions_set_cookie(c, session_id, secret);
	if (e == E_NOT_FOUND)
		return fail(c, E_INVALID_TOKEN, "the session has ended");
	if (e)
		return e;

	cache_invalidate(c, "session", session_id);
	cookie_set(c, secret);
	return OK;
}

/* Finds the session of a cookie that is not in the auth cache. Does not store one that was replaced:
 * it is valid for a few seconds, without the privileges that the new one has. */
static enum error
find_session(struct ctx *c, const char *secret, struct cached_caller *known)
{
	struct cookie_session live;
	enum error e;

	auth_cache_stamp(known);
	e = browser_sessions_find(c, secret, &live);
	if (e == E_NOT_FOUND)
		return fail(c, E_INVALID_TOKEN, "the session has ended: sign in again");
	if (e)
		return e;

	memcpy(known->id, live.id, UUID_TEXT_SIZE);
	memcpy(known->user_id, live.user_id, UUID_TEXT_SIZE);
	known->role = role_parse(live.role);
	known->expires = live.expires;
	known->confirmed = live.current ? live.confirmed : 0;
	known->stamped = known->stamped && live.current;
	return OK;
}

/* A live session works even if its use cannot be recorded. */
static void
note_cookie_use(struct ctx *c, struct cached_caller *known)
{
	int64_t idle = browser_sessions_settings.idle_minutes * 60, now = clock_monotonic();
	int64_t every = idle && idle / 4 < TOUCH_SECONDS ? idle / 4 : TOUCH_SECONDS;

	if (known->touched && now - known->touched < every * 1000000)
		return;

	known->touched = now;
	if (browser_sessions_touch(c, known->id, every))
		log_warn(c, "the use of a session could not be recorded");
	failure_clear(c);
}

enum error
browser_sessions_identify(struct ctx *c, const char *secret)
{
	struct cached_caller known;
	enum error e;

	/* Not the key of an access token: neither may be sent in place of the other. */
	auth_cache_find("session", arena_printf(c->arena, "cookie %s", secret), 0, &known);
	if (!auth_cache_fresh(&known)) {
		e = find_session(c, secret, &known);
		if (e)
			return e;
	}

	note_cookie_use(c, &known);
	auth_cache_put(&known);
	c->caller = (struct caller) {
		.role = known.role,
		.user_id = arena_text(c->arena, known.user_id),
		.session_id = arena_text(c->arena, known.id),
		.cookie = true,
		.confirmed = known.confirmed,
	};
	return OK;
}

enum error
browser_sessions_end(struct ctx *c, const char *secret)
{
	struct cookie_session live;
	enum error e;

	e = browser_sessions_find(c, secret, &live);
	if (e)
		return e;

	e = db_begin(c);
	if (!e)
		e = sessions_end(c, live.user_id, live.id, live.user_id, "logout");
	return db_finish(c, e);
}
