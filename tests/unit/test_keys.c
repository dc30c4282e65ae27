/* The keys of access tokens: loading, rejected keys, rotation, and publication. */
#include <criterion/criterion.h>

#include "app/clock.h"
#include "app/keys.h"
#include "app/settings.h"

#include <dirent.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#define KEY "0123456789abcdef0123456789abcdef"

static struct arena *a;
static char folder[] = "/tmp/keys-XXXXXX";

static void
begin(void)
{
	a = arena_new(1 << 24);
	cr_assert_not_null(mkdtemp(folder));
	settings.jwt_secret_key = KEY;
	settings.jwt_algorithm = "HS256";
	settings.jwt_private_key_file = settings.jwt_keys_dir = "";
	settings.jwt_previous_secret_key = "";
	settings.access_token_expire_minutes = 15;
	settings.clock_skew_seconds = 30;
}

static void
end(void)
{
	DIR *d = opendir(folder);
	struct dirent *entry;

	while ((entry = readdir(d)))
		unlinkat(dirfd(d), entry->d_name, 0);
	closedir(d);
	cr_expect_eq(rmdir(folder), 0);
	arena_free(a);
}

TestSuite(keys, .init = begin, .fini = end);

static const char *
path_of(const char *name)
{
	return arena_printf(a, "%s/%s", folder, name);
}

enum part { PRIVATE, PUBLIC, LOCKED };

/* Writes a key of a type ("RSA" with bits, or a curve) to a file. Returns its path. */
static const char *
write_key(const char *name, const char *kind, size_t bits, enum part part)
{
	EVP_PKEY *key = bits ? EVP_PKEY_Q_keygen(NULL, NULL, kind, bits)
			     : EVP_PKEY_Q_keygen(NULL, NULL, "EC", kind);
	FILE *f = fopen(path_of(name), "w");

	cr_assert(key && f);
	if (part == PUBLIC)
		cr_assert(PEM_write_PUBKEY(f, key));
	else if (part == LOCKED)
		cr_assert(
		    PEM_write_PKCS8PrivateKey(f, key, EVP_aes_128_cbc(), "hush", 4, NULL, NULL));
	else
		cr_assert(PEM_write_PKCS8PrivateKey(f, key, NULL, NULL, 0, NULL, NULL));
	fclose(f);
	cr_assert_eq(chmod(path_of(name), 0600), 0);
	EVP_PKEY_free(key);
	return path_of(name);
}

/* The file name that `keys make` gives to a key that is `age` seconds old. */
static const char *
name_of_age(int64_t seconds)
{
	time_t made = (time_t)(clock_now() / 1000000 - seconds);
	struct tm parts;
	char text[32];

	strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", gmtime_r(&made, &parts));
	return arena_printf(a, "%s-x.pem", text);
}

static void
expect_good(void)
{
	const char *err = keys_load(a);

	cr_assert_null(err, "%s", err);
}

/* Expects that the errors contain the text. */
static void
expect_error(const char *part)
{
	const char *err = keys_load(a);

	cr_assert_not_null(err, "no error was reported, but %s was expected", part);
	cr_expect_not_null(strstr(err, part), "'%s' is not in: %s", part, err);
	cr_expect_null(strstr(err, KEY));
}

static const char *
published(void)
{
	struct buf b = buf_new(a, 1 << 16);

	keys_write(&b);
	return buf_done(&b);
}

Test(keys, a_secret_signs_and_is_not_published)
{
	size_t n;

	expect_good();
	cr_expect_str_eq(keys_signing()->algorithm, "HS256");
	cr_expect_eq(keys_all(&n), keys_signing());
	cr_expect_eq(n, 1);
	cr_expect_str_eq(published(), "{\"keys\":[]}");
}

Test(keys, the_id_of_a_secret_depends_on_the_secret)
{
	char first[KEY_ID_SIZE];

	expect_good();
	memcpy(first, keys_signing()->id, sizeof(first));
	expect_good();
	cr_expect_str_eq(keys_signing()->id, first);
	settings.jwt_secret_key = "0123456789abcdef0123456789abcdeF";
	expect_good();
	cr_expect_str_neq(keys_signing()->id, first);
}

