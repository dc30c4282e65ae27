/* Argon2id hashes, by libargon2 (optional: configure --without-argon2). */
#include "password_priv.h"

#include "app/ids.h"
#include "app/settings.h"

#include <argon2.h>

/* Limits for imported hashes. The limits of the settings are within them. */
enum { MEMORY_MAX_KIB = 1024 * 1024, TIME_MAX = 10, LANES_MAX = 16 };
enum { WORK_MAX_KIB = 4 * MEMORY_MAX_KIB }; /* memory times passes */
enum { SALT_BYTES = 16, TAG_BYTES = 32 };

static bool
argon2_bounded(const char *hash)
{
	const char *p = hash + strlen("$argon2id$");
	uint64_t version, memory, passes, lanes;

	if (!hash_number(&p, "v=", '$', &version) || !hash_number(&p, "m=", ',', &memory) ||
	    !hash_number(&p, "t=", ',', &passes) || !hash_number(&p, "p=", '$', &lanes))
		return false;
	return (version == 19 || version == 16) && memory <= MEMORY_MAX_KIB && passes <= TIME_MAX &&
	       lanes >= 1 && lanes <= LANES_MAX && memory * passes <= WORK_MAX_KIB;
}

static bool
argon2_parameters(const struct scheme *s, char out[PARAMETERS_SIZE])
{
	(void)s;
	snprintf(out, PARAMETERS_SIZE, "$argon2id$v=19$m=%" PRId64 ",t=%" PRId64 ",p=%" PRId64 "$",
		 settings.password_argon2_memory_kib, settings.password_argon2_time,
		 settings.password_argon2_parallelism);
	return true;
}

static int
error_of(int code)
{
	if (code == ARGON2_OK)
		return 0;
	return code == ARGON2_MEMORY_ALLOCATION_ERROR || code == ARGON2_THREAD_FAIL ? ENOMEM
										    : EINVAL;
}

/* libargon2 wipes its memory. */
static int
argon2_new(const struct scheme *s, const char *password, char out[HASH_SIZE])
{
	unsigned char salt[SALT_BYTES];

	(void)s;
	random_bytes(salt, sizeof(salt));
	return error_of(argon2id_hash_encoded(
	    (uint32_t)settings.password_argon2_time, (uint32_t)settings.password_argon2_memory_kib,
	    (uint32_t)settings.password_argon2_parallelism, password, strlen(password), salt,
	    sizeof(salt), TAG_BYTES, out, HASH_SIZE));
}

static int
argon2_check(const char *password, const char *hash, bool *matches)
{
	int code = argon2id_verify(hash, password, strlen(password));

	*matches = code == ARGON2_OK;
	return code == ARGON2_VERIFY_MISMATCH || code == ARGON2_DECODING_FAIL ? 0 : error_of(code);
}

const struct scheme argon2_scheme = {
	.name = "argon2id",
	.prefix = "$argon2id$",
	.bounded = argon2_bounded,
	.parameters = argon2_parameters,
	.hash = argon2_new,
	.verify = argon2_check,
};
