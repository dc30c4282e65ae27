/* @Names@: validation, responses, access. */
#include <criterion/criterion.h>

#include "support/call.h"
%for targets
#include "support/make_@target_name@.h"
%end
#include "support/make_@name@.h"
#include "support/testdb.h"

#define @NAMES@_PATH "/api/v1/@path@"

static struct test *t;
static struct account ada;
%for references
static const char *@field@, *other_@field@;
%end

static void
begin(void)
{
	t = test_begin();
	ada = make_user(t);
%for references
	@field@ = make_@target_name@(t, &ada);
	other_@field@ = make_@target_name@(t, &ada);
%end
}

TestSuite(@names@, .init = begin, .fini = test_end);

static const char *
path_of(const char *id)
{
	return arena_printf(t->arena, @NAMES@_PATH "/%s", id);
}

static struct test_response
create(const char *json)
{
	return call(t, "POST", @NAMES@_PATH, .token = ada.token, .json = json);
}

static struct test_response
patch(const char *id, const char *json)
{
	return call(t, "PATCH", path_of(id), .token = ada.token, .json = json);
}

static struct test_response
show(const char *id)
{
	return call(t, "GET", path_of(id), .token = ada.token);
}

/* All members. */
static const char *
whole(void)
{
	return @whole@;
}

/* The required members. */
static const char *
least(void)
{
	return @least@;
}

/* `member` as JSON: "\"stock\":3". */
static void
expect_member(const struct test_response *a, const char *member)
{
	cr_expect(strstr(a->body, member), "%s is not in %s", member, a->body);
}

static void
expect_defaults(const struct test_response *a)
{
%for defaults
	expect_member(a, @initial_member@);
%else
	cr_expect_str_eq(response_text(a, "owner_id"), ada.id);
%end
}

Test(@names@, create_with_all_members)
{
	struct test_response a = create(whole());

	cr_assert_eq(a.status, 201, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "owner_id"), ada.id);
	cr_expect_str_eq(response_header_value(&a, "Location"), path_of(response_text(&a, "id")));
%for fields
	expect_member(&a, @good_member@);
%end
	cr_expect_str_eq(show(response_text(&a, "id")).body, a.body);
}

Test(@names@, create_with_defaults)
{
	struct test_response a = create(least());

	cr_assert_eq(a.status, 201, "%s", a.body);
	expect_defaults(&a);
}

%if required
Test(@names@, some_members_are_required)
{
	struct test_response a = create("{}");

	expect_fields(&a, @required_errors@);
}

%end
Test(@names@, invalid_members_are_rejected)
{
	static const struct {
		const char *json, *wrong;
	} rows[] = {
%for wrongs
		{ "{\"@field@\":@wrong_json@}", "body @field@ @wrong_code@" },
%end
		{ "{\"owner_id\":\"0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10\"}",
		  "body owner_id unknown_field" },
		{ "{\"version\":5}", "body version unknown_field" },
	};
	const char *id = make_@name@(t, &ada);
	struct test_response before = show(id), a;

	for (size_t i = 0; i < COUNT(rows); i++) {
		a = patch(id, rows[i].json);
		expect_fields(&a, rows[i].wrong);
	}
	cr_expect_str_eq(show(id).body, before.body, "a rejected change had an effect");
}

Test(@names@, patch_changes_the_given_members)
{
	const char *id = make_@name@(t, &ada);
	struct test_response a;

%for fields
	a = patch(id, @other_json@);
	cr_assert_eq(a.status, 200, "%s", a.body);
	expect_member(&a, @other_member@);
%end
%for nullables
	a = patch(id, "{\"@field@\":null}");
	expect_member(&a, "\"@field@\":null");
%end
	cr_expect_str_eq(show(id).body, a.body);
	a = patch(id, "{}");
	cr_expect_str_eq(show(id).body, a.body);
}

Test(@names@, put_resets_missing_members)
{
	struct test_response made = create(whole());
	struct test_response a = call(t, "PUT", response_header_value(&made, "Location"), .token = ada.token,
			       .json = least());

	cr_assert_eq(a.status, 200, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "id"), response_text(&made, "id"));
	expect_defaults(&a);
}

Test(@names@, deleted_rows_are_not_found)
{
	const char *id = make_@name@(t, &ada), *other = make_@name@(t, &ada);
	struct test_response a;

	a = call(t, "DELETE", path_of(id), .token = ada.token);
	cr_expect_eq(a.status, 204);
	a = show(id);
	expect_problem(&a, 404, "not_found");
	a = call(t, "DELETE", path_of(id), .token = ada.token);
	expect_problem(&a, 404, "not_found");
	cr_expect_eq(show(other).status, 200);
}

