/* Reading and writing of dates, decimals, JSON, arrays, references and nullable fields. */
#include <criterion/criterion.h>

#include "app/schema.h"

struct product {
	const char *sold_on, *price, *weight, *ratio, *extra, *small, *maker_id;
	const int64_t *stock;
	const bool *open;
	const char *const *tags, *const *sizes, *const *days, *const *prices, *const *states,
										  *const *makers,
										      *const *flags;
};

static const char *const words[] = { "draft", "live", "gone", NULL };

#define KNOWN   "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
#define UNKNOWN "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5c"
#define BROKEN  "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5d"

/* Stands for a function of a feature's service. */
static enum error
maker_visible(struct ctx *c, const struct field *f UNUSED, const char *id)
{
	if (strcmp(id, BROKEN) == 0)
		return fail_unavailable(c, CAUSE_DB_LOST, NULL);
	return strcmp(id, KNOWN) == 0 ? OK : fail(c, E_NOT_FOUND, NULL);
}

static const struct field tag = { .type = TYPE_TEXT, .min = 1, .max = 5 };
static const struct field size = { .type = TYPE_INT, .min = 1, .max = 99 };
static const struct field day = { .type = TYPE_DATE };
static const struct field price = { .type = TYPE_DECIMAL, .scale = 2 };
static const struct field state = { .type = TYPE_ENUM, .choices = words };
static const struct field maker = { .type = TYPE_UUID, .visible = maker_visible };
static const struct field flag = { .type = TYPE_BOOL };

static const struct field fields[] = {
	{ DATE(struct product, sold_on), .flags = F_RW | F_NULLABLE },
	{ DECIMAL(struct product, price, 2), .flags = F_RW, .min = -1, .max = 1000 },
	{ DECIMAL(struct product, weight, 0), .flags = F_RW | F_NULLABLE },
	{ DECIMAL(struct product, ratio, 17), .flags = F_RW, .min = -9, .max = 9 },
	{ JSON(struct product, extra), .flags = F_RW | F_NULLABLE },
	{ JSON(struct product, small), .flags = F_RW, .max = 10, .default_value = "{}" },
	{ UUID(struct product, maker_id), .flags = F_RW | F_NULLABLE, .visible = maker_visible },
	{ INT(struct product, stock), .flags = F_RW | F_NULLABLE, .max = 9 },
	{ BOOL(struct product, open), .flags = F_RW | F_NULLABLE },
	{ ARRAY(struct product, tags, &tag), .flags = F_RW },
	{ ARRAY(struct product, sizes, &size), .flags = F_RW | F_NULLABLE, .min = 1, .max = 3 },
	{ ARRAY(struct product, days, &day), .flags = F_RW },
	{ ARRAY(struct product, prices, &price), .flags = F_RW },
	{ ARRAY(struct product, states, &state), .flags = F_RW },
	{ ARRAY(struct product, makers, &maker), .flags = F_RW },
	{ ARRAY(struct product, flags, &flag), .flags = F_RW },
};
static const struct schema schema = SCHEMA("Product", struct product, fields);

static struct ctx ctx;
static struct product out;

static void
setup(void)
{
	ctx = (struct ctx) { .arena = arena_new(1 << 26), .request_id = "test" };
}

static void
teardown(void)
{
	arena_free(ctx.arena);
}

TestSuite(types, .init = setup, .fini = teardown);

static enum error
read_json(enum schema_mode mode, const char *json)
{
	uint64_t given;

	failure_clear(&ctx);
	return schema_read(&ctx, &schema, mode, json, strlen(json), &out, &given);
}

/* Returns a body with only that member. */
static const char *
body(const char *name, const char *value)
{
	return arena_printf(ctx.arena, "{\"%s\": %s }", name, value);
}

