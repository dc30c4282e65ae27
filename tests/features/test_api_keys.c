/* API keys: creation, scopes, use, deletion. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/make_gizmo.h"
#include "support/test_app.h"
#include "support/testdb.h"

#include "app/feature.h"
#include "app/settings.h"
#include "app/shared.h"
#include "features/api_keys/api_keys_priv.h"

#define P "/api/v1"

TEST_SUITE(api_keys);

static struct test_response
create(const struct account *user, const char *json)
{
	return call(t, "POST", P "/api-keys", .token = user->token, .json = json);
}

struct made_key {
	const char *id, *key;
};

/* `scopes` as JSON: "\"gizmos:read\"". */
static struct made_key
make_key(const struct account *user, const char *scopes)
{
	struct test_response a =
	    create(user, arena_printf(t->arena, "{\"name\":\"Import\",\"scopes\":[%s]}", scopes));

	cr_assert_eq(a.status, 201, "%s", a.body);
	return (struct made_key) { response_text(&a, "id"), response_text(&a, "key") };
}

static struct test_response
gizmos_with(const char *key)
{
	return call(t, "GET", P "/gizmos", .token = key);
}

static struct test_response
gizmos_with_header(const char *key)
{
	return call(t, "GET", P "/gizmos",
		    .header = arena_printf(t->arena, "HTTP_X_API_KEY=%s", key));
}

static struct test_response
end_key(const struct account *user, const char *id)
{
	return call(t, "DELETE", arena_printf(t->arena, P "/api-keys/%s", id),
		    .token = user->token);
}

/* --- management --- */

Test(api_keys, a_key_is_shown_once)
{
	struct account ada = make_user(t);
	struct test_response a =
	    create(&ada, "{\"name\":\"Nightly import\",\"scopes\":[\"gizmos:write\","
			 "\"gizmos:read\"],\"expires_at\":\"2999-01-01T00:00:00Z\"}");
	const char *key, *prefix;
	struct test_response b, list;

	cr_assert_eq(a.status, 201, "%s", a.body);
	cr_expect_eq(response_count(&a, ""), 8);
	cr_expect_str_eq(response_text(&a, "name"), "Nightly import");
	cr_expect_eq(response_count(&a, "scopes"), 2);
	cr_expect_str_eq(response_text(&a, "scopes.0"), "gizmos:write");
	cr_expect_str_eq(response_text(&a, "scopes.1"), "gizmos:read");
	cr_expect_str_eq(response_text(&a, "expires_at"), "2999-01-01T00:00:00.000000Z");
	cr_expect(response_is_null(&a, "last_used_at"));

	key = response_text(&a, "key");
	prefix = response_text(&a, "prefix");
	cr_expect_eq(strncmp(key, PACKAGE "_", strlen(PACKAGE "_")), 0, "%s", key);
	cr_expect_eq(strncmp(key, prefix, strlen(prefix)), 0, "%s is not of %s", key, prefix);
	cr_expect_eq(strlen(key), strlen(prefix) + 1 + 32 + 6);

	b = call(t, "GET", response_header_value(&a, "Location"), .token = ada.token);
	cr_assert_eq(b.status, 200);
	cr_expect_eq(response_count(&b, ""), 7);
	cr_expect_null(strstr(b.body, key));
	cr_expect_str_eq(response_text(&b, "prefix"), prefix);
	list = call(t, "GET", P "/api-keys", .token = ada.token);
	cr_assert_eq(list.status, 200);
	cr_expect_eq(response_int(&list, "total"), 1);
	cr_expect_str_eq(response_text(&list, "items.0.id"), response_text(&a, "id"));
	cr_expect_null(strstr(list.body, key));
}

