/* The statements on users. */
#include "users_priv.h"

#define COLUMNS "id, email, full_name, role, is_active, last_login_at, created_at, updated_at"

enum { INSERT, FIND, FIND_LOGIN, UPDATE_HASH, TOUCH_LOGIN, COUNT_OWNERS };

const struct query users_queries[] = {
	[INSERT] = QUERY("users_insert", &user_schema,
			 "INSERT INTO users (email, password_hash, full_name, role)"
			 " VALUES ($1, $2, $3, $4) RETURNING " COLUMNS),
	[FIND] =
	    QUERY_READ("users_find", &user_schema, "SELECT " COLUMNS " FROM users WHERE id = $1"),
	[FIND_LOGIN] = QUERY_READ("users_find_login", &login_schema,
				  "SELECT id, password_hash, is_active FROM users"
				  " WHERE lower(email) = lower($1)"),
	[UPDATE_HASH] = QUERY("users_update_hash", NULL,
			      "UPDATE users SET password_hash = $3"
			      " WHERE id = $1 AND password_hash = $2"),
	[TOUCH_LOGIN] = QUERY("users_touch_login", &user_schema,
			      "UPDATE users SET last_login_at = now(), version = version + 1"
			      " WHERE id = $1 AND is_active RETURNING " COLUMNS),
	[COUNT_OWNERS] = QUERY_READ("users_count_owners", &tally_schema,
				    "SELECT count(*) AS n FROM users WHERE role = 'owner'"),
	{ 0 },
};

enum error
users_insert(struct ctx *c, const struct new_user *in, const char *hash, struct user *out)
{
	enum error e = db_one(c, &users_queries[INSERT], out, in->email, hash, in->full_name,
			      role_name(in->role));

	if (e == E_CONFLICT && strcmp(db_constraint(c), "users_email_key") == 0)
		return fail(c, E_EMAIL_TAKEN, NULL);
	return e;
}

enum error
users_find(struct ctx *c, const char *id, struct user *out)
{
	return db_one(c, &users_queries[FIND], out, id);
}

enum error
users_find_login(struct ctx *c, const char *email, struct login *out)
{
	return db_one(c, &users_queries[FIND_LOGIN], out, email);
}

/* Only while the hash is still the one that was checked: a new password stays. */
enum error
users_update_hash(struct ctx *c, const struct login *login, const char *hash)
{
	return db_run(c, &users_queries[UPDATE_HASH], NULL, login->id, login->password_hash, hash);
}

enum error
users_touch_login(struct ctx *c, const char *id, struct user *out)
{
	return db_one(c, &users_queries[TOUCH_LOGIN], out, id);
}

enum error
users_count_owners(struct ctx *c, int64_t *n)
{
	struct tally tally;
	enum error e = db_one(c, &users_queries[COUNT_OWNERS], &tally);

	*n = e ? 0 : tally.n;
	return e;
}
