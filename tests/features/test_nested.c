/* Paths with the id of a parent, or with a slug. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/make_gizmo.h"

#define P    "/api/v1"
#define NONE "0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10"

static struct test *t;
static struct account ada, grace, admin;
static const char *gizmo, *other; /* of Ada */

static void
begin(void)
{
	t = test_begin();
	ada = make_user(t);
	grace = make_user(t);
	admin = make_user(t, .role = "admin");
	gizmo = make_gizmo(t, &ada);
	other = make_gizmo(t, &ada);
}

TestSuite(nested, .init = begin, .fini = test_end, .timeout = 60);

static const char *
parts_of(const char *id)
{
	return arena_printf(t->arena, P "/gizmos/%s/parts", id);
}

static struct test_response
create(const struct account *by, const char *of, const char *name)
{
	return call(t, "POST", parts_of(of), .token = by->token,
		    .json = arena_printf(t->arena, "{\"name\":\"%s\"}", name));
}

static const char *
path_of(const char *parent, const struct test_response *created)
{
	return arena_printf(t->arena, "%s/%s", parts_of(parent), response_text(created, "id"));
}

Test(nested, a_row_belongs_to_the_parent_in_the_path)
{
	struct test_response a = create(&ada, gizmo, "Bulb"), b;

	cr_assert_eq(a.status, 201, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "gizmo_id"), gizmo);
	cr_expect_str_eq(response_text(&a, "owner_id"), ada.id);
	cr_expect_str_eq(response_header_value(&a, "Location"), path_of(gizmo, &a));
	b = call(t, "GET", path_of(gizmo, &a), .token = ada.token);
	cr_expect_str_eq(b.body, a.body);
	cr_expect_eq(call(t, "GET", path_of(other, &a), .token = ada.token).status, 404);
	cr_expect_eq(
	    call(t, "PATCH", path_of(other, &a), .token = ada.token, .json = "{\"name\":\"Shade\"}")
		.status,
	    404);
	cr_expect_eq(call(t, "DELETE", path_of(other, &a), .token = ada.token).status, 404);
	b = call(t, "GET", path_of(gizmo, &a), .token = ada.token);
	cr_expect_str_eq(b.body, a.body);
}

Test(nested, the_parent_cannot_be_changed)
{
	struct test_response a = create(&ada, gizmo, "Bulb"), b;
	const char *json = arena_printf(t->arena, "{\"name\":\"x\",\"gizmo_id\":\"%s\"}", other);

	b = call(t, "PUT", path_of(gizmo, &a), .token = ada.token, .json = json);
	cr_expect_eq(b.status, 422);
	b = call(t, "PUT", path_of(gizmo, &a), .token = ada.token, .json = "{\"name\":\"x\"}");
	cr_expect_eq(b.status, 200);
	cr_expect_str_eq(response_text(&b, "gizmo_id"), gizmo);
}

Test(nested, a_list_has_the_rows_of_its_parent)
{
	struct test_response a;

	create(&ada, gizmo, "Bulb");
	create(&ada, other, "Shade");
	a = call(t, "GET", parts_of(gizmo), .token = ada.token);
	cr_expect_eq(response_int(&a, "total"), 1);
	cr_expect_str_eq(response_text(&a, "items.0.name"), "Bulb");
	cr_expect_eq(call(t, "GET", parts_of(NONE), .token = ada.token).status, 404);
}

Test(nested, a_cursor_is_not_valid_for_another_parent)
{
	struct test_response a;
	const char *cursor;

	for (int i = 0; i < 3; i++)
		create(&ada, gizmo, "Bulb");
	a = call(t, "GET", arena_printf(t->arena, "%s?limit=1", parts_of(gizmo)),
		 .token = ada.token);
	cursor = response_text(&a, "next_cursor");
	a = call(t, "GET", arena_printf(t->arena, "%s?cursor=%s", parts_of(gizmo), cursor),
		 .token = ada.token);
	cr_expect_eq(response_count(&a, "items"), 2);
	a = call(t, "GET", arena_printf(t->arena, "%s?cursor=%s", parts_of(other), cursor),
		 .token = ada.token);
	cr_expect_eq(a.status, 422);
}

