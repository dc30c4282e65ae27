/* Private to this folder. */
#ifndef MAIL_PRIV_H
#define MAIL_PRIV_H

#include "mail.h"

#include "app/job.h"

struct mail {
	const char *id, *recipient, *template, *subject;
	const char *body; /* NULL once sent */
};

struct mail_args {
	const char *mail_id;
};

extern const struct schema mail_schema, mail_args_schema;
extern const struct query mail_queries[];
extern const struct job_task mail_job;

/* mail_service.c: the handlers of the jobs. */
enum error mail_deliver(struct job *) MUST_CHECK;
enum error mail_prune(struct job *) MUST_CHECK;

/* mail_template.c: sets the subject and body from the template. E_INTERNAL, logged. */
enum error mail_render(struct ctx *, const struct mail_value *values, struct mail *) MUST_CHECK;

/* mail_send.c: sends an e-mail to SMTP_URL, or writes it into MAIL_DIR. On E_UNAVAILABLE the
 * server's response is in the log. */
enum error mail_send(struct ctx *, const struct mail *) MUST_CHECK;

/* mail_repo.c. E_NOT_FOUND if the address has reached MAIL_RATE_LIMIT for the template. */
enum error mail_insert(struct ctx *, const struct mail *, struct mail *out) MUST_CHECK;
enum error mail_find(struct ctx *, const char *id, struct mail *out) MUST_CHECK;
enum error mail_mark_sent(struct ctx *, const char *id) MUST_CHECK;
enum error mail_delete_older(struct ctx *, int64_t days, int64_t limit, int64_t *n) MUST_CHECK;

#endif