Test(keys, are_found_by_id_and_algorithm)
{
	const struct key *key;

	expect_good();
	key = keys_signing();
	cr_expect_eq(keys_find("HS256", key->id), key);
	cr_expect_eq(keys_find("HS256", NULL), key);
	cr_expect_null(keys_find("HS384", key->id));
	cr_expect_null(keys_find("none", key->id));
	cr_expect_null(keys_find("", NULL));
	cr_expect_null(keys_find("HS256", ""));
	cr_expect_null(keys_find("HS256", "../" KEY));
}

/* The example of RFC 7638, section 3.1. */
Test(keys, the_id_of_a_public_key_is_its_thumbprint)
{
	static const char pem[] =
	    "-----BEGIN PUBLIC KEY-----\n"
	    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0vx7agoebGcQSuuPiLJX\n"
	    "ZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tS\n"
	    "oc/BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ/2W+5JsGY4Hc5n9yBXArwl93lqt\n"
	    "7/RN5w6Cf0h4QyQ5v+65YGjQR0/FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0\n"
	    "zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt+bFTWhAI4vMQFh6WeZu0f\n"
	    "M4lFd2NcRwr3XPksINHaQ+G/xBniIqbw0Ls1jF44+csFCur+kEgU8awapJzKnqDK\n"
	    "gwIDAQAB\n"
	    "-----END PUBLIC KEY-----\n";
	FILE *f = fopen(path_of("public.pem"), "w");

	fputs(pem, f);
	fclose(f);
	settings.jwt_keys_dir = folder;
	expect_good();
	cr_expect_not_null(keys_find("RS256", "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"));
	cr_expect_not_null(
	    strstr(published(), "{\"use\":\"sig\",\"alg\":\"RS256\",\"kid\":\"NzbLsXh8uDCcd-6"
				"MNwXF4W_7noWXFZAfHkxZsRGC9Xs\",\"e\":\"AQAB\",\"kty\":\"RSA\","
				"\"n\":\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cb"));
}

Test(keys, only_the_public_part_is_published)
{
	const char *text;

	settings.jwt_algorithm = "ES256";
	settings.jwt_private_key_file = write_key("one", "P-256", 0, PRIVATE);
	expect_good();
	text = published();
	cr_expect_not_null(strstr(text, "\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\""), "%s", text);
	cr_expect_not_null(strstr(text, keys_signing()->id), "%s", text);
	cr_expect_null(strstr(text, "\"d\":"), "%s", text);
	cr_expect_null(strstr(text, "\"k\":"), "%s", text);
}

Test(keys, weak_and_unsupported_keys_are_rejected)
{
	settings.jwt_algorithm = "RS256";
	settings.jwt_private_key_file = write_key("weak", "RSA", 1024, PRIVATE);
	expect_error("JWT_PRIVATE_KEY_FILE: ");
	expect_error("RSA key that is too short: use 2048");
	cr_expect_null(keys_signing());

	settings.jwt_algorithm = "ES256";
	settings.jwt_private_key_file = write_key("curve", "P-384", 0, PRIVATE);
	expect_error("another curve: ES256 needs P-256");
	settings.jwt_private_key_file = write_key("kind", "secp256k1", 0, PRIVATE);
	expect_error("another curve: ES256 needs P-256");
	settings.jwt_private_key_file = write_key("locked", "P-256", 0, LOCKED);
	expect_error("is encrypted with a passphrase");
	settings.jwt_private_key_file = write_key("public", "P-256", 0, PUBLIC);
	expect_error("is a public key: use the private key");
	settings.jwt_algorithm = "RS256";
	settings.jwt_private_key_file = write_key("other", "P-256", 0, PRIVATE);
	expect_error("is a key for ES256, but JWT_ALGORITHM is RS256");
	settings.jwt_algorithm = "HS256";
	settings.jwt_secret_key = "short";
	expect_error("JWT_SECRET_KEY: must have at least 32 bytes");
}