/* Returns the JSON of that field in the response. */
static const char *
sent(const char *name)
{
	struct buf b = buf_new(ctx.arena, 1 << 20);
	struct field one = *schema_field(&schema, name);
	struct schema alone = { "One", sizeof(out), &one, 1 };

	schema_write(&b, &alone, &out);
	cr_assert_not_null(buf_done(&b));
	cr_expect_null(json_check(b.data, b.len), "%s", b.data);
	b.data[b.len - 1] = '\0';
	return b.data + strlen(name) + 4;
}

static void
accepts(const char *name, const char *value, const char *back)
{
	cr_assert_eq(read_json(SCHEMA_UPDATE, body(name, value)), OK, "%s %s: %s", name, value,
		     ctx.failure.fields ? ctx.failure.fields->message : "");
	cr_expect_str_eq(sent(name), back, "%s %s: %s", name, value, sent(name));
}

static void
rejects(const char *name, const char *value, const char *code, const char *message)
{
	struct field_error *f;

	cr_assert_eq(read_json(SCHEMA_UPDATE, body(name, value)), E_VALIDATION, "%s %s was taken",
		     name, value);
	f = ctx.failure.fields;
	cr_assert_eq(ctx.failure.nfields, 1);
	cr_expect_str_eq(f->field, name);
	cr_expect_str_eq(f->in, "body");
	cr_expect_str_eq(field_code_text(f->code), code, "%s %s: %s", name, value,
			 field_code_text(f->code));
	cr_expect_str_eq(f->message, message, "%s %s: %s", name, value, f->message);
}

Test(types, date)
{
	static const char *const bad[] = {
		"\"2026-02-29\"", "\"2026-13-01\"",  "\"2026-00-01\"",  "\"0000-01-01\"",
		"\"26-01-01\"",   "\"2026-1-1\"",    "\"20260101\"",    "\"2026-01-01T00:00:00Z\"",
		"\"\"",           "\" 2026-01-01\"", "\"2026-01-01 \"", "\"infinity\"",
	};

	accepts("sold_on", "\"2026-11-20\"", "\"2026-11-20\"");
	accepts("sold_on", "\"2024-02-29\"", "\"2024-02-29\"");
	accepts("sold_on", "\"0001-01-01\"", "\"0001-01-01\"");
	accepts("sold_on", "null", "null");
	for (size_t i = 0; i < COUNT(bad); i++)
		rejects("sold_on", bad[i], "invalid_format", "must be a date such as 2026-11-20");
	rejects("sold_on", "20261120", "invalid_type", "must be a string, not a number");
}

Test(types, decimal)
{
	accepts("price", "12.5", "\"12.50\"");
	accepts("price", "\"12.5\"", "\"12.50\"");
	accepts("price", "12", "\"12.00\"");
	accepts("price", "\"0012\"", "\"12.00\"");
	accepts("price", "0.07", "\"0.07\"");
	accepts("price", "-0.99", "\"-0.99\"");
	accepts("price", "-0", "\"0.00\"");
	accepts("price", "\"-0.00\"", "\"0.00\"");
	accepts("price", "1000", "\"1000.00\"");
	accepts("price", "-1", "\"-1.00\"");
	rejects("price", "1000.01", "too_large", "must be at most 1000");
	rejects("price", "-1.01", "too_small", "must be at least -1");
	rejects("price", "1.234", "invalid_format", "must have at most 2 digits after the point");
	rejects("price", "99999999999999999", "too_large",
		"must have at most 16 digits before the point");
	rejects("price", "-99999999999999999999999", "too_small",
		"must have at most 16 digits before the point");
	rejects("price", "true", "invalid_type", "must be a number, not a boolean");
	rejects("price", "[1]", "invalid_type", "must be a number, not an array");
	rejects("price", "null", "not_null", "must not be null");
}

