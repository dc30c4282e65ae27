/* Lists: all pages of each order are compared with one plain SELECT; forged cursors. */
#include <criterion/criterion.h>

#include "support/list_statements.h"
#include "support/testdb.h"

#include "db/table_priv.h"

struct thing {
	const char *id, *name, *kind, *due_at, *made_at;
	int64_t rank;
};

static const char *const kinds[] = { "red", "blue", NULL };

static const struct field thing_fields[] = {
	{ UUID(struct thing, id) },
	{ TEXT(struct thing, name), .flags = F_NULLABLE },
	{ ENUM(struct thing, kind), .choices = kinds },
	{ TIME(struct thing, due_at), .flags = F_NULLABLE },
	{ TIME(struct thing, made_at) },
	{ INT(struct thing, rank) },
};
static const struct schema thing_schema = SCHEMA("Thing", struct thing, thing_fields);

enum { BY_KIND, BY_NAME, BY_HIDDEN };

static const struct list_filter filters[] = {
	[BY_KIND] = { "kind" },
	[BY_NAME] = { "name", .sql = "name = $ OR upper(name) = upper($)",
		      .value = { .type = TYPE_TEXT, .min = 1, .max = 200 } },
	[BY_HIDDEN] = { .column = "rank", .operator = "<=" },
	{ 0 },
};

static const struct list_sort sorts[] = {
	{ "made_at" }, { "due_at" }, { "name" }, { "rank" }, { 0 },
};

static const struct table things = {
	.name = "things",
	.schema = &thing_schema,
	.filters = filters,
	.sorts = sorts,
};

static const struct table owned_things = {
	.name = "owned_things",
	.schema = &thing_schema,
	.owner = "owner_id",
	.readers = OWNER_AND_ADMINS,
	.from = "things",
	.sorts = sorts,
};

static struct arena *arena;
static struct ctx *c;

static void
setup(void)
{
	arena = arena_new(256 * 1024 * 1024);
	testdb_open_bare(arena);
	c = testdb_ctx(arena);
	testdb_sql("CREATE TABLE things (id uuid PRIMARY KEY, name text, kind text NOT NULL,"
		   " due_at timestamptz, made_at timestamptz NOT NULL, rank bigint NOT NULL, "
		   "owner_id uuid)");
}

static void
teardown(void)
{
	testdb_close();
	arena_free(arena);
}

TestSuite(list, .init = setup, .fini = teardown);

/* Many ties, many nulls, times that differ by a microsecond. */
static void
fill(int n)
{
	testdb_sql(
	    "INSERT INTO things SELECT md5('id' || i)::uuid,"
	    " CASE WHEN i %% 4 > 0 THEN 'name ' || i %% 11 END,"
	    " CASE WHEN i %% 3 > 0 THEN 'red' ELSE 'blue' END,"
	    " CASE WHEN i %% 5 > 1 THEN timestamptz '2026-01-01' + i %% 7 * interval '1 us' END,"
	    " timestamptz '2026-01-01' + i %% 13 * interval '1 us',"
	    " i %% 6 - 3 FROM generate_series(1, %d) AS i",
	    n);
}

static struct list_args
ask(const struct list_sort *sort, bool ascending, int64_t limit)
{
	return (struct list_args) {
		.table = &things, .sort = sort, .ascending = ascending, .limit = limit
	};
}

/* Returns all ids in the documented order, as one string. */
static const char *
expected(const struct list_args *args, const char *where)
{
	const char *direction = args->ascending ? "ASC" : "DESC";
	const char *ids =
	    testdb_sql("SELECT string_agg(id::text, ' ' ORDER BY %s %s NULLS LAST, id %s)"
		       " FROM things WHERE %s",
		       args->sort->name, direction, direction, where);

	return ids ? ids : "";
}

static void
append_ids(struct buf *b, const struct page *page)
{
	const struct thing *rows = page->items.rows;

	for (size_t i = 0; i < page->items.n; i++) {
		if (b->len)
			buf_char(b, ' ');
		buf_text(b, rows[i].id);
	}
}

