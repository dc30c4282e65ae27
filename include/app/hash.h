/* Hashes for tables. Not digests: use sha256() for tokens and files. */
#ifndef APP_HASH_H
#define APP_HASH_H

#include "app/base.h"

enum { HASH_SIZE = 16 };

/* SipHash-2-4 (Aumasson and Bernstein, 2012) with an output of 128 bits. Without the key, an attacker
 * can neither predict positions nor cause collisions. */
void hash_keyed(const unsigned char key[HASH_SIZE], const void *data, size_t len,
		unsigned char out[HASH_SIZE]);

/* Adds bytes to a hash that begins with HASH_START: FNV-1a, but eight bytes at a time. Faster, for
 * keys of the program, such as names. */
#define HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t hash_add(uint64_t hash, const void *data, size_t len);

#endif
