/* Items: validation, responses, access. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/make_item.h"
#include "support/testdb.h"

#include "app/clock.h"
#include "app/ids.h"

static struct test *t;
static struct account ada;

static void
begin(void)
{
	t = test_begin();
	ada = make_user(t);
}

TestSuite(items, .init = begin, .fini = test_end);

#define ITEMS "/api/v1/items"

static const char *
path_of(const char *id)
{
	return arena_printf(t->arena, ITEMS "/%s", id);
}

static struct test_response
create(const char *json)
{
	return call(t, "POST", ITEMS, .token = ada.token, .json = json);
}

static struct test_response
show(const char *id)
{
	return call(t, "GET", path_of(id), .token = ada.token);
}

/* {"title":"…"} with `n` repetitions of the character. */
static const char *
json_with(const char *name, const char *character, size_t n)
{
	struct buf b = buf_new(t->arena, 1 << 20);

	buf_printf(&b, "{%s\"%s\":\"", strcmp(name, "title") == 0 ? "" : "\"title\":\"x\",", name);
	for (size_t i = 0; i < n; i++)
		buf_text(&b, character);
	buf_text(&b, "\"}");
	return buf_done(&b);
}

static bool
is_time(const char *text)
{
	int64_t moment;
	char again[CLOCK_TEXT_SIZE];

	if (!clock_parse(text, &moment))
		return false;

	clock_text(moment, again);
	return strcmp(again, text) == 0;
}

/* ---- create */

Test(items, create_with_defaults)
{
	struct test_response a = create("{\"title\":\"Lamp\"}");

	cr_assert_eq(a.status, 201, "%s", a.body);
	cr_expect_str_eq(a.media_type, "application/json");
	cr_expect_not(response_has(&a, "version"), "%s", a.body);
	cr_expect(uuid_valid(response_text(&a, "id")));
	cr_expect_eq(response_text(&a, "id")[14], '7', "%s", a.body);
	cr_expect_str_eq(response_text(&a, "owner_id"), ada.id);
	cr_expect_str_eq(response_text(&a, "title"), "Lamp");
	cr_expect(response_is_null(&a, "description"));
	cr_expect_str_eq(response_text(&a, "status"), "active");
	cr_expect(is_time(response_text(&a, "created_at")), "%s", a.body);
	cr_expect_str_eq(response_text(&a, "created_at"), response_text(&a, "updated_at"));
	cr_expect_str_eq(response_header_value(&a, "Location"), path_of(response_text(&a, "id")));
}

Test(items, create_with_everything)
{
	struct test_response a = create("{\"status\":\"draft\",\"description\":\"Brass\","
					"\"title\":\"Lamp\"}");

	cr_assert_eq(a.status, 201, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "description"), "Brass");
	cr_expect_str_eq(response_text(&a, "status"), "draft");
}

Test(items, what_was_created_is_shown)
{
	struct test_response a = create("{\"title\":\"Lamp\",\"description\":null}"), b;

	b = call(t, "GET", response_header_value(&a, "Location"), .token = ada.token);
	cr_expect_eq(b.status, 200);
	cr_expect_str_eq(b.body, a.body);
}

