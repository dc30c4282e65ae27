/* schema_read(), schema_read_params() and field_check(): valid input, and each error. */
#include <criterion/criterion.h>

#include "app/schema.h"

struct thing {
	const char *id, *title, *note, *email, *parent_id, *due_at, *state, *secret, *fixed,
	    *password;
	int64_t stock, any;
	bool open;
	struct records parts;
	const char *const *colours;
};

static const char *const states[] = { "draft", "active", "archived", NULL };

static const char *const state_aliases[] = { "hidden", "draft", "live", "active", NULL };

static const char *const colours[] = { "red", "green", "blue", NULL };

static const struct field colour = { .type = TYPE_ENUM, .choices = colours };

static int64_t secret_min = 3;

static const struct schema part_schema = { .name = "Part" };

static const struct field fields[] = {
	{ UUID(struct thing, id), .flags = F_READ },
	{ TEXT(struct thing, title), .flags = F_RW | F_REQUIRED, .min = 1, .max = 5 },
	{ TEXT(struct thing, note), .flags = F_RW | F_NULLABLE, .max = 10,
	  .default_value = "none" },
	{ EMAIL(struct thing, email), .flags = F_RW },
	{ UUID(struct thing, parent_id), .flags = F_RW | F_NULLABLE },
	{ TIME(struct thing, due_at), .flags = F_RW },
	{ ENUM(struct thing, state), .flags = F_RW, .choices = states, .aliases = state_aliases,
	  .default_value = "active" },
	{ INT(struct thing, stock), .flags = F_RW, .min = -5, .max = 100, .default_value = "7" },
	{ INT(struct thing, any), .flags = F_RW },
	{ BOOL(struct thing, open), .flags = F_RW, .default_value = "true" },
	{ TEXT(struct thing, fixed), .flags = F_READ | F_CREATE },
	{ TEXT(struct thing, password), .flags = F_UPDATE | F_SECRET, .min = 1, .max = 9,
	  .min_setting = &secret_min },
	{ TEXT(struct thing, secret) },
	{ RECORDS(struct thing, parts, &part_schema), .flags = F_RW },
	{ ARRAY(struct thing, colours, &colour), .flags = F_RW, .min = 1 },
};
static const struct schema thing_schema = SCHEMA("Thing", struct thing, fields);

/* The result of one call. */
struct reading {
	struct ctx ctx;
	struct thing out;
	uint64_t given;
	enum error e;
};

static struct reading
begin(void)
{
	struct reading r = { .ctx = { .request_id = "test" } };

	r.ctx.arena = arena_new(1 << 22);
	memset(&r.out, 0xAA, sizeof(r.out));
	return r;
}

static void
end(struct reading *r)
{
	arena_free(r->ctx.arena);
}

static struct reading
read_json(enum schema_mode mode, const char *json)
{
	struct reading r = begin();

	r.e = schema_read(&r.ctx, &thing_schema, mode, json, strlen(json), &r.out, &r.given);
	return r;
}

static struct reading
read_params(const struct param *params, size_t n)
{
	struct reading r = begin();

	r.e = schema_read_params(&r.ctx, &thing_schema, "query", params, n, &r.out, &r.given);
	return r;
}

/* Returns the field errors as one line: "title required; note too_long". */
static const char *
errors_text(struct reading *r)
{
	struct buf b = buf_new(r->ctx.arena, 10000);

	for (struct field_error *f = r->ctx.failure.fields; f; f = f->next)
		buf_printf(&b, "%s%s %s", b.len ? "; " : "", f->field, field_code_text(f->code));
	return buf_done(&b);
}

/* Checks that a PATCH with that member is rejected with this code and message. */
static void
rejects(const char *json, const char *code, const char *message)
{
	struct reading r = read_json(SCHEMA_UPDATE, json);
	struct field_error *f = r.ctx.failure.fields;

	cr_assert_eq(r.e, E_VALIDATION, "%s was taken", json);
	cr_assert_eq(r.ctx.failure.error, E_VALIDATION);
	cr_assert_eq(r.ctx.failure.nfields, 1);
	cr_expect_str_eq(f->in, "body");
	cr_expect_str_eq(field_code_text(f->code), code, "%s: %s", json, field_code_text(f->code));
	cr_expect_str_eq(f->message, message, "%s: %s", json, f->message);
	end(&r);
}