Test(api_keys, the_database_holds_only_a_hash)
{
	struct account ada = make_user(t);
	struct made_key made = make_key(&ada, "\"gizmos:read\"");
	const char *secret = made.key + strlen(PACKAGE "_") + 12 + 1;

	cr_expect_not_null(
	    testdb_sql("SELECT 1 FROM api_keys WHERE key_hash = sha256('%s')", made.key));
	cr_expect_null(
	    testdb_sql("SELECT 1 FROM api_keys WHERE strpos(api_keys::text, '%s') > 0", secret));
}

Test(api_keys, what_is_wrong_with_a_new_one_is_said)
{
	struct account ada = make_user(t);
	struct test_response a = create(&ada, "{}");

	expect_fields(&a, "body name required", "body scopes required");
	a = create(&ada, "{\"name\":\"\",\"scopes\":[]}");
	expect_fields(&a, "body name too_short", "body scopes too_short");
	a = create(&ada, "{\"name\":\"x\",\"scopes\":[\"users:write\"]}");
	expect_fields(&a, "body scopes invalid_choice");
	a = create(&ada, "{\"name\":\"x\",\"scopes\":\"gizmos:read\"}");
	expect_fields(&a, "body scopes invalid_type");
	a = create(&ada, "{\"name\":\"x\",\"scopes\":[\"gizmos:read\",\"gizmos:read\"]}");
	expect_fields(&a, "body scopes invalid_format");
	a = create(&ada, "{\"name\":\"x\",\"scopes\":[\"gizmos:read\"],\"expires_at\":"
			 "\"2020-01-01T00:00:00Z\"}");
	expect_fields(&a, "body expires_at too_small");
	a = create(&ada, "{\"name\":\"x\",\"scopes\":[\"gizmos:read\"],\"key\":\"mine\"}");
	expect_fields(&a, "body key unknown_field");
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM api_keys"), "0");
	a = create(&ada, "{\"name\":\"x\",\"scopes\":[\"gizmos:read\"],\"expires_at\":null}");
	cr_expect_eq(a.status, 201);
	cr_expect(response_is_null(&a, "expires_at"));
}

Test(api_keys, an_account_has_at_most_a_hundred)
{
	struct account ada = make_user(t);
	struct test_response a;

	testdb_sql("INSERT INTO api_keys (user_id, name, prefix, key_hash, scopes)"
		   " SELECT '%s', 'key', 'prefix ' || n, sha256(n::text::bytea), '{gizmos:read}'"
		   " FROM generate_series(1, 99) AS n",
		   ada.id);
	make_key(&ada, "\"gizmos:read\"");
	a = create(&ada, "{\"name\":\"Import\",\"scopes\":[\"gizmos:read\"]}");
	expect_problem(&a, 409, "conflict");
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM api_keys"), "100");
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM audit_events"
				    " WHERE action = 'api_key_created'"),
			 "1");
}

Test(api_keys, somebody_elses_key_is_not_there)
{
	struct account ada = make_user(t), eve = make_user(t, .role = "owner");
	struct made_key made = make_key(&ada, "\"gizmos:read\"");
	struct test_response a = end_key(&eve, made.id);

	expect_problem(&a, 404, "not_found");
	a = call(t, "GET", arena_printf(t->arena, P "/api-keys/%s", made.id), .token = eve.token);
	expect_problem(&a, 404, "not_found");
	a = call(t, "GET", P "/api-keys", .token = eve.token);
	cr_expect_eq(response_int(&a, "total"), 0);
	cr_expect_eq(gizmos_with(made.key).status, 200);
}

Test(api_keys, a_viewer_ends_keys_and_makes_none)
{
	struct account ada = make_user(t);
	struct made_key made = make_key(&ada, "\"gizmos:read\"");
	struct test_response a;

	settings.session_cache_seconds = 0;
	testdb_sql("UPDATE users SET role = 'viewer'");
	a = create(&ada, "{\"name\":\"x\",\"scopes\":[\"gizmos:read\"]}");
	expect_problem(&a, 403, "forbidden");
	a = call(t, "GET", P "/api-keys", .token = ada.token);
	cr_expect_eq(response_int(&a, "total"), 1);
	cr_expect_eq(end_key(&ada, made.id).status, 204);
}

