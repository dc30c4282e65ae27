/* Accounts. The public header of this feature. */
#ifndef APP_USERS_H
#define APP_USERS_H

#include "app/feature.h"
#include "app/settings.h"
#include "features/audit/audit.h"

struct user {
	const char *id, *email;
	const char *full_name; /* or NULL */
	const char *role;
	bool is_active;
	const char *last_login_at; /* or NULL */
	const char *created_at, *updated_at;
	int64_t version;
};

struct new_user {
	const char *email, *password;
	const char *full_name; /* or NULL */
	enum role role;
	bool inactive;
	bool vouched; /* the address needs no verification */
	/* Called in the transaction that creates the account; or NULL. */
	enum error (*created)(struct ctx *, const char *user_id, const char *email);
	/* Called instead of failing with E_EMAIL_TAKEN; or NULL. */
	enum error (*taken)(struct ctx *, const struct new_user *, struct user *);
};

/* The fields of an account that an administrator may change. */
struct user_change {
	const char *full_name; /* or NULL */
	const char *role;
	bool is_active;
	const char *password;
};

/* The bit of a field of a change: USER_CHANGE(role). */
#define USER_CHANGE(m) GIVEN(&user_change_schema, struct user_change, m)

/* An account whose password was checked, as it was then. */
struct login;

extern const struct schema user_schema, user_change_schema;
extern const struct feature users_feature;
extern const struct table users_table;

/* Inserts the `n` samples (records of the table's schema) for each account of `seed --sample`,
 * unless the account already has rows. */
enum error users_give_samples(struct ctx *, const struct table *, const void *samples, size_t n,
			      FILE *out) MUST_CHECK;

/* Functions that hash a password open their own transaction; do not call them in one. */

/* Registers an account with an unverified address. E_VALIDATION if the password breaks the rules,
 * E_EMAIL_TAKEN. */
enum error users_create(struct ctx *, const struct new_user *, struct user *out) MUST_CHECK;

/* The row that users_create() would have returned if the address were not taken; stores nothing. */
enum error users_pretend(struct ctx *, const struct new_user *, struct user *out) MUST_CHECK;

/* The active owner with FIRST_ADMIN_EMAIL, else the oldest one; E_NOT_FOUND if there is none. */
enum error users_find_owner(struct ctx *, struct user *out) MUST_CHECK;
enum error users_get_by_email(struct ctx *, const char *email, struct user *out) MUST_CHECK;

/* These check the caller's role; commands (ctx.process) are not restricted. E_FORBIDDEN if the
 * account, or its new role, ranks too high for the caller; E_LAST_OWNER. Ended sessions end
 * immediately in every worker. */
enum error users_add(struct ctx *, const struct new_user *, struct user *out) MUST_CHECK;
enum error users_change(struct ctx *, const char *id, const struct user_change *, uint64_t which,
			struct user *out) MUST_CHECK;
enum error users_remove(struct ctx *, const char *id) MUST_CHECK;

/* Finds the account of an address and password. E_INVALID_CREDENTIALS, after the same time, for an
 * unknown address, a wrong password, and an account that is not active or must verify its address
 * first. */
enum error users_check_password(struct ctx *, const char *email, const char *password,
				const struct login **out) MUST_CHECK;

/* Checks the password of the caller's own account. E_INVALID_CREDENTIALS if it is wrong: this is
 * audited as `action`, and counted in the session, which the tenth failure in a row ends. A route
 * that calls it has users_password_limit in its .limits. */
enum error users_check_current_password(struct ctx *, const char *password,
					enum audit_action action,
					const struct login **out) MUST_CHECK;
extern const struct limit users_password_limit;

/* Records a sign-in and locks the account, in the transaction that creates the session. E_NOT_FOUND
 * if the account is gone, not active, or has another password by now. */
enum error users_signed_in(struct ctx *, const struct login *, struct user *out) MUST_CHECK;

struct users_settings {
#define SETTING SETTING_MEMBER
#include "features/users/users_settings.def"
#undef SETTING
};
extern struct users_settings users_settings;

#endif