Test(keys, invalid_keys_are_reported)
{
	FILE *f = fopen(path_of("text"), "w");

	fputs("no key\n", f);
	fclose(f);
	settings.jwt_algorithm = "ES256";
	expect_error("JWT_ALGORITHM=ES256: needs a private key");
	settings.jwt_private_key_file = path_of("text");
	cr_assert_eq(chmod(path_of("text"), 0600), 0);
	expect_error("has no key in PEM format");
	settings.jwt_private_key_file = path_of("nowhere");
	expect_error("No such file or directory");
	settings.jwt_private_key_file = folder;
	expect_error("is not a regular file");
	settings.jwt_private_key_file = "/dev/zero";
	expect_error("is not a regular file");
	settings.jwt_private_key_file = "";
	settings.jwt_keys_dir = path_of("nowhere");
	expect_error("JWT_KEYS_DIR: cannot read");
}

Test(keys, a_world_readable_private_key_is_rejected)
{
	settings.jwt_algorithm = "ES256";
	settings.jwt_private_key_file = write_key("one", "P-256", 0, PRIVATE);
	cr_assert_eq(chmod(path_of("one"), 0644), 0);
	expect_error("is readable by every user: chmod 0600");
	cr_assert_eq(chmod(path_of("one"), 0640), 0);
	expect_good();
}

Test(keys, a_previous_secret_verifies_while_a_pair_signs)
{
	size_t n;

	settings.jwt_previous_secret_key = "fedcba9876543210fedcba9876543210";
	settings.jwt_algorithm = "ES256";
	settings.jwt_private_key_file = write_key("one", "P-256", 0, PRIVATE);
	expect_good();
	cr_expect_str_eq(keys_signing()->algorithm, "ES256");
	cr_expect_str_eq(keys_all(&n)[n - 1].algorithm, "HS256");
	cr_expect_eq(n, 2);
	settings.jwt_previous_secret_key = "short";
	expect_error("JWT_PREVIOUS_SECRET_KEY: must have at least 32 bytes");
}

/* open() of a FIFO would wait for a writer. */
Test(keys, a_fifo_is_rejected)
{
	settings.jwt_algorithm = "ES256";
	settings.jwt_private_key_file = path_of("fifo");
	cr_assert_eq(mkfifo(settings.jwt_private_key_file, 0600), 0);
	expect_error("is not a regular file");
}

/* ---- the folder */

Test(keys, a_new_key_is_readable_only_by_the_owner)
{
	struct key key;
	struct stat info;

	settings.jwt_keys_dir = path_of("new");
	cr_assert_null(keys_create(a, "ES256", &key));
	cr_assert_eq(stat(arena_printf(a, "%s/%s", settings.jwt_keys_dir, key.file), &info), 0);
	cr_expect_eq(info.st_mode & 07777, 0600);
	cr_assert_eq(stat(settings.jwt_keys_dir, &info), 0);
	cr_expect_eq(info.st_mode & 07777, 0700);

	settings.jwt_algorithm = "ES256";
	expect_good();
	cr_expect_str_eq(keys_signing()->id, key.id, "the first key signs at once");
	unlink(arena_printf(a, "%s/%s", settings.jwt_keys_dir, key.file));
	rmdir(settings.jwt_keys_dir);
}

Test(keys, a_new_key_needs_a_folder)
{
	struct key key;
	const char *err = keys_create(a, "ES256", &key);

	cr_assert_not_null(err);
	cr_expect_not_null(strstr(err, "set JWT_KEYS_DIR"));
	settings.jwt_keys_dir = "/dev/null/keys";
	err = keys_create(a, "ES256", &key);
	cr_assert_not_null(err);
	cr_expect_not_null(strstr(err, "/dev/null/keys"), "%s", err);
}

static void
use_folder(void)
{
	settings.jwt_algorithm = "ES256";
	settings.jwt_keys_dir = folder;
}

