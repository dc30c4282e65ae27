/* Accounts: the only users header that another feature may include. */
#ifndef APP_USERS_H
#define APP_USERS_H

#include "app/feature.h"

struct user {
	const char *id, *email;
	const char *full_name; /* or NULL */
	const char *role;
	bool is_active;
	const char *last_login_at; /* or NULL */
	const char *created_at, *updated_at;
	int64_t version; /* counts the updates */
};

struct new_user {
	const char *email, *password;
	const char *full_name; /* or NULL */
	enum role role;
	bool inactive;
	bool vouched; /* somebody vouches for the address: it needs no proof */
	/* Called in the transaction that makes the account, or NULL. */
	enum error (*created)(struct ctx *, const char *user_id, const char *email);
	/* Called instead of failing with E_EMAIL_TAKEN, or NULL. `hash` is that of the password. */
	enum error (*taken)(struct ctx *, const struct new_user *, struct user *);
};

/* What an administrator may change of an account. */
struct user_change {
	const char *full_name; /* or NULL */
	const char *role;
	bool is_active;
	const char *password;
};

/* Which of them: the bits of user_change_schema. */
enum { USER_FULL_NAME = 1, USER_ROLE = 2, USER_ACTIVE = 4, USER_PASSWORD = 8 };

/* An account whose password was right, as it was then. */
struct login;

extern const struct schema user_schema, user_change_schema;
extern const struct feature users_feature;
extern const struct list users_rows;

/* Gives each of the accounts that `seed --sample` makes the `n` rows that `make` makes for the
 * caller, unless it has some of that list already. */
enum error users_give_samples(struct ctx *, const struct list *, size_t n,
			      enum error (*make)(struct ctx *, size_t i), FILE *out) MUST_CHECK;

/* Those that hash a password are not for a transaction: they have their own. */

/* Makes an account for somebody whom nobody vouches for: registration. E_VALIDATION where
 * the password breaks the rules, E_EMAIL_TAKEN. */
enum error users_create(struct ctx *, const struct new_user *, struct user *out) MUST_CHECK;

/* The row that users_create() would have returned if the address were not taken; stores nothing. */
enum error users_pretend(struct ctx *, const struct new_user *, struct user *out) MUST_CHECK;

enum error users_get(struct ctx *, const char *id, struct user *out) MUST_CHECK;
/* The active owner with FIRST_ADMIN_EMAIL, else the oldest one; E_NOT_FOUND if there is none. */
enum error users_find_owner(struct ctx *, struct user *out) MUST_CHECK;
enum error users_get_by_email(struct ctx *, const char *email, struct user *out) MUST_CHECK;

/* What the caller may do to accounts by his role; a command (ctx.process) may everything.
 * E_FORBIDDEN where the account, or the role it would get, ranks too high for him,
 * E_LAST_OWNER. What ends sessions does so at once in every worker. */
enum error users_add(struct ctx *, const struct new_user *, struct user *out) MUST_CHECK;
enum error users_change(struct ctx *, const char *id, const struct user_change *, uint64_t which,
			struct user *out) MUST_CHECK;
enum error users_remove(struct ctx *, const char *id) MUST_CHECK;

/* Whose account that is, or E_INVALID_CREDENTIALS, in the same time for an unknown address,
 * a wrong password, and an account that is not active or must verify its address first. */
enum error users_check_password(struct ctx *, const char *email, const char *password,
				const struct login **out) MUST_CHECK;

/* Notes a sign-in, in the transaction that makes the session: it locks the account, so
 * that nobody can change it in between. E_NOT_FOUND where it is gone, not active, or has
 * another password by now. */
enum error users_signed_in(struct ctx *, const struct login *, struct user *out) MUST_CHECK;

#endif