Test(types, a_decimal_is_never_rounded)
{
	accepts("weight", "999999999999999999", "\"999999999999999999\"");
	accepts("weight", "-999999999999999999", "\"-999999999999999999\"");
	accepts("weight", "9007199254740993", "\"9007199254740993\"");
	rejects("weight", "1000000000000000000", "too_large",
		"must have at most 18 digits before the point");
	rejects("weight", "1.0", "invalid_format", "must have at most 0 digits after the point");
	accepts("ratio", "-8.99999999999999999", "\"-8.99999999999999999\"");
	accepts("ratio", "9", "\"9.00000000000000000\"");
	rejects("ratio", "\"9.00000000000000001\"", "too_large", "must be at most 9");
	rejects("ratio", "\"-9.00000000000000001\"", "too_small", "must be at least -9");
	rejects("ratio", "10", "too_large", "must have at most 1 digit before the point");
}

Test(types, a_decimal_has_one_form)
{
	static const char *const bad[] = { "1e2",     "1E+2",      "\"\"",        "\".5\"",
					   "\"5.\"",  "\"+1\"",    "\"1,5\"",     "\" 1\"",
					   "\"1 \"",  "\"--1\"",   "\"-\"",       "\"NaN\"",
					   "\"0x1\"", "\"1.2.3\"", "\"Infinity\"" };

	for (size_t i = 0; i < COUNT(bad); i++)
		rejects("price", bad[i], "invalid_format",
			"must be a number such as 12.50, without an exponent");
}

Test(types, json_is_unchanged)
{
	static const char *const values[] = {
		"{\"a\":[1,{\"b\":null}],\"c\":\"\\u00e4\\\"\"}",
		"[]",
		"\"text\"",
		"true",
		"0.10",
		"123456789012345678901234567890.123456789",
		"[ 1 , 2 ]",
	};

	for (size_t i = 0; i < COUNT(values); i++)
		accepts("extra", values[i], values[i]);
	accepts("extra", "null", "null");
	rejects("small", "null", "not_null", "must not be null");
}

Test(types, json_among_other_members)
{
	cr_assert_eq(read_json(SCHEMA_UPDATE, "{\"price\":1,\"\\u0073mall\":[7],\"tags\":[\"a\"],"
					      "\"extra\":{\"small\":8}}"),
		     OK);
	cr_expect_str_eq(out.small, "[7]");
	cr_expect_str_eq(out.extra, "{\"small\":8}");
	cr_assert_eq(read_json(SCHEMA_CREATE, "{}"), OK);
	cr_expect_str_eq(out.small, "{}");
	cr_expect_null(out.extra);
}

/* PostgreSQL writes 1e9 with nine zeros, so that a few bytes could become a hundred thousand. */
Test(types, json_is_limited_by_its_size_as_jsonb)
{
	struct buf b = buf_new(ctx.arena, 1 << 20);

	accepts("small", "\"12345678\"", "\"12345678\"");
	accepts("extra", "[\"1e99999\"]", "[\"1e99999\"]");
	accepts("small", "1e7", "1e7");
	rejects("small", "\"123456789\"", "too_long",
		"must have at most 10 bytes, with numbers written out");
	rejects("small", "1e8", "too_long", "must have at most 10 bytes, with numbers written out");
	rejects("small", "1E-8", "too_long",
		"must have at most 10 bytes, with numbers written out");
	rejects("extra", "[1e65530]", "too_long",
		"must have at most 65536 bytes, with numbers written out");
	rejects("extra", "1e99999999999999999999", "too_long",
		"must have at most 65536 bytes, with numbers written out");
	buf_char(&b, '"');
	while (b.len < 65535)
		buf_char(&b, 'x');
	buf_char(&b, '"');
	accepts("extra", b.data, b.data);
	b.data[b.len - 1] = 'x';
	buf_char(&b, '"');
	rejects("extra", b.data, "too_long",
		"must have at most 65536 bytes, with numbers written out");
}

Test(types, nullable_numbers)
{
	accepts("stock", "0", "0");
	accepts("stock", "9", "9");
	accepts("stock", "null", "null");
	cr_expect_null(out.stock);
	rejects("stock", "10", "too_large", "must be at most 9");
	accepts("open", "false", "false");
	cr_expect_not(*out.open);
	accepts("open", "true", "true");
	accepts("open", "null", "null");
	cr_assert_eq(read_json(SCHEMA_CREATE, "{}"), OK);
	cr_expect_null(out.stock);
	cr_expect_null(out.open);
}

