/* Private to this folder. */
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
	bool cookie;                                   /* JSON only */
	const char *grant_type, *refresh_token;        /* form only, or NULL */
	const char *scope, *client_id, *client_secret; /* form only, unused */
};

struct refresh {
	const char *refresh_token;
};

struct tokens {
	const char *access_token, *refresh_token, *token_type;
	int64_t expires_in, refresh_expires_in; /* seconds */
};

/* A refresh token with its session and account. */
struct refresh_state {
	const char *session_id, *user_id, *role;
	bool live;     /* token and session are valid and the account is active */
	bool revoked;  /* unused, but superseded: a retry of its parent issued another token */
	bool spent;    /* already used */
	bool in_grace; /* already used, within REFRESH_REUSE_GRACE_SECONDS */
};

/* A new or renewed session and its lifetime in seconds. */
struct session_life {
	const char *session_id;
	int64_t expires_in;
};

/* A session and its account. */
struct session_ref {
	const char *session_id, *user_id;
};

/* A live session, as far as access depends on it. */
struct session_access {
	const char *role;
	int64_t confirmed; /* microseconds since 1970 */
};

struct confirmation {
	const char *password;
};

extern const struct schema registration_schema, credentials_schema, credentials_form, token_form,
    refresh_schema, confirmation_schema, tokens_schema, refresh_state_schema, session_life_schema,
    session_ref_schema, session_access_schema;
extern const struct command auth_commands[];
extern const struct route auth_routes[];
extern const struct query auth_queries[];

/* auth.c: whether the grant type is `refresh_token`. False for NULL. */
bool grant_is_refresh(const void *credentials);

/* auth_routes.c */
enum error auth_authenticate(struct request *) MUST_CHECK;

/* auth_service.c */
enum error auth_register(struct ctx *, const struct registration *, struct user *out) MUST_CHECK;
enum error auth_login(struct ctx *, const struct credentials *, struct tokens *out) MUST_CHECK;
/* The same, with a cookie in place of tokens. */
enum error auth_login_by_cookie(struct ctx *, const struct credentials *,
				struct user *out) MUST_CHECK;
enum error auth_refresh(struct ctx *, const char *token, struct tokens *out) MUST_CHECK;
enum error auth_logout(struct ctx *, const char *token) MUST_CHECK;
/* Makes the caller's session fresh if the password is right. */
enum error auth_confirm(struct ctx *, const char *password) MUST_CHECK;

/* The id of the refresh token's session; for an unknown token, its hash. */
const char *auth_session_of(struct ctx *, const char *token);

/* Authenticates the caller by an access token. */
enum error auth_identify(struct ctx *, const char *token) MUST_CHECK;

/* auth_repo.c. SESSION_MAX_DAYS limits the lifetime of every session. */
enum error auth_insert_session(struct ctx *, const char *user_id, int64_t hours,
			       struct session_life *out) MUST_CHECK;
enum error auth_renew_session(struct ctx *, const char *session_id,
			      struct session_life *out) MUST_CHECK;
enum error auth_find_session(struct ctx *, const char *session_id, const char *user_id,
			     struct session_access *out) MUST_CHECK;
/* `parent`: the token whose use issues this one; NULL at sign-in. The token expires with its
 * session. */
enum error auth_insert_token(struct ctx *, const char *session_id, const char *parent,
			     const char *token) MUST_CHECK;
enum error auth_lock_token(struct ctx *, const char *token, struct refresh_state *out) MUST_CHECK;
enum error auth_spend_token(struct ctx *, const char *token) MUST_CHECK;
/* Revokes the tokens issued by earlier uses of the token, unless one of them was used. Counts them. */
enum error auth_revoke_successors(struct ctx *, const char *session_id, const char *token,
				  int64_t *n) MUST_CHECK;
enum error auth_find_session_of(struct ctx *, const char *token,
				struct session_ref *out) MUST_CHECK;

#endif
