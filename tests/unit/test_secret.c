/* Digests against published test vectors, and new secrets. */
#include <criterion/criterion.h>

#include "app/secret.h"
#include "app/settings.h"

static void
is_hex(const unsigned char digest[SHA256_SIZE], const char *hex)
{
	char text[2 * SHA256_SIZE + 1];

	for (size_t i = 0; i < SHA256_SIZE; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	cr_expect_str_eq(text, hex);
}

/* FIPS 180-4, examples of the National Institute of Standards and Technology. */
Test(secret, sha256_of_known_texts)
{
	static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	unsigned char digest[SHA256_SIZE];

	sha256("", 0, digest);
	is_hex(digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256("abc", 3, digest);
	is_hex(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256(two_blocks, strlen(two_blocks), digest);
	is_hex(digest, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void
hmac(const char *key, const char *data, unsigned char out[SHA256_SIZE])
{
	hmac_sha256(key, strlen(key), data, strlen(data), out);
}

/* RFC 4231, sections 4.3 and 4.7. */
Test(secret, hmac_of_known_texts)
{
	unsigned char mac[SHA256_SIZE], key[131];

	hmac("Jefe", "what do ya want for nothing?", mac);
	is_hex(mac, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	hmac_sha256(key, sizeof(key), "Test Using Larger Than Block-Size Key - Hash Key First", 54,
		    mac);
	is_hex(mac, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void
sign(const char *purpose, const char *data, unsigned char out[SHA256_SIZE])
{
	secret_sign(purpose, data, strlen(data), out);
}

Test(secret, a_mac_depends_on_key_purpose_and_data)
{
	unsigned char first[SHA256_SIZE], other[SHA256_SIZE];

	settings.jwt_secret_key = "0123456789abcdef0123456789abcdef";
	sign("cursor", "data", first);
	sign("cursor", "data", other);
	cr_expect(secret_equal(first, other, SHA256_SIZE));

	sign("link", "data", other);
	cr_expect_not(secret_equal(first, other, SHA256_SIZE));
	sign("cursor", "Data", other);
	cr_expect_not(secret_equal(first, other, SHA256_SIZE));

	settings.jwt_secret_key = "0123456789abcdef0123456789abcdeF";
	sign("cursor", "data", other);
	cr_expect_not(secret_equal(first, other, SHA256_SIZE));
}

Test(secret, every_byte_is_compared)
{
	cr_expect(secret_equal("same", "same", 4));
	cr_expect(secret_equal("samE", "same", 3));
	cr_expect_not(secret_equal("samE", "same", 4));
	cr_expect_not(secret_equal("Same", "same", 4));
	cr_expect(secret_equal("a", "b", 0));
}

Test(secret, new_secrets_are_long_and_differ)
{
	struct arena *a = arena_new(1 << 16);
	const char *one = secret_new(a), *two = secret_new(a);

	cr_expect_eq(strlen(one), 43);
	cr_expect_eq(strspn(one, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				 "0123456789-_"),
		     43);
	cr_expect_str_neq(one, two);
	arena_free(a);
}
