/* Statements on mail tokens and verified addresses. */
#include "recovery_priv.h"

#define ACCOUNT "id, email, email_verified_at IS NOT NULL AS verified, security_version"

/* Accounts that were registered but neither verified nor used. */
#define NEVER_USED "email_verified_at IS NULL AND last_login_at IS NULL AND role = 'member'"

enum {
	LOCK_ACCOUNT,
	INSERT,
	FIND,
	DROP_CHANGES,
	DELETE_EXPIRED,
	SPEND,
	FIND_ACCOUNT,
	FIND_ANY_ACCOUNT,
	GET_ACCOUNT,
	REGISTER_AGAIN,
	MARK_VERIFIED,
	SET_EMAIL,
	SET_HASH,
};

const struct query recovery_queries[] = {
	[LOCK_ACCOUNT] = QUERY("recovery_lock_account", &account_schema,
			       "SELECT " ACCOUNT " FROM users WHERE id = $1 AND is_active"
			       " FOR NO KEY UPDATE"),
	[INSERT] = QUERY("recovery_insert", NULL,
			 "INSERT INTO mail_tokens (user_id, purpose, email, account_email,"
			 " security_version, token_hash, expires_at)"
			 " SELECT $1::uuid, $2::text, $3::text, $4::text, $5::bigint, $6::bytea,"
			 " now() + make_interval(mins => $7)"
			 " WHERE NOT EXISTS (SELECT FROM mail_tokens WHERE user_id = $1"
			 "  AND purpose = $2 AND lower(email) = lower($3)"
			 "  AND created_at > now() - interval '1 minute')"
			 " AND (SELECT count(*) FROM mail_tokens WHERE user_id = $1"
			 "  AND purpose = $2 AND expires_at > now()) < 5"),
	[FIND] = QUERY_READ("recovery_find", &mail_token_schema,
			    "SELECT user_id, purpose, email, account_email, security_version"
			    " FROM mail_tokens WHERE token_hash = $1 AND expires_at > now()"),
	[DROP_CHANGES] = QUERY("recovery_drop_changes", NULL,
			       "DELETE FROM mail_tokens WHERE user_id = $1"
			       " AND purpose = 'change' AND lower(email) <> lower($2)"),
	[DELETE_EXPIRED] = QUERY("recovery_delete_expired", NULL,
				 "DELETE FROM mail_tokens WHERE expires_at <= now()"),
	[SPEND] = QUERY("recovery_spend", NULL,
			"DELETE FROM mail_tokens WHERE token_hash = $1 AND expires_at > now()"),
	[FIND_ACCOUNT] = QUERY_READ("recovery_find_account", &account_schema,
				    "SELECT " ACCOUNT " FROM users WHERE lower(email) = lower($1)"
				    " AND is_active"),
	[FIND_ANY_ACCOUNT] =
	    QUERY_READ("recovery_find_any_account", &account_schema,
		       "SELECT " ACCOUNT " FROM users WHERE lower(email) = lower($1)"),
	[GET_ACCOUNT] = QUERY_READ("recovery_get_account", &account_schema,
				   "SELECT " ACCOUNT " FROM users WHERE id = $1"),
	[REGISTER_AGAIN] =
	    QUERY("recovery_register_again", NULL,
		  "UPDATE users SET full_name = $2, password_hash = '!', updated_at = now(),"
		  " version = version + 1 WHERE id = $1 AND is_active AND " NEVER_USED),
	[MARK_VERIFIED] = QUERY("recovery_mark_verified", NULL,
				"UPDATE users SET email_verified_at = now() WHERE id = $1"),
	[SET_EMAIL] = QUERY("recovery_set_email", NULL,
			    "UPDATE users SET email = $2, email_verified_at = now(),"
			    " updated_at = now(), version = version + 1 WHERE id = $1"),
	[SET_HASH] = QUERY("recovery_set_hash", NULL,
			   "UPDATE users SET password_hash = $2, email_verified_at = now(),"
			   " updated_at = now(), version = version + 1 WHERE id = $1"),
	{ 0 },
};

enum error
recovery_void(struct ctx *c)
{
	return fail(c, E_INVALID_TOKEN, "the token is not valid, was used before, or is too old");
}

/* The account must still exist. */
static enum error
spent(struct ctx *c, enum error e)
{
	return e == E_NOT_FOUND ? recovery_void(c) : e;
}

enum error
recovery_lock_account(struct ctx *c, const char *id, struct account *out)
{
	return db_one(c, &recovery_queries[LOCK_ACCOUNT], out, id);
}

enum error
recovery_insert(struct ctx *c, const struct mail_token *in, int64_t minutes, const char *token,
		bool *issued)
{
	int64_t changed = 0;
	enum error e = db_exec(c, &recovery_queries[INSERT], &changed, in->user_id, in->purpose,
			       in->email, in->account_email, p_int(c, in->security_version),
			       p_digest(c, token), p_int(c, minutes));

	*issued = changed > 0;
	return e;
}

enum error
recovery_find(struct ctx *c, const char *token, struct mail_token *out)
{
	return spent(c, db_one(c, &recovery_queries[FIND], out, p_digest(c, token)));
}

enum error
recovery_drop_changes(struct ctx *c, const char *user_id, const char *email)
{
	return db_exec(c, &recovery_queries[DROP_CHANGES], NULL, user_id, email);
}

enum error
recovery_delete_expired(struct ctx *c)
{
	return db_exec(c, &recovery_queries[DELETE_EXPIRED], NULL);
}

enum error
recovery_spend(struct ctx *c, const char *token)
{
	return spent(c, db_exec_one(c, &recovery_queries[SPEND], p_digest(c, token)));
}

enum error
recovery_find_account(struct ctx *c, const char *email, struct account *out)
{
	return db_one(c, &recovery_queries[FIND_ACCOUNT], out, email);
}

enum error
recovery_find_any_account(struct ctx *c, const char *email, struct account *out)
{
	return db_one(c, &recovery_queries[FIND_ANY_ACCOUNT], out, email);
}

enum error
recovery_get_account(struct ctx *c, const char *id, struct account *out)
{
	return db_one(c, &recovery_queries[GET_ACCOUNT], out, id);
}

enum error
recovery_register_again(struct ctx *c, const char *id, const char *full_name, bool *done)
{
	int64_t changed = 0;
	enum error e = db_exec(c, &recovery_queries[REGISTER_AGAIN], &changed, id, full_name);

	*done = changed > 0;
	return e;
}

enum error
recovery_mark_verified(struct ctx *c, const struct mail_token *token)
{
	return spent(c, db_exec_one(c, &recovery_queries[MARK_VERIFIED], token->user_id));
}

enum error
recovery_set_email(struct ctx *c, const struct mail_token *token)
{
	enum error e = db_exec_one(c, &recovery_queries[SET_EMAIL], token->user_id, token->email);

	if (e == E_CONFLICT && strcmp(db_constraint(c), "users_email_key") == 0)
		return fail(c, E_EMAIL_TAKEN, NULL);
	return spent(c, e);
}

enum error
recovery_set_hash(struct ctx *c, const struct mail_token *token, const char *hash)
{
	return spent(c, db_exec_one(c, &recovery_queries[SET_HASH], token->user_id, hash));
}