Test(nested, who_sees_the_parent_sees_its_rows)
{
	struct test_response a = create(&ada, gizmo, "Bulb");
	const char *path = path_of(gizmo, &a);

	cr_expect_eq(create(&grace, gizmo, "Hers").status, 404);
	cr_expect_eq(call(t, "GET", parts_of(gizmo), .token = grace.token).status, 404);
	cr_expect_eq(call(t, "GET", path, .token = grace.token).status, 404);
	cr_expect_eq(call(t, "DELETE", path, .token = grace.token).status, 404);
	cr_expect_eq(call(t, "GET", path, .token = admin.token).status, 200);

	a = create(&admin, gizmo, "Of an admin");
	path = path_of(gizmo, &a);
	cr_expect_eq(call(t, "GET", path, .token = ada.token).status, 200);
	cr_expect_eq(call(t, "DELETE", path, .token = ada.token).status, 404,
		     "only who added it may remove it");
	cr_expect_eq(call(t, "DELETE", path, .token = admin.token).status, 204);
}

Test(nested, versions_are_checked)
{
	struct test_response a = create(&ada, gizmo, "Bulb");
	const char *path = path_of(gizmo, &a);
	const char *tag =
	    arena_printf(t->arena, "HTTP_IF_MATCH=%s", response_header_value(&a, "ETag"));

	a = call(t, "PATCH", path, .token = ada.token, .json = "{\"number\":2}", .header = tag);
	cr_expect_eq(a.status, 200, "%s", a.body);
	a = call(t, "PATCH", path, .token = ada.token, .json = "{\"number\":3}", .header = tag);
	cr_expect_eq(a.status, 412);
	cr_expect_eq(call(t, "DELETE", path, .token = ada.token, .header = tag).status, 412);
}

/* --- slugs --- */

static struct test_response
label(const char *method, const char *path, const char *json)
{
	return call(t, method, path, .token = ada.token, .json = json);
}

Test(nested, a_slug_finds_a_row)
{
	struct test_response a = label("POST", P "/labels", "{\"slug\":\"green-shade-2\"}"), b;

	cr_assert_eq(a.status, 201, "%s", a.body);
	cr_expect_str_eq(response_header_value(&a, "Location"), P "/labels/green-shade-2");
	b = label("GET", P "/labels/green-shade-2", NULL);
	cr_expect_str_eq(b.body, a.body);
	cr_expect_eq(label("GET", P "/labels/GREEN-shade-2", NULL).status, 404);
	cr_expect_eq(label("GET", P "/labels/green-", NULL).status, 404);
	cr_expect_eq(
	    label("GET", arena_printf(t->arena, P "/labels/%s", response_text(&a, "id")), NULL)
		.status,
	    404, "an id is no slug of a row");

	a = label("PATCH", P "/labels/green-shade-2", "{\"slug\":\"shade\",\"text\":\"x\"}");
	cr_expect_eq(a.status, 200, "%s", a.body);
	cr_expect_eq(label("GET", P "/labels/green-shade-2", NULL).status, 404);
	cr_expect_eq(call(t, "DELETE", P "/labels/shade", .token = grace.token).status, 404);
	cr_expect_eq(label("DELETE", P "/labels/shade", NULL).status, 204);
	cr_expect_eq(label("DELETE", P "/labels/shade", NULL).status, 404);
}

Test(nested, a_slug_is_unique_and_valid)
{
	static const char *const invalid[] = { "", "-a", "a-", "a--b", "A", "a b", "ä", "a/b" };
	struct test_response a = label("POST", P "/labels", "{\"slug\":\"shade\"}");

	cr_assert_eq(a.status, 201, "%s", a.body);
	a = label("POST", P "/labels", "{\"slug\":\"shade\"}");
	expect_problem(&a, 409, "conflict");
	for (size_t i = 0; i < COUNT(invalid); i++) {
		a = label("POST", P "/labels",
			  arena_printf(t->arena, "{\"slug\":\"%s\"}", invalid[i]));
		expect_fields(&a, "body slug invalid_format");
	}
	a = label("POST", P "/labels", arena_printf(t->arena, "{\"slug\":\"%0101d\"}", 0));
	expect_fields(&a, "body slug too_long");
}
