/* Passwords: the only file with libxcrypt behind it. */
#ifndef APP_PASSWORD_H
#define APP_PASSWORD_H

#include "app/ctx.h"

/* A new hash (yescrypt, PASSWORD_YESCRYPT_COST) in crypt(5)'s form. E_OVERLOADED where
 * too many hash already, E_VALIDATION never: check the password first. */
enum error password_hash(struct ctx *, const char *password, const char **hash) MUST_CHECK;

/* Whether the password fits the hash. `hash` NULL (no such account) takes the same time
 * and is never right. E_OVERLOADED where too many hash already. */
enum error password_verify(struct ctx *, const char *password, const char *hash,
			   bool *right) MUST_CHECK;

/* Whether a hash that was right should be made anew: another scheme or cost. */
bool password_outdated(const char *hash);

/* The rules of API.md 3 for a new password: length in characters, not the e-mail
 * address. E_VALIDATION for `field` of the body. */
enum error password_check(struct ctx *, const char *field, const char *password,
			  const char *email) MUST_CHECK;

#endif
