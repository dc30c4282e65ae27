/* The format of a key. The checksum lets the program and secret scanners recognize keys without a
 * database query. */
#include "api_keys_priv.h"

#include "app/ids.h"

enum { ID_LENGTH = 12, SECRET_LENGTH = 32 }; /* 71 and 190 bits of entropy */

static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
enum { BASE = sizeof(alphabet) - 1 };

/* Rejection sampling: bytes beyond the last multiple of 62 are discarded, so all characters are
 * equally likely. */
static void
random_text(char *out, size_t len)
{
	unsigned char byte;

	for (size_t i = 0; i < len;) {
		random_bytes(&byte, 1);
		if (byte < 256 / BASE * BASE)
			out[i++] = alphabet[byte % BASE];
	}
}

/* CRC-32 (ISO 3309), as in gzip. */
static uint32_t
crc32(const char *text, size_t len)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < len; i++) {
		crc ^= (unsigned char)text[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
	}
	return ~crc;
}

void
api_key_checksum(const char *text, size_t len, char out[API_KEY_CHECKSUM])
{
	uint32_t crc = crc32(text, len);

	for (int i = API_KEY_CHECKSUM - 1; i >= 0; i--, crc /= BASE)
		out[i] = alphabet[crc % BASE];
}

const char *
api_key_new(struct arena *a, const char **prefix)
{
	char id[ID_LENGTH], secret[SECRET_LENGTH], sum[API_KEY_CHECKSUM];
	const char *text;

	random_text(id, sizeof(id));
	random_text(secret, sizeof(secret));
	*prefix = arena_printf(a, "%s_%.*s", PACKAGE, ID_LENGTH, id);
	text = arena_printf(a, "%s_%.*s", *prefix, SECRET_LENGTH, secret);
	api_key_checksum(text, strlen(text), sum);
	return arena_printf(a, "%s%.*s", text, API_KEY_CHECKSUM, sum);
}

bool
api_key_looks_like(const char *text)
{
	return strncmp(text, PACKAGE "_", strlen(PACKAGE "_")) == 0;
}

bool
api_key_parse(struct arena *a, const char *key, const char **prefix)
{
	size_t start = strlen(PACKAGE "_"), prefix_length = start + ID_LENGTH;
	size_t summed = prefix_length + 1 + SECRET_LENGTH;
	char sum[API_KEY_CHECKSUM];

	if (!api_key_looks_like(key) || strlen(key) != summed + API_KEY_CHECKSUM)
		return false;
	if (strspn(key + start, alphabet) != ID_LENGTH || key[prefix_length] != '_' ||
	    strspn(key + prefix_length + 1, alphabet) != SECRET_LENGTH + API_KEY_CHECKSUM)
		return false;

	api_key_checksum(key, summed, sum);
	if (memcmp(sum, key + summed, API_KEY_CHECKSUM) != 0)
		return false;

	*prefix = arena_text_n(a, key, prefix_length);
	return true;
}
