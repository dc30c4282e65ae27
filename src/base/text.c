/* Digits of numbers and bytes, and patterns. */
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

int
hex_byte(const char *text)
{
	int high = hex_value(text[0]), low = high < 0 ? -1 : hex_value(text[1]);

	return low < 0 ? -1 : high << 4 | low;
}

bool
text_matches(const char *pattern, const char *text, regmatch_t *parts, size_t n)
{
	regex_t regex;
	bool found;

	if (regcomp(&regex, pattern, REG_EXTENDED) != 0)
		return false;

	found = regexec(&regex, text, n, parts, 0) == 0;
	regfree(&regex);
	return found;
}
