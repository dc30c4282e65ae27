/* Runs a handler in a transaction of the pipeline, with work before and after it. */
#include "http_priv.h"

static enum error
run_in_transaction(struct ctx *c, void *arg)
{
	struct transaction *transaction = arg;
	struct request *req = transaction->req;
	enum error e;

	req->response = transaction->saved;
	transaction->failed = OK;
	e = transaction->before(req, transaction->arg);
	if (e || req->response.status)
		return e;

	e = req->route->handle(req);
	if (!e)
		return transaction->after ? transaction->after(req, transaction->arg) : OK;
	if (db_aborted(c))
		return e;

	/* What the handler wrote before its error, such as an audit event, is committed, as it
	 * would be without this transaction. */
	transaction->failed = e;
	return OK;
}

enum error
transact(struct transaction *transaction)
{
	struct ctx *c = transaction->req->ctx;
	enum error e;

	transaction->saved = transaction->req->response;
	e = db_transaction(c, run_in_transaction, transaction);
	if (!e)
		e = transaction->failed;
	if (e)
		transaction->req->response = transaction->saved;
	return e;
}
