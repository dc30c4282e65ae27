/* RSA and EC keys, by OpenSSL. Contexts are prepared once, so that a signature needs only the
 * arithmetic. */
#include "keys_priv.h"

#include "app/secret.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

/* Larger RSA keys are too slow. */
enum { RSA_BITS_MIN = 2048, RSA_BITS_NEW = 3072, RSA_BITS_MAX = 8192, P256_BYTES = 32 };

struct pkey {
	const char *algorithm;
	EVP_PKEY *key;
	EVP_PKEY_CTX *signer, *verifier; /* prepared; signer is NULL for a public key */
	bool rsa;
};

void
pkey_free(struct pkey *p)
{
	if (!p)
		return;
	EVP_PKEY_CTX_free(p->signer);
	EVP_PKEY_CTX_free(p->verifier);
	EVP_PKEY_free(p->key);
	free(p);
}

/* Checks type and size. Returns NULL and the algorithm, or the error. */
static const char *
check_type(const EVP_PKEY *key, const char **algorithm)
{
	char curve[64] = "";

	if (EVP_PKEY_is_a(key, "RSA")) {
		*algorithm = "RS256";
		if (EVP_PKEY_get_bits(key) < RSA_BITS_MIN)
			return "is an RSA key that is too short: use 2048 to 8192 bits";
		if (EVP_PKEY_get_bits(key) > RSA_BITS_MAX)
			return "is an RSA key that is too long: use 2048 to 8192 bits";
		return NULL;
	}
	if (EVP_PKEY_is_a(key, "EC")) {
		*algorithm = "ES256";
		EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL);
		return strcmp(curve, "prime256v1") == 0
			   ? NULL
			   : "is an EC key on another curve: ES256 needs P-256 (prime256v1)";
	}
	return "is a key of another type: RS256 needs RSA, ES256 needs EC on P-256";
}

static EVP_PKEY_CTX *
new_context(EVP_PKEY *key, int (*init)(EVP_PKEY_CTX *), bool rsa)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);

	if (c && init(c) == 1 && EVP_PKEY_CTX_set_signature_md(c, EVP_sha256()) == 1 &&
	    (!rsa || EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) == 1))
		return c;
	EVP_PKEY_CTX_free(c);
	return NULL;
}

/* Converts an ECDSA signature from DER (OpenSSL) to JWS (two numbers of 32 bytes each). */
static size_t
ecdsa_to_jws(const unsigned char *der, size_t len, unsigned char *out)
{
	ECDSA_SIG *numbers = d2i_ECDSA_SIG(NULL, &der, (long)len);
	bool ok;

	if (!numbers)
		return 0;

	ok = BN_bn2binpad(ECDSA_SIG_get0_r(numbers), out, P256_BYTES) == P256_BYTES &&
	     BN_bn2binpad(ECDSA_SIG_get0_s(numbers), out + P256_BYTES, P256_BYTES) == P256_BYTES;
	ECDSA_SIG_free(numbers);
	return ok ? (size_t)2 * P256_BYTES : 0;
}

