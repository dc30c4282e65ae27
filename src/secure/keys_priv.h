/* What the files about keys share. pkey.c alone knows what a public key is to OpenSSL. */
#ifndef APP_KEYS_PRIV_H
#define APP_KEYS_PRIV_H

#include "app/keys.h"

/* A key of a PEM text: RSA of 2048 bits or more, or EC on P-256; private or public.
 * NULL and *wrong (with the hint, for a person) where it is none. */
struct pkey *pkey_read(const char *pem, size_t len, const char **wrong) MUST_CHECK;

/* A new private key for "RS256" or "ES256", or NULL. */
struct pkey *pkey_make(const char *algorithm) MUST_CHECK;
void pkey_free(struct pkey *);

/* The only algorithm it is good for. */
const char *pkey_algorithm(const struct pkey *);
bool pkey_private(const struct pkey *);

enum { PKEY_SIGNATURE_MAX = 1024 }; /* RSA of 8192 bits */

/* Of the text's SHA-256, in the form of RFC 7518; 0: it failed. */
size_t pkey_sign(struct pkey *, const char *text, size_t len,
		 unsigned char out[PKEY_SIGNATURE_MAX]) MUST_CHECK;
bool pkey_verify(struct pkey *, const char *text, size_t len, const void *signature,
		 size_t signature_len) MUST_CHECK;

/* Appends the public part as RFC 7638 wants it: an object of the required members alone,
 * in their order, without blanks. */
void pkey_write(struct buf *, const struct pkey *);

/* The private key in PEM (PKCS #8), or NULL. Belongs to the arena, which wipes it. */
const char *pkey_pem(struct arena *, const struct pkey *);

/* Its thumbprint (RFC 7638): whoever has the key finds the same. */
void key_name(struct arena *, const struct pkey *, char id[KEY_ID_SIZE]);

#endif
