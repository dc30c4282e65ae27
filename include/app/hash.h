/* A short keyed hash for tables: who does not know the key can neither foretell where
 * something goes nor make two things meet. No digest: for tokens and files take sha256(). */
#ifndef APP_HASH_H
#define APP_HASH_H

#include "app/base.h"

enum { HASH_SIZE = 16 };

/* SipHash-2-4 with an output of 128 bits. */
void hash_keyed(const unsigned char key[HASH_SIZE], const void *data, size_t len,
		unsigned char out[HASH_SIZE]);

#endif