Test(items, limits_count_characters)
{
	static const struct {
		const char *name, *character;
		size_t n;
		const char *wrong;
	} rows[] = {
		{ "title", "x", 0, "body title too_short" },
		{ "title", "x", 1, NULL },
		{ "title", "x", 200, NULL },
		{ "title", "x", 201, "body title too_long" },
		{ "title", "\xc3\xa9", 200, NULL },
		{ "title", "\xc3\xa9", 201, "body title too_long" },
		{ "title", "\xf0\x9f\x98\x80", 200, NULL },
		{ "title", "\xf0\x9f\x98\x80", 201, "body title too_long" },
		{ "title", "\\ud83d\\ude00", 200, NULL },
		{ "title", "\\ud83d\\ude00", 201, "body title too_long" },
		{ "title", "\\n", 200, NULL },
		{ "description", "x", 0, NULL },
		{ "description", "x", 5000, NULL },
		{ "description", "x", 5001, "body description too_long" },
		{ "description", "\xf0\x9f\x98\x80", 5000, NULL },
		{ "description", "\xf0\x9f\x98\x80", 5001, "body description too_long" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct test_response a =
		    create(json_with(rows[i].name, rows[i].character, rows[i].n));

		if (rows[i].wrong)
			expect_fields(&a, rows[i].wrong);
		else
			cr_expect_eq(a.status, 201, "%s %s %zu: %s", rows[i].name,
				     rows[i].character, rows[i].n, a.body);
	}
}

Test(items, texts_are_taken_as_sent)
{
	static const struct {
		const char *json, *text;
	} rows[] = {
		{ "  Lamp  ", "  Lamp  " },
		{ " ", " " },
		{ "<script>alert(1)</script>", "<script>alert(1)</script>" },
		{ "'; DROP TABLE items; --", "'; DROP TABLE items; --" },
		{ "\\\"\\\\\\/", "\"\\/" },
		{ "\\b\\f\\n\\r\\t", "\b\f\n\r\t" },
		{ "\\u0001\\u001f\\u007f", "\x01\x1f\x7f" },
		{ "\x7f", "\x7f" },
		{ "%s %n %00 \\\\x00", "%s %n %00 \\x00" },
		{ "$1 $$ ? :id", "$1 $$ ? :id" },
		{ "null", "null" },
		{ "\\\\N", "\\N" },
		{ "e\xcc\x81 \xc3\xa9 \\u00e9", "e\xcc\x81 \xc3\xa9 \xc3\xa9" },
		{ "\\u2028\\uFEFF\xef\xbf\xbf", "\xe2\x80\xa8\xef\xbb\xbf\xef\xbf\xbf" },
		{ "\\uD83D\\uDE00 \xf4\x8f\xbf\xbf", "\xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf" },
		{ "\xd7\x90\xe2\x80\xae", "\xd7\x90\xe2\x80\xae" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct test_response a =
		    create(arena_printf(t->arena, "{\"title\":\"%s\",\"description\":\"%s\"}",
					rows[i].json, rows[i].json));

		cr_assert_eq(a.status, 201, "%s: %s", rows[i].json, a.body);
		cr_expect_str_eq(response_text(&a, "title"), rows[i].text);
		cr_expect_str_eq(response_text(&a, "description"), rows[i].text);
		a = show(response_text(&a, "id"));
		cr_expect_str_eq(response_text(&a, "title"), rows[i].text);
	}
}

struct wrong_case {
	const char *json, *wrong;
};

static const struct wrong_case wrong_members[] = {
	{ "{\"title\":null}", "body title not_null" },
	{ "{\"title\":5}", "body title invalid_type" },
	{ "{\"title\":true}", "body title invalid_type" },
	{ "{\"title\":[\"x\"]}", "body title invalid_type" },
	{ "{\"title\":{}}", "body title invalid_type" },
	{ "{\"title\":\"\"}", "body title too_short" },
	{ "{\"title\":\"x\",\"description\":5}", "body description invalid_type" },
	{ "{\"title\":\"x\",\"description\":false}", "body description invalid_type" },
	{ "{\"title\":\"x\",\"description\":[]}", "body description invalid_type" },
	{ "{\"title\":\"x\",\"status\":null}", "body status not_null" },
	{ "{\"title\":\"x\",\"status\":\"\"}", "body status invalid_choice" },
	{ "{\"title\":\"x\",\"status\":\"Active\"}", "body status invalid_choice" },
	{ "{\"title\":\"x\",\"status\":\"active \"}", "body status invalid_choice" },
	{ "{\"title\":\"x\",\"status\":\"deleted\"}", "body status invalid_choice" },
	{ "{\"title\":\"x\",\"status\":0}", "body status invalid_type" },
	{ "{\"title\":\"x\",\"id\":\"0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10\"}",
	  "body id unknown_field" },
	{ "{\"title\":\"x\",\"owner_id\":\"0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10\"}",
	  "body owner_id unknown_field" },
	{ "{\"title\":\"x\",\"created_at\":\"2026-01-01T00:00:00Z\"}",
	  "body created_at unknown_field" },
	{ "{\"title\":\"x\",\"updated_at\":null}", "body updated_at unknown_field" },
	{ "{\"title\":\"x\",\"version\":5}", "body version unknown_field" },
};

Test(items, wrong_members_are_refused_by_each_method)
{
	static const char *const methods[] = { "POST", "PUT", "PATCH" };
	const char *path = path_of(make_item(t, &ada, .title = "Lamp"));
	struct test_response before = call(t, "GET", path, .token = ada.token), a;

	for (size_t i = 0; i < COUNT(wrong_members); i++) {
		for (size_t m = 0; m < COUNT(methods); m++) {
			a = call(t, methods[m], m ? path : ITEMS, .token = ada.token,
				 .json = wrong_members[i].json);
			expect_fields(&a, wrong_members[i].wrong);
		}
	}
	a = call(t, "GET", path, .token = ada.token);
	cr_expect_str_eq(a.body, before.body, "a refused change left something behind");
	a = call(t, "GET", ITEMS, .token = ada.token);
	cr_expect_eq(response_int(&a, "total"), 1, "a refused create left a row");
}

Test(items, a_title_is_required)
{
	const char *path = path_of(make_item(t, &ada));
	struct test_response a;

	a = create("{}");
	expect_fields(&a, "body title required");
	a = create("{\"status\":\"draft\"}");
	expect_fields(&a, "body title required");
	a = call(t, "PUT", path, .token = ada.token, .json = "{\"status\":\"draft\"}");
	expect_fields(&a, "body title required");
	a = call(t, "PUT", path, .token = ada.token, .json = "{}");
	expect_fields(&a, "body title required");
}

Test(items, every_status)
{
	static const char *const states[] = { "draft", "active", "archived" };

	for (size_t i = 0; i < COUNT(states); i++) {
		struct test_response a = create(
		    arena_printf(t->arena, "{\"title\":\"x\",\"status\":\"%s\"}", states[i]));

		cr_assert_eq(a.status, 201);
		cr_expect_str_eq(response_text(&a, "status"), states[i]);
	}
}

/* ---- PATCH */

static struct test_response
patch(const char *id, const char *json)
{
	return call(t, "PATCH", path_of(id), .token = ada.token, .json = json);
}

Test(items, patch_changes_what_is_named)
{
	const char *id = make_item(t, &ada, .title = "Lamp", .description = "Brass",
				   .status = "draft", .created_at = "2026-01-01T00:00:00Z");
	struct test_response a;

	a = patch(id, "{\"title\":\"Desk\"}");
	cr_assert_eq(a.status, 200, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "id"), id);
	cr_expect_str_eq(response_text(&a, "title"), "Desk");
	cr_expect_str_eq(response_text(&a, "description"), "Brass");
	cr_expect_str_eq(response_text(&a, "status"), "draft");
	cr_expect_str_eq(response_text(&a, "created_at"), "2026-01-01T00:00:00.000000Z");
	cr_expect_gt(strcmp(response_text(&a, "updated_at"), response_text(&a, "created_at")), 0);

	a = patch(id, "{\"description\":\"Oak\",\"status\":\"archived\"}");
	cr_expect_str_eq(response_text(&a, "title"), "Desk");
	cr_expect_str_eq(response_text(&a, "description"), "Oak");
	cr_expect_str_eq(response_text(&a, "status"), "archived");

	cr_expect_str_eq(show(id).body, a.body);
}

Test(items, patch_with_null_clears_what_may_be_null)
{
	const char *id = make_item(t, &ada, .description = "Brass");
	struct test_response a;

	a = patch(id, "{\"description\":null}");
	cr_expect_eq(a.status, 200);
	cr_expect(response_is_null(&a, "description"));
	a = patch(id, "{\"title\":null}");
	expect_fields(&a, "body title not_null");
	a = patch(id, "{\"status\":null}");
	expect_fields(&a, "body status not_null");
}

Test(items, patch_with_an_empty_text_is_no_null)
{
	const char *id = make_item(t, &ada, .description = "Brass");
	struct test_response a = patch(id, "{\"description\":\"\"}");

	cr_expect_str_eq(response_text(&a, "description"), "");
}

Test(items, patch_of_nothing_changes_nothing)
{
	const char *id = make_item(t, &ada, .title = "Lamp", .description = "Brass",
				   .created_at = "2026-01-01T00:00:00Z");
	struct test_response before = show(id), a = patch(id, "{}");

	cr_expect_eq(a.status, 200);
	cr_expect_str_eq(a.body, before.body);
}

Test(items, patch_does_not_set_defaults)
{
	const char *id = make_item(t, &ada, .status = "draft");
	struct test_response a = patch(id, "{\"title\":\"Desk\"}");

	cr_expect_str_eq(response_text(&a, "status"), "draft");
}

/* ---- PUT */

Test(items, put_goes_back_to_defaults)
{
	const char *id = make_item(t, &ada, .title = "Lamp", .description = "Brass",
				   .status = "draft", .created_at = "2026-01-01T00:00:00Z");
	struct test_response a;

	a = call(t, "PUT", path_of(id), .token = ada.token, .json = "{\"title\":\"Desk\"}");
	cr_assert_eq(a.status, 200, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "id"), id);
	cr_expect_str_eq(response_text(&a, "title"), "Desk");
	cr_expect(response_is_null(&a, "description"), "%s", a.body);
	cr_expect_str_eq(response_text(&a, "status"), "active", "%s", a.body);
	cr_expect_str_eq(response_text(&a, "owner_id"), ada.id);
	cr_expect_str_eq(response_text(&a, "created_at"), "2026-01-01T00:00:00.000000Z");
	cr_expect_str_eq(show(id).body, a.body);
}

