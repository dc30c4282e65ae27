/* Idempotency-Key: quoted and unquoted keys are equal. */
#include "fuzz.h"

#include "http/idempotency.c" /* for its static parser */

void
fuzz(struct ctx *c, const char *bytes, size_t len)
{
	const char *header = fuzz_text(c, bytes, len),
		   *key = parse_idempotency_key(c->arena, header), *again;
	struct buf quoted = buf_new(c->arena, 4096);

	if (!key)
		return;

	HOLDS(*key && strlen(key) <= KEY_MAX);
	buf_char(&quoted, '"');
	for (const char *at = key; *at; at++) {
		HOLDS(*at >= ' ' && *at <= '~');
		if (*at == '"' || *at == '\\')
			buf_char(&quoted, '\\');
		buf_char(&quoted, *at);
	}
	buf_char(&quoted, '"');
	again = parse_idempotency_key(c->arena, buf_done(&quoted));
	HOLDS(again && strcmp(again, key) == 0);
}