/* Checks that a PATCH with that member sets the string at `offset` to `text`. */
static void
takes_text(const char *json, size_t offset, const char *text)
{
	struct reading r = read_json(SCHEMA_UPDATE, json);
	const char *got;

	cr_assert_eq(r.e, OK, "%s: %s", json, errors_text(&r));
	got = *(const char **)((char *)&r.out + offset);
	cr_expect_str_eq(got, text, "%s: %s", json, got);
	end(&r);
}

static void
takes_int(const char *json, int64_t n)
{
	struct reading r = read_json(SCHEMA_UPDATE, json);

	cr_assert_eq(r.e, OK, "%s: %s", json, errors_text(&r));
	cr_expect_eq(r.out.any, n, "%s: %" PRId64, json, r.out.any);
	end(&r);
}

Test(schema_read, fills_the_record)
{
	struct reading r = read_json(
	    SCHEMA_CREATE,
	    " {\"title\":\"L\\u00e4mp\", \"note\":null, \"email\":\" Ann@Example.org\\n\","
	    " \"parent_id\":\"0193A1B2-C3D4-7E5F-8A9B-0C1D2E3F4A5B\","
	    " \"due_at\":\"2026-11-20T16:08:41.2182879+01:00\", \"state\":\"draft\","
	    " \"stock\":-5, \"open\":false, \"fixed\":\"once\"} ");

	cr_assert_eq(r.e, OK, "%s", errors_text(&r));
	cr_expect_str_eq(r.out.title, "L\xc3\xa4mp");
	cr_expect_null(r.out.note);
	cr_expect_str_eq(r.out.email, "Ann@Example.org");
	cr_expect_str_eq(r.out.parent_id, "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b");
	cr_expect_str_eq(r.out.due_at, "2026-11-20T15:08:41.218287Z");
	cr_expect_str_eq(r.out.state, "draft");
	cr_expect_eq(r.out.stock, -5);
	cr_expect_not(r.out.open);
	cr_expect_str_eq(r.out.fixed, "once");
	cr_expect_null(r.out.id);
	cr_expect_null(r.out.secret);
	cr_expect(r.given & GIVEN(&thing_schema, struct thing, note));
	cr_expect_not(r.given & GIVEN(&thing_schema, struct thing, any));
	end(&r);
}

Test(schema_read, create_sets_defaults)
{
	struct reading r = read_json(SCHEMA_CREATE, "{\"title\":\"a\"}");

	cr_assert_eq(r.e, OK);
	cr_expect_str_eq(r.out.note, "none");
	cr_expect_str_eq(r.out.state, "active");
	cr_expect_eq(r.out.stock, 7);
	cr_expect_eq(r.out.any, 0);
	cr_expect(r.out.open);
	cr_expect_null(r.out.email);
	cr_expect_eq(r.given, 1 << 1);
	end(&r);
}

Test(schema_read, update_leaves_absent_fields)
{
	struct reading r = read_json(SCHEMA_UPDATE, "{}");

	cr_assert_eq(r.e, OK);
	cr_expect_eq(r.given, 0);
	cr_expect_null(r.out.state);
	cr_expect_eq(r.out.stock, 0);
	end(&r);
}

Test(schema_read, reports_all_invalid_fields_in_order)
{
	struct reading r =
	    read_json(SCHEMA_CREATE, "{\"zz\":1,\"open\":1,\"stock\":101,\"state\":\"x\","
				     "\"due_at\":\"today\",\"parent_id\":\"1\",\"email\":\"x\","
				     "\"note\":\"0123456789a\",\"id\":\"x\",\"secret\":\"x\"}");

	cr_assert_eq(r.e, E_VALIDATION);
	cr_expect_str_eq(errors_text(&r),
			 "title required; note too_long; email invalid_format; "
			 "parent_id invalid_format; due_at invalid_format; state invalid_choice; "
			 "stock too_large; open invalid_type; zz unknown_field; id unknown_field; "
			 "secret unknown_field",
			 "%s", errors_text(&r));
	end(&r);
}