/* The same, page by page with cursors. */
static const char *
walk(struct list_args args)
{
	struct buf b = buf_new(arena, 1024 * 1024);

	for (int pages = 0; pages < 1000; pages++) {
		struct page page;

		cr_assert_eq(table_list(c, &args, &page), OK, "%s", args.sort->name);
		cr_assert_leq((int64_t)page.items.n, args.limit);
		cr_expect_eq(page.by_cursor, args.cursor != NULL);
		append_ids(&b, &page);
		if (!page.next_cursor)
			return buf_done(&b);
		cr_assert_eq((int64_t)page.items.n, args.limit, "a page before the last is full");
		args.cursor = page.next_cursor;
	}
	return NULL;
}

Test(list, every_order_by_cursor)
{
	static const int64_t limits[] = { 1, 2, 7, 59, 60, 61, 100 };

	fill(60);
	for (const struct list_sort *sort = sorts; sort->name; sort++)
		for (int up = 0; up < 2; up++)
			for (size_t i = 0; i < COUNT(limits); i++) {
				struct list_args args = ask(sort, up, limits[i]);

				cr_expect_str_eq(walk(args), expected(&args, "true"),
						 "%s up %d limit %d", sort->name, up,
						 (int)limits[i]);
			}
}

Test(list, every_order_with_filters)
{
	fill(60);
	for (const struct list_sort *sort = sorts; sort->name; sort++)
		for (int up = 0; up < 2; up++) {
			struct list_args args = ask(sort, up, 3);

			args.values[BY_KIND] = "red";
			cr_expect_str_eq(walk(args), expected(&args, "kind = 'red'"));
			list_restrict(&args, BY_HIDDEN, "0");
			cr_expect_str_eq(walk(args), expected(&args, "kind = 'red' AND rank <= 0"));
			args.values[BY_NAME] = "NAME 3";
			cr_expect_str_eq(
			    walk(args),
			    expected(&args, "kind = 'red' AND rank <= 0 AND name = 'name 3'"));
		}
}

Test(list, every_order_by_offset)
{
	fill(60);
	for (const struct list_sort *sort = sorts; sort->name; sort++)
		for (int up = 0; up < 2; up++) {
			struct list_args args = ask(sort, up, 7);
			struct buf b = buf_new(arena, 1024 * 1024);

			for (args.offset = 0; args.offset < 70; args.offset += 7) {
				struct page page;

				cr_assert_eq(table_list(c, &args, &page), OK);
				cr_expect_eq(page.total, 60);
				cr_expect_eq(page.offset, args.offset);
				cr_expect_eq(page.next_cursor != NULL, args.offset + 7 < 60);
				append_ids(&b, &page);
			}
			cr_expect_str_eq(buf_done(&b), expected(&args, "true"));
		}
}

Test(list, a_cursor_continues_from_any_offset)
{
	fill(60);
	for (const struct list_sort *sort = sorts; sort->name; sort++) {
		struct list_args args = ask(sort, false, 10);
		struct page page;
		struct buf b = buf_new(arena, 1024 * 1024);

		for (args.offset = 0; args.offset < 40; args.offset += 10) {
			cr_assert_eq(table_list(c, &args, &page), OK);
			append_ids(&b, &page);
		}
		args.offset = 0;
		args.cursor = page.next_cursor;
		args.limit = 100;
		cr_assert_eq(table_list(c, &args, &page), OK);
		cr_expect_null(page.next_cursor);
		append_ids(&b, &page);
		cr_expect_str_eq(buf_done(&b), expected(&args, "true"));
	}
}

Test(list, far_offsets)
{
	struct list_args args = ask(&sorts[1], false, 10);
	struct page page;

	fill(LIST_NEAR_MAX + 25);
	for (args.offset = LIST_NEAR_MAX - 5; args.offset < LIST_NEAR_MAX + 40; args.offset += 5) {
		const char *first;

		cr_assert_eq(table_list(c, &args, &page), OK);
		cr_expect_eq(page.total, LIST_NEAR_MAX + 25);
		first = testdb_sql("SELECT id FROM things ORDER BY due_at DESC NULLS LAST, id DESC"
				   " LIMIT 1 OFFSET %d",
				   (int)args.offset);
		if (first)
			cr_expect_str_eq(((const struct thing *)page.items.rows)->id, first);
		else
			cr_expect_eq(page.items.n, 0);
	}
	args.offset = INT64_C(9007199254740991);
	cr_assert_eq(table_list(c, &args, &page), OK);
	cr_expect_eq(page.total, LIST_NEAR_MAX + 25);
}

