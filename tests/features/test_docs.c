/* The OpenAPI document: location, headers, content. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/test_app.h"

#include "app/feature.h"
#include "app/password.h"
#include "app/settings.h"

TEST_SUITE(docs);

Test(docs, is_public_at_both_paths)
{
	struct test_response a = call(t, "GET", "/openapi.json");
	struct test_response b = call(t, "GET", "/api/v1/openapi.json");

	cr_assert_eq(a.status, 200);
	cr_expect_str_eq(a.media_type, "application/json");
	cr_expect_str_eq(a.body, b.body);
	cr_expect_eq(strncmp(response_text(&a, "openapi"), "3.1.", 4), 0);
	cr_expect_str_eq(response_text(&a, "info.title"), settings.app_name);
}

Test(docs, has_a_strong_tag)
{
	struct test_response a = call(t, "GET", "/openapi.json");
	const char *tag = response_header_value(&a, "ETag");
	struct test_response b;

	cr_assert_not_null(tag);
	cr_expect_eq(tag[0], '"');
	cr_expect_str_eq(response_header_value(&a, "Cache-Control"), "no-cache");
	b = call(t, "GET", "/api/v1/openapi.json",
		 .header = arena_printf(t->arena, "HTTP_IF_NONE_MATCH=%s", tag));
	cr_expect_eq(b.status, 304);
	cr_expect_eq(b.len, 0);
	cr_expect_str_eq(response_header_value(&b, "ETag"), tag);
	b = call(t, "GET", "/openapi.json", .header = "HTTP_IF_NONE_MATCH=\"another\"");
	cr_expect_eq(b.status, 200);
}

Test(docs, is_the_same_each_time)
{
	struct test_response a = call(t, "GET", "/openapi.json");
	struct test_response b = call(t, "GET", "/openapi.json");

	cr_expect_str_eq(a.body, b.body);
}

/* Members whose names contain a dot or slash cannot be addressed by path. */
static void
expect_words(const struct test_response *a, const char *path, const struct route *r)
{
	cr_expect_not_null(strstr(a->body, path), "%s is missing", path);
	cr_expect_not_null(strstr(a->body, r->id), "%s is missing", r->id);
}

Test(docs, documents_every_route)
{
	struct test_response a = call(t, "GET", "/openapi.json");

	for (const struct feature *const *f = test_app()->features; *f; f++) {
		for (const struct route *r = (*f)->routes; r && r->method; r++)
			expect_words(&a,
				     arena_printf(t->arena, "\"%s%s\":",
						  r->root ? "" : settings.api_prefix, r->path),
				     r);
	}
}

Test(docs, has_no_secret)
{
	struct test_response a = call(t, "GET", "/openapi.json");

	cr_expect_null(strstr(a.body, settings.jwt_secret_key));
	cr_expect_null(strstr(a.body, "password_hash"));
}

/* Names of paths and schemas are unique. */
Test(docs, is_valid_json_without_duplicates)
{
	struct test_response a = call(t, "GET", "/openapi.json");

	cr_expect_null(json_check(a.body, a.len), "%s", json_check(a.body, a.len));
}

Test(docs, marks_aliases_as_deprecated)
{
	size_t n = 0;

	for (const struct feature *const *f = test_app()->features; *f; f++)
		for (const struct route *r = (*f)->routes; r && r->method; r++)
			if (strcmp(r->id, "auth_me") == 0 || strcmp(r->id, "jobs_status") == 0) {
				cr_expect(r->deprecated, "%s", r->id);
				n++;
			}
	cr_expect_eq(n, 2);
}

Test(docs, operation_ids_are_unique)
{
	for (const struct feature *const *f = test_app()->features; *f; f++)
		for (const struct route *r = (*f)->routes; r && r->method; r++)
			for (const struct feature *const *g = test_app()->features; *g; g++)
				for (const struct route *s = (*g)->routes; s && s->method; s++)
					cr_expect(r == s || strcmp(r->id, s->id) != 0, "%s", r->id);
}

/* Characters are maxLength; bytes have no keyword. */
Test(docs, each_new_password_states_both_limits)
{
	struct test_response a = call(t, "GET", "/openapi.json");
	const char *at = a.body;
	size_t n = 0;

	for (const struct feature *const *f = test_app()->features; *f; f++) {
		for (const struct route *r = (*f)->routes; r && r->handle; r++) {
			for (size_t i = 0; r->body && i < r->body->nfields; i++) {
				const struct field *field = &r->body->fields[i];

				if (!(field->flags & F_SECRET) || !field->min_setting)
					continue;
				n++;
				cr_expect_eq(field->max, PASSWORD_MAX, "%s", r->id);
				cr_expect_not_null(strstr(field->summary, "511 bytes"), "%s",
						   r->id);
			}
		}
	}
	cr_expect_geq(n, 5);
	for (; (at = strstr(at, "511 bytes")); at++)
		n--;
	cr_expect_eq(n, 0, "the document does not state it for each of them");
}
