/* The statements on the tokens of mails, and on what they prove. */
#include "recovery_priv.h"

enum {
	INSERT,
	FIND,
	SPEND,
	FIND_ACCOUNT,
	GET_ACCOUNT,
	MARK_VERIFIED,
	SET_EMAIL,
	SET_HASH,
};

const struct query recovery_queries[] = {
	[INSERT] =
	    QUERY("recovery_insert", NULL,
		  "INSERT INTO mail_tokens AS t (user_id, purpose, email, token_hash, expires_at)"
		  " VALUES ($1, $2, $3, $4, now() + make_interval(mins => $5))"
		  " ON CONFLICT (user_id, purpose) DO UPDATE SET email = excluded.email,"
		  " token_hash = excluded.token_hash, expires_at = excluded.expires_at,"
		  " created_at = now() WHERE t.created_at < now() - interval '1 minute'"
		  " OR lower(t.email) <> lower(excluded.email)"),
	[FIND] = QUERY_READ("recovery_find", &mail_token_schema,
			    "SELECT user_id, purpose, email FROM mail_tokens"
			    " WHERE token_hash = $1 AND expires_at > now()"),
	[SPEND] = QUERY("recovery_spend", NULL,
			"DELETE FROM mail_tokens WHERE token_hash = $1 AND expires_at > now()"),
	[FIND_ACCOUNT] = QUERY_READ("recovery_find_account", &account_schema,
				    "SELECT id, email, email_verified_at IS NOT NULL AS verified"
				    " FROM users WHERE lower(email) = lower($1) AND is_active"),
	[GET_ACCOUNT] = QUERY_READ("recovery_get_account", &account_schema,
				   "SELECT id, email, email_verified_at IS NOT NULL AS verified"
				   " FROM users WHERE id = $1"),
	[MARK_VERIFIED] = QUERY("recovery_mark_verified", NULL,
				"UPDATE users SET email_verified_at = now()"
				" WHERE id = $1 AND lower(email) = lower($2)"),
	[SET_EMAIL] = QUERY("recovery_set_email", NULL,
			    "UPDATE users SET email = $2, email_verified_at = now(),"
			    " updated_at = now(), version = version + 1 WHERE id = $1"),
	[SET_HASH] = QUERY("recovery_set_hash", NULL,
			   "UPDATE users SET password_hash = $3, email_verified_at = now(),"
			   " updated_at = now(), version = version + 1"
			   " WHERE id = $1 AND lower(email) = lower($2) AND is_active"),
	{ 0 },
};

/* The row that the token is for must be there yet. */
static enum error
spent(struct ctx *c, enum error e)
{
	if (e != E_NOT_FOUND)
		return e;

	return fail(c, E_INVALID_TOKEN, "the token is not valid, was used before, or is too old");
}

enum error
recovery_insert(struct ctx *c, const struct mail_token *in, int64_t minutes, const char *token,
		bool *issued)
{
	int64_t changed = 0;
	enum error e = db_run(c, &recovery_queries[INSERT], &changed, in->user_id, in->purpose,
			      in->email, p_digest(c, token), p_int(c, minutes));

	*issued = changed > 0;
	return e;
}

enum error
recovery_find(struct ctx *c, const char *token, struct mail_token *out)
{
	return spent(c, db_one(c, &recovery_queries[FIND], out, p_digest(c, token)));
}

enum error
recovery_spend(struct ctx *c, const char *token)
{
	return spent(c, db_touch(c, &recovery_queries[SPEND], p_digest(c, token)));
}

enum error
recovery_find_account(struct ctx *c, const char *email, struct account *out)
{
	return db_one(c, &recovery_queries[FIND_ACCOUNT], out, email);
}

enum error
recovery_get_account(struct ctx *c, const char *id, struct account *out)
{
	return db_one(c, &recovery_queries[GET_ACCOUNT], out, id);
}

enum error
recovery_mark_verified(struct ctx *c, const struct mail_token *token)
{
	return spent(c,
		     db_touch(c, &recovery_queries[MARK_VERIFIED], token->user_id, token->email));
}

enum error
recovery_set_email(struct ctx *c, const struct mail_token *token)
{
	enum error e = db_touch(c, &recovery_queries[SET_EMAIL], token->user_id, token->email);

	if (e == E_CONFLICT && strcmp(db_constraint(c), "users_email_key") == 0)
		return fail(c, E_EMAIL_TAKEN, NULL);
	return spent(c, e);
}

enum error
recovery_set_hash(struct ctx *c, const struct mail_token *token, const char *hash)
{
	return spent(c,
		     db_touch(c, &recovery_queries[SET_HASH], token->user_id, token->email, hash));
}