Test(list, an_empty_list)
{
	struct list_args args = ask(sorts, false, 20);
	struct page page;

	cr_assert_eq(table_list(c, &args, &page), OK);
	cr_expect_eq(page.items.n, 0);
	cr_expect_eq(page.total, 0);
	cr_expect_null(page.next_cursor);
}

Test(list, concurrent_changes_do_not_shift_later_pages)
{
	struct list_args args = ask(&sorts[3], true, 5);
	struct page page;
	const struct thing *rows;
	const char *last;

	fill(20);
	cr_assert_eq(table_list(c, &args, &page), OK);
	rows = page.items.rows;
	last = rows[4].id;
	testdb_sql("DELETE FROM things WHERE id = '%s'", last);
	args.cursor = page.next_cursor;
	cr_assert_eq(table_list(c, &args, &page), OK);
	rows = page.items.rows;
	cr_expect_str_eq(rows[0].id,
			 testdb_sql("SELECT id FROM things ORDER BY rank, id LIMIT 1 OFFSET 4"));
}

Test(list, the_longest_title_fits_into_a_cursor)
{
	struct list_args args = ask(&sorts[2], true, 1);

	testdb_sql("INSERT INTO things SELECT md5(i::text)::uuid,"
		   " repeat(chr(128512), 199) || chr(128512 + i %% 3), 'red', NULL, now(), 0"
		   " FROM generate_series(1, 9) AS i");
	cr_expect_str_eq(walk(args), expected(&args, "true"));
}

Test(list, cursors_keep_special_characters)
{
	struct list_args args = ask(&sorts[2], false, 1);

	testdb_sql(
	    "INSERT INTO things SELECT md5(t)::uuid, t, 'red', NULL, now(), 0 FROM unnest(ARRAY["
	    "'', ' ', '''', '\"', '\\', '$1', 'a', 'A', E'\\n', E'\\x7f', '-', 'null', '%%',"
	    "'a-b', 'ab', 'a b', chr(65536)]) AS t");
	cr_expect_str_eq(walk(args), expected(&args, "true"));
}

static const char *
first_cursor(struct list_args args)
{
	struct page page;

	args.cursor = NULL;
	cr_assert_eq(table_list(c, &args, &page), OK);
	cr_assert_not_null(page.next_cursor);
	return page.next_cursor;
}

static void
refused(const struct list_args *args, const char *what)
{
	struct page page;

	failure_clear(c);
	cr_expect_eq(table_list(c, args, &page), E_VALIDATION, "%s", what);
	cr_assert_not_null(c->failure.fields, "%s", what);
	cr_expect_str_eq(c->failure.fields->field, "cursor");
	cr_expect_eq(c->failure.fields->code, FIELD_INVALID_FORMAT);
}

Test(list, a_cursor_is_valid_for_one_list_order_and_set_of_filters)
{
	static struct table others;
	struct list_args issued = ask(sorts, false, 5), args;
	struct page page;

	fill(60);
	issued.values[BY_KIND] = "red";
	issued.cursor = first_cursor(issued);
	cr_expect_eq(table_list(c, &issued, &page), OK);

	args = issued;
	args.limit = 50;
	cr_expect_eq(table_list(c, &args, &page), OK, "the limit may change");
	args = issued;
	args.ascending = true;
	refused(&args, "direction");
	args = issued;
	args.sort = &sorts[1];
	refused(&args, "sort");
	args = issued;
	args.values[BY_KIND] = "blue";
	refused(&args, "value of a filter");
	args = issued;
	args.values[BY_KIND] = NULL;
	refused(&args, "filter left out");
	args = issued;
	list_restrict(&args, BY_HIDDEN, "1");
	refused(&args, "filter of the service");
	args = issued;
	args.values[BY_KIND] = NULL;
	args.values[BY_NAME] = "red";
	refused(&args, "same value of another filter");
	others = things;
	others.name = "others";
	args = issued;
	args.table = &others;
	refused(&args, "list");
	args = issued;
	args.owner = "0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10";
	refused(&args, "owner");
}

