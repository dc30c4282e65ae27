/* Statements on the outbox. */
#include "mail_priv.h"

#include "app/settings.h"

#define COLUMNS "id, recipient, template, subject, body"

enum { INSERT, FIND, MARK_SENT, PRUNE };

const struct query mail_queries[] = {
	[INSERT] = QUERY("mail_insert", &mail_schema,
			 "INSERT INTO mails (recipient, template, subject, body)"
			 " SELECT $1::text, $2::text, $3::text, $4::text"
			 " WHERE $5::bigint = 0 OR (SELECT count(*) FROM mails"
			 "  WHERE lower(recipient) = lower($1) AND template = $2"
			 "  AND created_at > now() - make_interval(secs => $6)) < $5"
			 " RETURNING " COLUMNS),
	[FIND] =
	    QUERY_READ("mail_find", &mail_schema, "SELECT " COLUMNS " FROM mails WHERE id = $1"),
	[MARK_SENT] = QUERY("mail_mark_sent", NULL,
			    "UPDATE mails SET sent_at = now(), body = NULL WHERE id = $1"),
	[PRUNE] = QUERY("mail_prune", NULL,
			"DELETE FROM mails WHERE id = ANY (ARRAY(SELECT id FROM mails"
			" WHERE created_at < now() - make_interval(days => $1)"
			" ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED))"),
	{ 0 },
};

enum error
mail_insert(struct ctx *c, const struct mail *in, struct mail *out)
{
	return db_one(c, &mail_queries[INSERT], out, in->recipient, in->template, in->subject,
		      in->body, p_int(c, mail_settings.rate_limit.n),
		      p_int(c, mail_settings.rate_limit.seconds));
}

enum error
mail_delete_older(struct ctx *c, int64_t days, int64_t limit, int64_t *n)
{
	return db_exec(c, &mail_queries[PRUNE], n, p_int(c, days), p_int(c, limit));
}

enum error
mail_find(struct ctx *c, const char *id, struct mail *out)
{
	return db_one(c, &mail_queries[FIND], out, id);
}

enum error
mail_mark_sent(struct ctx *c, const char *id)
{
	return db_exec(c, &mail_queries[MARK_SENT], NULL, id);
}