Test(api_keys, their_beginning_and_end_are_in_the_audit_log)
{
	struct account ada = make_user(t);
	struct made_key made = make_key(&ada, "\"gizmos:read\"");

	cr_expect_eq(end_key(&ada, made.id).status, 204);
	cr_expect_eq(end_key(&ada, made.id).status, 404);
	cr_expect_str_eq(testdb_sql("SELECT string_agg(concat_ws(' ', action, outcome, target,"
				    " actor_id), ',' ORDER BY id) FROM audit_events"),
			 arena_printf(t->arena,
				      "api_key_created success %s %s,"
				      "api_key_deleted success %s %s",
				      made.id, ada.id, made.id, ada.id));
}

/* --- use --- */

Test(api_keys, a_key_is_its_owner_within_its_scopes)
{
	struct account ada = make_user(t);
	struct made_key made = make_key(&ada, "\"gizmos:read\"");
	const char *gizmo = make_gizmo(t, &ada, .title = "Lamp");
	struct test_response a = gizmos_with(made.key);

	cr_assert_eq(a.status, 200, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "items.0.id"), gizmo);
	a = gizmos_with_header(made.key);
	cr_expect_eq(a.status, 200, "%s", a.body);
	a = call(t, "POST", P "/gizmos", .token = made.key, .json = "{\"title\":\"x\"}");
	expect_problem(&a, 403, "insufficient_scope");
	cr_expect_not_null(strstr(response_text(&a, "detail"), "gizmos:write"));
	a = call(t, "GET", P "/users/me", .token = made.key);
	cr_expect_str_eq(response_text(&a, "id"), ada.id);
	a = call(t, "GET", P "/auth/me", .token = made.key);
	cr_expect_str_eq(response_text(&a, "id"), ada.id);
}

Test(api_keys, a_key_writes_where_it_may)
{
	struct account ada = make_user(t);
	struct made_key made = make_key(&ada, "\"gizmos:write\"");
	struct test_response a =
	    call(t, "POST", P "/gizmos", .token = made.key, .json = "{\"title\":\"Lamp\"}");

	cr_assert_eq(a.status, 201, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "owner_id"), ada.id);
	a = gizmos_with(made.key);
	expect_problem(&a, 403, "insufficient_scope");
}

/* It changes nothing and returns the row. */
Test(api_keys, an_empty_patch_needs_the_scope_to_read)
{
	struct account ada = make_user(t);
	struct made_key writer = make_key(&ada, "\"gizmos:write\""),
			both = make_key(&ada, "\"gizmos:write\",\"gizmos:read\"");
	const char *uri =
	    arena_printf(t->arena, P "/gizmos/%s",
			 make_gizmo(t, &ada, .title = "Lamp", .description = "secret"));
	static const char *const bodies[] = { "{}", " { } " };
	struct test_response a;

	for (size_t i = 0; i < COUNT(bodies); i++) {
		a = call(t, "PATCH", uri, .token = writer.key, .json = bodies[i]);
		expect_problem(&a, 403, "insufficient_scope");
		cr_expect_not_null(strstr(response_text(&a, "detail"), "gizmos:read"));
		a = call(t, "PATCH", uri, .token = writer.key, .json = bodies[i],
			 .header = "HTTP_IF_MATCH=*");
		expect_problem(&a, 403, "insufficient_scope");
	}
	a = call(t, "PATCH", uri, .token = both.key, .json = "{}");
	cr_expect_eq(a.status, 200, "%s", a.body);
	a = call(t, "PATCH", uri, .token = ada.token, .json = "{}");
	cr_expect_eq(a.status, 200, "%s", a.body);
	a = call(t, "PATCH", uri, .token = writer.key, .json = "{\"title\":\"Wick\"}");
	cr_expect_eq(a.status, 200, "%s", a.body);
}

