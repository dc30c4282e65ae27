/* Ids from a client's headers that are copied to logs and jobs: only harmless characters. */
#include "fuzz.h"

#include "app/ids.h"

static bool
only(const char *text, const char *characters)
{
	return text[strspn(text, characters)] == '\0';
}

#define HEX "0123456789abcdef"

void
fuzz(struct ctx *c, const char *bytes, size_t len)
{
	const char *text = fuzz_text(c, bytes, len);
	size_t n = strlen(text);

	if (uuid_valid(text))
		HOLDS(n == UUID_TEXT_SIZE - 1 && only(text, HEX "ABCDEF-"));
	if (request_id_valid(text))
		HOLDS(n >= 8 && n <= 64 && !strpbrk(text, " \t\r\n\"\\<>"));
	if (traceparent_valid(text)) {
		HOLDS(n >= 55 && text[2] == '-' && text[35] == '-' && text[52] == '-');
		HOLDS(strncmp(text, "ff", 2) != 0 && (n == 55 || strncmp(text, "00", 2) != 0));
		HOLDS(only(arena_text_n(c->arena, text, 55), HEX "-"));
	}
}
