/* Entity tags: If-None-Match on reads, If-Match on writes. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/crowd.h"
#include "support/make_gizmo.h"
#include "support/testdb.h"

#include "app/feature.h"
#include "app/settings.h"

#define P "/api/v1"

static struct test *t;
static struct account ada;
static const char *path, *tag; /* path of one of her gizmos */

static struct test_response
show(const char *uri)
{
	return call(t, "GET", uri, .token = ada.token);
}

static const char *
tag_of(const char *uri)
{
	struct test_response a = show(uri);

	cr_assert_eq(a.status, 200, "%s", a.body);
	cr_assert(response_header_value(&a, "ETag"), "%s has no ETag", uri);
	return response_header_value(&a, "ETag");
}

static void
begin(void)
{
	t = test_begin();
	settings.session_cache_seconds = 0;
	ada = make_user(t);
	path = arena_printf(t->arena, P "/gizmos/%s", make_gizmo(t, &ada, .title = "Lamp"));
	tag = tag_of(path);
}

TestSuite(etag, .init = begin, .fini = test_end, .timeout = 60);

static const char *
with(const char *variable, const char *value)
{
	return arena_printf(t->arena, "%s=%s", variable, value);
}

static struct test_response
call_if_match(const char *method, const char *uri, const char *tags, const char *json)
{
	return call(t, method, uri, .token = ada.token, .json = json,
		    .header = with("HTTP_IF_MATCH", tags));
}

static struct test_response
rename_if_match(const char *tags)
{
	return call_if_match("PATCH", path, tags, "{\"title\":\"New\"}");
}

static const char *
title(void)
{
	return testdb_sql("SELECT title FROM gizmos");
}

/* ---- ETag */

Test(etag, a_tag_is_strong_and_changes_with_each_update)
{
	struct test_response a;

	cr_expect_eq(tag[0], '"', "%s", tag);
	cr_expect_str_eq(tag_of(path), tag);
	a = call(t, "PATCH", path, .token = ada.token, .json = "{\"title\":\"Lamp\"}");
	cr_expect_str_neq(response_header_value(&a, "ETag"), tag);
	cr_expect_str_eq(response_header_value(&a, "ETag"), tag_of(path));
	tag = response_header_value(&a, "ETag");
	a = call(t, "PUT", path, .token = ada.token, .json = "{\"title\":\"Lamp\"}");
	cr_expect_str_neq(response_header_value(&a, "ETag"), tag);
	tag = response_header_value(&a, "ETag");
	a = call(t, "PATCH", path, .token = ada.token, .json = "{}");
	cr_expect_str_eq(response_header_value(&a, "ETag"), tag, "nothing was changed");
}

Test(etag, a_created_row_has_a_tag)
{
	struct test_response a =
	    call(t, "POST", P "/gizmos", .token = ada.token, .json = "{\"title\":\"Desk\"}");

	cr_expect_str_eq(response_header_value(&a, "ETag"),
			 tag_of(response_header_value(&a, "Location")));
	a = call(t, "POST", P "/auth/register",
		 .json = "{\"email\":\"new@example.com\",\"password\":\"correct horse battery\"}");
	cr_assert_eq(a.status, 201, "%s", a.body);
	cr_expect(response_header_value(&a, "ETag"));
}

Test(etag, an_account_has_the_same_tag_on_all_routes)
{
	struct account bob = make_user(t);
	struct test_response a;

	tag = tag_of(P "/users/me");
	cr_expect_str_eq(tag_of(P "/auth/me"), tag);
	cr_expect_str_eq(tag_of(arena_printf(t->arena, P "/users/%s", ada.id)), tag);
	a = call(t, "GET", P "/users/me", .token = bob.token);
	cr_expect_str_neq(response_header_value(&a, "ETag"), tag,
			  "the same path shows another row");
}

Test(etag, lists_and_rows_without_a_version_have_no_tag)
{
	static const char *const paths[] = { P "/gizmos", P "/jobs", "/health/live" };

	for (size_t i = 0; i < COUNT(paths); i++) {
		struct test_response a = show(paths[i]);

		cr_assert_eq(a.status, 200, "%s", a.body);
		cr_expect_null(response_header_value(&a, "ETag"), "%s", paths[i]);
	}
}

/* ---- If-None-Match */

static struct test_response
show_if_none_match(const char *method, const char *tags)
{
	return call(t, method, path, .token = ada.token,
		    .header = with("HTTP_IF_NONE_MATCH", tags));
}

