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
	fputs("OpenSSL has no SHA-256: check its installation and configuration\n", stderr);
	abort();
}

/* Looked up once: OpenSSL takes longer to find a digest than to make a short one. */
static const EVP_MD *
sha256_method(void)
{
	static EVP_MD *method;

	if (!method)
		method = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!method)
		no_digest();
	return method;
}

void
sha256(const void *data, size_t len, unsigned char out[SHA256_SIZE])
{
	if (!EVP_Digest(data, len, out, NULL, sha256_method(), NULL))
		no_digest();
}

static void
hmac(const void *key, size_t key_len, const void *data, size_t len, unsigned char out[SHA256_SIZE])
{
	if (!HMAC(sha256_method(), key, (int)key_len, data, len, out, NULL))
		no_digest();
}

void
secret_sign(const char *purpose, const void *data, size_t len, unsigned char out[SHA256_SIZE])
{
	unsigned char key[SHA256_SIZE];

	hmac(settings.jwt_secret_key, strlen(settings.jwt_secret_key), purpose, strlen(purpose),
	     key);
	hmac(key, sizeof(key), data, len, out);
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
