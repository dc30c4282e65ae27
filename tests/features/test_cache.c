/* Cached responses: never stale after a change in any worker, never another caller's. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/make_gizmo.h"
#include "support/redis_server.h"
#include "support/testdb.h"

#include "app/settings.h"
#include "app/shared.h"

#include <sys/wait.h>

static struct test *t;

static void
begin(void)
{
	t = test_begin();
	settings.cache_ttl_seconds = 30;
	cr_assert_null(shared_open(NULL, 4));
}

TestSuite(cache, .init = begin, .fini = test_end, .timeout = 60);

#define GIZMOS "/api/v1/gizmos"

static int64_t
total(const struct account *user, const char *uri)
{
	struct test_response a = call(t, "GET", uri, .token = user->token);

	cr_assert_eq(a.status, 200, "%s", a.body);
	return response_int(&a, "total");
}

/* Whether the list is cached: a row inserted directly does not appear. */
static bool
is_cached(const struct account *user, const char *uri)
{
	int64_t before = total(user, uri);

	make_gizmo(t, user);
	return total(user, uri) == before;
}

static const char *
create(const struct account *user)
{
	struct test_response a =
	    call(t, "POST", GIZMOS, .token = user->token, .json = "{\"title\":\"x\"}");

	cr_assert_eq(a.status, 201, "%s", a.body);
	return response_text(&a, "id");
}

Test(cache, caches_lists)
{
	struct account ada = make_user(t);
	struct test_response first, second;

	make_gizmos(t, &ada, 30, false);
	first = call(t, "GET", GIZMOS "?limit=3&offset=3", .token = ada.token);
	make_gizmo(t, &ada);
	second = call(t, "GET", GIZMOS "?limit=3&offset=3", .token = ada.token);
	cr_expect_str_eq(first.body, second.body);
	cr_expect_str_eq(second.media_type, "application/json");
	cr_expect_str_eq(response_header_value(&first, "Link"),
			 response_header_value(&second, "Link"));
	cr_expect_str_eq(response_header_value(&second, "Cache-Control"), "no-store");
	cr_expect_str_neq(response_header_value(&first, "X-Request-ID"),
			  response_header_value(&second, "X-Request-ID"));
	second = call(t, "HEAD", GIZMOS "?limit=3&offset=3", .token = ada.token);
	cr_expect_eq(second.len, first.len);
	second = call(t, "GET", GIZMOS "?limit=3&offset=6", .token = ada.token);
	cr_expect_str_neq(first.body, second.body);
	cr_expect(is_cached(&ada, GIZMOS "/my"));
}

Test(cache, zero_disables_the_cache)
{
	struct account ada = make_user(t);

	settings.cache_ttl_seconds = 0;
	cr_expect_not(is_cached(&ada, GIZMOS));
}

Test(cache, a_single_row_is_not_cached)
{
	struct account ada = make_user(t);
	const char *uri = arena_printf(t->arena, GIZMOS "/%s", make_gizmo(t, &ada));

	cr_expect_eq(call(t, "GET", uri, .token = ada.token).status, 200);
	testdb_sql("DELETE FROM gizmos");
	cr_expect_eq(call(t, "GET", uri, .token = ada.token).status, 404);
}

Test(cache, a_change_invalidates_at_once)
{
	struct account ada = make_user(t), bob = make_user(t),
		       admin = make_user(t, .role = "admin");
	const char *id, *uri;
	struct test_response a;

	cr_expect_eq(total(&ada, GIZMOS), 0);
	cr_expect_eq(total(&admin, GIZMOS), 0);
	id = create(&ada);
	cr_expect_eq(total(&ada, GIZMOS), 1);
	cr_expect_eq(total(&admin, GIZMOS), 1);
	cr_expect_eq(total(&bob, GIZMOS), 0);

	uri = arena_printf(t->arena, GIZMOS "/%s", id);
	a = call(t, "PATCH", uri, .token = ada.token, .json = "{\"title\":\"Lamp\"}");
	cr_expect_eq(a.status, 200);
	a = call(t, "GET", GIZMOS, .token = ada.token);
	cr_expect_str_eq(response_text(&a, "items.0.title"), "Lamp");
	a = call(t, "PUT", uri, .token = admin.token, .json = "{\"title\":\"Desk\"}");
	a = call(t, "GET", GIZMOS, .token = ada.token);
	cr_expect_str_eq(response_text(&a, "items.0.title"), "Desk");
	a = call(t, "DELETE", uri, .token = admin.token);
	cr_expect_eq(a.status, 204);
	cr_expect_eq(total(&ada, GIZMOS), 0);
	cr_expect_eq(total(&admin, GIZMOS), 0);
}