Test(schema_read, an_alias_becomes_its_choice)
{
	struct reading r = read_json(SCHEMA_UPDATE, "{\"state\":\"live\"}");

	cr_assert_eq(r.e, OK);
	cr_expect_str_eq(r.out.state, "active");
	end(&r);
	rejects("{\"state\":\"Live\"}", "invalid_choice",
		"must be one of: draft, active, archived");
}

Test(schema_read, explains_invalid_values)
{
	struct reading r = read_json(SCHEMA_CREATE, "{}");

	cr_assert_eq(r.e, E_VALIDATION);
	cr_expect_str_eq(r.ctx.failure.fields->message, "is required");
	end(&r);

	rejects("{\"title\":\"\"}", "too_short", "must have at least 1 character");
	rejects("{\"title\":\"123456\"}", "too_long", "must have at most 5 characters");
	rejects("{\"title\":null}", "not_null", "must not be null");
	rejects("{\"title\":1}", "invalid_type", "must be a string, not a number");
	rejects("{\"title\":true}", "invalid_type", "must be a string, not a boolean");
	rejects("{\"title\":[\"a\"]}", "invalid_type", "must be a string, not an array");
	rejects("{\"title\":{}}", "invalid_type", "must be a string, not an object");
	rejects("{\"open\":\"true\"}", "invalid_type", "must be true or false, not a string");
	rejects("{\"open\":0}", "invalid_type", "must be true or false, not a number");
	rejects("{\"open\":null}", "not_null", "must not be null");
	rejects("{\"state\":\"Draft\"}", "invalid_choice",
		"must be one of: draft, active, archived");
	rejects("{\"parent_id\":\"0193a1b2c3d47e5f8a9b0c1d2e3f4a5b\"}", "invalid_format",
		"must be a UUID such as 0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b");
	rejects("{\"due_at\":\"tomorrow\"}", "invalid_format",
		"must be a time such as 2026-11-20T15:08:41Z");
	rejects("{\"email\":\"ann\"}", "invalid_format", "must be an e-mail address");
	rejects("{\"password\":\"ab\"}", "too_short", "must have at least 3 characters");
	rejects("{\"nope\":1}", "unknown_field", "is not a known field");
}

Test(schema_read, counts_characters_not_bytes)
{
	takes_text("{\"title\":\"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\\u00e4\"}",
		   offsetof(struct thing, title), "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4");
	takes_text("{\"title\":\"\\ud83d\\ude00\"}", offsetof(struct thing, title),
		   "\xf0\x9f\x98\x80");
	rejects("{\"title\":\"\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\"}", "too_long",
		"must have at most 5 characters");
}

Test(schema_read, keeps_text_unchanged)
{
	takes_text("{\"title\":\" \\n\\u0001' \"}", offsetof(struct thing, title), " \n\x01' ");
	takes_text("{\"note\":\"\"}", offsetof(struct thing, note), "");
	takes_text("{\"note\":\"\\u0130\\uffff\"}", offsetof(struct thing, note),
		   "\xc4\xb0\xef\xbf\xbf");
}

Test(schema_read, never_clamps_a_number)
{
	takes_int("{\"any\":9223372036854775807}", INT64_MAX);
	takes_int("{\"any\":-9223372036854775807}", -INT64_MAX);
	takes_int("{\"any\":-0}", 0);
	rejects("{\"any\":9223372036854775808}", "too_large",
		"must be at most 9223372036854775807");
	rejects("{\"any\":18446744073709551616}", "too_large",
		"must be at most 9223372036854775807");
	rejects("{\"any\":-9223372036854775809}", "too_small",
		"must be at least -9223372036854775807");
	rejects("{\"any\":99999999999999999999999999999999999999}", "too_large",
		"must be at most 9223372036854775807");
	rejects("{\"stock\":-6}", "too_small", "must be at least -5");
	rejects("{\"stock\":101}", "too_large", "must be at most 100");
	rejects("{\"stock\":-99999999999999999999}", "too_small", "must be at least -5");
}

