/* Rules and transactions. No HTTP, no SQL. */
#include "sessions_priv.h"

#include "app/settings.h"
#include "features/audit/audit.h"

enum { CLEANUP_BATCH = 5000, PASSWORD_FAILURES_MAX = 10 };

enum error
sessions_list(struct ctx *c, struct list_args *args, struct page *out)
{
	const struct session *rows;
	struct session *mine;
	enum error e;

	e = table_list(c, args, out);
	if (e)
		return e;

	rows = out->items.rows;
	mine = arena_array(c->arena, out->items.n, sizeof(*mine));
	for (size_t i = 0; i < out->items.n; i++) {
		mine[i] = rows[i];
		mine[i].current = strcmp(rows[i].id, c->caller.session_id) == 0;
	}
	out->items.rows = mine;
	return OK;
}

enum error
sessions_end(struct ctx *c, const char *user_id, const char *id, const char *actor_id,
	     const char *reason)
{
	struct audit_event event = {
		.action = AUDIT_SESSION_ENDED,
		.actor_id = actor_id,
		.target = id,
		.detail = audit_detail(c, "reason", reason, NULL),
	};
	enum error e;

	e = sessions_close(c, user_id, id);
	if (e)
		return e;

	cache_invalidate(c, "session", id);
	return audit_write(c, &event);
}

const char *const sessions_end_words[SESSIONS_END_REASONS] = {
	[SESSIONS_LOGOUT_ALL] = "logout_all",
	[SESSIONS_PASSWORD_CHANGE] = "password_change",
	[SESSIONS_PASSWORD_RESET] = "password_reset",
	[SESSIONS_PASSWORD_SET] = "password_set",
	[SESSIONS_ROLE_CHANGE] = "role_change",
	[SESSIONS_DEACTIVATION] = "deactivation",
};

enum error
sessions_end_all(struct ctx *c, const char *user_id, const char *keep,
		 enum sessions_end_reason reason)
{
	struct audit_event event = { .action = AUDIT_SESSION_ENDED, .target = user_id };
	int64_t n;
	enum error e;

	e = sessions_advance_account(c, user_id);
	if (e)
		return e;

	e = sessions_close_all(c, user_id, keep, &n);
	if (e)
		return e;

	cache_invalidate(c, "user", user_id);
	if (!n)
		return OK;

	event.detail =
	    audit_detail(c, "reason", sessions_end_words[reason], "sessions", p_int(c, n), NULL);
	return audit_write(c, &event);
}

enum error
sessions_end_own(struct ctx *c, const char *id)
{
	enum error e;

	e = db_begin(c);
	if (!e)
		e = sessions_end(c, c->caller.user_id, id, NULL, "ended");
	return db_finish(c, e);
}

enum error
sessions_end_all_own(struct ctx *c)
{
	enum error e;

	e = db_begin(c);
	if (!e)
		e = sessions_end_all(c, c->caller.user_id, NULL, SESSIONS_LOGOUT_ALL);
	return db_finish(c, e);
}

enum error
sessions_password_wrong(struct ctx *c)
{
	const char *user_id = c->caller.user_id, *id = c->caller.session_id;
	int64_t n;
	enum error e;

	e = sessions_count_failure(c, user_id, id, &n);
	if (e || n < PASSWORD_FAILURES_MAX)
		return e;

	return sessions_end(c, user_id, id, NULL, "password_failures");
}

enum error
sessions_password_right(struct ctx *c)
{
	return sessions_clear_failures(c, c->caller.session_id);
}

enum error
sessions_confirm(struct ctx *c)
{
	const char *id = c->caller.session_id;
	enum error e;

	e = sessions_set_confirmed(c, c->caller.user_id, id);
	if (e == E_NOT_FOUND)
		return fail(c, E_INVALID_TOKEN, "the session has ended");
	if (e)
		return e;

	cache_invalidate(c, "session", id);
	return sessions_raised(c);
}

enum error
sessions_raised(struct ctx *c)
{
	const struct cookie_sessions *cookies = cookie_sessions(c->app);

	return cookies && c->caller.cookie ? cookies->issue(c, c->caller.session_id) : OK;
}

/* Deletes in batches, so that no transaction locks many rows for long. */
static enum error
in_batches(struct ctx *c, enum error (*step)(struct ctx *, int64_t limit, int64_t *n),
	   int64_t *total)
{
	enum error e = OK;
	int64_t n;

	*total = 0;
	do {
		e = step(c, CLEANUP_BATCH, &n);
		if (!e)
			*total += n;
	} while (!e && n == CLEANUP_BATCH);
	return e;
}

enum error
sessions_prune(struct ctx *c, int64_t *sessions, int64_t *tokens)
{
	int64_t shortened;
	enum error e = OK;

	if (sessions_settings.max_days)
		e = in_batches(c, sessions_shorten, &shortened);
	if (e)
		return e;

	e = in_batches(c, sessions_remove_over, sessions);
	if (e)
		return e;

	return in_batches(c, sessions_remove_tokens, tokens);
}

enum error
sessions_prune_run(struct job *job)
{
	int64_t sessions, tokens;

	return sessions_prune(job->ctx, &sessions, &tokens);
}
