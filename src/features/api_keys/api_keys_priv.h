/* Shared inside this folder only. */
#ifndef API_KEYS_PRIV_H
#define API_KEYS_PRIV_H

#include "api_keys.h"

/* What is found by a key's prefix. */
struct key_holder {
	const char *id, *user_id, *role;
	const char *key_hash; /* in hex */
	const char *const *scopes;
	int64_t expires; /* microseconds since 1970; INT64_MAX: never */
};

extern const struct schema key_holder_schema, new_api_key_schema;
extern const struct route api_keys_routes[];
extern const struct query api_keys_queries[];
extern const struct list api_keys_rows;

/* Rows of api_keys_rows' filters. */
enum { API_KEYS_OF_USER };

/* api_keys_routes.c */
enum error api_keys_authenticate(struct request *) MUST_CHECK;

/* api_keys_text.c: what a key looks like, <program>_<id>_<secret><checksum>. The first two
 * parts are its prefix. */

/* A new one. */
const char *api_key_new(struct arena *, const char **prefix);

/* Whether a text begins as a key of this program does. */
bool api_key_looks_like(const char *text);

/* Takes the prefix of a key. False where it was mistyped: that needs no database. */
bool api_key_parse(struct arena *, const char *key, const char **prefix) MUST_CHECK;

/* The CRC-32 (ISO 3309) in base 62. */
enum { API_KEY_CHECKSUM = 6 };
void api_key_checksum(const char *text, size_t len, char out[API_KEY_CHECKSUM]);

/* api_keys_repo.c: the first four act on the caller's own keys. */
enum error api_keys_count(struct ctx *, int64_t *n) MUST_CHECK;
enum error api_keys_insert(struct ctx *, const struct api_key *in, const char *prefix,
			   const char *key, struct api_key *out) MUST_CHECK;
enum error api_keys_remove(struct ctx *, const char *id) MUST_CHECK;
/* The keys that were removed: of struct api_key. */
enum error api_keys_remove_all(struct ctx *, const char *user_id, struct records *out) MUST_CHECK;
enum error api_keys_find_holder(struct ctx *, const char *prefix,
				struct key_holder *out) MUST_CHECK;
enum error api_keys_touch(struct ctx *, const char *id) MUST_CHECK;

#endif
