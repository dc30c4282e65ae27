/* Private to this folder. */
#ifndef APP_USERS_PRIV_H
#define APP_USERS_PRIV_H

#include "users.h"

#include "app/command.h"

/* The only record that contains a password hash. Used in users_password.c and users_profile.c only. */
struct login {
	const char *id, *email, *password_hash;
	bool is_active, email_verified;
	int64_t security_version; /* see recovery_priv.h */
};

/* Request bodies. */
struct user_body {
	const char *email, *password;
	const char *full_name; /* or NULL */
	const char *role;
	bool is_active;
};

struct profile {
	const char *full_name; /* or NULL */
	const char *email, *current_password;
};
#define PROFILE(m) GIVEN(&profile_schema, struct profile, m)

struct password_change {
	const char *current_password, *new_password;
};

extern const struct schema login_schema, user_body_schema, profile_schema, password_change_schema;
extern const struct command users_commands[];
extern const struct route users_routes[];
extern const struct query users_queries[];

/* users_service.c */
enum error users_see(struct ctx *, const char *id, struct user *out) MUST_CHECK;
enum error users_remove_own(struct ctx *) MUST_CHECK;
enum error users_seed(struct ctx *, FILE *out) MUST_CHECK;

/* users_sample.c */
enum error users_sample(struct ctx *, FILE *out) MUST_CHECK;

/* users_profile.c: the caller's own account. */
enum error users_change_profile(struct ctx *, const struct profile *, uint64_t given,
				struct user *out) MUST_CHECK;
enum error users_change_password(struct ctx *, const struct password_change *) MUST_CHECK;

/* users_password.c: E_INVALID_CREDENTIALS if the password is wrong. */
enum error users_check_own_password(struct ctx *, const char *id, const char *password,
				    const struct login **out) MUST_CHECK;

/* users_repo.c */
enum error users_insert(struct ctx *, const struct new_user *, const char *hash,
			struct user *out) MUST_CHECK;
enum error users_find_login(struct ctx *, const char *email, struct login *out) MUST_CHECK;
enum error users_find_own_login(struct ctx *, const char *id, struct login *out) MUST_CHECK;
enum error users_renew_hash(struct ctx *, const struct login *, const char *hash,
			    bool *renewed) MUST_CHECK;
/* E_NOT_FOUND if the account has another password or address by now, is not active, or all of
 * its sessions were ended. users_set_hash() checks the same, except the address. */
enum error users_lock_login(struct ctx *, const struct login *) MUST_CHECK;
enum error users_set_hash(struct ctx *, const struct login *, const char *hash) MUST_CHECK;
/* Locks the accounts of active owners, always in the same order, and counts them. Call it before
 * removing an owner, so that concurrent removals run one after the other. */
enum error users_lock_owners(struct ctx *, int64_t *n) MUST_CHECK;
/* Does not increment the version; table_update() does. */
enum error users_replace_hash(struct ctx *, const char *id, const char *hash) MUST_CHECK;
/* table_update() of users. A different address must be verified again. E_EMAIL_TAKEN. */
enum error users_set_email(struct ctx *, const char *id, const struct user *in, uint64_t given,
			   struct user *out) MUST_CHECK;
enum error users_delete(struct ctx *, const char *id) MUST_CHECK;

#endif
