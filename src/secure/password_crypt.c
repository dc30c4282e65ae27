/* Hashes by crypt(3): yescrypt and bcrypt for new ones, and the schemes of imported ones. */
#include "password_priv.h"

#include "app/secret.h"
#include "app/settings.h"

#include <crypt.h>

/* Limits for imported hashes: about a second and a GiB. The limits of the settings are within
 * them. */
enum { YESCRYPT_COST_MAX = 11, BCRYPT_COST_MAX = 15, SHA_ROUNDS_MAX = 1000000 };
enum { SCRYPT_BYTES_LOG2_MAX = 30 };

enum { BCRYPT_BYTES = 72 };

/* crypt(3) with a buffer of 32 KiB that is reused, and wiped after each call. */
static int
run_crypt(const char *password, const char *setting, char out[HASH_SIZE])
{
	static void *buffer;
	static int size;
	const char *hash = crypt_ra(password, setting, &buffer, &size);
	int error = hash ? 0 : errno;

	if (hash && strlen(hash) >= HASH_SIZE)
		error = ERANGE;
	else if (hash)
		memcpy(out, hash, strlen(hash) + 1);
	if (buffer)
		explicit_bzero(buffer, (size_t)size);
	return error;
}

/* The length of method and cost, including the third dollar sign. */
static size_t
parameters_length(const char *hash)
{
	size_t i;
	int dollars = 0;

	for (i = 0; hash[i] && dollars < 3; i++)
		dollars += hash[i] == '$';
	return i;
}

static bool
crypt_parameters(const struct scheme *s, char out[PARAMETERS_SIZE])
{
	_Static_assert((int)CRYPT_GENSALT_OUTPUT_SIZE <= (int)PARAMETERS_SIZE, "");

	if (!crypt_gensalt_rn(s->prefix, (unsigned long)*s->cost, NULL, 0, out, PARAMETERS_SIZE))
		return false;
	out[parameters_length(out)] = '\0';
	return true;
}

static int
crypt_new(const struct scheme *s, const char *password, char out[HASH_SIZE])
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];

	if (!crypt_gensalt_rn(s->prefix, (unsigned long)*s->cost, NULL, 0, setting,
			      sizeof(setting)))
		return errno ? errno : EINVAL;
	return run_crypt(password, setting, out);
}

static int
crypt_verify(const char *password, const char *hash, bool *matches)
{
	char out[HASH_SIZE];
	int error = run_crypt(password, hash, out);

	*matches = !error && strlen(out) == strlen(hash) && secret_equal(out, hash, strlen(hash));
	return error;
}

/* bcrypt ignores everything after 72 bytes. This program never hashes longer passwords, so they
 * must not match its own hashes; other systems may have truncated them. To tell the two apart, 5
 * of the 22 characters of our salts are derived from the other 16. That leaves 96 random bits,
 * and one of 2^30 foreign salts looks like ours. */
enum { BCRYPT_SALT = 7, SALT_RANDOM = 16, SALT_MARK = 5 };

static void
derive_mark(const char *setting, char mark[SALT_MARK])
{
	static const char letters[] =
	    "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	unsigned char digest[SHA256_SIZE];

	sha256(setting + BCRYPT_SALT, SALT_RANDOM, digest);
	for (size_t i = 0; i < SALT_MARK; i++)
		mark[i] = letters[digest[i] % (sizeof(letters) - 1)];
}

static int
bcrypt_new(const struct scheme *s, const char *password, char out[HASH_SIZE])
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];

	if (!crypt_gensalt_rn(s->prefix, (unsigned long)*s->cost, NULL, 0, setting,
			      sizeof(setting)))
		return errno ? errno : EINVAL;
	derive_mark(setting, setting + BCRYPT_SALT + SALT_RANDOM);
	return run_crypt(password, setting, out);
}

static int
bcrypt_verify(const char *password, const char *hash, bool *matches)
{
	int error = crypt_verify(password, hash, matches);
	char mark[SALT_MARK];

	derive_mark(hash, mark);
	if (strlen(password) > BCRYPT_BYTES &&
	    memcmp(hash + BCRYPT_SALT + SALT_RANDOM, mark, SALT_MARK) == 0)
		*matches = false;
	return error;
}

