/*
 * Allocation failures anywhere in a request: the response is 500 or 503, nothing crashes, and the
 * next request is served. This file's malloc replaces the C library's, for libraries too.
 */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/make_gizmo.h"
#include "support/test_app.h"
#include "support/testdb.h"

#include "app/clock.h"
#include "db/db_priv.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#define P "/api/v1"

enum { ALLOCATIONS_MAX = 2000 };

static int taken, fail_at; /* 0: none fails */
static bool for_good;      /* and all allocations after it */

#ifndef __SANITIZE_ADDRESS__ /* which has its own malloc */

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

static bool
is_out(void)
{
	taken++;
	if (!fail_at || taken < fail_at || (taken > fail_at && !for_good))
		return false;

	errno = ENOMEM;
	return true;
}

void *
malloc(size_t size)
{
	return is_out() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return is_out() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *old, size_t size)
{
	return is_out() ? NULL : __libc_realloc(old, size);
}

/* Never fails: json-c 0.16 does not check whether the copy of a key failed. */
char *
strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = __libc_malloc(size);

	return copy ? memcpy(copy, text, size) : NULL;
}

#endif

enum { WAIT_MAX_MS = 1000 };

int __real_poll(struct pollfd *, nfds_t, int);
int __wrap_poll(struct pollfd *fds, nfds_t n, int ms);

/* Shortens db_timeout(): libpq drops a result that it has no memory for, and nothing comes. */
int
__wrap_poll(struct pollfd *fds, nfds_t n, int ms)
{
	return __real_poll(fds, n, ms > WAIT_MAX_MS ? WAIT_MAX_MS : ms);
}

TEST_SUITE(memory);

struct act {
	const char *method, *uri, *json;
	unsigned status;  /* without failures */
	const char *says; /* expected in its body; NULL: anything */
};

/* Longer than json-c's initial string buffer. */
#define LONG_TITLE "Lamp of brass, with a green shade, a long cord and a switch that clicks twice"

/* Calls the pipeline directly, because call()'s own allocations must not fail. 0: the body is not
 * the expected one. */
static unsigned
handle(const struct act *act, const char *token, int which)
{
	const char *env[] = { "REMOTE_ADDR=192.0.2.1", "CONTENT_TYPE=application/json", token,
			      NULL };
	struct arena *memory = arena_new(64 << 20);
	struct ctx c = { .app = test_app(),
			 .arena = memory,
			 .db = t->db,
			 .request_id = "none",
			 .ip = "192.0.2.1" };
	struct request req = {
		.ctx = &c,
		.method_text = act->method,
		.uri = act->uri,
		.env = env,
		.body = act->json ? act->json : "",
		.body_len = act->json ? strlen(act->json) : 0,
	};
	unsigned status;

	taken = 0;
	fail_at = which;
	app_handle(&req);
	fail_at = 0;
	status = req.response.status;
	cr_expect(status != 503 || c.failure.cause, "503 without a cause");
	if (status == act->status && act->says && !strstr(req.response.body, act->says))
		status = 0;
	arena_free(memory);
	return status;
}

/* If libpq cannot open a connection, the program retries after a moment, which is skipped here. */
static void
expect_health(const struct act *act, const char *token, int n)
{
	const struct act healthy = { "GET", P "/users/me", NULL, 200 };
	int64_t until = clock_monotonic() + 5000000;
	unsigned status;

	do {
		t->db->retry_at = 0;
		status = handle(&healthy, token, 0);
	} while (status == 503 && clock_monotonic() < until);
	cr_assert_eq(status, 200, "after %s %s without allocation %d: %u", act->method, act->uri, n,
		     status);
}

/* Fails each allocation of the action in turn. Returns the number of reported failures. */
static int
exhaust(const struct act *act, const char *token)
{
	int told = 0, n = 0;
	unsigned status;

	do {
		cr_assert_lt(++n, ALLOCATIONS_MAX);
		status = handle(act, token, n);
		cr_assert(status == act->status || status == 500 || status == 503,
			  "%s %s without allocation %d: %u", act->method, act->uri, n, status);
		told += status >= 500;
		expect_health(act, token, n);
		handle(act, token, n + 1);
	} while (taken > n);
	return told;
}

Test(memory, exhaustion_fails_one_request)
{
	struct account ada = make_user(t);
	const char *gizmo = make_gizmo(t, &ada);
	const char *path = arena_printf(t->arena, P "/gizmos/%s", gizmo);
	const char *token = arena_printf(t->arena, "HTTP_AUTHORIZATION=Bearer %s", ada.token);
	const char *login = arena_printf(t->arena, "{\"email\":\"%s\",\"password\":\"%s\"}",
					 ada.email, ada.password);
	const struct act acts[] = {
		{ "GET", P "/users/me", NULL, 200 },
		{ "GET", path, NULL, 200 },
		{ "GET", P "/gizmos?limit=1&sort=title", NULL, 200 },
		{ "POST", P "/gizmos", "{\"title\":\"Lamp\",\"description\":\"Brass.\"}", 201 },
		{ "PATCH", path, "{\"status\":\"archived\"}", 200 },
		{ "PATCH", path, "{\"title\":\"" LONG_TITLE "\"}", 200, LONG_TITLE },
		{ "POST", P "/auth/login", login, 200 },
		{ "POST", P "/jobs/example?name=x&duration=0", NULL, 202 },
		{ "GET", P "/users/me/nowhere", NULL, 404 },
	};

#ifdef __SANITIZE_ADDRESS__
	cr_skip_test("the sanitizer's malloc cannot be replaced");
#endif
	for (size_t i = 0; i < 2 * COUNT(acts); i++) {
		const struct act *act = &acts[i / 2];
		int told;

		for_good = i % 2;
		told = exhaust(act, token);
		cr_log_info("%s %s: %d failures told", act->method, act->uri, told);
		cr_expect(told > 0, "%s %s: nothing failed", act->method, act->uri);
	}
}