Test(schema_read, accepts_only_whole_numbers)
{
	takes_int("{\"any\":1.0}", 1);
	takes_int("{\"any\":-12e1}", -120);
	takes_int("{\"any\":9007199254740992.0}", INT64_C(9007199254740992));
	rejects("{\"any\":1.5}", "invalid_type", "must be a whole number");
	rejects("{\"any\":1e-1}", "invalid_type", "must be a whole number");
	rejects("{\"any\":1e400}", "invalid_type", "must be a whole number");
	rejects("{\"any\":9007199254740994.0}", "invalid_type", "must be a whole number");
	rejects("{\"any\":\"1\"}", "invalid_type", "must be a whole number, not a string");
	rejects("{\"any\":true}", "invalid_type", "must be a whole number, not a boolean");
	rejects("{\"any\":null}", "not_null", "must not be null");
}

Test(schema_read, validates_email_addresses)
{
	static const char *const good[] = { "a@b.c", "first.last+tag@sub.example.com",
					    "o'neil_{x}@1-2.example", NULL };
	static const char *const bad[] = {
		"",
		"a",
		"@b.c",
		"a@",
		"a@b",
		"a@@b.c",
		"a@b@c.d",
		"a b@c.d",
		"a@b c.d",
		".a@b.c",
		"a.@b.c",
		"a..b@c.d",
		"a@.b.c",
		"a@b.c.",
		"a@b..c",
		"a@-b.c",
		"a@b-.c",
		"a@b_c.d",
		"a@[1.2.3.4]",
		"\\\"a\\\"@b.c",
		"a@b.c,d@e.f",
		"\xc3\xa4@b.c",
		"a@\xc3\xa4.c",
		"a@b.c\\u0000",
		"<a@b.c>",
		NULL,
	};

	for (const char *const *p = good; *p; p++) {
		char json[100];

		snprintf(json, sizeof(json), "{\"email\":\"%s\"}", *p);
		takes_text(json, offsetof(struct thing, email), *p);
	}
	for (const char *const *p = bad; *p; p++) {
		struct reading r;
		char json[100];

		snprintf(json, sizeof(json), "{\"email\":\"%s\"}", *p);
		r = read_json(SCHEMA_UPDATE, json);
		cr_expect_neq(r.e, OK, "%s was taken", json);
		end(&r);
	}
}

Test(schema_read, limits_the_length_of_email_addresses)
{
	struct reading r = begin();
	char local[66], label[65], json[600];

	memset(local, 'a', sizeof(local));
	local[64] = '\0';
	memset(label, 'b', sizeof(label));
	label[63] = '\0';
	snprintf(json, sizeof(json), "{\"email\":\"%s@%s.%s.c\"}", local, label, label);
	cr_expect_eq(
	    schema_read(&r.ctx, &thing_schema, SCHEMA_UPDATE, json, strlen(json), &r.out, &r.given),
	    OK);

	snprintf(json, sizeof(json), "{\"email\":\"%sa@b.c\"}", local);
	rejects(json, "invalid_format", "must be an e-mail address");
	snprintf(json, sizeof(json), "{\"email\":\"a@%sb.c\"}", label);
	rejects(json, "invalid_format", "must be an e-mail address");
	snprintf(json, sizeof(json), "{\"email\":\"%s@%s.%s.%s.c\"}", local, label, label, label);
	rejects(json, "too_long", "must have at most 254 characters");
	end(&r);
}

