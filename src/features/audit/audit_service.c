/* Rules of the audit log: how an event describes its actor, and retention. */
#include "audit_priv.h"

#include "app/clock.h"
#include "app/log.h"

enum { DETAIL_MAX = 8 * 1024, PRUNE_BATCH = 10000 };

static const char *
kind_of(const struct ctx *c, const char *actor_id)
{
	if (c->caller.api_key_id)
		return "api_key";
	if (actor_id)
		return "user";
	return c->process ? c->process : "anonymous";
}

enum error
audit_write(struct ctx *c, const struct audit_event *event)
{
	const char *actor = c->caller.user_id ? c->caller.user_id : event->actor_id;
	struct audit_row row = {
		.outcome = audit_outcomes[event->failed],
		.actor_id = actor,
		.actor_kind = kind_of(c, actor),
		.target = event->target,
		.ip = c->ip,
		.user_agent = ctx_user_agent(c),
		.request_id = c->request_id,
		.detail = event->detail,
	};

	if (event->action <= AUDIT_NOTHING || event->action >= AUDIT_ACTIONS) {
		log_error(c, "an event for the audit log names no action");
		return fail(c, E_INTERNAL, NULL);
	}
	row.action = audit_actions[event->action - 1];
	return audit_insert(c, &row);
}

const char *
audit_detail(struct ctx *c, ...)
{
	struct buf b = buf_new(c->arena, DETAIL_MAX);
	const char *name;
	va_list args;

	va_start(args, c);
	buf_char(&b, '{');
	while ((name = va_arg(args, const char *)))
		buf_json(&b, "%s:%s,", name, va_arg(args, const char *));
	buf_json(&b, "}");
	va_end(args);
	return buf_done(&b);
}

static enum error
prune_batch(struct ctx *c, const char *before, int64_t *removed)
{
	enum error e;

	e = db_begin(c);
	if (!e)
		e = audit_allow_prune(c);
	if (!e)
		e = audit_delete(c, before, PRUNE_BATCH, removed);
	return db_finish(c, e);
}

enum error
audit_prune(struct ctx *c, int64_t seconds, int64_t *removed)
{
	char before[CLOCK_TEXT_SIZE];
	int64_t n = PRUNE_BATCH;
	enum error e;

	clock_text(clock_now() - seconds * 1000000, before);
	for (*removed = 0; n == PRUNE_BATCH; *removed += n) {
		e = prune_batch(c, before, &n);
		if (e)
			return e;
	}
	return OK;
}