/* For every resource, also those of a fork: a write scope does not permit reading. */
Test(api_keys, no_patch_without_a_member_reads_a_row)
{
	struct account ada = make_user(t);
	size_t n = 0;

	for (const struct feature *const *f = test_app()->features; *f; f++) {
		for (const struct route *r = (*f)->routes; r && r->method; r++) {
			struct made_key made;
			struct test_response a;

			if (r->method != PATCH || !r->scope || !*r->scope)
				continue;
			made = make_key(&ada, arena_printf(t->arena, "\"%s\"", r->scope));
			a = call(t, "PATCH", route_uri(t, r, made.id), .token = made.key,
				 .json = "{}");
			expect_problem(&a, 403, "insufficient_scope");
			n++;
		}
	}
	cr_expect_gt(n, 0);
}

Test(api_keys, a_key_makes_and_ends_no_keys)
{
	struct account ada = make_user(t, .role = "owner");
	struct made_key made = make_key(&ada, "\"gizmos:read\",\"gizmos:write\"");
	struct test_response a = call(t, "POST", P "/api-keys", .token = made.key,
				      .json = "{\"name\":\"x\",\"scopes\":[\"gizmos:read\"]}");

	expect_problem(&a, 403, "forbidden");
	a = call(t, "DELETE", arena_printf(t->arena, P "/api-keys/%s", made.id), .token = made.key);
	expect_problem(&a, 403, "forbidden");
	a = call(t, "GET", P "/api-keys", .token = made.key);
	expect_problem(&a, 403, "forbidden");
}

Test(api_keys, the_header_for_keys_takes_no_access_token)
{
	struct account ada = make_user(t);
	struct made_key made = make_key(&ada, "\"gizmos:read\"");
	struct test_response a = gizmos_with_header(ada.token);

	expect_problem(&a, 401, "invalid_token");
	a = gizmos_with_header("");
	expect_problem(&a, 401, "unauthenticated");
	a = call(t, "GET", P "/gizmos", .token = "nonsense",
		 .header = arena_printf(t->arena, "HTTP_X_API_KEY=%s", made.key));
	cr_expect_eq(a.status, 200, "the header for keys goes before the other");
}

/* --- expiry and deletion --- */

Test(api_keys, a_mistyped_key_is_refused_without_a_query)
{
	struct account ada = make_user(t);
	struct made_key made = make_key(&ada, "\"gizmos:read\"");
	struct ctx c = { .arena = t->arena, .request_id = "test", .db = db_new("host=/nowhere") };
	size_t len = strlen(made.key);

	for (size_t i = 0; i < len; i++) {
		char *wrong = arena_text(t->arena, made.key);

		wrong[i] = wrong[i] == 'x' ? 'y' : 'x';
		cr_expect_eq(api_keys_identify(&c, wrong), E_INVALID_TOKEN, "%s", wrong);
	}
	for (size_t n = 0; n < len; n++)
		cr_expect_eq(api_keys_identify(&c, arena_text_n(t->arena, made.key, n)),
			     E_INVALID_TOKEN);
	cr_expect_eq(api_keys_identify(&c, arena_printf(t->arena, "%s0", made.key)),
		     E_INVALID_TOKEN);
	cr_expect_eq(api_keys_identify(&c, made.key), E_UNAVAILABLE, "this one is worth a query");
	db_free(c.db);
}

Test(api_keys, a_key_that_was_never_given_out_is_refused)
{
	struct account ada = make_user(t);
	struct made_key made = make_key(&ada, "\"gizmos:read\"");
	const char *prefix, *other;
	struct test_response a = gizmos_with(api_key_new(t->arena, &prefix));

	expect_problem(&a, 401, "invalid_token");
	/* The right prefix with a wrong secret. */
	other = api_key_new(t->arena, &prefix);
	testdb_sql("UPDATE api_keys SET prefix = '%s'", prefix);
	a = gizmos_with(other);
	expect_problem(&a, 401, "invalid_token");
	a = gizmos_with(made.key);
	expect_problem(&a, 401, "invalid_token");
}

