/* Idempotency-Key: repeated requests get the first response. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/crowd.h"
#include "support/test_app.h"
#include "support/testdb.h"

#include "app/feature.h"
#include "app/idempotency.h"
#include "app/secret.h"
#include "app/settings.h"
#include "http/idempotency_priv.h"

#define P      "/api/v1"
#define GIZMOS P "/gizmos"
#define LAMP   "{\"title\":\"Lamp\"}"

static struct test *t;
static struct account ada;

static void
begin(void)
{
	t = test_begin();
	settings.session_cache_seconds = 0;
	ada = make_user(t);
}

TestSuite(idempotency, .init = begin, .fini = test_end, .timeout = 60);

static struct test_response
post_as(const struct account *who, const char *uri, const char *key, const char *json)
{
	return call(t, "POST", uri, .token = who->token, .json = json,
		    .header = arena_printf(t->arena, "HTTP_IDEMPOTENCY_KEY=%s", key));
}

static struct test_response
post(const char *key, const char *json)
{
	return post_as(&ada, GIZMOS, key, json);
}

static bool
is_replay(const struct test_response *a)
{
	const char *header = response_header_value(a, "Idempotency-Replayed");

	return header && strcmp(header, "true") == 0;
}

static void
expect_replay(const struct test_response *again, const struct test_response *first)
{
	static const char *const same[] = { "Location", "ETag" };

	cr_expect(is_replay(again), "%u %s", again->status, again->body);
	cr_expect_not(is_replay(first));
	cr_expect_eq(again->status, first->status);
	cr_expect_str_eq(again->body, first->body);
	cr_expect_str_eq(again->media_type, first->media_type);
	for (size_t i = 0; i < COUNT(same); i++) {
		const char *was = response_header_value(first, same[i]);
		const char *is = response_header_value(again, same[i]);

		cr_expect(was == is || (was && is && strcmp(was, is) == 0), "%s: %s, %s", same[i],
			  was, is);
	}
}

static const char *
count(const char *table)
{
	return testdb_sql("SELECT count(*) FROM %s", table);
}

/* ---- repetition */

Test(idempotency, a_retry_gets_the_stored_response)
{
	struct test_response first = post("k", LAMP), again = post("k", LAMP);

	cr_assert_eq(first.status, 201, "%s", first.body);
	expect_replay(&again, &first);
	again = post("k", LAMP);
	expect_replay(&again, &first);
	cr_expect_str_eq(count("gizmos"), "1");
}

Test(idempotency, without_a_key_each_request_is_executed)
{
	for (int i = 0; i < 2; i++)
		cr_expect_eq(call(t, "POST", GIZMOS, .token = ada.token, .json = LAMP).status, 201);
	cr_expect_str_eq(count("gizmos"), "2");
	cr_expect_str_eq(count("idempotency_keys"), "0");
}

Test(idempotency, a_stored_response_does_not_change)
{
	struct test_response first = post("k", LAMP), again;

	call(t, "PATCH", response_header_value(&first, "Location"), .token = ada.token,
	     .json = "{\"title\":\"New\"}");
	again = post("k", LAMP);
	expect_replay(&again, &first);
	call(t, "DELETE", response_header_value(&first, "Location"), .token = ada.token);
	again = post("k", LAMP);
	expect_replay(&again, &first);
	cr_expect_str_eq(count("gizmos"), "0");
}

Test(idempotency, a_job_is_enqueued_once)
{
	const char *uri = P "/jobs/example?name=Ada&duration=0";
	struct test_response first = post_as(&ada, uri, "k", NULL),
			     again = post_as(&ada, uri, "k", NULL);

	cr_assert_eq(first.status, 202, "%s", first.body);
	cr_expect_str_eq(response_header_value(&first, "Location"),
			 arena_printf(t->arena, P "/jobs/%s", response_text(&first, "job_id")));
	expect_replay(&again, &first);
	cr_expect_str_eq(count("jobs"), "1");
	again = post_as(&ada, P "/jobs/example?name=Bob&duration=0", "k", NULL);
	expect_problem(&again, 422, "idempotency_key_reused");
}

Test(idempotency, an_account_is_created_once)
{
	const char *json = "{\"email\":\"new@example.com\",\"password\":\"a secret one\"}";
	struct account owner = make_user(t, .role = "owner");
	struct test_response first = post_as(&owner, P "/users", "k", json);
	struct test_response again = post_as(&owner, P "/users", "k", json);

	cr_assert_eq(first.status, 201, "%s", first.body);
	expect_replay(&again, &first);
	again = post_as(&owner, P "/users", "other", json);
	expect_problem(&again, 409, "email_taken");
	cr_expect_null(
	    testdb_sql("SELECT 1 FROM idempotency_keys AS r WHERE r::text LIKE '%%secret%%'"));
}

