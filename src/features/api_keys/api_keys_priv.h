/* Shared inside this folder only. */
#ifndef API_KEYS_PRIV_H
#define API_KEYS_PRIV_H

#include "api_keys.h"

#include "app/ids.h"
#include "app/secret.h"

/* What is found by a key's prefix. */
struct key_holder {
	const char *id, *user_id, *role;
	const char *key_hash; /* in hex */
	const char *const *scopes;
	int64_t expires; /* microseconds since 1970; INT64_MAX: never */
};

/* A key that was right, and what the database said of it. */
struct known_key {
	unsigned char digest[SHA256_SIZE];
	char id[UUID_TEXT_SIZE], user_id[UUID_TEXT_SIZE];
	enum role role;
	uint64_t scopes; /* a bit for each of api_key_scopes */
	int64_t expires; /* as above */
	int64_t touched; /* when last_used_at was written last (clock_monotonic); 0: never */
	int64_t read_at; /* when the database was asked (clock_monotonic) … */
	uint64_t user_generation, key_generation; /* … and under which generations */
	bool stamped;                             /* which were known then */
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

/* api_keys_cache.c: the keys that this worker has seen lately. */

/* What is known of the key; all zero but the digest where nothing is. */
void api_keys_cache_get(const unsigned char digest[SHA256_SIZE], struct known_key *out);
void api_keys_cache_put(const struct known_key *);

/* Call it before the database is asked: notes the time and the generations. */
void api_keys_cache_stamp(struct known_key *);

/* Whether what the database said still holds. */
bool api_keys_cache_fresh(const struct known_key *);

/* api_keys_repo.c */
enum error api_keys_insert(struct ctx *, const char *user_id, const struct api_key *in,
			   const char *prefix, const char *key, struct api_key *out) MUST_CHECK;
enum error api_keys_find(struct ctx *, const char *id, const char *user_id,
			 struct api_key *out) MUST_CHECK;
enum error api_keys_remove(struct ctx *, const char *id, const char *user_id) MUST_CHECK;
enum error api_keys_find_holder(struct ctx *, const char *prefix,
				struct key_holder *out) MUST_CHECK;
enum error api_keys_touch(struct ctx *, const char *id) MUST_CHECK;

#endif
