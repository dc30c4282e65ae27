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
};

struct new_user {
	const char *email, *password;
	const char *full_name; /* or NULL */
	enum role role;
};

extern const struct schema user_schema;
extern const struct feature users_feature;

/* Makes an active account. E_VALIDATION where the password breaks the rules,
 * E_EMAIL_TAKEN. Not in a transaction: it hashes. */
enum error users_create(struct ctx *, const struct new_user *, struct user *out) MUST_CHECK;

enum error users_get(struct ctx *, const char *id, struct user *out) MUST_CHECK;

/* Whose account that is: `id`, or E_INVALID_CREDENTIALS, in the same time for an unknown
 * address, a wrong password and an account that is not active. Not in a transaction. */
enum error users_check_password(struct ctx *, const char *email, const char *password,
				const char **id) MUST_CHECK;

/* Notes a sign-in, in the transaction that makes the session: it locks the account, so
 * that nobody can deactivate it in between. E_NOT_FOUND where it is gone or not active. */
enum error users_signed_in(struct ctx *, const char *id, struct user *out) MUST_CHECK;

#endif
