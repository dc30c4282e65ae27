/* The keyed hash, with the test vectors of its authors: key and input are 0, 1, 2, … */
#include <criterion/criterion.h>

#include "app/hash.h"

Test(hash, test_vectors)
{
	static const struct {
		size_t len;
		const unsigned char *hash;
	} vectors[] = {
		{ 0, (const unsigned char *)"\xa3\x81\x7f\x04\xba\x25\xa8\xe6"
					    "\x6d\xf6\x72\x14\xc7\x55\x02\x93" },
		{ 1, (const unsigned char *)"\xda\x87\xc1\xd8\x6b\x99\xaf\x44"
					    "\x34\x76\x59\x11\x9b\x22\xfc\x45" },
		{ 2, (const unsigned char *)"\x81\x77\x22\x8d\xa4\xa4\x5d\xc7"
					    "\xfc\xa3\x8b\xde\xf6\x0a\xff\xe4" },
	};
	unsigned char key[HASH_SIZE], data[64], out[HASH_SIZE];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)i;
	memcpy(key, data, sizeof(key));
	for (size_t i = 0; i < COUNT(vectors); i++) {
		hash_keyed(key, data, vectors[i].len, out);
		cr_expect_eq(memcmp(out, vectors[i].hash, sizeof(out)), 0, "%zu bytes",
			     vectors[i].len);
	}
}

Test(hash, depends_on_every_byte_and_the_key)
{
	unsigned char key[HASH_SIZE] = { 0 }, data[40] = { 0 }, first[HASH_SIZE], other[HASH_SIZE];

	hash_keyed(key, data, sizeof(data), first);
	for (size_t i = 0; i < sizeof(data); i++) {
		data[i] ^= 1;
		hash_keyed(key, data, sizeof(data), other);
		cr_expect_neq(memcmp(first, other, sizeof(first)), 0, "byte %zu", i);
		data[i] ^= 1;
	}
	for (size_t len = 0; len < sizeof(data); len++) {
		hash_keyed(key, data, len, other);
		cr_expect_neq(memcmp(first, other, sizeof(first)), 0, "%zu bytes", len);
	}
	key[15] = 1;
	hash_keyed(key, data, sizeof(data), other);
	cr_expect_neq(memcmp(first, other, sizeof(first)), 0);
}