Test(keys, a_new_key_is_published_before_it_signs)
{
	const char *old = name_of_age(100000), *new = name_of_age(10);

	use_folder();
	write_key(old, "P-256", 0, PRIVATE);
	write_key(new, "P-256", 0, PRIVATE);
	expect_good();
	cr_expect_str_eq(keys_signing()->file, old);

	cr_assert_eq(rename(path_of(new), path_of(name_of_age(KEY_PUBLISH_SECONDS + 5))), 0);
	expect_good();
	cr_expect_str_neq(keys_signing()->file, old);
	cr_expect_not_null(strstr(published(), "},{"), "both are published");
}

Test(keys, a_key_for_another_algorithm_does_not_sign)
{
	const char *good = name_of_age(9000);

	use_folder();
	write_key(good, "P-256", 0, PRIVATE);
	write_key(name_of_age(5000), "RSA", 2048, PRIVATE);
	write_key(name_of_age(4000), "P-256", 0, PUBLIC);
	expect_good();
	cr_expect_str_eq(keys_signing()->file, good);
}

Test(keys, other_files_of_the_folder_are_ignored)
{
	size_t n;

	use_folder();
	write_key("mine.pem", "P-256", 0, PRIVATE);
	write_key(".draft.pem", "RSA", 1024, PRIVATE);
	write_key("README", "RSA", 1024, PRIVATE);
	expect_good();
	keys_all(&n);
	cr_expect_eq(n, 1);
	write_key("weak.pem", "RSA", 1024, PRIVATE);
	expect_error("too short");
	cr_expect_str_eq(keys_signing()->file, "mine.pem", "valid keys are loaded nevertheless");
}

static const struct key *
key_in(const char *file)
{
	const struct key *keys;
	size_t n;

	keys = keys_all(&n);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(keys[i].file, file) == 0)
			return &keys[i];
	}
	cr_assert(false, "no key of the file %s", file);
	return NULL;
}

static void
expect_not_retired(const char *file, const char *part)
{
	const char *err = keys_retire(a, key_in(file), false);

	cr_assert_not_null(err);
	cr_expect_not_null(strstr(err, part), "'%s' is not in: %s", part, err);
	cr_expect_eq(access(path_of(file), F_OK), 0);
}

Test(keys, a_needed_key_is_not_retired)
{
	const char *old = name_of_age(100000), *now = name_of_age(KEY_PUBLISH_SECONDS + 60),
		   *new = name_of_age(5);

	use_folder();
	write_key(old, "P-256", 0, PRIVATE);
	expect_good();
	expect_not_retired(old, "no other key signs ES256: create one first");
	cr_expect_not_null(keys_retire(a, key_in(old), true), "never the only key");

	write_key(now, "P-256", 0, PRIVATE);
	write_key(new, "P-256", 0, PRIVATE);
	expect_good();
	expect_not_retired(now, "it is the current signing key");
	expect_not_retired(old, "tokens that it signed are valid for");
	cr_expect_null(keys_retire(a, key_in(new), false), "it never signed");
	cr_expect_null(keys_retire(a, key_in(old), true));
	cr_expect_neq(access(path_of(new), F_OK), 0);
	cr_expect_neq(access(path_of(old), F_OK), 0);
}

Test(keys, an_unused_key_is_retired)
{
	const char *old = name_of_age(100000);

	use_folder();
	write_key(old, "P-256", 0, PRIVATE);
	write_key(name_of_age(KEY_PUBLISH_SECONDS + 15 * 60 + 30 + 5), "P-256", 0, PRIVATE);
	expect_good();
	cr_expect_null(keys_retire(a, key_in(old), false));
	cr_expect_neq(access(path_of(old), F_OK), 0);
}

Test(keys, a_key_of_a_setting_is_not_retired)
{
	const char *err;

	expect_good();
	err = keys_retire(a, keys_signing(), true);
	cr_assert_not_null(err);
	cr_expect_not_null(strstr(err, "JWT_SECRET_KEY: change that setting"), "%s", err);
}
