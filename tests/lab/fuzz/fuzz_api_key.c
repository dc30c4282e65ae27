/* API keys, unchanged and with a correct checksum. */
#include "fuzz.h"

#include "features/api_keys/api_keys_priv.h"

static void
check(struct ctx *c, const char *key)
{
	const char *prefix;

	if (!api_key_parse(c->arena, key, &prefix))
		return;

	HOLDS(api_key_looks_like(key) && strncmp(key, prefix, strlen(prefix)) == 0);
	HOLDS(key[strlen(prefix)] == '_' && api_key_looks_like(prefix));
}

void
fuzz(struct ctx *c, const char *bytes, size_t len)
{
	char *key = fuzz_text(c, bytes, len);
	size_t n = strlen(key);

	check(c, key);
	check(c, arena_printf(c->arena, "%s_%s", PACKAGE, key));
	if (n < API_KEY_CHECKSUM)
		return;

	api_key_checksum(key, n - API_KEY_CHECKSUM, key + n - API_KEY_CHECKSUM);
	check(c, key);
}
