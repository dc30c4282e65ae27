/* Stores each field type in a column of PostgreSQL and reads it back. */
#include <criterion/criterion.h>

#include "support/testdb.h"

#include "app/db.h"

static struct arena *arena;
static struct ctx *c;

static const struct query make_table =
    QUERY("test_make_products", NULL,
	  "CREATE TEMPORARY TABLE products (sold_on date, price numeric(18, 2), extra jsonb,"
	  " stock bigint, open boolean, tags text[], sizes bigint[], days date[],"
	  " times timestamptz[], prices numeric(18, 2)[], makers uuid[], flags boolean[])");

static void
setup(void)
{
	arena = arena_new(64 * 1024 * 1024);
	testdb_open(arena);
	c = testdb_ctx(arena);
	cr_assert_eq(db_exec(c, &make_table, NULL), OK);
}

static void
teardown(void)
{
	testdb_close();
	arena_free(arena);
}

TestSuite(rows, .init = setup, .fini = teardown);

struct product {
	const char *sold_on, *price, *extra;
	const int64_t *stock;
	const bool *open;
	const char *const *tags, *const *sizes, *const *days, *const *times, *const *prices,
										 *const *makers,
										     *const *flags;
};

static const struct field text_item = { .type = TYPE_TEXT };
static const struct field int_item = { .type = TYPE_INT };
static const struct field date_item = { .type = TYPE_DATE };
static const struct field time_item = { .type = TYPE_TIME };
static const struct field decimal_item = { .type = TYPE_DECIMAL, .scale = 2 };
static const struct field uuid_item = { .type = TYPE_UUID };
static const struct field bool_item = { .type = TYPE_BOOL };

static const struct field fields[] = {
	{ DATE(struct product, sold_on), .flags = F_RW | F_NULLABLE },
	{ DECIMAL(struct product, price, 2), .flags = F_RW | F_NULLABLE },
	{ JSON(struct product, extra), .flags = F_RW | F_NULLABLE },
	{ INT(struct product, stock), .flags = F_RW | F_NULLABLE },
	{ BOOL(struct product, open), .flags = F_RW | F_NULLABLE },
	{ ARRAY(struct product, tags, &text_item), .flags = F_RW | F_NULLABLE },
	{ ARRAY(struct product, sizes, &int_item), .flags = F_RW | F_NULLABLE },
	{ ARRAY(struct product, days, &date_item), .flags = F_RW | F_NULLABLE },
	{ ARRAY(struct product, times, &time_item), .flags = F_RW | F_NULLABLE },
	{ ARRAY(struct product, prices, &decimal_item), .flags = F_RW | F_NULLABLE },
	{ ARRAY(struct product, makers, &uuid_item), .flags = F_RW | F_NULLABLE },
	{ ARRAY(struct product, flags, &bool_item), .flags = F_RW | F_NULLABLE },
};
static const struct schema product_schema = SCHEMA("Product", struct product, fields);

static const struct query insert =
    QUERY("test_insert_product", &product_schema,
	  "INSERT INTO products VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
	  " RETURNING *");

/* Stores a body and returns what is read back. */
static const char *
round_trip(const char *json)
{
	struct buf b = buf_new(arena, 1 << 20);
	struct product p, back;
	uint64_t given;
	enum error e;

	e = schema_read(c, &product_schema, SCHEMA_CREATE, json, strlen(json), &p, &given);
	cr_assert_eq(e, OK, "%s is refused", json);
	e = db_one(c, &insert, &back, p.sold_on, p.price, p.extra, p_int_or_null(c, p.stock),
		   p_bool_or_null(p.open), p_array(c, p.tags), p_array(c, p.sizes),
		   p_array(c, p.days), p_array(c, p.times), p_array(c, p.prices),
		   p_array(c, p.makers), p_array(c, p.flags));
	cr_assert_eq(e, OK, "%s cannot be stored", json);
	schema_write(&b, &product_schema, &back);
	return buf_done(&b);
}

static void
comes_back(const char *json)
{
	const char *back = round_trip(json);

	cr_expect_str_eq(back, json, "%s", back);
}