Test(schema_read, requires_an_object)
{
	static const char *const others[] = { "[]", " null", "1", "\"{}\"", "true", NULL };

	for (const char *const *p = others; *p; p++) {
		struct reading r = read_json(SCHEMA_CREATE, *p);

		cr_assert_eq(r.e, E_VALIDATION, "%s", *p);
		cr_assert_eq(r.ctx.failure.nfields, 1);
		cr_expect_str_eq(r.ctx.failure.fields->field, "");
		cr_expect_str_eq(r.ctx.failure.fields->in, "body");
		cr_expect_eq(r.ctx.failure.fields->code, FIELD_INVALID_TYPE);
		cr_expect_str_eq(r.ctx.failure.fields->message, "must be an object");
		end(&r);
	}
}

Test(schema_read, rejects_malformed_json)
{
	static const char *const broken[] = {
		"",
		"{",
		"{\"title\":\"a\"}x",
		"{'title':\"a\"}",
		"{\"a\":1,\"a\":1}",
		"{\"title\":\"a\\u0000b\"}",
		"{\"title\\u0000x\":\"a\"}",
		NULL,
	};

	for (const char *const *p = broken; *p; p++) {
		struct reading r = read_json(SCHEMA_CREATE, *p);

		cr_expect_eq(r.e, E_MALFORMED_JSON, "%s", *p);
		cr_expect_null(r.ctx.failure.fields);
		cr_expect_eq(strncmp(r.ctx.failure.detail, "the body is not valid JSON: ", 28), 0);
		end(&r);
	}
}

Test(schema_read, reports_the_position_of_malformed_json)
{
	struct reading r = read_json(SCHEMA_CREATE, "{\"title\":\"\xc3\xa9\",\n  'note':1}");

	cr_expect_str_eq(r.ctx.failure.detail,
			 "the body is not valid JSON: strings need double quotes, not single ones"
			 " (line 2, column 3)");
	end(&r);
}

Test(schema_read, rejects_too_many_values)
{
	struct reading r = begin();
	struct buf b = buf_new(r.ctx.arena, 1 << 20);

	buf_text(&b, "{\"title\":\"a\",\"colours\":[1");
	for (int i = 0; i < JSON_VALUES_MAX; i++)
		buf_text(&b, ",1");
	buf_text(&b, "]}");
	r.e = schema_read(&r.ctx, &thing_schema, SCHEMA_CREATE, b.data, b.len, &r.out, &r.given);
	cr_expect_eq(r.e, E_PAYLOAD_TOO_LARGE);
	end(&r);
}

Test(schema_read, explains_common_mistakes)
{
	rejects("{\"due_at\":\"2026-11-20T15:08:41\"}", "invalid_format",
		"has no offset: add Z for UTC, or an offset such as +02:00");
	rejects("{\"due_at\":\"2026-11-20\"}", "invalid_format",
		"is a date without a time: write a time such as 2026-11-20T15:08:41Z");
	rejects("{\"due_at\":\"2026-11-20T15:08:41 02:00\"}", "invalid_format",
		"has a space where its offset should begin: write + as %2B in a URL");
	rejects("{\"due_at\":1700000000}", "invalid_type", "must be a string, not a number");
	rejects("{\"stock\":\"7\"}", "invalid_type", "must be a whole number, not a string");
	rejects("{\"stock\":7.5}", "invalid_type", "must be a whole number");
	rejects("{\"parentId\":null}", "unknown_field",
		"is not a known field: did you mean parent_id?");
	rejects("{\"Title\":\"a\"}", "unknown_field", "is not a known field: did you mean title?");
}

Test(schema_read, reports_a_deeply_nested_unknown_field)
{
	struct reading r = begin();
	struct buf b = buf_new(r.ctx.arena, 1000);

	buf_text(&b, "{\"title\":\"a\",\"x\":");
	for (int i = 0; i < 31; i++)
		buf_char(&b, '[');
	buf_char(&b, '1');
	for (int i = 0; i < 31; i++)
		buf_char(&b, ']');
	buf_char(&b, '}');
	r.e = schema_read(&r.ctx, &thing_schema, SCHEMA_CREATE, b.data, b.len, &r.out, &r.given);
	cr_expect_eq(r.e, E_VALIDATION);
	cr_expect_str_eq(errors_text(&r), "x unknown_field");
	end(&r);
}

