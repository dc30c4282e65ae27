/* Statements on users. */
#include "users_priv.h"

#include "app/settings.h"

#define COLUMNS                                                                                    \
	"id, email, full_name, role, is_active, last_login_at, created_at, updated_at, version"
#define LOGIN "id, email, password_hash, security_version, is_active"

enum {
	INSERT,
	FIND,
	FIND_BY_EMAIL,
	LOCK,
	LOCK_OWNERS,
	FIND_LOGIN,
	FIND_OWN_LOGIN,
	LOCK_LOGIN,
	RENEW_HASH,
	SET_HASH,
	TOUCH_LOGIN,
	UPDATE,
	UPDATE_PROFILE,
	DELETE_ONE,
};

const struct query users_queries[] = {
	[INSERT] = QUERY("users_insert", &user_schema,
			 "INSERT INTO users (email, password_hash, full_name, role, is_active,"
			 " email_verified_at)"
			 " VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 THEN now() END)"
			 " RETURNING " COLUMNS),
	[FIND] =
	    QUERY_READ("users_find", &user_schema, "SELECT " COLUMNS " FROM users WHERE id = $1"),
	[FIND_BY_EMAIL] = QUERY_READ("users_find_by_email", &user_schema,
				     "SELECT " COLUMNS " FROM users"
				     " WHERE lower(email) = lower($1)"),
	[LOCK] = QUERY("users_lock", &user_schema,
		       "SELECT " COLUMNS " FROM users WHERE id = $1 FOR UPDATE"),
	[LOCK_OWNERS] = QUERY("users_lock_owners", &db_number_schema,
			      "SELECT count(*) AS n FROM (SELECT 1 FROM users"
			      " WHERE role = 'owner' AND is_active ORDER BY id FOR UPDATE) AS o"),
	[FIND_LOGIN] =
	    QUERY_READ("users_find_login", &login_schema,
		       "SELECT " LOGIN " AND (NOT $2::boolean OR email_verified_at IS NOT NULL)"
		       " AS may_sign_in FROM users WHERE lower(email) = lower($1)"),
	[FIND_OWN_LOGIN] = QUERY_READ("users_find_own_login", &login_schema,
				      "SELECT " LOGIN " AS may_sign_in FROM users WHERE id = $1"),
	[LOCK_LOGIN] = QUERY("users_lock_login", &login_schema,
			     "SELECT " LOGIN " AS may_sign_in FROM users"
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
	[UPDATE] = QUERY("users_update", &user_schema,
			 "UPDATE users SET"
			 " full_name = CASE WHEN $2 THEN $3 ELSE full_name END,"
			 " role = CASE WHEN $4 THEN $5 ELSE role END,"
			 " is_active = CASE WHEN $6 THEN $7::boolean ELSE is_active END,"
			 " password_hash = coalesce($8, password_hash),"
			 " updated_at = now(), version = version + 1"
			 " WHERE id = $1 RETURNING " COLUMNS),
	/* A different address must be verified again; one that differs only in case is the same. */
	[UPDATE_PROFILE] =
	    QUERY("users_update_profile", &user_schema,
		  "UPDATE users SET"
		  " full_name = CASE WHEN $2 THEN $3 ELSE full_name END,"
		  " email_verified_at = CASE WHEN lower($4) <> lower(email) THEN NULL"
		  "  ELSE email_verified_at END,"
		  " email = coalesce($4, email),"
		  " updated_at = now(), version = version + 1"
		  " WHERE id = $1 RETURNING " COLUMNS),
	/* Stored responses have no foreign key to the account, which would cost a lookup for each
	 * of them. */
	[DELETE_ONE] = QUERY("users_delete", NULL,
			     "WITH pruned AS (DELETE FROM idempotency_keys WHERE user_id = $1)"
			     " DELETE FROM users WHERE id = $1"),
	{ 0 },
};

static const struct list_filter filters[] = {
	{ .sql = "strpos(lower(email), lower($)) > 0 OR strpos(lower(full_name), lower($)) > 0",
	  .field = { .name = "q",
		     .type = TYPE_TEXT,
		     .min = 1,
		     .max = 200,
		     .summary = "Only accounts whose e-mail address or name contains this text "
				"(case-insensitive).",
		     .example = "ada" } },
	{ .sql = "role = $",
	  .field = { .name = "role",
		     .type = TYPE_ENUM,
		     .choices = role_names,
		     .aliases = role_aliases,
		     .summary = "Only accounts with this role." } },
	{ .sql = "is_active = $",
	  .field = { .name = "is_active",
		     .type = TYPE_BOOL,
		     .summary = "`true`: only active accounts; `false`: only deactivated ones." } },
	{ 0 },
};

static const struct list_sort sorts[] = {
	{ "created_at", TYPE_TIME },
	{ "email", TYPE_TEXT },
	{ 0 },
};

const struct list users_rows = {
	.name = "users",
	.row = &user_schema,
	.columns = COLUMNS,
	.from = "users",
	.filters = filters,
	.sorts = sorts,
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
users_get(struct ctx *c, const char *id, struct user *out)
{
	return db_one(c, &users_queries[FIND], out, id);
}

enum error
users_get_by_email(struct ctx *c, const char *email, struct user *out)
{
	return db_one(c, &users_queries[FIND_BY_EMAIL], out, email);
}

enum error
users_lock(struct ctx *c, const char *id, struct user *out)
{
	return db_one(c, &users_queries[LOCK], out, id);
}

enum error
users_find_login(struct ctx *c, const char *email, struct login *out)
{
	return db_one(c, &users_queries[FIND_LOGIN], out, email,
		      p_bool(settings.require_verified_email));
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
users_update(struct ctx *c, const char *id, const struct user_change *in, uint64_t which,
	     const char *hash, struct user *out)
{
	return db_one(c, &users_queries[UPDATE], out, id, p_bool(which & USER_FULL_NAME),
		      in->full_name, p_bool(which & USER_ROLE), in->role,
		      p_bool(which & USER_ACTIVE), p_bool(in->is_active), hash);
}

enum error
users_update_profile(struct ctx *c, const char *id, const struct profile *in, uint64_t given,
		     struct user *out)
{
	return taken(c, db_one(c, &users_queries[UPDATE_PROFILE], out, id,
			       p_bool(given & PROFILE_FULL_NAME), in->full_name,
			       given & PROFILE_EMAIL ? in->email : NULL));
}

enum error
users_delete(struct ctx *c, const char *id)
{
	return db_exec_one(c, &users_queries[DELETE_ONE], id);
}