%for references
Test(@names@, @field@_must_be_visible_to_the_caller)
{
	struct account eve = make_user(t);
	const char *id = make_@name@(t, &ada);
	struct test_response a;

%if target_own
	a = patch(id, arena_printf(t->arena, "{\"@field@\":\"%s\"}",
				   make_@target_name@(t, &eve)));
	expect_fields(&a, "body @field@ invalid_choice");
%end
	a = patch(id, "{\"@field@\":\"0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10\"}");
	expect_fields(&a, "body @field@ invalid_choice");
	cr_expect_eq(show(id).status, 200, "%s", eve.id);
}

Test(@names@, @field@_in_use_cannot_be_deleted)
{
	struct test_response made = create(whole()), a;

	a = call(t, "DELETE", arena_printf(t->arena, "/api/v1/@target_path@/%s", @field@),
		 .token = ada.token);
	expect_problem(&a, 409, "conflict");
	cr_expect_eq(show(response_text(&made, "id")).status, 200);
}

%end
static int64_t
total(const struct account *who, const char *query)
{
	struct test_response a =
	    call(t, "GET", arena_printf(t->arena, @NAMES@_PATH "%s", query), .token = who->token);

	cr_assert_eq(a.status, 200, "%s", a.body);
	return response_int(&a, "total");
}

Test(@names@, lists_are_filtered)
{
	create(whole());
%for asked_filters
	cr_expect_eq(total(&ada, @good_query@), 1);
	cr_expect_eq(total(&ada, @other_query@), 0);
%end
	cr_expect_eq(total(&ada, arena_printf(t->arena, "?owner_id=%s", ada.id)), 1);
	cr_expect_eq(total(&ada, "?owner_id=0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10"), 0);
}

Test(@names@, lists_are_sorted)
{
	static const char *const orders[] = { "created_at", "updated_at",@orders@ };

	create(whole());
	make_@name@(t, &ada);
	for (size_t i = 0; i < COUNT(orders); i++) {
		cr_expect_eq(total(&ada, arena_printf(t->arena, "?sort=%s", orders[i])), 2);
		cr_expect_eq(total(&ada, arena_printf(t->arena, "?sort=-%s", orders[i])), 2);
	}
}

/* ---- access */

static void
expect_all(const struct account *who, const char *id, unsigned get, unsigned write, unsigned gone)
{
	struct test_response a;

	a = call(t, "GET", path_of(id), .token = who->token);
	cr_expect_eq(a.status, get, "GET: %u", a.status);
%if plain
	a = call(t, "PATCH", path_of(id), .token = who->token, .json = @plain_json@);
	cr_expect_eq(a.status, write, "PATCH: %u", a.status);
%end
%if simple_put
	a = call(t, "PUT", path_of(id), .token = who->token, .json = least());
	cr_expect_eq(a.status, write, "PUT: %u", a.status);
%end
	a = call(t, "DELETE", path_of(id), .token = who->token);
	cr_expect_eq(a.status, gone, "DELETE: %u", a.status);
}

%if own
Test(@names@, rows_of_other_users_are_not_found)
%else
Test(@names@, rows_of_other_users_are_read_only)
%end
{
	struct account eve = make_user(t, .role = "member");
	const char *id = make_@name@(t, &ada);
	struct test_response before = show(id);

	expect_all(&eve, id, @others_get@, @others_write@, 404);
	cr_expect_str_eq(show(id).body, before.body);
	cr_expect_eq(total(&eve, ""), @others_total@);
}

Test(@names@, a_viewer_cannot_write)
{
	struct account eve = make_user(t, .role = "viewer");
	struct test_response a = call(t, "POST", @NAMES@_PATH, .token = eve.token, .json = whole());

	expect_problem(&a, 403, "forbidden");
	expect_all(&eve, make_@name@(t, &eve), 200, 403, 403);
}

Test(@names@, an_admin_can_read_and_write_all_rows)
{
	struct account admin = make_user(t, .role = "admin");
	const char *id = make_@name@(t, &ada);

	cr_expect_eq(total(&admin, ""), 1);
	expect_all(&admin, id, 200, 200, 204);
}

%if public
Test(@names@, everyone_can_read)
{
	const char *id = make_@name@(t, &ada);
	struct test_response a = call(t, "GET", path_of(id));

	cr_expect_eq(a.status, 200);
	a = call(t, "GET", @NAMES@_PATH);
	cr_expect_eq(response_int(&a, "total"), 1);
	a = call(t, "DELETE", path_of(id));
	expect_problem(&a, 401, "unauthenticated");
}

%end
Test(@names@, @a_id@_is_deleted_with_its_owner)
{
	const char *id = make_@name@(t, &ada);
	struct account admin = make_user(t, .role = "admin");
	struct test_response a;

	testdb_sql("DELETE FROM users WHERE id = '%s'", ada.id);
	a = call(t, "GET", path_of(id), .token = admin.token);
	expect_problem(&a, 404, "not_found");
}
