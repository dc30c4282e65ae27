/* Digests and comparisons of secrets, by OpenSSL. */
#ifndef APP_SECRET_H
#define APP_SECRET_H

#include "app/arena.h"

enum { SHA256_SIZE = 32 };

void sha256(const void *data, size_t len, unsigned char out[SHA256_SIZE]);

/* HMAC (RFC 2104) with SHA-256. */
void hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
		 unsigned char out[SHA256_SIZE]);

/* HMAC-SHA-256 with a key derived from JWT_SECRET_KEY for one purpose, so that a MAC for one purpose
 * is not valid for another. */
void secret_sign(const char *purpose, const void *data, size_t len, unsigned char out[SHA256_SIZE]);

/* Compares in constant time. */
bool secret_equal(const void *a, const void *b, size_t len);

/* A new secret: 256 random bits in base64url, 43 characters. */
const char *secret_new(struct arena *);

#endif
