/* @Names@: access, filters, orders. test_fields.c, test_access.c and test_statements.c test the rows of
 * all resources; add the rules of this one here. */
#include <criterion/criterion.h>

#include "support/sample.h"

#include "features/@names@/@names@.h"

TEST_SUITE(@names@);

Test(@names@, belong_to_their_creator)
{
	struct account ada = make_user(t);
	struct sample s = sample_row(t, &ada, &@names@_table);

	cr_expect_str_eq(response_text(&s.response, "owner_id"), ada.id);
	expect_access(t, &ada, s.path, "{}", s.body, 200, 200, 204);
}

Test(@names@, @access_test@)
{
	struct account ada = make_user(t), eve = make_user(t);
	struct sample s = sample_row(t, &ada, &@names@_table);

	expect_access(t, &eve, s.path, "{}", sample_body(t, &eve, &@name@_schema), @others_get@, 404, 404);
	cr_expect_eq(call(t, "GET", s.path).status, @anonymous@);
}

Test(@names@, can_be_changed_by_admins)
{
	struct account ada = make_user(t), admin = make_user(t, .role = "admin");
	struct sample s = sample_row(t, &ada, &@names@_table);

	expect_access(t, &admin, s.path, "{}", s.body, 200, 200, 204);
}

Test(@names@, are_filtered_and_sorted)
{
	static const struct {
		const char *query;
		int64_t total;
	} rows[] = {
@queries@	};
	struct account ada = make_user(t);
	struct sample s = sample_row(t, &ada, &@names@_table);

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct test_response a = call(t, "GET", arena_printf(t->arena, "%s?%s", s.list, rows[i].query),
					      .token = ada.token);

		cr_expect_eq(response_int(&a, "total"), rows[i].total, "%s: %s", rows[i].query, a.body);
	}
}
@reference_tests@