Test(cache, a_rejected_change_does_not_invalidate)
{
	struct account ada = make_user(t), bob = make_user(t, .role = "viewer");
	struct test_response a;

	total(&ada, GIZMOS);
	make_gizmo(t, &ada);
	a = call(t, "POST", GIZMOS, .token = ada.token, .json = "{}");
	cr_expect_eq(a.status, 422);
	a = call(t, "POST", GIZMOS, .token = bob.token, .json = "{\"title\":\"x\"}");
	cr_expect_eq(a.status, 403);
	cr_expect_eq(total(&ada, GIZMOS), 0);
}

Test(cache, responses_are_cached_per_caller)
{
	struct account ada = make_user(t), bob = make_user(t),
		       admin = make_user(t, .role = "admin");

	make_gizmo(t, &ada);
	cr_expect_eq(total(&ada, GIZMOS), 1);
	cr_expect_eq(total(&bob, GIZMOS), 0);
	cr_expect_eq(total(&admin, GIZMOS), 1);
	cr_expect_eq(total(&admin, GIZMOS "/my"), 0);
	cr_expect_eq(call(t, "GET", GIZMOS).status, 401);
	cr_expect_eq(call(t, "GET", GIZMOS, .token = "a.b.c").status, 401);
}

Test(cache, a_lost_role_or_session_takes_effect_at_once)
{
	struct account ada = make_user(t), admin = make_user(t, .role = "admin");
	struct account owner = make_user(t, .role = "owner");
	struct test_response a;

	make_gizmo(t, &ada);
	cr_expect_eq(total(&admin, GIZMOS), 1);
	testdb_sql("UPDATE users SET role = 'member' WHERE id = '%s'", admin.id);
	epoch_bump("user", admin.id);
	cr_expect_eq(total(&admin, GIZMOS), 0);
	a = call(t, "PATCH", arena_printf(t->arena, "/api/v1/users/%s", admin.id),
		 .token = owner.token, .json = "{\"is_active\":false}");
	cr_expect_eq(a.status, 200);
	cr_expect_eq(call(t, "GET", GIZMOS, .token = admin.token).status, 401);
}

Test(cache, deleting_an_account_invalidates_its_gizmos)
{
	struct account ada = make_user(t), bob = make_user(t),
		       admin = make_user(t, .role = "admin");

	make_gizmo(t, &ada);
	make_gizmo(t, &bob);
	cr_expect_eq(total(&admin, GIZMOS), 2);
	cr_expect_eq(call(t, "DELETE", "/api/v1/users/me", .token = ada.token).status, 204);
	cr_expect_eq(total(&admin, GIZMOS), 1);
	cr_expect_eq(call(t, "DELETE", arena_printf(t->arena, "/api/v1/users/%s", bob.id),
			  .token = admin.token)
			 .status,
		     204);
	cr_expect_eq(total(&admin, GIZMOS), 0);
}

Test(cache, errors_are_not_cached)
{
	struct account ada = make_user(t);
	struct db *db = t->db;

	cr_expect_eq(call(t, "GET", GIZMOS "?limit=0", .token = ada.token).status, 422);
	cr_expect_eq(total(&ada, GIZMOS "?limit=1"), 0);
	t->db = db_new("host=/nowhere");
	cr_expect_eq(call(t, "GET", GIZMOS "?limit=2", .token = ada.token).status, 503);
	cr_expect_eq(total(&ada, GIZMOS "?limit=1"), 0, "a cached response needs no database");
	db_free(t->db);
	t->db = db;
	cr_expect_eq(total(&ada, GIZMOS "?limit=2"), 0);
}

Test(cache, responses_expire)
{
	struct account ada = make_user(t);

	settings.cache_ttl_seconds = 1;
	total(&ada, GIZMOS);
	make_gizmo(t, &ada);
	while (total(&ada, GIZMOS) == 0)
		nanosleep(&(struct timespec) { .tv_nsec = 20000000 }, NULL);
}

Test(cache, memory_is_limited)
{
	enum { LISTS = 1500 };
	struct account ada = make_user(t);

	make_gizmos(t, &ada, 100, false);
	for (int i = 0; i < LISTS; i++) {
		const char *uri = arena_printf(t->arena, GIZMOS "?limit=100&offset=%d", i % 50);

		cr_assert_eq(
		    call(t, "GET",
			 arena_printf(t->arena, "%s&sort=%s", uri, i % 2 ? "title" : "-title"),
			 .token = ada.token)
			.status,
		    200);
	}
	cr_expect(is_cached(&ada, GIZMOS "?limit=1"));
}

/* ---- other processes */

/* A separate worker process: lists on request and reports the number of rows. */
struct worker {
	pid_t pid;
	int to, from;
};

