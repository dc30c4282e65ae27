/* Lists of gizmos (support/gizmos.c): pages by offset and cursor, order, filters, links. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/make_gizmo.h"

#include "app/settings.h"

static struct test *t;
static struct account ada;

static void
begin(void)
{
	t = test_begin();
	ada = make_user(t);
}

TestSuite(lists, .init = begin, .fini = test_end);

#define GIZMOS "/api/v1/gizmos"

static struct test_response
list(const char *query)
{
	return call(t, "GET", arena_printf(t->arena, GIZMOS "%s", query), .token = ada.token);
}

static const char *
member(const struct test_response *a, size_t i, const char *name)
{
	return response_text(a, arena_printf(t->arena, "items.%zu.%s", i, name));
}

/* The titles of a page, separated by commas. */
static const char *
titles(const struct test_response *a)
{
	struct buf b = buf_new(t->arena, 1 << 20);

	cr_assert_eq(a->status, 200, "%u %s", a->status, a->body);
	for (size_t i = 0; i < response_count(a, "items"); i++)
		buf_printf(&b, "%s%s", i ? "," : "", member(a, i, "title"));
	return buf_done(&b);
}

/* The target of the relation in the Link header, or NULL. */
static const char *
link_of(const struct test_response *a, const char *rel)
{
	const char *wanted = arena_printf(t->arena, "rel=\"%s\"", rel);
	const char *at = response_header_value(a, "Link");

	while (at && *at == '<') {
		size_t len = strcspn(at + 1, ">"), rest;
		const char *target = arena_text_n(t->arena, at + 1, len);

		at += len + 2;
		rest = strcspn(at, ",");
		cr_assert_eq(strncmp(at, "; ", 2), 0, "%s", response_header_value(a, "Link"));
		if (strncmp(at + 2, wanted, strlen(wanted)) == 0)
			return target;
		at += rest;
		at += strspn(at, ", ");
	}
	return NULL;
}

static struct test_response
follow(const struct test_response *a, const char *rel)
{
	const char *target = link_of(a, rel);

	cr_assert_not_null(target, "there is no %s in %s", rel, response_header_value(a, "Link"));
	cr_expect_eq(target[0], '/', "%s is no absolute path", target);
	cr_expect_neq(target[1], '/', "%s is no absolute path", target);
	return call(t, "GET", target, .token = ada.token);
}

/* ---- pages by offset */

Test(lists, an_empty_list)
{
	struct test_response a = list("");

	cr_assert_eq(a.status, 200);
	cr_expect_eq(response_count(&a, "items"), 0);
	cr_expect_eq(response_int(&a, "total"), 0);
	cr_expect_eq(response_int(&a, "limit"), 20);
	cr_expect_eq(response_int(&a, "offset"), 0);
	cr_expect(response_is_null(&a, "next_cursor"));
	cr_expect_eq(response_count(&a, ""), 5, "%s", a.body);
	cr_expect_null(link_of(&a, "next"));
	cr_expect_null(link_of(&a, "prev"));
	cr_expect_not_null(link_of(&a, "first"));
	cr_expect_not_null(link_of(&a, "last"));
}

Test(lists, an_item_of_a_list_equals_the_resource)
{
	const char *id = make_gizmo(t, &ada, .title = "Lamp", .description = "Brass");
	struct test_response a = list("");
	struct test_response b =
	    call(t, "GET", arena_printf(t->arena, GIZMOS "/%s", id), .token = ada.token);

	cr_expect_not_null(strstr(a.body, b.body), "%s is not in %s", b.body, a.body);
}

Test(lists, the_newest_twenty_by_default)
{
	struct test_response a;

	make_gizmos(t, &ada, 25, false);
	a = list("");
	cr_expect_eq(response_count(&a, "items"), 20);
	cr_expect_eq(response_int(&a, "total"), 25);
	cr_expect_str_eq(member(&a, 0, "title"), "Gizmo 0025");
	cr_expect_str_eq(member(&a, 19, "title"), "Gizmo 0006");
	cr_expect_not(response_is_null(&a, "next_cursor"));
}