Test(items, put_takes_the_whole_item)
{
	const char *id = make_item(t, &ada);
	struct test_response a =
	    call(t, "PUT", path_of(id), .token = ada.token,
		 .json = "{\"title\":\"Desk\",\"description\":\"Oak\",\"status\":\"archived\"}");

	cr_expect_str_eq(response_text(&a, "title"), "Desk");
	cr_expect_str_eq(response_text(&a, "description"), "Oak");
	cr_expect_str_eq(response_text(&a, "status"), "archived");
}

Test(items, put_creates_nothing)
{
	struct test_response a = call(t, "PUT", ITEMS "/0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10",
				      .token = ada.token, .json = "{\"title\":\"Desk\"}");

	expect_problem(&a, 404, "not_found");
}

/* ---- DELETE */

Test(items, deleted_is_gone)
{
	const char *id = make_item(t, &ada), *other = make_item(t, &ada);
	struct test_response a;

	a = call(t, "DELETE", path_of(id), .token = ada.token);
	cr_expect_eq(a.status, 204);
	a = show(id);
	expect_problem(&a, 404, "not_found");
	a = call(t, "DELETE", path_of(id), .token = ada.token);
	expect_problem(&a, 404, "not_found");
	a = patch(id, "{\"title\":\"x\"}");
	expect_problem(&a, 404, "not_found");
	a = patch(id, "{}");
	expect_problem(&a, 404, "not_found");
	cr_expect_eq(show(other).status, 200);
}

