/* Passwords: hashes by libxcrypt or libargon2, and the rules for new ones. */
#ifndef APP_PASSWORD_H
#define APP_PASSWORD_H

#include "app/ctx.h"

/* Limits of any password: characters, and bytes in UTF-8 (the limit of crypt(3)). */
enum { PASSWORD_MAX = 128, PASSWORD_BYTES_MAX = 511 };

/* For API documents, whose .max counts characters only. */
#define PASSWORD_LIMITS                                                                            \
	"At most 128 characters and 511 bytes in UTF-8 (72 bytes if the service uses bcrypt)"

/* A new hash by PASSWORD_SCHEME and its costs, in crypt(5)'s form. E_OVERLOADED where
 * too many hash already, E_VALIDATION never: check the password first. */
enum error password_hash(struct ctx *, const char *password, const char **hash) MUST_CHECK;

/* Whether the password fits the hash, which may be of another scheme or system. `hash`
 * NULL (no such account), one of an unknown kind or with a cost beyond all bounds takes
 * the time of a new one and is never right. E_OVERLOADED where too many hash already. */
enum error password_verify(struct ctx *, const char *password, const char *hash,
			   bool *right) MUST_CHECK;

/* Whether a hash that was right should be made anew: another scheme or cost. */
bool password_outdated(const char *hash);

/* The rules of doc/API.md, section 3, for a new password: length in characters and bytes, not the e-mail
 * address, not a common one. E_VALIDATION for `field` of the body. */
enum error password_check(struct ctx *, const char *field, const char *password,
			  const char *email) MUST_CHECK;

/* At the start: whether PASSWORD_LIST_FILE can be searched. NULL, or a line that tells
 * what is wrong. */
const char *password_list_check(struct arena *) MUST_CHECK;

#endif