Test(lists, limit_and_offset)
{
	struct test_response a;

	make_gizmos(t, &ada, 10, false);
	a = list("?limit=3");
	cr_expect_str_eq(titles(&a), "Gizmo 0010,Gizmo 0009,Gizmo 0008");
	cr_expect_eq(response_int(&a, "limit"), 3);
	a = list("?limit=3&offset=8");
	cr_expect_str_eq(titles(&a), "Gizmo 0002,Gizmo 0001");
	cr_expect_eq(response_int(&a, "offset"), 8);
	cr_expect_eq(response_int(&a, "total"), 10);
	cr_expect(response_is_null(&a, "next_cursor"));
	a = list("?offset=7&limit=3");
	cr_expect_str_eq(titles(&a), "Gizmo 0003,Gizmo 0002,Gizmo 0001");
	cr_expect(response_is_null(&a, "next_cursor"), "that was the last page: %s", a.body);
	a = list("?limit=100");
	cr_expect_eq(response_count(&a, "items"), 10);
	a = list("?limit=1&offset=0");
	cr_expect_str_eq(titles(&a), "Gizmo 0010");
}

Test(lists, an_offset_beyond_the_end)
{
	struct test_response a;

	make_gizmos(t, &ada, 5, false);
	a = list("?offset=5");
	cr_expect_eq(response_count(&a, "items"), 0);
	cr_expect_eq(response_int(&a, "total"), 5);
	cr_expect_eq(response_int(&a, "offset"), 5);
	cr_expect(response_is_null(&a, "next_cursor"));
	cr_expect_null(link_of(&a, "next"));
	a = list("?limit=2&offset=1000000");
	cr_expect_eq(a.status, 200);
	cr_expect_eq(response_int(&a, "total"), 5);
	a = follow(&a, "prev");
	cr_expect_str_eq(titles(&a), "Gizmo 0001", "prev leads back to the last page");
}

/* ---- refused values */

struct wrong_case {
	const char *query, *wrong;
};