Test(etag, a_matching_tag_is_304)
{
	const char *const tags[] = {
		tag,
		"*",
		arena_printf(t->arena, "W/%s", tag),
		arena_printf(t->arena, "\"x\", %s", tag),
		arena_printf(t->arena, " \"x\" ,, W/\"y\"\t,%s , \"z\"", tag),
	};
	static const char *const methods[] = { "GET", "HEAD" };

	for (size_t i = 0; i < COUNT(tags); i++) {
		for (size_t k = 0; k < COUNT(methods); k++) {
			struct test_response a = show_if_none_match(methods[k], tags[i]);

			cr_expect_eq(a.status, 304, "%s %s: %u", methods[k], tags[i], a.status);
			cr_expect_eq(a.len, 0);
			cr_expect_null(a.media_type);
			cr_expect_str_eq(response_header_value(&a, "ETag"), tag);
			cr_expect_str_eq(response_header_value(&a, "Cache-Control"), "no-store");
		}
	}
}

Test(etag, another_tag_is_200)
{
	struct test_response a = show_if_none_match("GET", "\"x\", W/\"y\"");

	cr_expect_eq(a.status, 200);
	cr_expect_str_eq(response_text(&a, "title"), "Lamp");
	a = call(t, "PATCH", path, .token = ada.token, .json = "{\"title\":\"New\"}");
	a = show_if_none_match("GET", tag);
	cr_expect_eq(a.status, 200);
	cr_expect_str_eq(response_text(&a, "title"), "New");
}

Test(etag, a_tag_grants_no_access)
{
	struct account bob = make_user(t);
	struct test_response a =
	    call(t, "GET", path, .token = bob.token, .header = "HTTP_IF_NONE_MATCH=*");

	expect_problem(&a, 404, "not_found");
	a = call(t, "GET", path, .header = with("HTTP_IF_NONE_MATCH", tag));
	expect_problem(&a, 401, "unauthenticated");
}

/* ---- If-Match */

Test(etag, a_change_of_the_current_version_succeeds)
{
	struct test_response a = rename_if_match(tag);

	cr_assert_eq(a.status, 200, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "title"), "New");
	cr_expect_str_eq(response_header_value(&a, "ETag"), tag_of(path));
	cr_expect_str_eq(title(), "New");
}

Test(etag, all_forms_of_the_tag_are_accepted)
{
	static const char *const forms[] = { "%s", "W/%s", "\"x\", %s", "%s,\"x\"",
					     "\"x\",,W/%s ," };

	for (size_t i = 0; i < COUNT(forms); i++) {
		struct buf b = buf_new(t->arena, 1000);
		const char *at = strstr(forms[i], "%s");
		struct test_response a;

		buf_put(&b, forms[i], (size_t)(at - forms[i]));
		buf_text(&b, tag_of(path));
		buf_text(&b, at + 2);
		a = rename_if_match(buf_done(&b));
		cr_expect_eq(a.status, 200, "%s: %s", forms[i], a.body);
	}
	cr_expect_eq(rename_if_match("*").status, 200);
}

Test(etag, a_change_of_an_old_version_is_rejected)
{
	static const struct {
		const char *method, *json;
	} rows[] = {
		{ "PATCH", "{\"title\":\"Mine\"}" },
		{ "PUT", "{\"title\":\"Mine\"}" },
		{ "PATCH", "{}" },
		{ "DELETE", NULL },
	};

	cr_assert_eq(rename_if_match(tag).status, 200);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct test_response a = call_if_match(rows[i].method, path, tag, rows[i].json);

		expect_problem(&a, 412, "precondition_failed");
		cr_expect_null(response_header_value(&a, "ETag"));
		cr_expect_str_eq(title(), "New");
	}
	cr_expect_str_eq(testdb_sql("SELECT version FROM gizmos"), "2");
}

Test(etag, if_none_match_applies_to_changes_too)
{
	struct test_response a =
	    call(t, "PUT", path, .token = ada.token, .json = "{\"title\":\"Mine\"}",
		 .header = "HTTP_IF_NONE_MATCH=*");

	expect_problem(&a, 412, "precondition_failed");
	a = call(t, "PUT", path, .token = ada.token, .json = "{\"title\":\"Mine\"}",
		 .header = "HTTP_IF_NONE_MATCH=\"x\"");
	cr_expect_eq(a.status, 200, "%s", a.body);
}