Test(api_keys, what_becomes_of_key_and_owner_counts)
{
	static const char *const acts[] = {
		"UPDATE api_keys SET expires_at = now() WHERE user_id =",
		"DELETE FROM api_keys WHERE user_id =",
		"UPDATE users SET is_active = false WHERE id =",
		"DELETE FROM users WHERE id =",
	};

	settings.session_cache_seconds = 0;
	for (size_t i = 0; i < COUNT(acts); i++) {
		struct account ada = make_user(t);
		struct made_key made = make_key(&ada, "\"gizmos:read\"");
		struct test_response a;

		cr_expect_eq(gizmos_with(made.key).status, 200);
		testdb_sql("%s '%s'", acts[i], ada.id);
		a = gizmos_with(made.key);
		expect_problem(&a, 401, "invalid_token");
	}
}

Test(api_keys, the_role_is_the_owners_of_now)
{
	struct account ada = make_user(t, .role = "admin"), bob = make_user(t);
	struct made_key made = make_key(&ada, "\"gizmos:read\",\"gizmos:write\"");
	const char *gizmo = arena_printf(t->arena, P "/gizmos/%s", make_gizmo(t, &bob));
	struct test_response a = call(t, "GET", gizmo, .token = made.key);

	settings.session_cache_seconds = 0;
	cr_expect_eq(a.status, 200, "%s", a.body);
	testdb_sql("UPDATE users SET role = 'member' WHERE id = '%s'", ada.id);
	a = call(t, "GET", gizmo, .token = made.key);
	expect_problem(&a, 404, "not_found");
	testdb_sql("UPDATE users SET role = 'viewer' WHERE id = '%s'", ada.id);
	a = call(t, "POST", P "/gizmos", .token = made.key, .json = "{\"title\":\"x\"}");
	expect_problem(&a, 403, "forbidden");
	cr_expect_eq(gizmos_with(made.key).status, 200);
}

Test(api_keys, a_deleted_key_is_gone_with_the_next_request)
{
	struct account ada = make_user(t);
	struct made_key made = make_key(&ada, "\"gizmos:read\"");
	struct test_response a;

	settings.session_cache_seconds = 300;
	for (int i = 0; i < 3; i++)
		cr_expect_eq(gizmos_with(made.key).status, 200);
	cr_expect_eq(end_key(&ada, made.id).status, 204);
	a = gizmos_with(made.key);
	expect_problem(&a, 401, "invalid_token");
	a = end_key(&ada, made.id);
	expect_problem(&a, 404, "not_found");
}

static enum role
role_of(const char *key)
{
	t->ctx->caller = (struct caller) { 0 };
	cr_assert_eq(api_keys_identify(t->ctx, key), OK);
	return t->ctx->caller.role;
}

Test(api_keys, a_worker_remembers_a_key_until_a_generation_changes)
{
	struct account ada = make_user(t, .role = "admin");
	struct made_key made = make_key(&ada, "\"gizmos:read\"");

	settings.session_cache_seconds = 300;
	cr_expect_eq(role_of(made.key), ROLE_ADMIN);
	cr_expect_eq(role_of(made.key), ROLE_ADMIN);
	testdb_sql("UPDATE users SET role = 'viewer'");
	cr_expect_eq(role_of(made.key), ROLE_ADMIN, "another host would see no more than this");
	epoch_bump("user", ada.id);
	cr_expect_eq(role_of(made.key), ROLE_VIEWER);
	testdb_sql("UPDATE users SET role = 'member'");
	epoch_bump("api_key", made.id);
	cr_expect_eq(role_of(made.key), ROLE_MEMBER);
}

