/* Rules of e-mail: the outbox and the job that sends from it. */
#include "mail_priv.h"

#include "app/log.h"
#include "app/settings.h"

enum {
	KEEP_DAYS = 7, /* longer than all attempts to send take */
	PRUNE_BATCH = 1000,
};

bool
mail_enabled(void)
{
	return *mail_settings.smtp_url || *mail_settings.dir;
}

enum error
mail_enqueue(struct ctx *c, const char *to, const char *template, const struct mail_value *values)
{
	struct mail mail = { .recipient = to, .template = template }, row;
	struct mail_args args;
	enum error e;

	e = mail_render(c, values, &mail);
	if (e)
		return e;

	e = db_begin(c);
	if (!e)
		e = mail_insert(c, &mail, &row);
	if (!e) {
		args.mail_id = row.id;
		e = job_enqueue(c, &mail_job, &args);
	}
	if (e == E_NOT_FOUND) {
		failure_clear(c);
		log_info(c, "an e-mail (%s) was dropped: its recipient has reached MAIL_RATE_LIMIT",
			 template);
		e = OK;
	}
	return db_finish(c, e);
}

/* Sends, then marks as sent: if the worker dies in between, the e-mail is sent twice. */
enum error
mail_deliver(struct job *job)
{
	const struct mail_args *args = job->args;
	struct ctx *c = job->ctx;
	struct mail mail;
	enum error e;

	e = mail_find(c, args->mail_id, &mail);
	if (e == E_NOT_FOUND)
		return job_give_up(job, e);
	if (e || !mail.body)
		return e;

	e = mail_send(c, &mail);
	if (e)
		return e;

	e = db_begin(c);
	if (!e)
		e = mail_mark_sent(c, mail.id);
	return job_finish(job, e);
}

enum error
mail_prune(struct job *job)
{
	int64_t n = PRUNE_BATCH;
	enum error e = OK;

	while (!e && n == PRUNE_BATCH) {
		e = job_check(job);
		if (!e)
			e = mail_delete_older(job->ctx, KEEP_DAYS, PRUNE_BATCH, &n);
	}
	return e;
}
