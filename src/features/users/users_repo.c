/* Statements on users. */
#include "users_priv.h"

#define COLUMNS                                                                                    \
	"id, email, full_name, role, is_active, last_login_at, created_at, updated_at, version"
#define LOGIN                                                                                      \
	"id, email, password_hash, security_version, is_active,"                                   \
	" email_verified_at IS NOT NULL AS email_verified"

enum {
	INSERT,
	FIND_BY_EMAIL,
	LOCK_OWNERS,
	FIND_LOGIN,
	FIND_OWN_LOGIN,
	LOCK_LOGIN,
	RENEW_HASH,
	SET_HASH,
	TOUCH_LOGIN,
	REPLACE_HASH,
	FORGET_VERIFICATION,
	DELETE_IDEMPOTENCY_KEYS,
};

const struct query users_queries[] = {
	[INSERT] = QUERY("users_add", &user_schema,
			 "INSERT INTO users (email, password_hash, full_name, role, is_active,"
			 " email_verified_at)"
			 " VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 THEN now() END)"
			 " RETURNING " COLUMNS),
	[FIND_BY_EMAIL] = QUERY_READ("users_find_by_email", &user_schema,
				     "SELECT " COLUMNS " FROM users"
				     " WHERE lower(email) = lower($1)"),
	[LOCK_OWNERS] = QUERY("users_lock_owners", &db_number_schema,
			      "SELECT count(*) AS n FROM (SELECT 1 FROM users"
			      " WHERE role = 'owner' AND is_active ORDER BY id FOR UPDATE) AS o"),
	[FIND_LOGIN] = QUERY_READ("users_find_login", &login_schema,
				  "SELECT " LOGIN " FROM users WHERE lower(email) = lower($1)"),
	[FIND_OWN_LOGIN] = QUERY_READ("users_find_own_login", &login_schema,
				      "SELECT " LOGIN " FROM users WHERE id = $1"),
	[LOCK_LOGIN] = QUERY("users_lock_login", &login_schema,
			     "SELECT " LOGIN " FROM users"
			     " WHERE id = $1 AND password_hash = $2 AND email = $3 AND is_active"
			     " AND security_version = $4"
			     " FOR NO KEY UPDATE"),
	[RENEW_HASH] = QUERY("users_renew_hash", NULL,
			     "UPDATE users SET password_hash = $3"
			     " WHERE id = $1 AND password_hash = $2"),
	[SET_HASH] = QUERY("users_set_hash", NULL,
			   "UPDATE users SET password_hash = $3, updated_at = now(),"
			   " version = version + 1"
			   " WHERE id = $1 AND password_hash = $2 AND is_active"
			   " AND security_version = $4"),
	[TOUCH_LOGIN] =
	    QUERY("users_touch_login", &user_schema,
		  "UPDATE users SET last_login_at = now(), version = version + 1"
		  " WHERE id = $1 AND password_hash = $2 AND is_active RETURNING " COLUMNS),
	[REPLACE_HASH] =
	    QUERY("users_replace_hash", NULL, "UPDATE users SET password_hash = $2 WHERE id = $1"),
	/* An address that differs only in case is the same. */
	[FORGET_VERIFICATION] = QUERY("users_forget_verification", NULL,
				      "UPDATE users SET email_verified_at = NULL"
				      " WHERE id = $1 AND lower(email) <> lower($2)"),
	/* Stored responses have no foreign key to the account, which would cost a lookup for each
	 * of them. */
	[DELETE_IDEMPOTENCY_KEYS] = QUERY("users_delete_idempotency_keys", NULL,
					  "DELETE FROM idempotency_keys WHERE user_id = $1"),
	{ 0 },
};

static enum error
taken(struct ctx *c, enum error e)
{
	if (e == E_CONFLICT && strcmp(db_constraint(c), "users_email_key") == 0)
		return fail(c, E_EMAIL_TAKEN, NULL);
	return e;
}

enum error
users_insert(struct ctx *c, const struct new_user *in, const char *hash, struct user *out)
{
	return taken(c, db_one(c, &users_queries[INSERT], out, in->email, hash, in->full_name,
			       role_name(in->role), p_bool(!in->inactive), p_bool(in->vouched)));
}

enum error
users_get_by_email(struct ctx *c, const char *email, struct user *out)
{
	return db_one(c, &users_queries[FIND_BY_EMAIL], out, email);
}

enum error
users_find_login(struct ctx *c, const char *email, struct login *out)
{
	return db_one(c, &users_queries[FIND_LOGIN], out, email);
}

enum error
users_find_own_login(struct ctx *c, const char *id, struct login *out)
{
	return db_one(c, &users_queries[FIND_OWN_LOGIN], out, id);
}

enum error
users_lock_login(struct ctx *c, const struct login *login)
{
	struct login locked;

	return db_one(c, &users_queries[LOCK_LOGIN], &locked, login->id, login->password_hash,
		      login->email, p_int(c, login->security_version));
}

/* Only if the hash is still the one that was checked, so that a new password stays. */
enum error
users_renew_hash(struct ctx *c, const struct login *login, const char *hash, bool *renewed)
{
	int64_t n = 0;
	enum error e;

	e = db_exec(c, &users_queries[RENEW_HASH], &n, login->id, login->password_hash, hash);
	*renewed = n > 0;
	return e;
}

enum error
users_set_hash(struct ctx *c, const struct login *login, const char *hash)
{
	return db_exec_one(c, &users_queries[SET_HASH], login->id, login->password_hash, hash,
			   p_int(c, login->security_version));
}

enum error
users_signed_in(struct ctx *c, const struct login *login, struct user *out)
{
	return db_one(c, &users_queries[TOUCH_LOGIN], out, login->id, login->password_hash);
}

enum error
users_lock_owners(struct ctx *c, int64_t *n)
{
	return db_one(c, &users_queries[LOCK_OWNERS], n);
}

enum error
users_replace_hash(struct ctx *c, const char *id, const char *hash)
{
	return db_exec_one(c, &users_queries[REPLACE_HASH], id, hash);
}

enum error
users_set_email(struct ctx *c, const char *id, const struct user *in, uint64_t given,
		struct user *out)
{
	enum error e = OK;

	if (given & GIVEN(&user_schema, struct user, email))
		e = db_exec(c, &users_queries[FORGET_VERIFICATION], NULL, id, in->email);
	return e ? e : taken(c, table_update(c, &users_table, id, in, given, out));
}

enum error
users_delete(struct ctx *c, const char *id)
{
	enum error e = db_exec(c, &users_queries[DELETE_IDEMPOTENCY_KEYS], NULL, id);

	return e ? e : table_delete(c, &users_table, id);
}
