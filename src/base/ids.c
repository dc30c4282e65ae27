/* Random numbers, UUIDs and request ids. */
#include "app/ids.h"

#include "app/clock.h"
#include "app/text.h"

#include <sys/random.h>

void
random_bytes(void *out, size_t len)
{
	unsigned char *at = out;

	while (len) {
		ssize_t got = getrandom(at, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			perror("getrandom");
			abort();
		}
		at += got;
		len -= (size_t)got;
	}
}

void
uuid_new(char out[UUID_TEXT_SIZE])
{
	static const size_t groups[] = { 4, 2, 2, 2, 6 }; /* bytes between the hyphens */
	uint64_t now = (uint64_t)clock_now(), milliseconds = now / 1000;
	uint64_t fraction = now % 1000 * 4096 / 1000; /* RFC 9562, section 6.2, method 3 */
	unsigned char bytes[16], *next = bytes;
	char *at = out;

	for (int i = 0; i < 6; i++)
		bytes[i] = (unsigned char)(milliseconds >> (40 - 8 * i));
	random_bytes(bytes + 8, 8);
	bytes[6] = (unsigned char)(0x70 | fraction >> 8);
	bytes[7] = (unsigned char)fraction;
	bytes[8] = (unsigned char)(0x80 | (bytes[8] & 0x3f));
	for (size_t i = 0; i < COUNT(groups); i++) {
		at = hex_write(at, next, groups[i]);
		*at++ = '-';
		next += groups[i];
	}
	at[-1] = '\0';
}

bool
slug_valid(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return len > 0 && len <= SLUG_MAX && !text[len] && text[0] != '-' && text[len - 1] != '-' &&
	       !strstr(text, "--");
}

bool
uuid_valid(const char *text)
{
	for (int i = 0; i < UUID_TEXT_SIZE - 1; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : hex_value(text[i]) < 0)
			return false;
	}
	return text[UUID_TEXT_SIZE - 1] == '\0';
}

bool
request_id_valid(const char *text)
{
	static const char allowed[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t len = strspn(text, allowed);

	return len >= 8 && len <= 64 && text[len] == '\0';
}

/* Whether `at` has `n` lower-case hex digits that are not all zero, followed by `end`. */
static bool
hex_part(const char *at, size_t n, char end)
{
	return strspn(at, "0123456789abcdef") >= n && strspn(at, "0") < n && at[n] == end;
}

bool
traceparent_valid(const char *text)
{
	bool version0 = strncmp(text, "00-", 3) == 0;

	if (strlen(text) < 55 || (version0 && text[55]))
		return false;
	if (strspn(text, "0123456789abcdef") != 2 || strncmp(text, "ff", 2) == 0 || text[2] != '-')
		return false;

	return hex_part(text + 3, 32, '-') && hex_part(text + 36, 16, '-') &&
	       strspn(text + 53, "0123456789abcdef") == 2 && (!text[55] || text[55] == '-');
}
