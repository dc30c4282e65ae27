/* What the files of this folder share. */
#ifndef APP_USERS_PRIV_H
#define APP_USERS_PRIV_H

#include "users.h"

/* The one record with a hash in it. It stays in users_service.c. */
struct login {
	const char *id, *password_hash;
	bool is_active;
};

struct tally {
	int64_t n;
};

extern const struct schema login_schema, tally_schema;
extern const struct route users_routes[];
extern const struct query users_queries[];

enum error users_insert(struct ctx *, const struct new_user *, const char *hash,
			struct user *out) MUST_CHECK;
enum error users_find(struct ctx *, const char *id, struct user *out) MUST_CHECK;
enum error users_find_login(struct ctx *, const char *email, struct login *out) MUST_CHECK;
enum error users_update_hash(struct ctx *, const struct login *, const char *hash) MUST_CHECK;
enum error users_touch_login(struct ctx *, const char *id, struct user *out) MUST_CHECK;
enum error users_count_owners(struct ctx *, int64_t *n) MUST_CHECK;

enum error users_seed(struct ctx *, FILE *out) MUST_CHECK;

#endif