Test(rows, of_every_type)
{
	comes_back("{\"sold_on\":\"2026-11-20\",\"price\":\"-1234567890123456.78\","
		   "\"extra\":{\"a\": [1, \"\xc3\xa4\", null]},\"stock\":-9223372036854775807,"
		   "\"open\":true,\"tags\":[\"red\",\"blue\"],\"sizes\":[1,-2],"
		   "\"days\":[\"0001-01-01\",\"9999-12-31\"],"
		   "\"times\":[\"2026-11-20T15:08:41.218287Z\",\"2026-11-20T00:00:00.000000Z\"],"
		   "\"prices\":[\"0.10\",\"-0.99\"],"
		   "\"makers\":[\"0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b\"],"
		   "\"flags\":[true,false]}");
}

Test(rows, of_nulls)
{
	comes_back("{\"sold_on\":null,\"price\":null,\"extra\":null,\"stock\":null,"
		   "\"open\":null,\"tags\":null,\"sizes\":null,\"days\":null,\"times\":null,"
		   "\"prices\":null,\"makers\":null,\"flags\":null}");
}

Test(rows, of_empty_values)
{
	comes_back("{\"sold_on\":null,\"price\":\"0.00\",\"extra\":false,\"stock\":0,"
		   "\"open\":false,\"tags\":[],\"sizes\":[],\"days\":[],\"times\":[],"
		   "\"prices\":[],\"makers\":[],\"flags\":[]}");
}

/* Characters that are special in PostgreSQL's array syntax are stored unchanged. */
Test(rows, of_special_characters)
{
	static const char *const texts[] = {
		"",          " ",        "NULL",  "null", ",",  "{",
		"}",         "{}",       "{a,b}", "'",    "''", "\\\"",
		"\\\\",      "\\\\\\\"", "a\\nb", "\\t",  "$1", "\xf0\x9f\x98\x80",
		"[0:1]={a}", "a b",
	};
	struct buf b = buf_new(arena, 1 << 20);
	const char *at, *back;

	for (size_t i = 0; i < COUNT(texts); i++)
		buf_printf(&b, "%s\"%s\"", i ? "," : "{\"tags\":[", texts[i]);
	buf_text(&b, "]");
	back = round_trip(arena_printf(arena, "%s}", b.data));
	at = strstr(back, "\"tags\"");
	cr_expect(at && strncmp(at, b.data + 1, b.len - 1) == 0, "%s", back);
}

Test(rows, of_large_exponents)
{
	const char *back = round_trip("{\"extra\":[1e20,1.5e-3,123456789012345678901234567890]}");

	cr_expect(strstr(back, "[100000000000000000000, 0.0015, 123456789012345678901234567890]"),
		  "%s", back);
}

static const struct query select_raw = QUERY(
    "test_raw_product", &product_schema,
    "SELECT $1::date AS sold_on, $2::numeric AS price, $3::text[] AS tags, $4::date[] AS days");

Test(rows, of_unsupported_values)
{
	static const char *const raw[][4] = {
		{ "infinity", NULL, NULL, NULL },    { "0044-03-15 BC", NULL, NULL, NULL },
		{ "10000-01-01", NULL, NULL, NULL }, { NULL, "NaN", NULL, NULL },
		{ NULL, "Infinity", NULL, NULL },    { NULL, NULL, "{a,NULL}", NULL },
		{ NULL, NULL, "{{a},{b}}", NULL },   { NULL, NULL, "[0:1]={a,b}", NULL },
		{ NULL, NULL, NULL, "{infinity}" },  { NULL, NULL, NULL, "{NULL}" },
	};
	struct product p;

	cr_expect_eq(db_one(c, &select_raw, &p, "2026-11-20", "1.5", "{a}", "{2026-11-20}"), OK);
	cr_expect_str_eq(p.price, "1.5");
	for (size_t i = 0; i < COUNT(raw); i++)
		cr_expect_eq(db_one(c, &select_raw, &p, raw[i][0], raw[i][1], raw[i][2], raw[i][3]),
			     E_INTERNAL, "row %zu", i);
}
