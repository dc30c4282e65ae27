/* Entity tags: a valid list matches the tags in it, and no others. */
#include "fuzz.h"

#include "http/http_priv.h"

#define TAG "\"a-1\""

/* Returns whether If-None-Match with that list is valid; sets `matches` if it contains TAG. */
static bool
is_valid_list(struct ctx *c, const char *list, bool *matches)
{
	const char *env[] = { arena_printf(c->arena, "HTTP_IF_NONE_MATCH=%s", list), NULL };
	struct request req = {
		.ctx = c, .env = env, .method = GET, .body = "", .response = { .status = 200 }
	};

	response_header(&req, "ETag", TAG);
	etag_not_modified(&req);
	*matches = req.response.status == 304;
	return etag_read_conditions(&req) == OK;
}

void
fuzz(struct ctx *c, const char *bytes, size_t len)
{
	const char *list = fuzz_text(c, bytes, len);
	bool matches, more;

	if (!is_valid_list(c, list, &matches)) {
		HOLDS(!matches);
		return;
	}

	HOLDS(!matches || strcmp(list, "*") == 0 || strstr(list, TAG));
	if (strcmp(list, "*") == 0)
		return;

	HOLDS(is_valid_list(c, arena_printf(c->arena, "%s, W/" TAG, list), &more) && more);
	HOLDS(is_valid_list(c, arena_printf(c->arena, "\"b\",%s", list), &more) && more == matches);
}
