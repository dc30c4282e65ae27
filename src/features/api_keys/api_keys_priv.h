/* Private to this folder. */
#ifndef API_KEYS_PRIV_H
#define API_KEYS_PRIV_H

#include "api_keys.h"

/* The row that a key's prefix identifies. */
struct key_holder {
	const char *id, *user_id, *role;
	const char *key_hash; /* in hex */
	const char *const *scopes;
	int64_t expires; /* microseconds since 1970; INT64_MAX: never */
};

extern const struct schema key_holder_schema, new_api_key_schema;
extern const struct route api_keys_routes[];
extern const struct query api_keys_queries[];
extern const struct table api_keys_table;

/* api_keys_routes.c */
enum error api_keys_authenticate(struct request *) MUST_CHECK;

/* api_keys_text.c: the format of a key, <program>_<id>_<secret><checksum>. The first two parts are
 * its prefix. */

/* Creates a random key. */
const char *api_key_new(struct arena *, const char **prefix);

/* Whether the text begins like one of this program's keys. */
bool api_key_looks_like(const char *text);

/* Reads the prefix of a key. False if the format or checksum is wrong, which needs no database to
 * detect. */
bool api_key_parse(struct arena *, const char *key, const char **prefix) MUST_CHECK;

/* The CRC-32 (ISO 3309) in base 62. */
enum { API_KEY_CHECKSUM = 6 };
void api_key_checksum(const char *text, size_t len, char out[API_KEY_CHECKSUM]);

/* api_keys_repo.c. The first two act on the caller's own keys. */
enum error api_keys_count(struct ctx *, int64_t *n) MUST_CHECK;
enum error api_keys_insert(struct ctx *, const struct api_key *in, const char *prefix,
			   const char *key, struct api_key *out) MUST_CHECK;
/* Gets the deleted keys: records of struct api_key. */
enum error api_keys_remove_all(struct ctx *, const char *user_id, struct records *out) MUST_CHECK;
enum error api_keys_find_holder(struct ctx *, const char *prefix,
				struct key_holder *out) MUST_CHECK;
enum error api_keys_touch(struct ctx *, const char *id) MUST_CHECK;

#endif