Test(list, a_modified_cursor_is_rejected)
{
	struct list_args args = ask(&sorts[2], false, 5);
	const char *good;

	fill(60);
	good = first_cursor(args);
	/* The last character may have unused bits. */
	for (size_t i = 0; i + 1 < strlen(good); i++) {
		char *bad = arena_text(arena, good);

		bad[i] = bad[i] == 'A' ? 'B' : 'A';
		args.cursor = bad;
		refused(&args, bad);
	}
	args.cursor = arena_text_n(arena, good, strlen(good) - 4);
	refused(&args, "cut");
	args.cursor = arena_printf(arena, "%sAAAA", good);
	refused(&args, "longer");
	args.cursor = "";
	refused(&args, "empty");
}

static enum error
read_params(struct list_args *args, const char *const pairs[])
{
	struct param params[16];
	size_t n = 0;

	for (; pairs[2 * n]; n++)
		params[n] = (struct param) { pairs[2 * n], pairs[2 * n + 1] };
	failure_clear(c);
	return list_read(c, &things, params, n, (const char *const[]) { "mine", NULL }, args);
}

#define READ(args, ...) read_params((args), (const char *const[]) { __VA_ARGS__, NULL })

Test(list, parameters_are_read)
{
	struct list_args args;

	cr_assert_eq(read_params(&args, (const char *const[]) { NULL }), OK);
	cr_expect_eq(args.limit, 20);
	cr_expect_eq(args.offset, 0);
	cr_expect_eq(args.sort, &sorts[0]);
	cr_expect_not(args.ascending);

	cr_assert_eq(READ(&args, "limit", "100", "offset", "9007199254740991", "sort", "rank",
			  "kind", "blue", "mine", "whatever", "name", "x"),
		     OK);
	cr_expect_eq(args.limit, 100);
	cr_expect_eq(args.offset, INT64_C(9007199254740991));
	cr_expect_eq(args.sort, &sorts[3]);
	cr_expect(args.ascending);
	cr_expect_str_eq(args.values[BY_KIND], "blue");
	cr_expect_str_eq(args.values[BY_NAME], "x");
	cr_expect_null(args.values[BY_HIDDEN]);

	cr_assert_eq(READ(&args, "sort", "-due_at", "limit", "1"), OK);
	cr_expect_eq(args.sort, &sorts[1]);
	cr_expect_not(args.ascending);
	cr_expect_eq(args.limit, 1);
}

Test(list, invalid_parameters_are_rejected)
{
	static const struct {
		const char *name, *value;
		enum field_code code;
	} rows[] = {
		{ "limit", "0", FIELD_TOO_SMALL },
		{ "limit", "-1", FIELD_TOO_SMALL },
		{ "limit", "101", FIELD_TOO_LARGE },
		{ "limit", "x", FIELD_INVALID_TYPE },
		{ "limit", "", FIELD_INVALID_TYPE },
		{ "offset", "-1", FIELD_TOO_SMALL },
		{ "offset", "9007199254740992", FIELD_TOO_LARGE },
		{ "sort", "id", FIELD_INVALID_CHOICE },
		{ "sort", "", FIELD_INVALID_CHOICE },
		{ "sort", "-", FIELD_INVALID_CHOICE },
		{ "sort", "--rank", FIELD_INVALID_CHOICE },
		{ "sort", "+rank", FIELD_INVALID_CHOICE },
		{ "sort", "rank, name", FIELD_INVALID_CHOICE },
		{ "sort", "RANK", FIELD_INVALID_CHOICE },
		{ "cursor", "", FIELD_INVALID_FORMAT },
		{ "cursor", "x", FIELD_INVALID_FORMAT },
		{ "cursor", "'; DROP TABLE things; --", FIELD_INVALID_FORMAT },
		{ "kind", "green", FIELD_INVALID_CHOICE },
		{ "kind", "", FIELD_INVALID_CHOICE },
		{ "colour", "red", FIELD_UNKNOWN },
		{ "rank", "1", FIELD_UNKNOWN },
		{ "", "1", FIELD_UNKNOWN },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct list_args args;

		cr_expect_eq(READ(&args, rows[i].name, rows[i].value), E_VALIDATION, "%s=%s",
			     rows[i].name, rows[i].value);
		cr_assert_eq(c->failure.nfields, 1, "%s=%s", rows[i].name, rows[i].value);
		cr_expect_str_eq(c->failure.fields->in, "query");
		cr_expect_str_eq(c->failure.fields->field, rows[i].name);
		cr_expect_eq(c->failure.fields->code, rows[i].code, "%s=%s: %s", rows[i].name,
			     rows[i].value, field_code_text(c->failure.fields->code));
	}
}

