/* The application from outside: each call goes through the whole pipeline, to a database of
 * the test's own, and each response is checked against the OpenAPI document. */
#include <criterion/criterion.h>

#include "notes.h"
#include "support/call.h"
#include "support/test_app.h"

#define NOTES "/api/v1/notes"

TEST_SUITE(notes);

const struct app *
test_app(void)
{
	static const struct app app = { .name = "notes", .features = notes_features };

	return &app;
}

static struct test_response
write_note(const char *body)
{
	struct test_response a =
	    call(t, "POST", NOTES, .json = arena_printf(t->arena, "{\"body\":\"%s\"}", body));

	cr_assert_eq(a.status, 201, "%s", a.body);
	return a;
}

Test(notes, is_written_and_read)
{
	struct test_response a = write_note("Water the plants");

	cr_expect_str_eq(response_text(&a, "body"), "Water the plants");
	a = call(t, "GET", response_header_value(&a, "Location"));
	cr_expect_eq(a.status, 200);
	cr_expect_str_eq(response_text(&a, "body"), "Water the plants");
}

Test(notes, is_gone_once_removed)
{
	struct test_response a = write_note("Water the plants");
	const char *path = response_header_value(&a, "Location");

	a = call(t, "DELETE", path);
	cr_expect_eq(a.status, 204);
	a = call(t, "DELETE", path);
	expect_problem(&a, 404, "not_found");
	a = call(t, "GET", path);
	expect_problem(&a, 404, "not_found");
}

Test(notes, are_listed_newest_first_by_cursor)
{
	struct test_response a;

	write_note("one");
	write_note("two");
	a = call(t, "GET", NOTES "?limit=1");
	cr_expect_eq(response_int(&a, "total"), 2);
	cr_expect_str_eq(response_text(&a, "items.0.body"), "two");
	a = call(
	    t, "GET",
	    arena_printf(t->arena, NOTES "?limit=1&cursor=%s", response_text(&a, "next_cursor")));
	cr_expect_str_eq(response_text(&a, "items.0.body"), "one");
	cr_expect(response_is_null(&a, "next_cursor"));
}

Test(notes, that_are_not_valid_are_refused)
{
	struct test_response a;

	a = call(t, "POST", NOTES, .json = "{\"body\":\"\",\"colour\":\"red\"}");
	expect_fields(&a, "body body too_short", "body colour unknown_field");
	a = call(t, "GET", NOTES "?after=yesterday");
	expect_fields(&a, "query after invalid_format");
}

Test(notes, describes_itself)
{
	struct test_response a = call(t, "GET", "/openapi.json");

	cr_expect(response_has(&a, "paths./api/v1/notes.post"));
	cr_expect_not(response_has(&a, "paths./api/v1/users"));
}
