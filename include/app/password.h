/* Passwords: hashing by libxcrypt or libargon2, and the rules for new passwords. */
#ifndef APP_PASSWORD_H
#define APP_PASSWORD_H

#include "app/ctx.h"

/* Limits of any password: characters, and bytes in UTF-8 (the limit of crypt(3)). */
enum { PASSWORD_MAX = 128, PASSWORD_BYTES_MAX = 511 };

/* For API documents, whose .max counts characters only. */
#define PASSWORD_LIMITS                                                                            \
	"At most 128 characters and 511 bytes in UTF-8 (72 bytes if the service uses bcrypt)"

/* A new hash with PASSWORD_SCHEME and its costs, in the format of crypt(5). E_OVERLOADED if too
 * many requests are hashing. Does not check the rules: call password_check() first. */
enum error password_hash(struct ctx *, const char *password, const char **hash) MUST_CHECK;

/* Sets *matches to whether the password matches the hash, which may be of another scheme or system.
 * If `hash` is NULL (no such account), unknown or too expensive, *matches is false, after as long
 * as a new hash takes. E_OVERLOADED if too many requests are hashing. */
enum error password_verify(struct ctx *, const char *password, const char *hash,
			   bool *matches) MUST_CHECK;

/* Whether a hash has another scheme or cost than the settings, and should be replaced. */
bool password_outdated(const char *hash);

/* Checks the rules for a new password (doc/API.md, section 3): length in characters and bytes, not
 * the e-mail address, not a common password. E_VALIDATION for `field` of the body. */
enum error password_check(struct ctx *, const char *field, const char *password,
			  const char *email) MUST_CHECK;

/* Checks at startup that PASSWORD_LIST_FILE can be searched. Returns NULL or an error message. */
const char *password_list_check(struct arena *) MUST_CHECK;

#endif