Test(etag, a_deletion_accepts_if_match)
{
	struct test_response a = call_if_match("DELETE", path, "\"x\"", NULL);

	expect_problem(&a, 412, "precondition_failed");
	cr_expect_str_eq(title(), "Lamp");
	a = call_if_match("DELETE", path, tag, NULL);
	cr_expect_eq(a.status, 204, "%s", a.body);
	cr_expect_null(testdb_sql("SELECT id FROM gizmos"));
	a = call_if_match("DELETE", path, tag, NULL);
	expect_problem(&a, 404, "not_found");
}

Test(etag, if_match_reveals_nothing_about_other_users_rows)
{
	static const char *const tags[] = { "*", "\"x\"" };
	struct account bob = make_user(t);

	for (size_t i = 0; i < COUNT(tags) + 1; i++) {
		const char *sent = i < COUNT(tags) ? tags[i] : tag;
		struct test_response a =
		    call(t, "PATCH", path, .token = bob.token, .json = "{\"title\":\"Mine\"}",
			 .header = with("HTTP_IF_MATCH", sent));

		expect_problem(&a, 404, "not_found");
		a = call(t, "DELETE", path, .token = bob.token,
			 .header = with("HTTP_IF_MATCH", sent));
		expect_problem(&a, 404, "not_found");
	}
	cr_expect_str_eq(title(), "Lamp");
}

Test(etag, malformed_tags_are_rejected)
{
	static const char *const tags[] = {
		"",         "x",        "\"x",     "x\"",         "\"a\" \"b\"x",
		"'x'",      "W\"x\"",   "w/\"x\"", "\"a b\"",     "*, \"x\"",
		"\"x\", *", ",",        "\"x\"y",  "W/",          "\"x\", W/",
		"\"\x7f\"", "\"x\"; y", "**",      "\"a\" \"b\"", "\"a\"\t\"b\"",
	};
	static const struct {
		const char *variable, *method;
	} headers[] = {
		{ "HTTP_IF_MATCH", "PATCH" },
		{ "HTTP_IF_MATCH", "DELETE" },
		{ "HTTP_IF_NONE_MATCH", "GET" },
		{ "HTTP_IF_NONE_MATCH", "HEAD" },
	};

	for (size_t i = 0; i < COUNT(tags); i++) {
		for (size_t k = 0; k < COUNT(headers); k++) {
			struct test_response a =
			    call(t, headers[k].method, path, .token = ada.token,
				 .json = strcmp(headers[k].method, "PATCH") == 0 ? "{}" : NULL,
				 .header = with(headers[k].variable, tags[i]));

			cr_expect_eq(a.status, 400, "%s %s: %u", headers[k].method, tags[i],
				     a.status);
			cr_expect_null(response_header_value(&a, "ETag"));
		}
	}
	cr_expect_str_eq(title(), "Lamp");
}

/* Bytes from 0x80 are allowed in a tag, but PostgreSQL accepts only UTF-8. */
Test(etag, a_tag_in_another_encoding_matches_nothing)
{
	struct test_response a = rename_if_match("\"\xff\"");

	expect_problem(&a, 412, "precondition_failed");
	a = call_if_match("DELETE", path, "\"\xc3\", \"x\"", NULL);
	expect_problem(&a, 412, "precondition_failed");
	cr_expect_eq(show_if_none_match("GET", "\"\xff\"").status, 200);
	a = rename_if_match(arena_printf(t->arena, "\"\xff\", %s", tag));
	cr_expect_eq(a.status, 200, "%s", a.body);
}

/* ---- accounts */

Test(etag, accounts_accept_if_match)
{
	struct account owner = make_user(t, .role = "owner");
	const char *uri = arena_printf(t->arena, P "/users/%s", ada.id);
	struct test_response a;

	tag = with("HTTP_IF_MATCH", tag_of(uri));
	a = call(t, "PATCH", uri, .token = owner.token, .json = "{\"full_name\":\"A\"}",
		 .header = tag);
	cr_expect_eq(a.status, 200, "%s", a.body);
	a = call(t, "PATCH", uri, .token = owner.token, .json = "{\"role\":\"viewer\"}",
		 .header = tag);
	expect_problem(&a, 412, "precondition_failed");
	a = call(t, "DELETE", uri, .token = owner.token, .header = tag);
	expect_problem(&a, 412, "precondition_failed");
	a = call(t, "PATCH", P "/users/me", .token = ada.token, .json = "{\"full_name\":\"B\"}",
		 .header = tag);
	expect_problem(&a, 412, "precondition_failed");
	a = call(t, "DELETE", P "/users/me", .token = ada.token, .header = tag);
	expect_problem(&a, 412, "precondition_failed");
	cr_expect_str_eq(
	    testdb_sql("SELECT full_name || ' ' || role FROM users WHERE id = '%s'", ada.id),
	    "A member");
	a = call_if_match("DELETE", P "/users/me", tag_of(P "/users/me"), NULL);
	cr_expect_eq(a.status, 204, "%s", a.body);
}