Test(items, ids_are_found_in_either_case)
{
	const char *id = make_item(t, &ada);
	char *upper = arena_text(t->arena, id);
	struct test_response a;

	for (char *at = upper; *at; at++) {
		if (*at >= 'a' && *at <= 'f')
			*at = (char)(*at - 'a' + 'A');
	}
	a = show(upper);
	cr_expect_eq(a.status, 200);
	cr_expect_str_eq(response_text(&a, "id"), id);
}

/* ---- access */

/* A GET afterwards shows whether it was changed. */
static void
expect_all(const struct account *who, const char *id, unsigned get, unsigned write, unsigned gone)
{
	expect_access(t, who, path_of(id), "{\"title\":\"Mine\"}", "{\"title\":\"Mine\"}", get,
		      write, gone);
}

Test(items, somebody_elses_is_not_found)
{
	struct account eve = make_user(t);
	const char *id = make_item(t, &ada);
	struct test_response before = show(id);

	expect_all(&eve, id, 404, 404, 404);
	cr_expect_str_eq(show(id).body, before.body);
}

Test(items, a_viewer_may_not_write_whosever_it_is)
{
	struct account eve = make_user(t, .role = "viewer");
	struct test_response a;

	a = call(t, "POST", ITEMS, .token = eve.token, .json = "{\"title\":\"Lamp\"}");
	expect_problem(&a, 403, "forbidden");
	expect_all(&eve, make_item(t, &ada), 404, 403, 403);
	expect_all(&eve, make_item(t, &eve), 200, 403, 403);
}

Test(items, an_admin_may_everything)
{
	struct account admin = make_user(t, .role = "admin"), owner = make_user(t, .role = "owner");

	expect_all(&admin, make_item(t, &ada), 200, 200, 204);
	expect_all(&owner, make_item(t, &ada), 200, 200, 204);
}

Test(items, an_admin_does_not_become_the_owner)
{
	struct account admin = make_user(t, .role = "admin");
	struct test_response a = call(t, "PUT", path_of(make_item(t, &ada)), .token = admin.token,
				      .json = "{\"title\":\"Desk\"}");

	cr_expect_str_eq(response_text(&a, "owner_id"), ada.id);
}

Test(items, the_answer_is_the_same_for_no_item_and_somebody_elses)
{
	struct account eve = make_user(t);
	struct test_response a = call(t, "GET", path_of(make_item(t, &ada)), .token = eve.token,
				      .header = "HTTP_X_REQUEST_ID=same-request");
	struct test_response b =
	    call(t, "GET", ITEMS "/0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10", .token = eve.token,
		 .header = "HTTP_X_REQUEST_ID=same-request");

	cr_expect_str_eq(a.body, b.body);
	cr_expect_eq(a.nheaders, b.nheaders);
}

Test(items, an_item_goes_with_its_owner)
{
	const char *id = make_item(t, &ada);
	struct account admin = make_user(t, .role = "admin");
	struct test_response a;

	testdb_sql("DELETE FROM users WHERE id = '%s'", ada.id);
	a = call(t, "GET", path_of(id), .token = admin.token);
	expect_problem(&a, 404, "not_found");
}
