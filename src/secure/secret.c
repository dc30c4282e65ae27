/* Digests and comparisons of secrets, by OpenSSL. */
#include "app/secret.h"

#include "app/buf.h"
#include "app/ids.h"
#include "app/settings.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

/* Only memory that ran out or a broken library gets here: there is no answer without it. */
static NORETURN void
no_digest(void)
{
	fputs("OpenSSL has no SHA-2: check its installation and configuration\n", stderr);
	abort();
}

/* Looked up once: OpenSSL takes longer to find a digest than to make a short one. */
static const EVP_MD *
sha2(unsigned bits)
{
	static EVP_MD *methods[3];
	static const char *const names[] = { "SHA256", "SHA384", "SHA512" };
	unsigned i = bits / 128 - 2;

	if (i >= COUNT(names))
		no_digest();
	if (!methods[i])
		methods[i] = EVP_MD_fetch(NULL, names[i], NULL);
	if (!methods[i])
		no_digest();
	return methods[i];
}

void
sha256(const void *data, size_t len, unsigned char out[SHA256_SIZE])
{
	if (!EVP_Digest(data, len, out, NULL, sha2(256), NULL))
		no_digest();
}

size_t
hmac_sha2(unsigned bits, const void *key, size_t key_len, const void *data, size_t len,
	  unsigned char out[HMAC_SIZE_MAX])
{
	unsigned size = 0;

	if (!HMAC(sha2(bits), key, (int)key_len, data, len, out, &size))
		no_digest();
	return size;
}

void
secret_sign(const char *purpose, const void *data, size_t len, unsigned char out[SHA256_SIZE])
{
	unsigned char key[HMAC_SIZE_MAX], mark[HMAC_SIZE_MAX];
	size_t size;

	size = hmac_sha2(256, settings.jwt_secret_key, strlen(settings.jwt_secret_key), purpose,
			 strlen(purpose), key);
	hmac_sha2(256, key, size, data, len, mark);
	memcpy(out, mark, SHA256_SIZE);
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
