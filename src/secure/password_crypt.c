/* Hashes of crypt(3): yescrypt and bcrypt for new ones, and what other systems bring along. */
#include "password_priv.h"

#include "app/secret.h"
#include "app/settings.h"

#include <crypt.h>

/* Bounds of hashes from elsewhere: about a second and a GiB. What the settings allow for
 * new ones is within them. */
enum { YESCRYPT_COST_MAX = 11, BCRYPT_COST_MAX = 15, SHA_ROUNDS_MAX = 1000000 };
enum { SCRYPT_BYTES_LOG2_MAX = 30 };

enum { BCRYPT_BYTES = 72 };

/* crypt(3) with a scratch of its own, which is kept since it is 32 KiB, but never with a
 * password in it. */
static int
run_crypt(const char *password, const char *setting, char out[HASH_SIZE])
{
	static void *scratch;
	static int size;
	const char *hash = crypt_ra(password, setting, &scratch, &size);
	int problem = hash ? 0 : errno;

	if (hash && strlen(hash) >= HASH_SIZE)
		problem = ERANGE;
	else if (hash)
		memcpy(out, hash, strlen(hash) + 1);
	if (scratch)
		explicit_bzero(scratch, (size_t)size);
	return problem;
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
crypt_make(const struct scheme *s, const char *password, char out[HASH_SIZE])
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];

	if (!crypt_gensalt_rn(s->prefix, (unsigned long)*s->cost, NULL, 0, setting,
			      sizeof(setting)))
		return errno ? errno : EINVAL;
	return run_crypt(password, setting, out);
}

static int
crypt_verify(const char *password, const char *hash, bool *right)
{
	char out[HASH_SIZE];
	int problem = run_crypt(password, hash, out);

	*right = !problem && strlen(out) == strlen(hash) && secret_equal(out, hash, strlen(hash));
	return problem;
}

/* bcrypt ignores what comes after 72 bytes. A hash made here is never of a longer password, so
 * longer ones are wrong; libraries that other hashes come from may have truncated them. To tell
 * the two apart, 5 of the 22 characters of our salts follow from the 16 before them: that leaves
 * 96 random bits, and one foreign salt in 2^30 that looks like ours. */
enum { BCRYPT_SALT = 7, SALT_RANDOM = 16, SALT_MARK = 5 };

static void
make_mark(const char *setting, char mark[SALT_MARK])
{
	static const char letters[] =
	    "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	unsigned char digest[SHA256_SIZE];

	sha256(setting + BCRYPT_SALT, SALT_RANDOM, digest);
	for (size_t i = 0; i < SALT_MARK; i++)
		mark[i] = letters[digest[i] % (sizeof(letters) - 1)];
}

static int
bcrypt_make(const struct scheme *s, const char *password, char out[HASH_SIZE])
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];

	if (!crypt_gensalt_rn(s->prefix, (unsigned long)*s->cost, NULL, 0, setting,
			      sizeof(setting)))
		return errno ? errno : EINVAL;
	make_mark(setting, setting + BCRYPT_SALT + SALT_RANDOM);
	return run_crypt(password, setting, out);
}

static int
bcrypt_verify(const char *password, const char *hash, bool *right)
{
	int problem = crypt_verify(password, hash, right);
	char mark[SALT_MARK];

	make_mark(hash, mark);
	if (strlen(password) > BCRYPT_BYTES &&
	    memcmp(hash + BCRYPT_SALT + SALT_RANDOM, mark, SALT_MARK) == 0)
		*right = false;
	return problem;
}

static bool
is_sound(const char *hash)
{
	int state = crypt_checksalt(hash);

	return state == CRYPT_SALT_OK || state == CRYPT_SALT_METHOD_LEGACY;
}

/* One that crypt_gensalt(3) makes: yescrypt knows many more parameters than anybody uses. */
static bool
yescrypt_bounded(const char *hash)
{
	static const char zeros[16];
	char made[CRYPT_GENSALT_OUTPUT_SIZE];

	for (unsigned long cost = 1; cost <= YESCRYPT_COST_MAX; cost++) {
		if (crypt_gensalt_rn("$y$", cost, zeros, sizeof(zeros), made, sizeof(made)) &&
		    strncmp(hash, made, parameters_length(made)) == 0)
			return is_sound(hash);
	}
	return false;
}

static bool
bcrypt_bounded(const char *hash)
{
	const char *p = hash + strlen("$2b$");
	uint64_t cost;

	return hash_number(&p, "", '$', &cost) && cost <= BCRYPT_COST_MAX && is_sound(hash);
}

static bool
sha_bounded(const char *hash)
{
	const char *p = hash + strlen("$6$");
	uint64_t rounds;

	if (strncmp(p, "rounds=", 7) == 0 &&
	    !(hash_number(&p, "rounds=", '$', &rounds) && rounds <= SHA_ROUNDS_MAX))
		return false;
	return is_sound(hash);
}

/* The value of a letter of crypt(3)'s base64, or -1. */
static int
letter_value(char letter)
{
	static const char letters[] =
	    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	const char *at = letter ? strchr(letters, letter) : NULL;

	return at ? (int)(at - letters) : -1;
}

/* Thirty bits in five letters, the low ones first. */
static bool
read_30_bits(const char *p, uint64_t *out)
{
	*out = 0;
	for (unsigned i = 0; i < 5; i++) {
		int value = letter_value(p[i]);

		if (value < 0)
			return false;
		*out |= (uint64_t)value << (6 * i);
	}
	return true;
}

/* $7$, N as a power of two in one letter, r, p. Memory is 128 N r, work as much times p. */
static bool
scrypt_bounded(const char *hash)
{
	const char *p = hash + strlen("$7$");
	int log2;
	uint64_t r, times;

	if (strlen(p) < 11)
		return false;
	log2 = letter_value(p[0]);
	if (log2 < 1 || log2 > SCRYPT_BYTES_LOG2_MAX || !read_30_bits(p + 1, &r) ||
	    !read_30_bits(p + 6, &times))
		return false;
	return r > 0 && r < 1024 && times > 0 && times < 1024 &&
	       (128 * r * times) << log2 <= (uint64_t)1 << SCRYPT_BYTES_LOG2_MAX && is_sound(hash);
}

#define VERIFIES .verify = crypt_verify
#define MAKES    .parameters = crypt_parameters, .make = crypt_make, VERIFIES

const struct scheme crypt_schemes[CRYPT_SCHEMES] = {
	{ "yescrypt", "$y$", 0, &settings.password_yescrypt_cost, yescrypt_bounded, MAKES },
	{ "bcrypt", "$2b$", BCRYPT_BYTES, &settings.password_bcrypt_cost, bcrypt_bounded,
	  crypt_parameters, bcrypt_make, bcrypt_verify },
	{ NULL, "$2y$", .bounded = bcrypt_bounded, VERIFIES },
	{ NULL, "$2a$", .bounded = bcrypt_bounded, VERIFIES },
	{ NULL, "$7$", .bounded = scrypt_bounded, VERIFIES },
	{ NULL, "$6$", .bounded = sha_bounded, VERIFIES },
	{ NULL, "$5$", .bounded = sha_bounded, VERIFIES },
};
