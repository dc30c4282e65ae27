Test(@names@, @verb@@thing@)
{
	struct account ada = make_user(t);
	struct sample s = sample_row(t, &ada, &@names@_table);
	const char *uri = arena_printf(t->arena, "/api/v1/@target@/%s", response_text(&s.response, "@field@"));

	cr_expect_eq(call(t, "DELETE", uri, .token = ada.token).status, @status@);
	cr_expect_eq(call(t, "GET", s.path, .token = ada.token).status, @after@);
}
