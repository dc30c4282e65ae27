/* What the files of this folder share. */
#ifndef APP_AUTH_PRIV_H
#define APP_AUTH_PRIV_H

#include "auth.h"

#include "app/command.h"
#include "features/users/users.h"

struct registration {
	const char *email, *password;
	const char *full_name; /* or NULL */
};

struct credentials {
	const char *email, *password;
	const char *grant_type, *scope, *client_id, *client_secret; /* of the form, unused */
};

struct refresh {
	const char *refresh_token;
};

struct tokens {
	const char *access_token, *refresh_token, *token_type;
	int64_t expires_in, refresh_expires_in; /* seconds */
};

/* A refresh token and what became of it, its session and its account. */
struct refresh_state {
	const char *session_id, *user_id, *role;
	bool live;     /* token and session have not ended, the account is active */
	bool spent;    /* it was used before, */
	bool in_grace; /* but so lately that the answer may have been lost */
};

/* A session and whose it is. */
struct session_ref {
	const char *session_id, *user_id;
};

struct session_role {
	const char *role;
};

extern const struct schema registration_schema, credentials_schema, credentials_form,
    refresh_schema, tokens_schema, refresh_state_schema, session_ref_schema, session_role_schema;
extern const struct command auth_commands[];
extern const struct route auth_routes[];
extern const struct query auth_queries[];

/* auth_routes.c */
enum error auth_authenticate(struct request *) MUST_CHECK;

/* auth_service.c */
enum error auth_register(struct ctx *, const struct registration *, struct user *out) MUST_CHECK;
enum error auth_login(struct ctx *, const struct credentials *, struct tokens *out) MUST_CHECK;
enum error auth_refresh(struct ctx *, const char *token, struct tokens *out) MUST_CHECK;
enum error auth_logout(struct ctx *, const char *token) MUST_CHECK;

/* The id of the refresh token's session; of one that nobody knows, its hash. */
const char *auth_session_of(struct ctx *, const char *token);

/* Sets the caller from an access token. */
enum error auth_identify(struct ctx *, const char *token) MUST_CHECK;

/* auth_repo.c */
enum error auth_insert_session(struct ctx *, const char *user_id, int64_t hours,
			       struct session_ref *out) MUST_CHECK;
enum error auth_renew_session(struct ctx *, const char *session_id) MUST_CHECK;
enum error auth_find_session(struct ctx *, const char *session_id, const char *user_id,
			     struct session_role *out) MUST_CHECK;
enum error auth_insert_token(struct ctx *, const char *session_id, const char *token) MUST_CHECK;
enum error auth_lock_token(struct ctx *, const char *token, struct refresh_state *out) MUST_CHECK;
enum error auth_spend_token(struct ctx *, const char *token) MUST_CHECK;
enum error auth_find_session_of(struct ctx *, const char *token,
				struct session_ref *out) MUST_CHECK;

#endif