Test(types, arrays)
{
	accepts("tags", "[]", "[]");
	accepts("tags", "[\"b\",\"a\",\"b\"]", "[\"b\",\"a\",\"b\"]");
	accepts("tags", "[\"\\\"\\\\,{}\"]", "[\"\\\"\\\\,{}\"]");
	accepts("sizes", "[1,2.0,3]", "[1,2,3]");
	accepts("sizes", "null", "null");
	accepts("days", "[\"2026-11-20\"]", "[\"2026-11-20\"]");
	accepts("prices", "[1,\"2.5\"]", "[\"1.00\",\"2.50\"]");
	accepts("states", "[\"gone\",\"draft\"]", "[\"gone\",\"draft\"]");
	accepts("flags", "[true,false]", "[true,false]");
	rejects("tags", "null", "not_null", "must not be null");
	rejects("tags", "\"a\"", "invalid_type", "must be an array, not a string");
	rejects("tags", "{\"a\":1}", "invalid_type", "must be an array, not an object");
	rejects("tags", "[1]", "invalid_type", "each value must be a string");
	rejects("tags", "[null]", "invalid_type", "each value must be a string");
	rejects("tags", "[[\"a\"]]", "invalid_type", "each value must be a string");
	rejects("tags", "[\"a\",\"\"]", "too_short", "must have at least 1 character");
	rejects("tags", "[\"a\",\"123456\"]", "too_long", "must have at most 5 characters");
	rejects("sizes", "[]", "too_short", "must have at least 1 value");
	rejects("sizes", "[1,2,3,4]", "too_long", "must have at most 3 values");
	rejects("sizes", "[1,100]", "too_large", "must be at most 99");
	rejects("sizes", "[\"1\"]", "invalid_type", "each value must be a whole number");
	rejects("states", "[\"live\",\"live\"]", "invalid_format", "must not contain live twice");
	rejects("states", "[\"dead\"]", "invalid_choice", "must be one of: draft, live, gone");
}

Test(types, an_array_has_at_most_100_values_by_default)
{
	struct buf b = buf_new(ctx.arena, 1 << 20);

	for (int i = 0; i < 100; i++)
		buf_text(&b, i ? ",true" : "[true");
	accepts("flags", arena_printf(ctx.arena, "%s]", b.data),
		arena_printf(ctx.arena, "%s]", b.data));
	rejects("flags", arena_printf(ctx.arena, "%s,true]", b.data), "too_long",
		"must have at most 100 values");
}

Test(types, an_absent_array)
{
	cr_assert_eq(read_json(SCHEMA_CREATE, "{}"), OK);
	cr_assert_not_null(out.tags);
	cr_expect_null(out.tags[0]);
	cr_expect_null(out.sizes);
	cr_assert_eq(read_json(SCHEMA_UPDATE, "{}"), OK);
	cr_expect_null(out.tags);
}

Test(types, a_reference_must_be_visible_to_the_caller)
{
	accepts("maker_id", "\"" KNOWN "\"", "\"" KNOWN "\"");
	accepts("maker_id", "\"0193A1B2-C3D4-7E5F-8A9B-0C1D2E3F4A5B\"", "\"" KNOWN "\"");
	accepts("maker_id", "null", "null");
	accepts("makers", "[\"" KNOWN "\",\"" KNOWN "\"]", "[\"" KNOWN "\",\"" KNOWN "\"]");
	rejects("maker_id", "\"" UNKNOWN "\"", "invalid_choice",
		"no such resource, or no access to it");
	rejects("maker_id", "\"x\"", "invalid_format",
		"must be a UUID such as 0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b");
	rejects("makers", "[\"" KNOWN "\",\"" UNKNOWN "\"]", "invalid_choice",
		"no such resource, or no access to it");
}

