/* What the files about passwords share: one row a way to hash, told by how its hashes begin. */
#ifndef APP_PASSWORD_PRIV_H
#define APP_PASSWORD_PRIV_H

#include "app/password.h"

enum { HASH_SIZE = 384, PARAMETERS_SIZE = 192 };

struct scheme {
	const char *name;    /* in PASSWORD_SCHEME; NULL: only for hashes from elsewhere */
	const char *prefix;  /* of its hashes */
	size_t bytes_max;    /* of a new password; 0: what crypt(3) takes */
	const int64_t *cost; /* the setting, where there is one */

	/* Whether method and cost of a hash are what this program is ready to spend. */
	bool (*bounded)(const char *hash);

	/* What a hash of today begins with: method and cost. False: it cannot be made here. */
	bool (*parameters)(const struct scheme *, char out[PARAMETERS_SIZE]);

	/* 0, or an errno. What they used is wiped. */
	int (*make)(const struct scheme *, const char *password, char out[HASH_SIZE]);
	int (*verify)(const char *password, const char *hash, bool *right);
};

enum { CRYPT_SCHEMES = 7 };
extern const struct scheme crypt_schemes[CRYPT_SCHEMES]; /* password_crypt.c */
extern const struct scheme argon2_scheme;                /* password_argon2.c, with HAVE_ARGON2 */

/* Reads a whole number behind the text `name` at *p, with the letter `end` behind it, and
 * goes past that. */
bool hash_number(const char **p, const char *name, char end, uint64_t *out) MUST_CHECK;

/* Whether the list of common passwords has it, whatever its capitals. */
bool password_is_common(const char *password);

/* The list that is built in, made by passwords.sh: a line each, sorted. */
extern const char password_list[];
extern const size_t password_list_size;

#endif