/* A cached session ends with the next request, although the pipeline's transaction ended it. */
Test(etag, a_conditional_change_ends_sessions_at_once)
{
	struct account owner = make_user(t, .role = "owner");
	const char *uri = arena_printf(t->arena, P "/users/%s", ada.id);
	struct test_response a;

	settings.session_cache_seconds = 300;
	tag = tag_of(uri);
	a = call(t, "PATCH", uri, .token = owner.token, .json = "{\"is_active\":false}",
		 .header = with("HTTP_IF_MATCH", tag));
	cr_assert_eq(a.status, 200, "%s", a.body);
	a = show(P "/users/me");
	expect_problem(&a, 401, "invalid_token");
}

/* The count of a wrong password is not rolled back. */
Test(etag, a_rejected_conditional_change_is_audited)
{
	struct test_response a =
	    call_if_match("PATCH", P "/users/me", "*",
			  "{\"email\":\"new@example.com\",\"current_password\":\"wrong\"}");

	expect_problem(&a, 401, "invalid_credentials");
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM audit_events"
				    " WHERE action = 'user_updated' AND outcome = 'failure'"),
			 "1");
}

Test(etag, a_failed_conditional_change_is_rolled_back)
{
	struct test_response a;

	make_user(t, .email = "taken@example.com");
	a = call_if_match("PATCH", P "/users/me", tag_of(P "/users/me"),
			  arena_printf(t->arena,
				       "{\"email\":\"taken@example.com\",\"full_name\":\"X\","
				       "\"current_password\":\"%s\"}",
				       ada.password));
	expect_problem(&a, 409, "email_taken");
	cr_expect_null(testdb_sql("SELECT full_name FROM users WHERE id = '%s'", ada.id));
}

/* ---- concurrency */

static enum error
rename_at_once(struct ctx *c, int number, void *arg UNUSED)
{
	struct test mine = { .arena = t->arena, .db = c->db, .ctx = c };
	struct test_response a =
	    call(&mine, number % 2 ? "PATCH" : "PUT", path, .token = ada.token,
		 .json = "{\"title\":\"New\"}", .header = with("HTTP_IF_MATCH", tag));

	return a.status == 200 ? OK : a.status == 412 ? E_PRECONDITION_FAILED : E_INTERNAL;
}

Test(etag, one_of_many_changes_with_the_same_tag_succeeds)
{
	enum { MANY = 20 };
	const enum error *results = crowd_run(MANY, rename_at_once, NULL);

	cr_expect_eq(crowd_count(results, MANY, OK), 1);
	cr_expect_eq(crowd_count(results, MANY, E_PRECONDITION_FAILED), MANY - 1);
	cr_expect_str_eq(testdb_sql("SELECT version FROM gizmos"), "2");
}

static enum error
change_or_delete(struct ctx *c, int number, void *arg UNUSED)
{
	struct test mine = { .arena = t->arena, .db = c->db, .ctx = c };
	struct test_response a =
	    call(&mine, number % 2 ? "PATCH" : "DELETE", path, .token = ada.token,
		 .json = number % 2 ? "{\"title\":\"New\"}" : NULL,
		 .header = with("HTTP_IF_MATCH", tag));

	return a.status < 300 ? OK : a.status == 412 || a.status == 404 ? E_CONFLICT : E_INTERNAL;
}

Test(etag, a_change_and_a_deletion_with_the_same_tag_conflict)
{
	for (int i = 0; i < 5; i++) {
		const enum error *results;

		path = arena_printf(t->arena, P "/gizmos/%s", make_gizmo(t, &ada));
		tag = tag_of(path);
		results = crowd_run(4, change_or_delete, NULL);
		cr_expect_eq(crowd_count(results, 4, OK), 1);
		cr_expect_eq(crowd_count(results, 4, E_CONFLICT), 3);
	}
}
