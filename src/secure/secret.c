/* Digests and comparisons of secrets, by OpenSSL. */
#include "app/secret.h"

#include "app/buf.h"
#include "app/ids.h"
#include "app/settings.h"

/* The low-level functions, although deprecated: EVP allocates memory, which may fail, and its setup
 * takes longer than a short digest. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/sha.h>

enum { BLOCK_MAX = 128 };

/* The digest of two parts. Returns its size in bytes. */
static size_t
sha2(unsigned bits, const void *head, size_t head_len, const void *data, size_t len,
     unsigned char *out)
{
	SHA512_CTX wide;
	SHA256_CTX narrow;

	if (bits == 256) {
		SHA256_Init(&narrow);
		SHA256_Update(&narrow, head, head_len);
		SHA256_Update(&narrow, data, len);
		SHA256_Final(out, &narrow);
	} else {
		(bits == 384 ? SHA384_Init : SHA512_Init)(&wide);
		SHA512_Update(&wide, head, head_len);
		SHA512_Update(&wide, data, len);
		SHA512_Final(out, &wide); /* truncates for SHA-384 */
	}
	return bits / 8;
}

void
sha256(const void *data, size_t len, unsigned char out[SHA256_SIZE])
{
	sha2(256, "", 0, data, len, out);
}

/* RFC 2104, section 2. */
size_t
hmac_sha2(unsigned bits, const void *key, size_t key_len, const void *data, size_t len,
	  unsigned char out[HMAC_SIZE_MAX])
{
	size_t block = bits == 256 ? 64 : 128, size;
	unsigned char inner[BLOCK_MAX] = { 0 }, outer[BLOCK_MAX], digest[HMAC_SIZE_MAX];

	if (key_len > block)
		sha2(bits, "", 0, key, key_len, inner);
	else
		memcpy(inner, key, key_len);
	for (size_t i = 0; i < block; i++) {
		outer[i] = inner[i] ^ 0x5c;
		inner[i] ^= 0x36;
	}
	size = sha2(bits, inner, block, data, len, digest);
	sha2(bits, outer, block, digest, size, out);
	explicit_bzero(inner, sizeof(inner));
	explicit_bzero(outer, sizeof(outer));
	return size;
}

void
secret_sign(const char *purpose, const void *data, size_t len, unsigned char out[SHA256_SIZE])
{
	unsigned char key[HMAC_SIZE_MAX], mac[HMAC_SIZE_MAX];
	size_t size;

	size = hmac_sha2(256, settings.jwt_secret_key, strlen(settings.jwt_secret_key), purpose,
			 strlen(purpose), key);
	hmac_sha2(256, key, size, data, len, mac);
	memcpy(out, mac, SHA256_SIZE);
	explicit_bzero(key, sizeof(key));
}

bool
secret_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

const char *
secret_new(struct arena *arena)
{
	unsigned char bytes[32];
	struct buf text = buf_new(arena, 64);

	random_bytes(bytes, sizeof(bytes));
	buf_base64url(&text, bytes, sizeof(bytes));
	explicit_bzero(bytes, sizeof(bytes));
	return text.data;
}