/* ---- forms of the key */

/* A stolen table must not permit password guessing at the speed of a plain hash. */
Test(idempotency, the_fingerprint_of_a_password_needs_the_secret)
{
	static const char json[] = "{\"email\":\"new@example.com\",\"password\":\"a good one\"}";
	struct account owner = make_user(t, .role = "owner");
	unsigned char both[2][SHA256_SIZE], plain[SHA256_SIZE];
	struct test_response a = post_as(&owner, P "/users", "k", json);

	cr_assert_eq(a.status, 201, "%s", a.body);
	sha256(P "/users", strlen(P "/users"), both[0]);
	sha256(json, strlen(json), both[1]);
	sha256(both, sizeof(both), plain);
	cr_expect_str_eq(
	    testdb_sql("SELECT count(*) FROM idempotency_keys WHERE fingerprint = '%s'",
		       p_bytes(t->ctx, plain, 16) + strlen("\\x")),
	    "0");
	a = post_as(&owner, P "/users", "k", json);
	cr_expect(is_replay(&a));
}

Test(idempotency, quotes_are_not_part_of_a_key)
{
	static const struct {
		const char *one, *other;
	} rows[] = {
		{ "a", "\"a\"" },
		{ "two words", "\"two words\"" },
		{ "say \"x\" \\", "\"say \\\"x\\\" \\\\\"" },
		{ "{'a':~1}", "\"{'a':~1}\"" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct test_response first = post(rows[i].one, LAMP),
				     again = post(rows[i].other, LAMP);

		cr_expect_eq(first.status, 201, "%s: %s", rows[i].one, first.body);
		expect_replay(&again, &first);
	}
}

static const char *
of_length(size_t n, bool quoted)
{
	char *key = arena_alloc(t->arena, n + 3);

	memset(key, '"', n + 2);
	memset(key + quoted, 'k', n);
	key[quoted ? n + 2 : n] = '\0';
	return key;
}

Test(idempotency, malformed_keys_are_rejected)
{
	const char *const keys[] = {
		"",
		"\"\"",
		"\"",
		"\"k",
		"\"k\"k",
		"\"a\"b\"",
		"k\x7f",
		"\xc3\xa9",
		"\"\xc3\"",
		"\"a\\b\"",
		"\"\\",
		"\"a\\\"",
		"a\tb",
		of_length(256, false),
		of_length(256, true),
	};
	struct test_response a;

	for (size_t i = 0; i < COUNT(keys); i++) {
		a = post(keys[i], LAMP);
		cr_expect_eq(a.status, 400, "%s: %u", keys[i], a.status);
		cr_expect_str_eq(response_code(&a), "bad_request", "%s", keys[i]);
	}
	cr_expect_str_eq(count("gizmos"), "0");
	cr_expect_eq(post(of_length(255, false), LAMP).status, 201);
	a = post(of_length(255, true), LAMP);
	cr_expect(is_replay(&a));
}

/* ---- scope of a key */

Test(idempotency, a_different_request_with_the_key_is_rejected)
{
	static const char *const bodies[] = { "{\"title\":\"Desk\"}", "{\"title\": \"Lamp\"}",
					      "{\"title\":\"Lamp\",\"status\":\"active\"}" };
	struct test_response a = post("k", LAMP);

	cr_assert_eq(a.status, 201);
	for (size_t i = 0; i < COUNT(bodies); i++) {
		a = post("k", bodies[i]);
		expect_problem(&a, 422, "idempotency_key_reused");
		cr_expect_null(response_header_value(&a, "Location"));
	}
	cr_expect_str_eq(count("gizmos"), "1");
}

Test(idempotency, an_equivalent_path_is_the_same_request)
{
	static const char *const uris[] = { GIZMOS "/", P "/%67izmos", GIZMOS "?", GIZMOS "#x" };
	struct test_response first = post("k", LAMP), a;

	for (size_t i = 0; i < COUNT(uris); i++) {
		a = post_as(&ada, uris[i], "k", LAMP);
		expect_replay(&a, &first);
	}
	a = post_as(&ada, GIZMOS "?x=1", "k", LAMP);
	expect_problem(&a, 422, "idempotency_key_reused");
	cr_expect_str_eq(count("gizmos"), "1");
}

Test(idempotency, a_key_belongs_to_one_caller)
{
	struct account bob = make_user(t);
	struct test_response a = post("k", LAMP);

	a = post_as(&bob, GIZMOS, "k", LAMP);
	cr_expect_eq(a.status, 201);
	cr_expect_not(is_replay(&a));
	a = post_as(&bob, GIZMOS, "k", "{\"title\":\"Desk\"}");
	expect_problem(&a, 422, "idempotency_key_reused");
	cr_expect_str_eq(count("gizmos"), "2");
}

/* Two API keys of one user are independent. */
Test(idempotency, an_api_key_is_a_separate_caller)
{
	struct account keys[3] = { ada };
	struct test_response a;

	for (size_t i = 1; i < COUNT(keys); i++) {
		a = call(t, "POST", P "/api-keys", .token = ada.token,
			 .json = "{\"name\":\"x\",\"scopes\":[\"gizmos:write\"]}");
		keys[i].token = response_text(&a, "key");
	}
	for (size_t i = 0; i < COUNT(keys); i++) {
		a = post_as(&keys[i], GIZMOS, "k", LAMP);
		cr_expect_eq(a.status, 201, "%s", a.body);
		cr_expect_not(is_replay(&a));
		a = post_as(&keys[i], GIZMOS, "k", LAMP);
		cr_expect(is_replay(&a));
	}
	cr_expect_str_eq(count("gizmos"), "3");
}

Test(idempotency, a_key_belongs_to_one_route)
{
	struct test_response a = post("k", LAMP);

	a = post_as(&ada, P "/jobs/example?name=Ada", "k", NULL);
	cr_expect_eq(a.status, 202, "%s", a.body);
	cr_expect_not(is_replay(&a));
}

Test(idempotency, a_new_token_is_the_same_caller)
{
	struct test_response first = post("k", LAMP), again;

	again = call(t, "POST", P "/auth/login",
		     .json = arena_printf(t->arena, "{\"email\":\"%s\",\"password\":\"%s\"}",
					  ada.email, ada.password));
	ada.token = response_text(&again, "access_token");
	again = post("k", LAMP);
	expect_replay(&again, &first);
}

Test(idempotency, a_key_grants_no_access)
{
	struct test_response a = post("k", LAMP);

	a = call(t, "POST", GIZMOS, .json = LAMP, .header = "HTTP_IDEMPOTENCY_KEY=k");
	expect_problem(&a, 401, "unauthenticated");
	testdb_sql("UPDATE users SET role = 'viewer'");
	a = post("k", LAMP);
	expect_problem(&a, 403, "forbidden");
}

Test(idempotency, other_routes_ignore_it)
{
	struct test_response a = post("k", LAMP), b;
	const char *path = response_header_value(&a, "Location");

	for (int i = 0; i < 2; i++) {
		b = call(t, "PATCH", path, .token = ada.token, .json = LAMP,
			 .header = "HTTP_IDEMPOTENCY_KEY=k");
		cr_expect_eq(b.status, 200);
		cr_expect_not(is_replay(&b));
	}
	b = call(t, "GET", path, .token = ada.token, .header = "HTTP_IDEMPOTENCY_KEY=\"");
	cr_expect_eq(b.status, 200);
	cr_expect_str_eq(count("idempotency_keys"), "1");
}

Test(idempotency, anonymous_clients_cannot_fill_the_table)
{
	for (const struct feature *const *f = test_app()->features; *f; f++)
		for (const struct route *r = (*f)->routes; r && r->method; r++)
			cr_expect(!r->idempotent ||
				      (r->method == POST && r->access > ACCESS_PUBLIC),
				  "%s", r->path);
}

/* ---- storage and expiry */

Test(idempotency, failures_are_not_stored)
{
	struct account owner = make_user(t, .role = "owner");
	const char *json =
	    arena_printf(t->arena, "{\"email\":\"%s\",\"password\":\"a good one\"}", ada.email);
	struct test_response a = post("k", "{\"title\":\"\"}");

	expect_problem(&a, 422, "validation_error");
	a = post_as(&owner, P "/users", "k", json);
	expect_problem(&a, 409, "email_taken");
	cr_expect_str_eq(count("idempotency_keys"), "0");
	testdb_sql("DELETE FROM users WHERE id = '%s'", ada.id);
	a = post_as(&owner, P "/users", "k", json);
	cr_expect_eq(a.status, 201, "%s", a.body);
	cr_expect_not(is_replay(&a));
}

static void
make_older(const char *age)
{
	testdb_sql("UPDATE idempotency_keys SET created_at = created_at - interval '%s'", age);
}

Test(idempotency, a_key_expires_after_a_day)
{
	struct test_response first = post("k", LAMP), again;

	make_older("23 hours 59 minutes");
	again = post("k", LAMP);
	expect_replay(&again, &first);
	make_older("1 minute");
	again = post("k", "{\"title\":\"Desk\"}");
	cr_expect_eq(again.status, 201, "%s", again.body);
	cr_expect_not(is_replay(&again));
	first = post("k", "{\"title\":\"Desk\"}");
	cr_expect(is_replay(&first));
	cr_expect_str_eq(response_text(&first, "title"), "Desk");
	cr_expect_str_eq(count("idempotency_keys"), "1");
}

Test(idempotency, expired_responses_are_pruned)
{
	int64_t n;

	post("old", LAMP);
	post("older", LAMP);
	make_older("24 hours");
	post("new", LAMP);
	cr_expect_eq(idempotency_prune(t->ctx, 1, &n), OK);
	cr_expect_eq(n, 1);
	cr_expect_eq(idempotency_prune(t->ctx, 5, &n), OK);
	cr_expect_eq(n, 1);
	cr_expect_eq(idempotency_prune(t->ctx, 5, &n), OK);
	cr_expect_eq(n, 0);
	cr_expect_str_eq(count("idempotency_keys"), "1");
}

Test(idempotency, responses_are_deleted_with_the_account)
{
	struct account bob = make_user(t);

	post("k", LAMP);
	post_as(&bob, GIZMOS, "k", LAMP);
	cr_expect_eq(call(t, "DELETE", P "/users/me", .token = ada.token).status, 204);
	cr_expect_str_eq(testdb_sql("SELECT string_agg(user_id::text, ' ') FROM idempotency_keys"),
			 bob.id);
}

/* ---- concurrency */

static enum error
post_at_once(struct ctx *c, int number, void *arg UNUSED)
{
	struct test mine = { .arena = t->arena, .db = c->db, .ctx = c };
	struct test_response a =
	    call(&mine, "POST", GIZMOS, .token = ada.token, .json = LAMP,
		 .header = number % 2 ? "HTTP_IDEMPOTENCY_KEY=k" : "HTTP_IDEMPOTENCY_KEY=\"k\"");

	if (a.status == 201)
		return is_replay(&a) ? E_CONFLICT : OK;
	return strcmp(response_code(&a), "idempotency_in_progress") == 0 ? E_IDEMPOTENCY_IN_PROGRESS
									 : E_INTERNAL;
}

Test(idempotency, one_of_many_concurrent_requests_is_executed)
{
	enum { MANY = 20 };
	const enum error *results = crowd_run(MANY, post_at_once, NULL);

	cr_expect_eq(crowd_count(results, MANY, OK), 1);
	cr_expect_eq(crowd_count(results, MANY, E_CONFLICT) +
			 crowd_count(results, MANY, E_IDEMPOTENCY_IN_PROGRESS),
		     MANY - 1);
	cr_expect_str_eq(count("gizmos"), "1");
	cr_expect_eq(post_at_once(t->ctx, 0, NULL), E_CONFLICT);
}

/* Another request committed between the lookup and the lock. */
Test(idempotency, a_response_stored_meanwhile_rolls_back)
{
	static const struct query act =
	    QUERY("act", NULL, "INSERT INTO gizmos (owner_id, title) VALUES ($1, 'Lamp')");
	struct idempotency_key key = { .user_id = ada.id, .hash = "k" };
	struct stored_response response = { .status = 201, .body = "{}" };

	for (int i = 0; i < 2; i++) {
		cr_assert_eq(db_begin(t->ctx), OK);
		cr_assert_eq(db_exec(t->ctx, &act, NULL, ada.id), OK);
		idempotency_store(t->ctx, &key, &response);
		cr_expect_eq(db_finish(t->ctx, OK), i ? E_VALIDATION : OK);
		cr_expect_eq(idempotency_already_stored(t->ctx), i == 1);
	}
	cr_expect_str_eq(count("idempotency_keys"), "1");
	cr_expect_str_eq(count("gizmos"), "1");
}

/* Another transaction holds the key; requests do not wait for it. */
Test(idempotency, a_retry_during_the_first_request_is_a_conflict)
{
	struct account bob = make_user(t);
	struct test_response a = post("k", LAMP);

	testdb_sql("CREATE TEMPORARY TABLE held AS SELECT * FROM idempotency_keys");
	testdb_sql("DELETE FROM idempotency_keys");
	testdb_sql("BEGIN");
	testdb_sql("INSERT INTO idempotency_keys SELECT * FROM held");
	testdb_sql("SELECT pg_advisory_xact_lock(('x' || reverse_bytes)::bit(64)::bigint) FROM"
		   " (SELECT string_agg(substr(replace(hash::text, '-', ''), 15 - 2 * i, 2), '' "
		   "ORDER BY i)"
		   "  AS reverse_bytes FROM held, generate_series(0, 7) AS i) AS h");
	a = post("k", LAMP);
	expect_problem(&a, 409, "idempotency_in_progress");
	a = post("other", LAMP);
	cr_expect_eq(a.status, 201);
	a = post_as(&bob, GIZMOS, "k", LAMP);
	cr_expect_eq(a.status, 201, "the key of another: %s", a.body);
	testdb_sql("COMMIT");
	testdb_sql("DROP TABLE held");
	a = post("k", LAMP);
	cr_expect(is_replay(&a));
}
