/* A short keyed hash for hash tables: without the key, an attacker can neither predict positions nor
 * cause collisions. Not a digest: use sha256() for tokens and files. */
#ifndef APP_HASH_H
#define APP_HASH_H

#include "app/base.h"

enum { HASH_SIZE = 16 };

/* SipHash-2-4 (Aumasson and Bernstein, 2012) with an output of 128 bits. */
void hash_keyed(const unsigned char key[HASH_SIZE], const void *data, size_t len,
		unsigned char out[HASH_SIZE]);

#endif