static bool
is_valid_salt(const char *hash)
{
	int state = crypt_checksalt(hash);

	return state == CRYPT_SALT_OK || state == CRYPT_SALT_METHOD_LEGACY;
}

/* Accepts only the parameters that crypt_gensalt(3) produces; yescrypt has many more. */
static bool
yescrypt_bounded(const char *hash)
{
	static const char zeros[16];
	char prefix[CRYPT_GENSALT_OUTPUT_SIZE];

	for (unsigned long cost = 1; cost <= YESCRYPT_COST_MAX; cost++) {
		if (crypt_gensalt_rn("$y$", cost, zeros, sizeof(zeros), prefix, sizeof(prefix)) &&
		    strncmp(hash, prefix, parameters_length(prefix)) == 0)
			return is_valid_salt(hash);
	}
	return false;
}

static bool
bcrypt_bounded(const char *hash)
{
	const char *p = hash + strlen("$2b$");
	uint64_t cost;

	return hash_number(&p, "", '$', &cost) && cost <= BCRYPT_COST_MAX && is_valid_salt(hash);
}

static bool
sha_bounded(const char *hash)
{
	const char *p = hash + strlen("$6$");
	uint64_t rounds;

	if (strncmp(p, "rounds=", 7) == 0 &&
	    !(hash_number(&p, "rounds=", '$', &rounds) && rounds <= SHA_ROUNDS_MAX))
		return false;
	return is_valid_salt(hash);
}

/* The value of a character of crypt(3)'s base64, or -1. */
static int
crypt64_value(char letter)
{
	static const char letters[] =
	    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	const char *at = letter ? strchr(letters, letter) : NULL;

	return at ? (int)(at - letters) : -1;
}

/* Decodes 30 bits from five characters in little-endian order. */
static bool
read_30_bits(const char *p, uint64_t *out)
{
	*out = 0;
	for (unsigned i = 0; i < 5; i++) {
		int value = crypt64_value(p[i]);

		if (value < 0)
			return false;
		*out |= (uint64_t)value << (6 * i);
	}
	return true;
}

/* The format is $7$, log2(N) in one character, r, p. Memory is 128 * N * r; work is p times that. */
static bool
scrypt_bounded(const char *hash)
{
	const char *p = hash + strlen("$7$");
	int log2;
	uint64_t r, times;

	if (strlen(p) < 11)
		return false;
	log2 = crypt64_value(p[0]);
	if (log2 < 1 || log2 > SCRYPT_BYTES_LOG2_MAX || !read_30_bits(p + 1, &r) ||
	    !read_30_bits(p + 6, &times))
		return false;
	return r > 0 && r < 1024 && times > 0 && times < 1024 &&
	       (128 * r * times) << log2 <= (uint64_t)1 << SCRYPT_BYTES_LOG2_MAX &&
	       is_valid_salt(hash);
}

#define VERIFIES .verify = crypt_verify
#define MAKES    .parameters = crypt_parameters, .hash = crypt_new, VERIFIES

const struct scheme crypt_schemes[CRYPT_SCHEMES] = {
	{ "yescrypt", "$y$", 0, &settings.password_yescrypt_cost, yescrypt_bounded, MAKES },
	{ "bcrypt", "$2b$", BCRYPT_BYTES, &settings.password_bcrypt_cost, bcrypt_bounded,
	  crypt_parameters, bcrypt_new, bcrypt_verify },
	{ NULL, "$2y$", .bounded = bcrypt_bounded, VERIFIES },
	{ NULL, "$2a$", .bounded = bcrypt_bounded, VERIFIES },
	{ NULL, "$7$", .bounded = scrypt_bounded, VERIFIES },
	{ NULL, "$6$", .bounded = sha_bounded, VERIFIES },
	{ NULL, "$5$", .bounded = sha_bounded, VERIFIES },
};