Test(lists, invalid_parameters)
{
	static const struct wrong_case rows[] = {
		{ "?limit=0", "query limit too_small" },
		{ "?limit=-1", "query limit too_small" },
		{ "?limit=101", "query limit too_large" },
		{ "?limit=99999999999999999999", "query limit too_large" },
		{ "?limit=-99999999999999999999", "query limit too_small" },
		{ "?limit=x", "query limit invalid_type" },
		{ "?limit=", "query limit invalid_type" },
		{ "?limit", "query limit invalid_type" },
		{ "?limit=1.0", "query limit invalid_type" },
		{ "?limit=1e1", "query limit invalid_type" },
		{ "?limit=0x10", "query limit invalid_type" },
		{ "?limit=%2B5", "query limit invalid_type" },
		{ "?limit=+5", "query limit invalid_type" },
		{ "?limit=5%20", "query limit invalid_type" },
		{ "?limit=\xd9\xa5", "query limit invalid_type" },
		{ "?offset=-1", "query offset too_small" },
		{ "?offset=99999999999999999999", "query offset too_large" },
		{ "?offset=x", "query offset invalid_type" },
		{ "?offset=", "query offset invalid_type" },
		{ "?limit=5&limit=6", "query limit invalid_format" },
		{ "?sort=title&sort=title", "query sort invalid_format" },
		{ "?sort=", "query sort invalid_choice" },
		{ "?sort=id", "query sort invalid_choice" },
		{ "?sort=description", "query sort invalid_choice" },
		{ "?sort=status", "query sort invalid_choice" },
		{ "?sort=owner_id", "query sort invalid_choice" },
		{ "?sort=--title", "query sort invalid_choice" },
		{ "?sort=-", "query sort invalid_choice" },
		{ "?sort=%2Btitle", "query sort invalid_choice" },
		{ "?sort=Title", "query sort invalid_choice" },
		{ "?sort=titl", "query sort invalid_choice" },
		{ "?sort=titles", "query sort invalid_choice" },
		{ "?sort=title,created_at", "query sort invalid_choice" },
		{ "?sort=title%20desc", "query sort invalid_choice" },
		{ "?sort=title;--", "query sort invalid_choice" },
		{ "?status=gone", "query status invalid_choice" },
		{ "?status=", "query status invalid_choice" },
		{ "?status=Active", "query status invalid_choice" },
		{ "?status=active&status=draft", "query status invalid_format" },
		{ "?owner_id=1", "query owner_id invalid_format" },
		{ "?owner_id=", "query owner_id invalid_format" },
		{ "?page=2", "query page unknown_field" },
		{ "?Limit=5", "query Limit unknown_field" },
		{ "?limit%20=5", "query limit  unknown_field" },
		{ "?title=Lamp", "query title unknown_field" },
		{ "?=1", "query  unknown_field" },
		{ "?\xc3\xa9=1", "query \xc3\xa9 unknown_field" },
		{ "?cursor=", "query cursor invalid_format" },
		{ "?cursor=x", "query cursor invalid_format" },
		{ "?cursor=!!!!", "query cursor invalid_format" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct test_response a = list(rows[i].query);

		expect_fields(&a, rows[i].wrong);
		a = list(arena_printf(t->arena, "/my%s", rows[i].query));
		expect_fields(&a, rows[i].wrong);
	}
}

Test(lists, reports_all_invalid_parameters)
{
	struct test_response a = list("?limit=0&offset=-5&sort=x&status=y&owner_id=z&q=1");

	expect_fields(&a, "query limit too_small", "query offset too_small",
		      "query sort invalid_choice", "query status invalid_choice",
		      "query owner_id invalid_format", "query q unknown_field");
}

Test(lists, malicious_values_are_harmless)
{
	struct test_response a;

	make_gizmos(t, &ada, 3, false);
	a = list("?owner_id=0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10'%20OR%201=1");
	expect_problem(&a, 422, "validation_error");
	a = list("?sort=title'");
	expect_problem(&a, 422, "validation_error");
	a = list("");
	cr_expect_eq(response_int(&a, "total"), 3);
}

/* ---- order */

Test(lists, every_sort_in_both_directions)
{
	static const struct {
		const char *sort, *titles;
	} rows[] = {
		{ "title", "a,b,c" },       { "-title", "c,b,a" },     { "created_at", "b,c,a" },
		{ "-created_at", "a,c,b" }, { "updated_at", "c,a,b" }, { "-updated_at", "b,a,c" },
	};
	static const char *const order[] = { "a", "b" };
	const char *ids[2];
	struct test_response a;

	make_gizmo(t, &ada, .title = "c", .created_at = "2026-01-02T00:00:00Z");
	ids[0] = make_gizmo(t, &ada, .title = "a", .created_at = "2026-01-03T00:00:00Z");
	ids[1] = make_gizmo(t, &ada, .title = "b", .created_at = "2026-01-01T00:00:00Z");
	for (size_t i = 0; i < 2; i++) {
		a = call(t, "PATCH", arena_printf(t->arena, GIZMOS "/%s", ids[i]),
			 .token = ada.token,
			 .json = arena_printf(t->arena, "{\"title\":\"%s\"}", order[i]));
		cr_assert_eq(a.status, 200);
	}
	for (size_t i = 0; i < COUNT(rows); i++) {
		a = list(arena_printf(t->arena, "?sort=%s", rows[i].sort));
		cr_expect_str_eq(titles(&a), rows[i].titles, "%s", rows[i].sort);
	}
}

Test(lists, the_id_breaks_ties_in_the_direction_of_the_sort)
{
	struct test_response up, down;

	make_gizmos(t, &ada, 30, true);
	up = list("?sort=created_at&limit=100");
	down = list("?sort=-created_at&limit=100");
	for (size_t i = 0; i < 30; i++) {
		if (i)
			cr_expect_lt(strcmp(member(&up, i - 1, "id"), member(&up, i, "id")), 0);
		cr_expect_str_eq(member(&up, i, "id"), member(&down, 29 - i, "id"));
	}
}

/* ---- filters and visibility */

Test(lists, by_status)
{
	struct test_response a;

	make_gizmo(t, &ada, .title = "a", .status = "draft");
	make_gizmo(t, &ada, .title = "b", .status = "archived");
	make_gizmo(t, &ada, .title = "c", .status = "draft");
	a = list("?status=draft&sort=title");
	cr_expect_str_eq(titles(&a), "a,c");
	cr_expect_eq(response_int(&a, "total"), 2);
	a = list("?status=active");
	cr_expect_eq(response_int(&a, "total"), 0);
}

Test(lists, callers_list_their_own_rows_and_admins_all)
{
	struct account eve = make_user(t), viewer = make_user(t, .role = "viewer"),
		       admin = make_user(t, .role = "admin"), owner = make_user(t, .role = "owner");
	struct test_response a;

	make_gizmo(t, &ada, .title = "a");
	make_gizmo(t, &eve, .title = "e");
	make_gizmo(t, &admin, .title = "x");
	a = list("");
	cr_expect_str_eq(titles(&a), "a");
	cr_expect_eq(response_int(&a, "total"), 1);
	a = call(t, "GET", GIZMOS, .token = viewer.token);
	cr_expect_eq(response_int(&a, "total"), 0);
	a = call(t, "GET", GIZMOS "?sort=title", .token = admin.token);
	cr_expect_str_eq(titles(&a), "a,e,x");
	a = call(t, "GET", GIZMOS "?sort=title", .token = owner.token);
	cr_expect_str_eq(titles(&a), "a,e,x");
	a = call(t, "GET", GIZMOS "/my", .token = admin.token);
	cr_expect_str_eq(titles(&a), "x");
	a = call(t, "GET", GIZMOS "/my", .token = owner.token);
	cr_expect_eq(response_int(&a, "total"), 0);
	a = call(t, "GET", GIZMOS "/my", .token = ada.token);
	cr_expect_str_eq(titles(&a), "a");
}

Test(lists, by_owner)
{
	struct account eve = make_user(t), admin = make_user(t, .role = "admin");
	struct test_response a;

	make_gizmo(t, &ada, .title = "a");
	make_gizmo(t, &eve, .title = "e");
	a = call(t, "GET", arena_printf(t->arena, GIZMOS "?owner_id=%s", eve.id),
		 .token = admin.token);
	cr_expect_str_eq(titles(&a), "e");
	a = list(arena_printf(t->arena, "?owner_id=%s", eve.id));
	cr_expect_eq(response_int(&a, "total"), 0, "rows of other users are not shown: %s", a.body);
	a = list(arena_printf(t->arena, "?owner_id=%s", ada.id));
	cr_expect_str_eq(titles(&a), "a");
	a = call(t, "GET", arena_printf(t->arena, GIZMOS "/my?owner_id=%s", eve.id),
		 .token = admin.token);
	cr_expect_eq(response_int(&a, "total"), 0);
}

/* ---- links */

Test(lists, links_of_offsets)
{
	struct test_response first, a;

	make_gizmos(t, &ada, 10, false);
	first = list("?limit=4&sort=title&status=active");
	cr_expect_str_eq(titles(&first), "Gizmo 0001,Gizmo 0002,Gizmo 0003,Gizmo 0004");
	cr_expect_null(link_of(&first, "prev"), "%s", response_header_value(&first, "Link"));
	cr_expect_str_eq(link_of(&first, "next"),
			 GIZMOS "?limit=4&sort=title&status=active&offset=4");

	a = follow(&first, "next");
	cr_expect_str_eq(titles(&a), "Gizmo 0005,Gizmo 0006,Gizmo 0007,Gizmo 0008");
	cr_expect_str_eq(follow(&a, "prev").body, first.body);
	a = follow(&a, "next");
	cr_expect_str_eq(titles(&a), "Gizmo 0009,Gizmo 0010");
	cr_expect_null(link_of(&a, "next"));
	cr_expect_str_eq(follow(&a, "first").body, first.body);
	cr_expect_str_eq(follow(&first, "last").body, a.body);
	cr_expect_str_eq(follow(&a, "last").body, a.body);
}

Test(lists, the_last_page_can_be_full)
{
	struct test_response a;

	make_gizmos(t, &ada, 8, false);
	a = list("?limit=4&offset=4");
	cr_expect_null(link_of(&a, "next"));
	cr_expect_str_eq(follow(&a, "last").body, a.body);
	a = list("?limit=8");
	cr_expect_null(link_of(&a, "next"));
	cr_expect(response_is_null(&a, "next_cursor"));
}

Test(lists, prev_of_a_small_offset_begins_at_0)
{
	struct test_response a;

	make_gizmos(t, &ada, 8, false);
	a = list("?limit=4&offset=2");
	a = follow(&a, "prev");
	cr_expect_eq(response_int(&a, "offset"), 0);
}

Test(lists, links_of_cursors)
{
	struct test_response a, b;

	make_gizmos(t, &ada, 5, false);
	a = list("?limit=2&sort=title");
	b = list(arena_printf(t->arena, "?limit=2&sort=title&cursor=%s",
			      response_text(&a, "next_cursor")));
	cr_expect_str_eq(titles(&b), "Gizmo 0003,Gizmo 0004");
	cr_expect_null(link_of(&b, "prev"));
	cr_expect_null(link_of(&b, "first"));
	cr_expect_null(link_of(&b, "last"));
	b = follow(&b, "next");
	cr_expect_str_eq(titles(&b), "Gizmo 0005");
	cr_expect_null(response_header_value(&b, "Link"), "%s", response_header_value(&b, "Link"));
}

Test(lists, links_of_my)
{
	struct test_response a;

	make_gizmos(t, &ada, 3, false);
	a = list("/my/?limit=2");
	cr_expect_eq(strncmp(link_of(&a, "next"), GIZMOS "/my", strlen(GIZMOS "/my")), 0, "%s",
		     link_of(&a, "next"));
	a = follow(&a, "next");
	cr_expect_str_eq(titles(&a), "Gizmo 0001");
}

/* ---- pages by cursor */

static struct test_response
next_page(const struct test_response *a, const char *query)
{
	return list(
	    arena_printf(t->arena, "?%s&cursor=%s", query, response_text(a, "next_cursor")));
}

/* Pages through the list by cursor and calls `between` after each page. Returns the titles of all
 * pages. */
static const char *
walk(const char *query, void (*between)(void))
{
	struct buf b = buf_new(t->arena, 1 << 20);
	struct test_response a = list(arena_printf(t->arena, "?%s", query));

	for (int pages = 1;; pages++) {
		cr_assert_lt(pages, 200, "the pages do not end");
		buf_printf(&b, "%s%s", b.len ? "," : "", titles(&a));
		if (response_is_null(&a, "next_cursor"))
			return buf_done(&b);
		if (between)
			between();
		a = next_page(&a, query);
		cr_assert_eq(a.status, 200, "%s", a.body);
	}
}

static size_t
occurrences(const char *titles_of_all, const char *title)
{
	size_t n = 0, len = strlen(title);

	for (const char *at = titles_of_all; (at = strstr(at, title)); at += len)
		n += (at == titles_of_all || at[-1] == ',') && (!at[len] || at[len] == ',');
	return n;
}

static void
expect_each_once(const char *titles_of_all, int n)
{
	for (int i = 1; i <= n; i++) {
		const char *title = arena_printf(t->arena, "Gizmo %04d", i);

		cr_expect_eq(occurrences(titles_of_all, title), 1, "%s in %s", title,
			     titles_of_all);
	}
}

Test(lists, a_cursor_page_has_no_total_and_no_offset)
{
	struct test_response a;

	make_gizmos(t, &ada, 5, false);
	a = list("?limit=2");
	a = next_page(&a, "limit=2");
	cr_expect_eq(response_count(&a, "items"), 2);
	cr_expect_not(response_has(&a, "total"));
	cr_expect_not(response_has(&a, "offset"));
	cr_expect_eq(response_int(&a, "limit"), 2);
	cr_expect_eq(response_count(&a, ""), 3, "%s", a.body);
	a = next_page(&a, "limit=2");
	cr_expect_eq(response_count(&a, "items"), 1);
	cr_expect(response_is_null(&a, "next_cursor"));
}

Test(lists, cursors_return_every_row_once_in_every_order)
{
	static const char *const sorts[] = { "title",       "-title",     "created_at",
					     "-created_at", "updated_at", "-updated_at" };

	make_gizmos(t, &ada, 23, false);
	for (size_t i = 0; i < COUNT(sorts); i++) {
		const char *query = arena_printf(t->arena, "sort=%s&limit=5", sorts[i]);
		const char *all = walk(query, NULL);
		struct test_response a =
		    list(arena_printf(t->arena, "?sort=%s&limit=100", sorts[i]));

		cr_expect_str_eq(all, titles(&a), "%s", sorts[i]);
		expect_each_once(all, 23);
	}
}

Test(lists, cursors_over_equal_values)
{
	make_gizmos(t, &ada, 23, true);
	expect_each_once(walk("limit=5", NULL), 23);
	expect_each_once(walk("limit=1&sort=created_at", NULL), 23);
	expect_each_once(walk("limit=22&sort=-updated_at", NULL), 23);
	expect_each_once(walk("limit=23", NULL), 23);
}

Test(lists, cursors_over_equal_titles)
{
	struct test_response a;
	size_t n = 0;

	for (int i = 0; i < 9; i++)
		make_gizmo(t, &ada, .title = "same");
	for (const char *at = walk("limit=2&sort=title", NULL); at; at = strchr(at + 1, ','))
		n++;
	cr_expect_eq(n, 9);
	a = list("?limit=9&sort=title");
	cr_expect(response_is_null(&a, "next_cursor"));
}

Test(lists, cursors_over_special_titles)
{
	static const char *const names[] = {
		"'",        "\"",
		"\\",       "%",
		"a\nb",     " x",
		"\x01",     "\xf0\x9f\x98\x80",
		"Z",        "z",
		"\xc3\xa9", "e",
		"E",        "\xef\xbf\xbf",
		"null",     "$1",
		"{\"a\"}",  "x,y",
	};
	struct buf longest = buf_new(t->arena, 1000);
	struct test_response a, b;

	for (size_t i = 0; i < COUNT(names); i++)
		make_gizmo(t, &ada, .title = names[i]);
	for (int i = 0; i < 200; i++)
		buf_text(&longest, "\xf0\x9f\x98\x80");
	make_gizmo(t, &ada, .title = buf_done(&longest));

	a = list("?limit=100&sort=title");
	cr_expect_eq(response_count(&a, "items"), COUNT(names) + 1);
	b = list("?limit=1&sort=title");
	for (size_t i = 0; i < COUNT(names); i++) {
		cr_expect_str_eq(member(&b, 0, "title"), member(&a, i, "title"));
		b = next_page(&b, "limit=1&sort=title");
	}
	cr_expect(response_is_null(&b, "next_cursor"));
	cr_expect_str_eq(member(&b, 0, "title"), member(&a, COUNT(names), "title"));
}

static void
add_everywhere(void)
{
	make_gizmo(t, &ada, .title = "AAA new");
	make_gizmo(t, &ada, .title = "Gizmo 0010 new");
	make_gizmo(t, &ada, .title = "ZZZ new", .created_at = "2026-01-01T00:10:00Z");
	make_gizmo(t, &ada, .title = "old new", .created_at = "2020-01-01T00:00:00Z");
}

Test(lists, concurrent_inserts_hide_and_repeat_nothing)
{
	make_gizmos(t, &ada, 23, false);
	expect_each_once(walk("limit=5", add_everywhere), 23);
}

Test(lists, concurrent_inserts_by_title)
{
	make_gizmos(t, &ada, 23, false);
	expect_each_once(walk("limit=5&sort=title", add_everywhere), 23);
}

Test(lists, the_row_of_a_cursor_may_be_deleted)
{
	struct test_response a, b;

	make_gizmos(t, &ada, 6, false);
	a = list("?limit=3&sort=title");
	b = call(t, "DELETE", arena_printf(t->arena, GIZMOS "/%s", member(&a, 2, "id")),
		 .token = ada.token);
	cr_assert_eq(b.status, 204);
	b = next_page(&a, "limit=3&sort=title");
	cr_expect_str_eq(titles(&b), "Gizmo 0004,Gizmo 0005,Gizmo 0006");
}

Test(lists, the_limit_may_change_between_pages)
{
	struct test_response a;

	make_gizmos(t, &ada, 6, false);
	a = list("?limit=2&sort=title");
	a = next_page(&a, "limit=3&sort=title");
	cr_expect_str_eq(titles(&a), "Gizmo 0003,Gizmo 0004,Gizmo 0005");
}

Test(lists, the_default_order_may_be_explicit)
{
	struct test_response a;

	make_gizmos(t, &ada, 4, false);
	a = list("?limit=2");
	a = next_page(&a, "limit=2&sort=-created_at");
	cr_expect_str_eq(titles(&a), "Gizmo 0002,Gizmo 0001");
}

/* ---- invalid cursors */

static void
expect_no_cursor(const char *path, const char *token)
{
	struct test_response a = call(t, "GET", path, .token = token);

	expect_fields(&a, "query cursor invalid_format");
}

Test(lists, a_cursor_is_valid_for_its_filters_and_order)
{
	static const char *const others[] = {
		"sort=title&status=active",
		"sort=title",
		"sort=title&status=draft",
		"sort=-title&status=archived",
		"sort=-title",
		"status=archived",
		"sort=created_at&status=archived",
		"sort=title&status=archived&owner_id=0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10",
	};
	struct test_response a;
	const char *cursor;

	for (int i = 0; i < 5; i++)
		make_gizmo(t, &ada, .status = "archived");
	a = list("?sort=title&status=archived&limit=2");
	cursor = response_text(&a, "next_cursor");
	for (size_t i = 0; i < COUNT(others); i++)
		expect_no_cursor(arena_printf(t->arena, GIZMOS "?%s&cursor=%s", others[i], cursor),
				 ada.token);
	a = next_page(&a, "sort=title&status=archived&limit=2");
	cr_expect_eq(response_count(&a, "items"), 2);
}

Test(lists, a_cursor_is_valid_for_one_caller)
{
	struct account eve = make_user(t), admin = make_user(t, .role = "admin");
	struct test_response a;
	const char *cursor;

	make_gizmos(t, &ada, 5, false);
	make_gizmos(t, &eve, 5, false);
	make_gizmos(t, &admin, 5, false);
	a = list("?limit=2");
	cursor = response_text(&a, "next_cursor");
	expect_no_cursor(arena_printf(t->arena, GIZMOS "?cursor=%s", cursor), eve.token);
	expect_no_cursor(arena_printf(t->arena, GIZMOS "?cursor=%s", cursor), admin.token);
	a = call(t, "GET", GIZMOS "?limit=2", .token = admin.token);
	cursor = response_text(&a, "next_cursor");
	expect_no_cursor(arena_printf(t->arena, GIZMOS "/my?cursor=%s", cursor), admin.token);
	expect_no_cursor(arena_printf(t->arena, GIZMOS "?cursor=%s", cursor), ada.token);
}

Test(lists, a_cursor_with_an_offset)
{
	struct test_response a;

	make_gizmos(t, &ada, 5, false);
	a = list("?limit=2");
	a = list(arena_printf(t->arena, "?offset=0&cursor=%s", response_text(&a, "next_cursor")));
	expect_problem(&a, 422, "validation_error");
}

Test(lists, a_modified_cursor)
{
	struct test_response a;
	const char *cursor;
	size_t len;

	make_gizmos(t, &ada, 5, false);
	a = list("?limit=2&sort=title");
	cursor = response_text(&a, "next_cursor");
	len = strlen(cursor);
	cr_expect_eq(strspn(cursor, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-_.~"),
		     len, "a cursor is safe in a URL: %s", cursor);
	for (size_t i = 0; i < len; i++) {
		char *other = arena_text(t->arena, cursor);

		/* The last character may contain unused bits, so all of it is changed. */
		other[i] = (char)(other[i] == 'A' || other[i] == 'Q' ? 'x' : 'A');
		expect_no_cursor(arena_printf(t->arena, GIZMOS "?sort=title&cursor=%s", other),
				 ada.token);
	}
	for (size_t i = 1; i < len; i++)
		expect_no_cursor(
		    arena_printf(t->arena, GIZMOS "?sort=title&cursor=%.*s", (int)i, cursor),
		    ada.token);
	expect_no_cursor(arena_printf(t->arena, GIZMOS "?sort=title&cursor=%sA", cursor),
			 ada.token);
	expect_no_cursor(arena_printf(t->arena, GIZMOS "?sort=title&cursor=%s%s", cursor, cursor),
			 ada.token);
	expect_no_cursor(arena_printf(t->arena, GIZMOS "?sort=title&cursor=%s%%20", cursor),
			 ada.token);
	a = next_page(&a, "sort=title");
	cr_expect_eq(a.status, 200);
}

Test(lists, a_cursor_of_another_secret)
{
	struct test_response a;

	make_gizmos(t, &ada, 5, false);
	a = list("?limit=2");
	settings.jwt_secret_key = "another key of at least thirty-two bytes";
	ada = make_user(t, .role = "admin");
	expect_no_cursor(
	    arena_printf(t->arena, GIZMOS "?cursor=%s", response_text(&a, "next_cursor")),
	    ada.token);
}