Test(schema_read, accepts_fields_by_mode)
{
	rejects("{\"fixed\":\"x\"}", "unknown_field", "is not a known field");
	rejects("{\"parts\":[]}", "unknown_field", "is not a known field");
}

Test(schema_read, shortens_unknown_names)
{
	struct reading r = begin();
	struct buf b = buf_new(r.ctx.arena, 1 << 20);
	const char *shown;

	buf_text(&b, "{\"x");
	for (int i = 0; i < 5000; i++)
		buf_text(&b, "\xc3\xa9");
	buf_text(&b, "\":1}");
	r.e = schema_read(&r.ctx, &thing_schema, SCHEMA_UPDATE, b.data, b.len, &r.out, &r.given);
	cr_assert_eq(r.e, E_VALIDATION);
	shown = r.ctx.failure.fields->field;
	cr_expect_eq(strlen(shown), 99 + strlen("…"), "%s", shown);
	cr_expect_str_eq(shown + 97, "\xc3\xa9…");
	end(&r);
}

Test(schema_read, handles_many_unknown_members, .timeout = 20)
{
	struct reading r = begin();
	struct buf b = buf_new(r.ctx.arena, 1 << 21);

	buf_text(&b, "{\"title\":\"a\"");
	for (int i = 0; i < 9000; i++)
		buf_printf(&b, ",\"%d\":0", i);
	buf_char(&b, '}');
	r.e = schema_read(&r.ctx, &thing_schema, SCHEMA_CREATE, b.data, b.len, &r.out, &r.given);
	cr_expect_eq(r.e, E_VALIDATION);
	cr_expect_eq(r.ctx.failure.nfields, 9000);
	end(&r);
}

/* Places the text at the end of its memory. */
Test(schema_read, does_not_need_a_terminating_nul)
{
	struct reading r = begin();
	static const char json[] = "{\"title\":\"abc\"}";
	char *bytes = malloc(strlen(json));

	memcpy(bytes, json, strlen(json));
	r.e = schema_read(&r.ctx, &thing_schema, SCHEMA_UPDATE, bytes, strlen(json), &r.out,
			  &r.given);
	free(bytes);
	cr_assert_eq(r.e, OK);
	cr_expect_str_eq(r.out.title, "abc");
	end(&r);
}

Test(schema_read, keeps_the_errors_of_the_query)
{
	struct reading r = begin();

	fail_field(&r.ctx, "query", "limit", FIELD_TOO_LARGE, "must be at most 100");
	r.e = schema_read(&r.ctx, &thing_schema, SCHEMA_CREATE, "{}", 2, &r.out, &r.given);
	cr_expect_eq(r.e, E_VALIDATION);
	cr_expect_str_eq(errors_text(&r), "limit too_large; title required");
	end(&r);
}

Test(schema_read_params, fills_the_record)
{
	static const struct param params[] = {
		{ "title", "a b" },  { "stock", "007" },
		{ "open", "false" }, { "state", "draft" },
		{ "any", "-12" },    { "parent_id", "0193A1B2-C3D4-7E5F-8A9B-0C1D2E3F4A5B" },
	};
	struct reading r = read_params(params, COUNT(params));

	cr_assert_eq(r.e, OK, "%s", errors_text(&r));
	cr_expect_str_eq(r.out.title, "a b");
	cr_expect_eq(r.out.stock, 7);
	cr_expect_eq(r.out.any, -12);
	cr_expect_not(r.out.open);
	cr_expect_str_eq(r.out.state, "draft");
	cr_expect_str_eq(r.out.note, "none");
	cr_expect_str_eq(r.out.parent_id, "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b");
	cr_expect(r.given & GIVEN(&thing_schema, struct thing, stock));
	cr_expect_not(r.given & GIVEN(&thing_schema, struct thing, note));
	end(&r);
}

