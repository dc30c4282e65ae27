/* schema_write(): which fields are written, and how. */
#include <criterion/criterion.h>

#include "app/schema.h"

struct part {
	const char *name;
	int64_t size;
};

static const struct field part_fields[] = {
	{ TEXT(struct part, name), .flags = F_READ },
	{ INT(struct part, size), .flags = F_READ },
};
static const struct schema part_schema = SCHEMA("Part", struct part, part_fields);

struct thing {
	const char *id, *title, *note, *made_at, *password;
	int64_t stock;
	bool open;
	const void *main_part;
	struct records parts;
	const char *const *colours;
};

static const struct field word = { .type = TYPE_TEXT };
static const struct field fields[] = {
	{ TEXT(struct thing, password), .flags = F_CREATE | F_UPDATE | F_SECRET },
	{ UUID(struct thing, id), .flags = F_READ },
	{ TEXT(struct thing, title), .flags = F_RW },
	{ TEXT(struct thing, note), .flags = F_RW | F_NULLABLE },
	{ INT(struct thing, stock), .flags = F_RW },
	{ BOOL(struct thing, open), .flags = F_RW },
	{ TIME(struct thing, made_at), .flags = F_READ },
	{ RECORD(struct thing, main_part, &part_schema), .flags = F_READ | F_NULLABLE },
	{ RECORDS(struct thing, parts, &part_schema), .flags = F_READ },
	{ ARRAY(struct thing, colours, &word), .flags = F_READ },
};
static const struct schema thing_schema = SCHEMA("Thing", struct thing, fields);

static void
writes(const struct schema *schema, const void *record, const char *json)
{
	struct arena *a = arena_new(1 << 20);
	struct buf b = buf_new(a, 10000);
	const char *text;

	schema_write(&b, schema, record);
	text = buf_done(&b);
	cr_assert_not_null(text);
	cr_expect_str_eq(text, json, "%s", text);
	cr_expect_null(json_check(text, strlen(text)), "%s", text);
	arena_free(a);
}

Test(schema_write, writes_readable_fields_in_order)
{
	struct part parts[] = { { "a", 1 }, { "b", -2 } };
	struct thing thing = {
		.id = "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
		.title = "Lamp",
		.note = "x",
		.password = "hidden",
		.made_at = "2026-11-20T15:08:41.218287Z",
		.stock = INT64_MIN,
		.open = true,
		.main_part = &parts[1],
		.parts = { parts, 2 },
		.colours = (const char *const[]) { "red", "blue", NULL },
	};

	writes(&thing_schema, &thing,
	       "{\"id\":\"0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b\",\"title\":\"Lamp\","
	       "\"note\":\"x\",\"stock\":-9223372036854775808,\"open\":true,"
	       "\"made_at\":\"2026-11-20T15:08:41.218287Z\","
	       "\"main_part\":{\"name\":\"b\",\"size\":-2},"
	       "\"parts\":[{\"name\":\"a\",\"size\":1},{\"name\":\"b\",\"size\":-2}],"
	       "\"colours\":[\"red\",\"blue\"]}");
}

Test(schema_write, writes_null_for_absent_values)
{
	struct thing thing = { 0 };

	writes(&thing_schema, &thing,
	       "{\"id\":null,\"title\":null,\"note\":null,\"stock\":0,\"open\":false,"
	       "\"made_at\":null,\"main_part\":null,\"parts\":[],\"colours\":[]}");
}

Test(schema_write, escapes_text)
{
	struct part part = { "\"\\/\b\f\n\r\t\x01\x1f\xc3\xa9\xf0\x9f\x98\x80", 0 };

	writes(&part_schema, &part,
	       "{\"name\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\xc3\xa9\xf0\x9f\x98\x80\","
	       "\"size\":0}");
}

/* Text is processed eight bytes at a time, so a character to escape is placed at each position. */
Test(schema_write, escapes_at_any_position)
{
	for (size_t at = 0; at < 24; at++) {
		for (int byte = 1; byte < 256; byte++) {
			bool plain = byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0x7f;
			char text[25], expected[60];
			struct part part = { text, 0 };
			struct arena *a = arena_new(1 << 16);
			struct buf b = buf_new(a, 1000);

			memset(text, 'x', sizeof(text) - 1);
			text[24] = '\0';
			text[at] = (char)byte;
			schema_write(&b, &part_schema, &part);
			snprintf(expected, sizeof(expected), "{\"name\":\"%s\",\"size\":0}", text);
			cr_expect_eq(strcmp(b.data, expected) == 0, plain, "byte %d at %zu: %s",
				     byte, at, b.data);
			arena_free(a);
		}
	}
}

Test(schema_write, writes_an_empty_object_without_readable_fields)
{
	static const struct field hidden[] = { { TEXT(struct part, name) } };
	static const struct schema schema = SCHEMA("Hidden", struct part, hidden);
	struct part part = { "a", 1 };

	writes(&schema, &part, "{}");
}

Test(schema_write, round_trip)
{
	static const struct field both[] = {
		{ TEXT(struct part, name), .flags = F_RW },
		{ INT(struct part, size), .flags = F_RW },
	};
	static const struct schema schema = SCHEMA("Both", struct part, both);
	struct ctx c = { .arena = arena_new(1 << 20), .request_id = "test" };
	struct part part = { "\x01\x7f\xc2\x80\xef\xbf\xbf\"\\ \n", -INT64_MAX }, again;
	struct buf b = buf_new(c.arena, 1000);
	uint64_t given;

	schema_write(&b, &schema, &part);
	cr_assert_eq(schema_read(&c, &schema, SCHEMA_CREATE, b.data, b.len, &again, &given), OK);
	cr_expect_str_eq(again.name, part.name);
	cr_expect_eq(again.size, part.size);
	arena_free(c.arena);
}

Test(schema_write, fails_if_its_buffer_is_full)
{
	struct arena *a = arena_new(1 << 20);
	struct buf b = buf_new(a, 10);
	struct part part = { "longer than that", 0 };

	schema_write(&b, &part_schema, &part);
	cr_expect_null(buf_done(&b));
	arena_free(a);
}
