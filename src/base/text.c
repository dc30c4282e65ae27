/* Digits of numbers and bytes. */
#include "app/text.h"

char *
digits_before(char *end, uint64_t number, int digits)
{
	for (; number || digits > 0; number /= 10, digits--)
		*--end = (char)('0' + number % 10);
	return end;
}

char *
hex_write(char *out, const void *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *at = bytes;

	for (; n > 0; n--, at++) {
		*out++ = digits[*at >> 4];
		*out++ = digits[*at & 15];
	}
	return out;
}

int
hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}