Test(schema_read_params, reports_all_invalid_parameters)
{
	static const struct param params[] = {
		{ "id", "x" },    { "stock", "1.0" }, { "any", "+1" },  { "open", "yes" },
		{ "other", "x" }, { "state", "a" },   { "state", "b" }, { "note", "\xff" },
	};
	struct reading r = read_params(params, COUNT(params));

	cr_assert_eq(r.e, E_VALIDATION);
	cr_expect_str_eq(errors_text(&r),
			 "title required; note invalid_format; state invalid_format; "
			 "stock invalid_type; any invalid_type; open invalid_type; "
			 "id unknown_field; other unknown_field",
			 "%s", errors_text(&r));
	cr_expect_str_eq(r.ctx.failure.fields->in, "query");
	end(&r);
}

Test(schema_read_params, accepts_no_parameters)
{
	struct reading r = read_params(NULL, 0);

	cr_expect_eq(r.e, E_VALIDATION);
	cr_expect_str_eq(errors_text(&r), "title required");
	end(&r);
}

Test(field_check, returns_the_normal_form)
{
	struct reading r = begin();
	const struct field *any = schema_field(&thing_schema, "any");

	cr_expect_str_eq(field_check(&r.ctx, "query", any, "-0012"), "-12");
	cr_expect_str_eq(field_check(&r.ctx, "query", any, "-0"), "0");
	cr_expect_str_eq(field_check(&r.ctx, "query", schema_field(&thing_schema, "due_at"),
				     "2026-11-20t15:08:41-00:30"),
			 "2026-11-20T15:38:41.000000Z");
	cr_expect_eq(r.ctx.failure.nfields, 0);
	for (const char *const *p = (const char *const[]) { "", "-", " 1", "1 ", "0x1", "1e2",
							    "--1", "9223372036854775808", NULL };
	     *p; p++)
		cr_expect_null(field_check(&r.ctx, "query", any, *p), "\"%s\"", *p);
	cr_expect_eq(r.ctx.failure.nfields, 8);
	end(&r);
}

Test(field_text, returns_the_value_of_a_record)
{
	struct thing thing = { .title = "a", .stock = 3 };

	struct arena *a = arena_new(1 << 16);

	cr_expect_str_eq(field_text(a, schema_field(&thing_schema, "title"), &thing), "a");
	cr_expect_null(field_text(a, schema_field(&thing_schema, "note"), &thing));
	cr_expect_str_eq(field_text(a, schema_field(&thing_schema, "stock"), &thing), "3");
	cr_expect_str_eq(field_text(a, schema_field(&thing_schema, "open"), &thing), "false");
	cr_expect_null(field_text(a, schema_field(&thing_schema, "parts"), &thing));
	arena_free(a);
}

Test(schema_read, accepts_some_of_the_choices)
{
	struct reading r = read_json(SCHEMA_UPDATE, "{\"colours\":[\"blue\",\"red\"]}");

	cr_assert_eq(r.e, OK, "%s", errors_text(&r));
	cr_expect_eq(r.out.colours[0], colours[2]);
	cr_expect_eq(r.out.colours[1], colours[0]);
	cr_expect_null(r.out.colours[2]);
	end(&r);
	rejects("{\"colours\":\"red\"}", "invalid_type", "must be an array, not a string");
	rejects("{\"colours\":{\"red\":1}}", "invalid_type", "must be an array, not an object");
	rejects("{\"colours\":[\"red\",1]}", "invalid_type", "each value must be a string");
	rejects("{\"colours\":[null]}", "invalid_type", "each value must be a string");
	rejects("{\"colours\":[\"pink\"]}", "invalid_choice", "must be one of: red, green, blue");
	rejects("{\"colours\":[\"red\",\"red\"]}", "invalid_format", "must not contain red twice");
	rejects("{\"colours\":[]}", "too_short", "must have at least 1 value");
	rejects("{\"colours\":null}", "not_null", "must not be null");
}