Test(api_keys, what_a_worker_remembers_needs_no_database)
{
	struct account ada = make_user(t);
	struct made_key made = make_key(&ada, "\"gizmos:read\",\"jobs:write\"");
	struct ctx c = { .arena = t->arena, .request_id = "test", .db = db_new("host=/nowhere") };

	settings.session_cache_seconds = 300;
	role_of(made.key);
	role_of(made.key);
	cr_assert_eq(api_keys_identify(&c, made.key), OK);
	cr_expect_str_eq(c.caller.user_id, ada.id);
	cr_expect_str_eq(c.caller.api_key_id, made.id);
	cr_expect_null(c.caller.session_id);
	cr_expect_str_eq(c.caller.scopes[0], "gizmos:read");
	cr_expect_str_eq(c.caller.scopes[1], "jobs:write");
	cr_expect_null(c.caller.scopes[2]);
	db_free(c.db);
}

Test(api_keys, an_expiry_is_seen_by_who_remembers)
{
	struct account ada = make_user(t);
	struct made_key made = make_key(&ada, "\"gizmos:read\"");
	struct test_response a;

	settings.session_cache_seconds = 300;
	testdb_sql("UPDATE api_keys SET expires_at = clock_timestamp() + interval '50 ms'");
	for (a = gizmos_with(made.key); a.status == 200;)
		a = gizmos_with(made.key);
	expect_problem(&a, 401, "invalid_token");
	cr_expect_not_null(testdb_sql("SELECT 1 FROM api_keys WHERE expires_at < now()"));
}

Test(api_keys, the_last_use_is_noted_once_a_minute)
{
	struct account ada = make_user(t);
	struct made_key made = make_key(&ada, "\"gizmos:read\"");
	const char *first;

	cr_expect_eq(gizmos_with(made.key).status, 200);
	first = testdb_sql("SELECT last_used_at FROM api_keys WHERE last_used_at > now()"
			   " - interval '1 minute'");
	cr_assert_not_null(first);
	cr_expect_eq(gizmos_with(made.key).status, 200);
	cr_expect_str_eq(testdb_sql("SELECT last_used_at FROM api_keys"), first);
	/* Another worker rejects it too. */
	cr_expect_eq(api_keys_touch(t->ctx, made.id), OK);
	cr_expect_str_eq(testdb_sql("SELECT last_used_at FROM api_keys"), first);
	testdb_sql("UPDATE api_keys SET last_used_at = now() - interval '61 s'");
	cr_expect_eq(api_keys_touch(t->ctx, made.id), OK);
	cr_expect_not_null(
	    testdb_sql("SELECT 1 FROM api_keys WHERE last_used_at > now() - interval '1 minute'"));
}

/* --- format --- */

Test(api_keys, no_two_are_alike_and_each_is_well_formed)
{
	const char *last = "", *prefix, *parsed = "";

	for (int i = 0; i < 1000; i++) {
		const char *key = api_key_new(t->arena, &prefix);

		cr_assert_str_neq(key, last);
		cr_assert(api_key_parse(t->arena, key, &parsed), "%s", key);
		cr_assert_str_eq(parsed, prefix);
		last = key;
	}
}

/* A CRC-32 in base 62; that of "123456789" is 0xCBF43926 in every implementation. */
Test(api_keys, the_checksum_is_the_usual_one)
{
	char sum[API_KEY_CHECKSUM];

	api_key_checksum("123456789", 9, sum);
	cr_expect_eq(memcmp(sum, "3jZRME", sizeof(sum)), 0, "%.6s", sum);
}

/* --- scopes of other features --- */

static bool
is_scope(const char *word)
{
	for (const char *const *s = api_key_scopes; *s; s++)
		if (strcmp(*s, word) == 0)
			return true;
	return false;
}

Test(api_keys, every_scope_of_a_route_can_be_had)
{
	for (const struct feature *const *f = test_app()->features; *f; f++)
		for (const struct route *r = (*f)->routes; r && r->method; r++)
			cr_expect(!r->scope || !*r->scope || is_scope(r->scope),
				  "%s needs the scope %s, which no key can have", r->id, r->scope);
}
