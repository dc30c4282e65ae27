/* API keys: what programs show instead of an access token. The only header of this folder
 * that another feature may include. */
#ifndef API_KEYS_H
#define API_KEYS_H

#include "app/feature.h"

struct api_key {
	const char *id, *name;
	const char *prefix;        /* how it begins, which is no secret */
	const char *const *scopes; /* of api_key_scopes */
	const char *last_used_at;  /* or NULL; to the minute */
	const char *expires_at;    /* or NULL */
	const char *created_at;
	const char *key; /* the whole of it, where it was just made; else NULL */
};

/* Every scope there is. A route that names a new one adds it here. */
extern const char *const api_key_scopes[];

extern const struct schema api_key_schema;
extern const struct feature api_keys_feature;

/* The caller's own. */
enum error api_keys_list(struct ctx *, struct list_args *, struct page *out) MUST_CHECK;
enum error api_keys_get(struct ctx *, const char *id, struct api_key *out) MUST_CHECK;
enum error api_keys_create(struct ctx *, const struct api_key *in, struct api_key *out) MUST_CHECK;
enum error api_keys_delete(struct ctx *, const char *id) MUST_CHECK;

/* Deletes all keys of an account in the open transaction, each with an event; `reason` is a word
 * for the audit log. */
enum error api_keys_delete_all(struct ctx *, const char *user_id, const char *reason) MUST_CHECK;

/* Sets the caller from a key. E_INVALID_TOKEN where it is mistyped, unknown, expired, or
 * its account is not active. */
enum error api_keys_identify(struct ctx *, const char *key) MUST_CHECK;

#endif
