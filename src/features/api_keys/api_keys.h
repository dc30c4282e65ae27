/* API keys: credentials for programs, used in place of access tokens. The public header of this
 * feature. */
#ifndef API_KEYS_H
#define API_KEYS_H

#include "app/feature.h"

struct api_key {
	const char *id, *name;
	const char *prefix;        /* first part of the key; not secret */
	const char *const *scopes; /* names from api_key_scopes */
	const char *last_used_at;  /* or NULL; accurate to the minute */
	const char *expires_at;    /* or NULL */
	const char *created_at;
	const char *key; /* the whole key, only when it was just created; else NULL */
};

/* All scopes. Add a scope here before a route requires it. */
extern const char *const api_key_scopes[];

extern const struct schema api_key_schema;
extern const struct feature api_keys_feature;

/* Act on the caller's own keys. */
enum error api_keys_create(struct ctx *, const struct api_key *in, struct api_key *out) MUST_CHECK;
enum error api_keys_delete(struct ctx *, const char *id) MUST_CHECK;

/* Deletes all keys of an account in the open transaction and writes an audit event for each;
 * `reason` is a word for the audit log. */
enum error api_keys_delete_all(struct ctx *, const char *user_id, const char *reason) MUST_CHECK;

/* Authenticates the caller by an API key. E_INVALID_TOKEN if the key is mistyped, unknown or
 * expired, or its account is not active. */
enum error api_keys_identify(struct ctx *, const char *key) MUST_CHECK;

#endif
