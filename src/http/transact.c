/* Handlers in a transaction of the pipeline's, with what belongs into it beside them. */
#include "http_priv.h"

static enum error
run(struct ctx *c, void *arg)
{
	struct act *act = arg;
	struct request *req = act->req;
	enum error e;

	req->response = act->start;
	act->failed = OK;
	e = act->before(req, act->arg);
	if (e || req->response.status)
		return e;

	e = req->route->handle(req);
	if (!e)
		return act->after ? act->after(req, act->arg) : OK;
	if (db_aborted(c))
		return e;

	/* What it wrote before it refused, such as an audit event, stays as it would without
	 * this transaction. */
	act->failed = e;
	return OK;
}

enum error
transact(struct act *act)
{
	struct ctx *c = act->req->ctx;
	enum error e;

	act->start = act->req->response;
	e = act->snapshot ? db_repeatable_read(c, run, act) : db_transaction(c, run, act);
	if (!e)
		e = act->failed;
	if (e)
		act->req->response = act->start;
	return e;
}
