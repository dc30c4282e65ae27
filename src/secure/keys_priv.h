/* Shared by the files about keys. pkey.c wraps the keys of OpenSSL. */
#ifndef APP_KEYS_PRIV_H
#define APP_KEYS_PRIV_H

#include "app/keys.h"

/* Parses a PEM text: RSA of at least 2048 bits, or EC on P-256; private or public. Free it with
 * pkey_free(). NULL: *err says what is wrong (a literal). */
struct pkey *pkey_read(const char *pem, size_t len, const char **err) MUST_CHECK;

/* A new private key for "RS256" or "ES256", or NULL. Free it with pkey_free(). */
struct pkey *pkey_generate(const char *algorithm) MUST_CHECK;
void pkey_free(struct pkey *);

/* The only algorithm that the key is valid for. */
const char *pkey_algorithm(const struct pkey *);
bool pkey_is_private(const struct pkey *);

enum { PKEY_SIGNATURE_MAX = 1024 }; /* RSA with 8192 bits */

/* Signs the SHA-256 digest of the text, in the format of RFC 7518. Returns the size; 0: failed. */
size_t pkey_sign(struct pkey *, const char *text, size_t len,
		 unsigned char out[PKEY_SIGNATURE_MAX]) MUST_CHECK;
bool pkey_verify(struct pkey *, const char *text, size_t len, const void *signature,
		 size_t signature_len) MUST_CHECK;

/* Appends the public key in the format of RFC 7638: a JSON object with only the required members, in
 * lexicographic order, without white space. */
void pkey_write(struct buf *, const struct pkey *);

/* The private key in PEM (PKCS #8), or NULL. The arena owns it, and wipes it at the reset. */
const char *pkey_pem(struct arena *, const struct pkey *);

/* Writes the thumbprint of a public key (RFC 7638). */
void key_set_id(struct arena *, const struct pkey *, char id[KEY_ID_SIZE]);

#endif
