/* The statements on the outbox. */
#include "mail_priv.h"

#define COLUMNS "id, recipient, template, subject, body"

enum { INSERT, FIND, MARK_SENT };

const struct query mail_queries[] = {
	[INSERT] = QUERY("mail_insert", &mail_schema,
			 "INSERT INTO mails (recipient, template, subject, body)"
			 " VALUES ($1, $2, $3, $4) RETURNING " COLUMNS),
	[FIND] =
	    QUERY_READ("mail_find", &mail_schema, "SELECT " COLUMNS " FROM mails WHERE id = $1"),
	[MARK_SENT] = QUERY("mail_mark_sent", NULL,
			    "UPDATE mails SET sent_at = now(), body = NULL WHERE id = $1"),
	{ 0 },
};

enum error
mail_insert(struct ctx *c, const struct mail *in, struct mail *out)
{
	return db_one(c, &mail_queries[INSERT], out, in->recipient, in->template, in->subject,
		      in->body);
}

enum error
mail_find(struct ctx *c, const char *id, struct mail *out)
{
	return db_one(c, &mail_queries[FIND], out, id);
}

enum error
mail_mark_sent(struct ctx *c, const char *id)
{
	return db_run(c, &mail_queries[MARK_SENT], NULL, id);
}