static struct worker
start_worker(const struct account *user, bool other_host)
{
	int to[2], from[2];
	struct worker w;
	char byte;

	cr_assert_eq(pipe(to), 0);
	cr_assert_eq(pipe(from), 0);
	w = (struct worker) { fork(), to[1], from[0] };
	if (w.pid == 0) {
		close(to[1]);
		t->db = db_new(settings.database_url);
		if (other_host && shared_open(NULL, 4))
			_exit(1);
		while (read(to[0], &byte, 1) == 1) {
			byte = (char)total(user, GIZMOS);
			if (write(from[1], &byte, 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	close(to[0]);
	close(from[1]);
	return w;
}

static int
ask_worker(const struct worker *w)
{
	char byte = -1;

	cr_assert_eq(write(w->to, "?", 1), 1);
	cr_assert_eq(read(w->from, &byte, 1), 1);
	return byte;
}

static void
end_worker(const struct worker *w)
{
	int status;

	close(w->to);
	waitpid(w->pid, &status, 0);
	cr_expect_eq(status, 0);
	close(w->from);
}

Test(cache, a_change_invalidates_in_every_worker)
{
	struct account ada = make_user(t);
	struct worker a = start_worker(&ada, false), b = start_worker(&ada, false);

	for (int i = 0; i < 20; i++) {
		cr_expect_eq(ask_worker(&a), i);
		cr_expect_eq(ask_worker(&b), i);
		cr_expect_eq(total(&ada, GIZMOS), i);
		create(&ada);
	}
	cr_expect_eq(ask_worker(&a), 20);
	make_gizmo(t, &ada);
	cr_expect_eq(ask_worker(&a), 20, "it is not cached");
	end_worker(&b); /* it inherited the other one's pipes */
	end_worker(&a);
}

/* ---- Redis */

static void
begin_with_redis(void)
{
	begin();
	redis_server_begin();
}

static void
end_with_redis(void)
{
	redis_server_end();
	test_end();
}

TestSuite(cache_redis, .init = begin_with_redis, .fini = end_with_redis, .timeout = 60);

Test(cache_redis, hosts_share)
{
	struct account ada = make_user(t);
	struct worker other = start_worker(&ada, true);

	ask_worker(&other); /* creates the epochs */
	for (int i = 0; i < 20; i++) {
		cr_expect_eq(ask_worker(&other), i);
		cr_expect_eq(total(&ada, GIZMOS), i);
		create(&ada);
	}
	cr_expect_eq(ask_worker(&other), 20);
	make_gizmo(t, &ada);
	cr_expect_eq(total(&ada, GIZMOS), 20, "not from the cache of the other host");
	end_worker(&other);
}

Test(cache_redis, keeps_headers_and_body)
{
	struct account ada = make_user(t);
	struct test_response first, second;

	total(&ada, GIZMOS);
	make_gizmos(t, &ada, 30, false);
	first = call(t, "GET", GIZMOS "?limit=3&offset=3", .token = ada.token);
	make_gizmo(t, &ada);
	second = call(t, "GET", GIZMOS "?limit=3&offset=3", .token = ada.token);
	cr_expect_str_eq(first.body, second.body);
	cr_expect_str_eq(response_header_value(&first, "Link"),
			 response_header_value(&second, "Link"));
}

/* Changes made while Redis is unavailable do not reach it, so this host ignores its content once it
 * is back. */
Test(cache_redis, redis_stops_and_restarts)
{
	struct account ada = make_user(t);

	total(&ada, GIZMOS);
	cr_expect_eq(total(&ada, GIZMOS), 0);
	redis_server_freeze();
	create(&ada);
	cr_expect_eq(total(&ada, GIZMOS), 1);
	make_gizmo(t, &ada);
	cr_expect_eq(total(&ada, GIZMOS), 1, "this host uses its own memory");
	redis_server_thaw();
	redis_server_wait();
	cr_expect_eq(total(&ada, GIZMOS), 1, "the response in Redis has an old epoch");
	create(&ada);
	cr_expect_eq(total(&ada, GIZMOS), 3);
}

/* No cached response depends on API keys. */
Test(cache_redis, changes_without_cached_routes_are_not_published)
{
	struct account ada = make_user(t);
	const char *key = "{\"name\":\"x\",\"scopes\":[\"jobs:read\"]}";

	redis_server_freeze();
	cr_expect_eq(call(t, "POST", "/api/v1/api-keys", .token = ada.token, .json = key).status,
		     201);
	cr_expect_not(shared_cache_suspended());
	create(&ada);
	cr_expect(shared_cache_suspended());
	redis_server_thaw();
}