Test(types, an_error_during_the_check_of_a_reference_is_returned)
{
	static const struct param params[] = { { "maker_id", BROKEN } };
	uint64_t given;

	cr_expect_eq(read_json(SCHEMA_UPDATE, "{\"price\":\"x\",\"maker_id\":\"" BROKEN "\"}"),
		     E_UNAVAILABLE);
	cr_expect_eq(ctx.failure.error, E_UNAVAILABLE);
	cr_expect_eq(schema_read_params(&ctx, &schema, "query", params, 1, &out, &given),
		     E_UNAVAILABLE);
}

Test(types, reports_all_invalid_fields)
{
	struct buf b = buf_new(ctx.arena, 10000);

	cr_assert_eq(read_json(SCHEMA_CREATE,
			       "{\"sold_on\":\"x\",\"price\":\"x\",\"small\":[1,2,3,4,5,6],"
			       "\"maker_id\":\"" UNKNOWN "\",\"stock\":10,\"open\":1,"
			       "\"tags\":[1],\"sizes\":[0],\"makers\":[\"" UNKNOWN "\"]}"),
		     E_VALIDATION);
	for (struct field_error *f = ctx.failure.fields; f; f = f->next)
		buf_printf(&b, "%s%s %s", b.len ? "; " : "", f->field, field_code_text(f->code));
	cr_expect_str_eq(b.data,
			 "sold_on invalid_format; price invalid_format; small too_long; "
			 "maker_id invalid_choice; stock too_large; open invalid_type; "
			 "tags invalid_type; sizes too_small; makers invalid_choice",
			 "%s", b.data);
}

Test(types, from_parameters)
{
	static const struct param params[] = {
		{ "sold_on", "2026-11-20" }, { "price", "1.5" },
		{ "extra", "{\"a\":1}" },    { "stock", "3" },
		{ "open", "false" },         { "tags", "b" },
		{ "maker_id", KNOWN },       { "tags", "a" },
		{ "sizes", "07" },           { "prices", "2" },
		{ "flags", "false" },
	};
	uint64_t given;

	cr_assert_eq(
	    schema_read_params(&ctx, &schema, "query", params, COUNT(params), &out, &given), OK);
	cr_expect_str_eq(sent("sold_on"), "\"2026-11-20\"");
	cr_expect_str_eq(sent("price"), "\"1.50\"");
	cr_expect_str_eq(sent("extra"), "{\"a\":1}");
	cr_expect_str_eq(sent("stock"), "3");
	cr_expect_str_eq(sent("open"), "false");
	cr_expect_str_eq(sent("tags"), "[\"b\",\"a\"]");
	cr_expect_str_eq(sent("sizes"), "[7]");
	cr_expect_str_eq(sent("prices"), "[\"2.00\"]");
	cr_expect_str_eq(sent("flags"), "[false]");
	cr_expect_str_eq(sent("days"), "[]");
	cr_expect(given & GIVEN(&schema, struct product, tags));
	cr_expect_not(given & GIVEN(&schema, struct product, days));
}

Test(types, invalid_parameters)
{
	static const struct param params[] = {
		{ "price", "1e1" }, { "extra", "{" },  { "stock", "1" },        { "stock", "2" },
		{ "tags", "" },     { "sizes", "1x" }, { "maker_id", UNKNOWN },
	};
	struct buf b = buf_new(ctx.arena, 10000);
	uint64_t given;

	cr_assert_eq(
	    schema_read_params(&ctx, &schema, "query", params, COUNT(params), &out, &given),
	    E_VALIDATION);
	for (struct field_error *f = ctx.failure.fields; f; f = f->next)
		buf_printf(&b, "%s%s %s", b.len ? "; " : "", f->field, field_code_text(f->code));
	cr_expect_str_eq(b.data,
			 "price invalid_format; extra invalid_format; maker_id invalid_choice; "
			 "stock invalid_format; tags too_short; sizes invalid_type",
			 "%s", b.data);
}
