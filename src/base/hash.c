/* SipHash-2-4 with an output of 128 bits (Aumasson and Bernstein, 2012), and FNV-1a. */
#include "app/hash.h"

struct siphash {
	uint64_t a, b, c, d;
};

static uint64_t
rotate_left(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void
mix(struct siphash *s, int rounds)
{
	while (rounds-- > 0) {
		s->a += s->b;
		s->c += s->d;
		s->b = rotate_left(s->b, 13) ^ s->a;
		s->d = rotate_left(s->d, 16) ^ s->c;
		s->a = rotate_left(s->a, 32) + s->d;
		s->c += s->b;
		s->d = rotate_left(s->d, 21) ^ s->a;
		s->b = rotate_left(s->b, 17) ^ s->c;
		s->c = rotate_left(s->c, 32);
	}
}

/* Reads up to 8 bytes in little-endian order. */
static uint64_t
word_at(const unsigned char *bytes, size_t n)
{
	uint64_t word = 0;

	for (size_t i = 0; i < n; i++)
		word |= (uint64_t)bytes[i] << 8 * i;
	return word;
}

static void
absorb(struct siphash *s, uint64_t word)
{
	s->d ^= word;
	mix(s, 2);
	s->a ^= word;
}

static void
put_word(struct siphash *s, unsigned char out[8])
{
	uint64_t word;

	mix(s, 4);
	word = s->a ^ s->b ^ s->c ^ s->d;
	for (size_t i = 0; i < 8; i++)
		out[i] = (unsigned char)(word >> 8 * i);
}

void
hash_keyed(const unsigned char key[HASH_SIZE], const void *data, size_t len,
	   unsigned char out[HASH_SIZE])
{
	uint64_t first = word_at(key, 8), second = word_at(key + 8, 8);
	struct siphash s = { first ^ 0x736f6d6570736575, second ^ 0x646f72616e646f6d ^ 0xee,
			     first ^ 0x6c7967656e657261, second ^ 0x7465646279746573 };
	const unsigned char *at = data, *end = at + len / 8 * 8;

	for (; at < end; at += 8)
		absorb(&s, word_at(at, 8));
	absorb(&s, (uint64_t)len << 56 | word_at(at, len % 8));
	s.c ^= 0xee;
	put_word(&s, out);
	s.b ^= 0xdd;
	put_word(&s, out + 8);
}

static uint64_t
add_word(uint64_t hash, const void *bytes, size_t n)
{
	uint64_t word = 0;

	memcpy(&word, bytes, n);
	hash = (hash ^ word) * 0x100000001b3;
	return hash ^ hash >> 32;
}

uint64_t
hash_add(uint64_t hash, const void *data, size_t len)
{
	const char *at = data, *end = at + len / 8 * 8;

	for (; at < end; at += 8)
		hash = add_word(hash, at, 8);
	return len % 8 ? add_word(hash, at, len % 8) : hash;
}