Test(list, reports_all_invalid_parameters)
{
	struct list_args args;

	cr_expect_eq(READ(&args, "limit", "0", "offset", "-1", "sort", "x", "kind", "y", "z", "1",
			  "cursor", "!", "limit", "5"),
		     E_VALIDATION);
	cr_expect_eq(c->failure.nfields, 8, "seven, and cursor with offset");
}

Test(list, cursor_and_offset_cannot_be_combined)
{
	struct list_args args = ask(sorts, false, 5);
	const char *cursor;

	fill(20);
	cursor = first_cursor(args);
	cr_expect_eq(READ(&args, "cursor", cursor), OK);
	cr_expect_eq(READ(&args, "cursor", cursor, "offset", "0"), E_VALIDATION);
	cr_expect_eq(READ(&args, "offset", "0", "cursor", cursor), E_VALIDATION);
}

static size_t listed;

static enum error
count_statement(struct ctx *with, const char *name, const char *sql)
{
	listed++;
	cr_expect_leq(strlen(name), 63, "PostgreSQL cuts longer names: %s", name);
	return strlen(sql) > 0 ? OK : fail(with, E_INTERNAL, NULL);
}

Test(list, every_statement_is_listed)
{
	cr_assert_eq(list_statements(c, &things, count_statement), OK);
	/* Each set of filters, order, direction and mode; nullable columns have one more mode. */
	cr_expect_eq(listed, (size_t)8 * 2 * (3 + 4 + 4 + 3));
}

Test(list, the_number_of_cached_statements_is_limited)
{
	static struct table many[1100];
	static char names[1100][16];
	struct page page;

	fill(10);
	for (size_t i = 0; i < COUNT(many); i++) {
		struct list_args args = ask(sorts, false, 5);

		snprintf(names[i], sizeof(names[i]), "things_%zu", i);
		many[i] = things;
		many[i].name = names[i];
		many[i].from = "things";
		args.table = &many[i];
		cr_assert_eq(table_list(c, &args, &page), OK);
		cr_assert_eq(page.items.n, 5);
	}
}

/* Planning costs as much as a page: after five executions, PostgreSQL must use a generic plan. */
Test(list, pages_use_a_generic_plan)
{
	static const struct field plan_fields[] = { { INT(struct thing, rank) } };
	static const struct schema plan_schema = SCHEMA("Kept", struct thing, plan_fields);
	static const struct query plans =
	    QUERY("plans", &plan_schema,
		  "SELECT max(generic_plans) AS rank FROM pg_prepared_statements"
		  " WHERE name LIKE 'things%'");
	struct list_args args = ask(sorts, false, 5);
	struct thing thing;
	struct page page;

	fill(1000);
	testdb_sql("CREATE INDEX ON things (made_at, id)");
	testdb_sql("ANALYZE things");
	for (int i = 0; i < 10; i++)
		cr_assert_eq(table_list(c, &args, &page), OK);
	cr_assert_eq(db_one(c, &plans, &thing), OK);
	cr_expect_gt(thing.rank, 0);
}

#define ADA "01a1fbe5-07c2-7ef9-a1ec-fe8fcba76ad4"

Test(list, callers_list_their_own_rows_and_admins_all)
{
	static const struct {
		struct caller caller;
		const char *process;
		int64_t total;
	} rows[] = {
		{ { .user_id = ADA, .role = ROLE_VIEWER }, NULL, 3 },
		{ { .user_id = ADA, .role = ROLE_MEMBER }, NULL, 3 },
		{ { .user_id = ADA, .role = ROLE_MEMBER }, "system", 3 },
		{ { .user_id = ADA, .role = ROLE_ADMIN }, NULL, 10 },
		{ { 0 }, "cli", 10 },
		{ { 0 }, NULL, 0 },
	};
	struct page page;

	fill(10);
	testdb_sql("UPDATE things SET owner_id = '" ADA "' WHERE id IN"
		   " (SELECT id FROM things LIMIT 3)");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct list_args args = { .table = &owned_things, .sort = sorts, .limit = 1 };

		c->caller = rows[i].caller;
		c->process = rows[i].process;
		cr_assert_eq(table_list(c, &args, &page), OK);
		cr_expect_eq(page.total, rows[i].total, "row %zu: %" PRId64, i, page.total);
	}
}
