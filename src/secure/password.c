/* Passwords, by libxcrypt: yescrypt for new ones, any method it knows for old ones. */
#include "app/password.h"

#include "app/log.h"
#include "app/secret.h"
#include "app/settings.h"
#include "app/shared.h"
#include "app/utf8.h"

#include <crypt.h>

enum { PASSWORD_MAX = 128, PASSWORD_BYTES_MAX = CRYPT_MAX_PASSPHRASE_SIZE - 1 };

static const char method[] = "$y$";

/* A setting of today's cost and a new salt: what crypt(3) wants in place of a hash. */
static bool
new_setting(char out[CRYPT_GENSALT_OUTPUT_SIZE])
{
	unsigned long cost = (unsigned long)settings.password_yescrypt_cost;

	return crypt_gensalt_rn(method, cost, NULL, 0, out, CRYPT_GENSALT_OUTPUT_SIZE) != NULL;
}

/* crypt(3) between hashing_begin() and hashing_end(); nothing in between takes memory of
 * the arena, which could unwind past the end. The scratch is kept, since it is 32 KiB,
 * but never with a password in it. */
static enum error
run_crypt(struct ctx *c, const char *password, const char *setting, char out[CRYPT_OUTPUT_SIZE])
{
	static void *scratch;
	static int size;
	const char *hash;
	int problem;

	if (!hashing_begin())
		return fail(c, E_OVERLOADED, NULL);

	hash = crypt_ra(password, setting, &scratch, &size);
	problem = errno;
	if (hash)
		memcpy(out, hash, strlen(hash) + 1);
	if (scratch)
		explicit_bzero(scratch, (size_t)size);
	hashing_end();
	if (hash)
		return OK;

	log_error(c, "crypt_ra: %s", strerror(problem));
	return fail(c, problem == ENOMEM ? E_OVERLOADED : E_INTERNAL, NULL);
}

enum error
password_hash(struct ctx *c, const char *password, const char **hash)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE], out[CRYPT_OUTPUT_SIZE];
	enum error e;

	if (!new_setting(setting))
		return fail(c, E_INTERNAL, NULL);

	e = run_crypt(c, password, setting, out);
	if (e)
		return e;

	*hash = arena_text(c->arena, out);
	return OK;
}

/* A hash that crypt(3) can work with. Others ("!" and such) lock the account. */
static bool
usable(const char *hash)
{
	int state;

	if (!hash || strlen(hash) >= CRYPT_OUTPUT_SIZE)
		return false;
	state = crypt_checksalt(hash);
	return state == CRYPT_SALT_OK || state == CRYPT_SALT_METHOD_LEGACY;
}

enum error
password_verify(struct ctx *c, const char *password, const char *hash, bool *right)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE], out[CRYPT_OUTPUT_SIZE];
	bool known = usable(hash);
	enum error e;

	*right = false;
	if (strlen(password) > PASSWORD_BYTES_MAX)
		return OK;
	if (!known && !new_setting(setting))
		return fail(c, E_INTERNAL, NULL);

	/* Without a hash a new setting takes just as long, and nobody learns who has an
	 * account here. */
	e = run_crypt(c, password, known ? hash : setting, out);
	if (e)
		return e;

	*right = known && strlen(out) == strlen(hash) && secret_equal(out, hash, strlen(hash));
	return OK;
}

/* Up to and with the third dollar: method and cost. */
static size_t
parameters_length(const char *hash)
{
	size_t i;
	int dollars = 0;

	for (i = 0; hash[i] && dollars < 3; i++)
		dollars += hash[i] == '$';
	return i;
}

bool
password_outdated(const char *hash)
{
	char now[CRYPT_GENSALT_OUTPUT_SIZE];

	return new_setting(now) && strncmp(hash, now, parameters_length(now)) != 0;
}

enum error
password_check(struct ctx *c, const char *field, const char *password, const char *email)
{
	size_t length = utf8_length(password);

	if (length < (size_t)settings.password_min_length)
		return fail_field(c, "body", field, FIELD_TOO_SHORT,
				  "must have at least %" PRId64 " characters",
				  settings.password_min_length);
	if (length > PASSWORD_MAX)
		return fail_field(c, "body", field, FIELD_TOO_LONG,
				  "must have at most %d characters", PASSWORD_MAX);
	if (strlen(password) > PASSWORD_BYTES_MAX)
		return fail_field(c, "body", field, FIELD_TOO_LONG, "must have at most %d bytes",
				  PASSWORD_BYTES_MAX);
	if (strcasecmp(password, email) == 0)
		return fail_field(c, "body", field, FIELD_INVALID_CHOICE,
				  "must not be the e-mail address");
	return OK;
}
