/* How much memory a body may take: the widest, deepest and longest bodies of 1 MiB, sent to every
 * route with a body. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/test_app.h"
#include "support/testdb.h"

#include "app/feature.h"
#include "app/settings.h"

#include <stdlib.h>
#include <unistd.h>

TEST_SUITE(body_memory);

enum { MIB = 1024 * 1024, BODY_MAX = MIB, LEFT_MAX = 4 * MIB, PEAK_MAX = 16 * MIB };

/* Its length lets just under 10,000 of them fit. */
#define SPACES  "                    "
#define PADDING SPACES SPACES SPACES SPACES SPACES "    "

/* `open`, then `unit` as often as it fits, separated by `between`, then `close`; %d in a unit is
 * its number. `valid` JSON of more than 10,000 values is 413 everywhere. */
static const struct shape {
	const char *name, *open, *unit, *between, *close;
	bool form, too_many;
} shapes[] = {
	{ "empty objects", "{\"a\":[", "{}", ",", "]}", .too_many = true },
	{ "empty arrays", "[", "[]", ",", "]", .too_many = true },
	{ "objects", "{\"a\":[", "{\"b\":0}", ",", "]}", .too_many = true },
	{ "members", "{", "\"k%d\":0", ",", "}", .too_many = true },
	{ "one key", "{", "\"a\":0", ",", "}", .too_many = true },
	{ "integers", "{\"a\":[", "1", ",", "]}", .too_many = true },
	{ "doubles", "{\"a\":[", "1.5e1", ",", "]}", .too_many = true },
	{ "nulls", "{\"a\":[", "null", ",", "]}", .too_many = true },
	{ "strings", "{\"a\":[", "\"\"", ",", "]}", .too_many = true },
	{ "depth", "{\"a\":[", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", ",",
	  "]}", .too_many = true },
	{ "as many objects as may be", "{\"a\":[", "{}" PADDING, ",", "]}" },
	{ "as many arrays as may be", "[", "[]" PADDING, ",", "]" },
	{ "as many strings as may be", "[", "\"" PADDING "\"", ",", "]" },
	{ "escapes", "{\"a\":\"", "\\u00e9", "", "\"}" },
	{ "a long key", "{\"", "key", "", "\":0}" },
	{ "long keys", "{",
	  "\"%d12345678901234567890123456789012345678901234567890123456789012345"
	  "6789012345678901234567890123456789012345678901234567890\":0",
	  ",", "}" },
	{ "a long number", "{\"a\":", "1", "", "}" },
	{ "white space", "{", "        ", "", "}" },
	{ "fields of a form", "", "a=", "&", "", .form = true },
	{ "a long field of a form", "a=", "%%41", "", "", .form = true },
};

static char body[BODY_MAX + 1];

static size_t
append(size_t at, const char *text)
{
	memcpy(body + at, text, strlen(text) + 1);
	return at + strlen(text);
}

static size_t
fill(const struct shape *s)
{
	size_t len = append(0, s->open), room = BODY_MAX - strlen(s->close) - strlen(s->between);
	char unit[200];

	for (int i = 0;; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
		snprintf(unit, sizeof(unit), s->unit, i);
#pragma GCC diagnostic pop
		if (len + strlen(unit) > room)
			return append(len, s->close);
		len = append(len, i ? s->between : "");
		len = append(len, unit);
	}
}

/* Of /proc/self/status, in bytes. */
static long
memory(const char *name)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[200];
	long kib = -1;

	cr_assert_not_null(f);
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, name, strlen(name)) == 0)
			kib = strtol(line + strlen(name) + 1, NULL, 10);
	fclose(f);
	cr_assert_geq(kib, 0);
	return kib * 1024;
}

static void
reset_peak(void)
{
	FILE *f = fopen("/proc/self/clear_refs", "w");

	cr_assert_not_null(f);
	fputs("5", f);
	fclose(f);
}

/* As a worker does. Returns the status. */
static unsigned
send_body(const char *method, const char *uri, const char *token, bool form, size_t len)
{
	const char *env[] = { "REMOTE_ADDR=192.0.2.1",
			      form ? "CONTENT_TYPE=application/x-www-form-urlencoded"
				   : "CONTENT_TYPE=application/json",
			      token, NULL };
	static struct arena *arena;
	struct ctx c = { .app = test_app(), .db = t->db, .request_id = "none", .ip = "192.0.2.1" };
	struct request req = { .ctx = &c,
			       .method_text = method,
			       .uri = uri,
			       .env = env,
			       .body = body,
			       .body_len = len };

	if (!arena)
		arena = arena_new(64 * MIB);
	c.arena = arena;
	app_handle(&req);
	arena_recycle(arena, len);
	return req.response.status;
}

static void
check(const struct route *r, const char *token, const struct shape *s)
{
	const char *uri = route_uri(t, r, "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b");
	long before, peak, left;
	unsigned status;
	size_t len;

	send_body(method_name(r->method), uri, token, s->form, append(0, "{}"));
	len = fill(s);
	cr_assert_leq(len, BODY_MAX);
	before = memory("VmRSS:");
	reset_peak();
	status = send_body(method_name(r->method), uri, token, s->form, len);
	peak = memory("VmHWM:") - before;
	left = memory("VmRSS:") - before;
	if (s->too_many)
		cr_expect_eq(status, 413, "%s, %s: %u", r->id, s->name, status);
	cr_expect_lt(status, 500, "%s, %s: %u", r->id, s->name, status);
#ifndef __SANITIZE_ADDRESS__
	cr_expect_lt(peak, PEAK_MAX, "%s, %s took %ld KiB", r->id, s->name, peak / 1024);
	cr_expect_lt(left, LEFT_MAX, "%s, %s left %ld KiB", r->id, s->name, left / 1024);
#endif
	cr_log_info("%s, %s: %u, %ld KiB, left %ld KiB", r->id, s->name, status, peak / 1024,
		    left / 1024);
}

Test(body_memory, is_limited_and_returned)
{
	struct account owner = make_user(t, .role = "owner");
	const char *token = arena_printf(t->arena, "HTTP_AUTHORIZATION=Bearer %s", owner.token);
	size_t n = 0;

	for (const struct feature *const *f = test_app()->features; *f; f++) {
		for (const struct route *r = (*f)->routes; r && r->handle; r++) {
			for (size_t i = 0; i < COUNT(shapes) && r->body; i++, n++)
				if (!shapes[i].form || r->form)
					check(r, token, &shapes[i]);
		}
	}
	cr_expect_gt(n, 10 * COUNT(shapes), "%zu", n);
}
