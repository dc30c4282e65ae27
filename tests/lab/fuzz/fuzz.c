/* Functions that fuzz targets share, and the entry point for libFuzzer. */
#include "fuzz.h"

#include "app/keys.h"
#include "app/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 64 * 1024 * 1024 };

static const char *const choices[] = { "one", "two", "three", NULL };
static const struct field word = { .type = TYPE_TEXT, .min = 1, .max = 9 };

static const struct field fields[] = {
	{ TEXT(struct sample, word), .flags = F_RW | F_NULLABLE, .min = 1, .max = 20 },
	{ EMAIL(struct sample, email), .flags = F_RW | F_NULLABLE },
	{ UUID(struct sample, id), .flags = F_RW | F_NULLABLE },
	{ TIME(struct sample, at), .flags = F_RW | F_NULLABLE },
	{ DATE(struct sample, day), .flags = F_RW | F_NULLABLE },
	{ ENUM(struct sample, choice), .flags = F_RW | F_NULLABLE, .choices = choices },
	{ DECIMAL(struct sample, price, 2), .flags = F_RW | F_NULLABLE, .min = -1, .max = 100 },
	{ JSON(struct sample, any), .flags = F_RW | F_NULLABLE },
	{ ARRAY(struct sample, words, &word), .flags = F_RW },
	{ INT(struct sample, count), .flags = F_RW | F_NULLABLE },
	{ BOOL(struct sample, flag), .flags = F_RW, .default_value = "false" },
};
const struct schema sample_schema = SCHEMA("Sample", struct sample, fields);

void
fuzz_failed(const char *file, int line, const char *truth)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, truth);
	abort();
}

char *
fuzz_text(struct ctx *c, const char *bytes, size_t len)
{
	size_t n = strnlen(bytes, len);
	char *text = malloc(n + 1);

	HOLDS(text);
	arena_defer(c->arena, free, text);
	memcpy(text, bytes, n);
	text[n] = '\0';
	return text;
}

char *
fuzz_cut(char *text, char at)
{
	char *end = strchrnul(text, at);

	if (!*end)
		return end;
	*end = '\0';
	return end + 1;
}

static void
load_settings(struct arena *a)
{
	clearenv();
	HOLDS(!settings_load(a, NULL, "/dev/null", false));
	settings.jwt_secret_key = "0123456789abcdef0123456789abcdef";
	settings.jwt_issuer = "issuer";
	settings.jwt_audience = "audience";
	HOLDS(!keys_load(a));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena *arena;
	struct ctx c = { .request_id = "fuzz" };

	if (!arena) {
		arena = arena_new(MEMORY);
		load_settings(arena);
	}
	c.arena = arena_new(MEMORY);
	fuzz(&c, size ? (const char *)data : "", size);
	arena_free(c.arena);
	return 0;
}