/* Converts from JWS to DER; `out` has 80 bytes. */
static size_t
ecdsa_from_jws(const unsigned char *jws, size_t len, unsigned char *out)
{
	ECDSA_SIG *numbers;
	BIGNUM *r, *s;
	int size = 0;

	if (len != (size_t)2 * P256_BYTES)
		return 0;

	numbers = ECDSA_SIG_new();
	r = BN_bin2bn(jws, P256_BYTES, NULL);
	s = BN_bin2bn(jws + P256_BYTES, P256_BYTES, NULL);
	if (numbers && r && s && ECDSA_SIG_set0(numbers, r, s) == 1) {
		size = i2d_ECDSA_SIG(numbers, &out);
	} else {
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(numbers);
	return size > 0 ? (size_t)size : 0;
}

size_t
pkey_sign(struct pkey *p, const char *text, size_t len, unsigned char out[PKEY_SIGNATURE_MAX])
{
	unsigned char digest[SHA256_SIZE], der[PKEY_SIGNATURE_MAX];
	size_t size = PKEY_SIGNATURE_MAX;

	if (!p->signer)
		return 0;

	sha256(text, len, digest);
	if (EVP_PKEY_sign(p->signer, p->rsa ? out : der, &size, digest, sizeof(digest)) != 1) {
		ERR_clear_error();
		return 0;
	}
	return p->rsa ? size : ecdsa_to_jws(der, size, out);
}

bool
pkey_verify(struct pkey *p, const char *text, size_t len, const void *signature,
	    size_t signature_len)
{
	unsigned char digest[SHA256_SIZE], der[80];
	bool fits;

	if (!p->rsa) {
		signature_len = ecdsa_from_jws(signature, signature_len, der);
		signature = der;
	}
	sha256(text, len, digest);
	fits = signature_len > 0 &&
	       EVP_PKEY_verify(p->verifier, signature, signature_len, digest, sizeof(digest)) == 1;
	if (!fits)
		ERR_clear_error();
	return fits;
}

/* Whether the key can verify its own signature. OpenSSL's check of a private key tests for primes,
 * which takes a quarter of a second. */
static bool
is_consistent(struct pkey *p)
{
	static const char text[] = "a text";
	unsigned char signature[PKEY_SIGNATURE_MAX];
	BIGNUM *e = NULL;
	size_t len;
	bool valid = true;

	if (p->rsa) {
		valid = EVP_PKEY_get_bn_param(p->key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
			BN_is_odd(e) && !BN_is_one(e);
		BN_free(e);
	}
	if (!valid || !p->signer)
		return valid;
	len = pkey_sign(p, text, strlen(text), signature);
	return len > 0 && pkey_verify(p, text, strlen(text), signature, len);
}

/* Takes ownership of the key. Returns NULL and *err if it is not valid. */
static struct pkey *
wrap_key(EVP_PKEY *key, bool is_private, const char **err)
{
	struct pkey *p = calloc(1, sizeof(*p));

	if (!p) {
		EVP_PKEY_free(key);
		*err = "cannot be read: out of memory";
		return NULL;
	}

	p->key = key;
	p->rsa = EVP_PKEY_is_a(key, "RSA");
	*err = check_type(key, &p->algorithm);
	if (!*err) {
		p->verifier = new_context(key, EVP_PKEY_verify_init, p->rsa);
		p->signer = is_private ? new_context(key, EVP_PKEY_sign_init, p->rsa) : NULL;
		if (!p->verifier || (is_private && !p->signer) || !is_consistent(p))
			*err = "is an invalid key: create another one";
	}
	if (!*err)
		return p;
	pkey_free(p);
	return NULL;
}

/* A service cannot ask for a passphrase. */
static int
no_passphrase(char *out, int size, int writing, void *asked)
{
	(void)out, (void)size, (void)writing;
	*(bool *)asked = true;
	return -1;
}

struct pkey *
pkey_read(const char *pem, size_t len, const char **err)
{
	BIO *in = BIO_new_mem_buf(pem, (int)len);
	bool asked = false, is_private = true;
	EVP_PKEY *key;

	*err = "cannot be read: out of memory";
	if (!in)
		return NULL;

	key = PEM_read_bio_PrivateKey(in, NULL, no_passphrase, &asked);
	if (!key && !asked && BIO_reset(in) == 1) {
		is_private = false;
		key = PEM_read_bio_PUBKEY(in, NULL, no_passphrase, &asked);
	}
	BIO_free(in);
	ERR_clear_error();
	if (key)
		return wrap_key(key, is_private, err);

	*err = asked ? "is encrypted with a passphrase: remove it with openssl pkey"
		     : "has no key in PEM format: `keys make` or openssl genpkey creates one";
	return NULL;
}

struct pkey *
pkey_generate(const char *algorithm)
{
	const char *err;
	EVP_PKEY *key;

	if (strcmp(algorithm, "RS256") == 0)
		key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)RSA_BITS_NEW);
	else
		key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	return key ? wrap_key(key, true, &err) : NULL;
}

const char *
pkey_algorithm(const struct pkey *p)
{
	return p->algorithm;
}

bool
pkey_is_private(const struct pkey *p)
{
	return p->signer != NULL;
}

/* Appends a number of the key as base64url, padded to `width` bytes; 0: as few as possible. */
static void
put_parameter(struct buf *b, const struct pkey *p, const char *name, int width)
{
	unsigned char bytes[PKEY_SIGNATURE_MAX];
	BIGNUM *number = NULL;
	int len = -1;

	if (EVP_PKEY_get_bn_param(p->key, name, &number) == 1)
		len = BN_bn2binpad(number, bytes, width ? width : BN_num_bytes(number));
	BN_free(number);
	if (len > 0)
		buf_base64url(b, bytes, (size_t)len);
	else
		b->failed = true;
}

void
pkey_write(struct buf *b, const struct pkey *p)
{
	if (p->rsa) {
		buf_text(b, "{\"e\":\"");
		put_parameter(b, p, OSSL_PKEY_PARAM_RSA_E, 0);
		buf_text(b, "\",\"kty\":\"RSA\",\"n\":\"");
		put_parameter(b, p, OSSL_PKEY_PARAM_RSA_N, 0);
	} else {
		buf_text(b, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"");
		put_parameter(b, p, OSSL_PKEY_PARAM_EC_PUB_X, P256_BYTES);
		buf_text(b, "\",\"y\":\"");
		put_parameter(b, p, OSSL_PKEY_PARAM_EC_PUB_Y, P256_BYTES);
	}
	buf_text(b, "\"}");
}

static void
wipe(void *text)
{
	explicit_bzero(text, strlen(text));
}

const char *
pkey_pem(struct arena *a, const struct pkey *p)
{
	BIO *out = BIO_new(BIO_s_secmem());
	char *data = NULL, *copy = NULL;
	long len;

	if (out && PEM_write_bio_PKCS8PrivateKey(out, p->key, NULL, NULL, 0, NULL, NULL) == 1) {
		len = BIO_get_mem_data(out, &data);
		copy = arena_text_n(a, data, (size_t)len);
		arena_defer(a, wipe, copy);
	}
	BIO_free(out);
	return copy;
}
