/*
 * Every list of the application, with each of its orders and filters, while the statement caches
 * are constantly emptied and the connection breaks before each statement.
 * PQsendQueryPrepared and PQsendQueryParams are wrapped by the linker.
 */
#include <criterion/criterion.h>

#include "support/test_app.h"
#include "support/testdb.h"

#include "app/feature.h"
#include "app/http.h"
#include "db/db_priv.h"
#include "db/table_priv.h"

int __real_PQsendQueryPrepared(PGconn *, const char *, int, const char *const *, const int *,
			       const int *, int);
int __wrap_PQsendQueryPrepared(PGconn *, const char *, int, const char *const *, const int *,
			       const int *, int);
int __real_PQsendQueryParams(PGconn *, const char *, int, const Oid *, const char *const *,
			     const int *, const int *, int);
int __wrap_PQsendQueryParams(PGconn *, const char *, int, const Oid *, const char *const *,
			     const int *, const int *, int);

static struct arena *arena;
static struct ctx *c;
static int sent, break_at; /* 0: none */

/* Not by the timeout of pg_terminate_backend(), which polls every 100 ms. */
static void
break_if_due(PGconn *conn)
{
	int pid = PQbackendPID(conn);

	if (++sent != break_at)
		return;

	cr_assert_str_eq(testdb_sql("SELECT pg_terminate_backend(%d)", pid), "t");
	while (testdb_sql("SELECT 1 FROM pg_stat_activity WHERE pid = %d", pid))
		;
}

int
__wrap_PQsendQueryPrepared(PGconn *conn, const char *name, int n, const char *const *values,
			   const int *lengths, const int *formats, int format)
{
	break_if_due(conn);
	return __real_PQsendQueryPrepared(conn, name, n, values, lengths, formats, format);
}

int
__wrap_PQsendQueryParams(PGconn *conn, const char *sql, int n, const Oid *types,
			 const char *const *values, const int *lengths, const int *formats,
			 int format)
{
	break_if_due(conn);
	return __real_PQsendQueryParams(conn, sql, n, types, values, lengths, formats, format);
}

static void
begin(void)
{
	arena = arena_new(256 * 1024 * 1024);
	testdb_open(arena);
	c = testdb_ctx(arena);
	c->process = "system";
	testdb_sql("INSERT INTO users (email, password_hash, role) SELECT 'u' || i ||"
		   " '@example.com', '!', 'member' FROM generate_series(1, 5) AS i");
	setenv("LOG_LEVEL", "error", 1);
}

static void
end(void)
{
	testdb_close();
	arena_free(arena);
}

TestSuite(list_faults, .init = begin, .fini = end, .timeout = 300);

/* Returns a valid value for the filter. */
static const char *
sample(const struct table *table, const struct list_filter *filter)
{
	struct field f = list_parameter(table, filter);

	switch (f.type) {
	case TYPE_UUID:
		return "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
	case TYPE_TIME:
		return "2026-11-20T15:08:41Z";
	case TYPE_DATE:
		return "2026-11-20";
	case TYPE_ENUM:
		return f.choices[0];
	case TYPE_BOOL:
		return "true";
	case TYPE_INT:
	case TYPE_DECIMAL:
		return "1";
	default:
		return "example";
	}
}

/* ---- another list, whose statements evict the cached ones */

struct filler {
	const char *id, *created_at;
};
static const struct field filler_fields[] = {
	{ UUID(struct filler, id) },
	{ TIME(struct filler, created_at) },
};
static const struct schema filler_schema = SCHEMA("Filler", struct filler, filler_fields);
#define FILTER                                                                                     \
	{                                                                                          \
		.sql = "$::text IS NOT NULL", .value = {.type = TYPE_TEXT }                        \
	}
static const struct list_filter filler_filters[] = {
	FILTER, FILTER, FILTER, FILTER, FILTER, FILTER, FILTER, FILTER, { 0 },
};
static const struct list_sort filler_sorts[] = { { "created_at" }, { 0 } };

/* Long, so that freed memory is not reused at the same address. */
#define SPACES  "                                                                           "
#define SPACES8 SPACES SPACES SPACES SPACES SPACES SPACES SPACES SPACES
static const struct table fillers = {
	.name = "fillers",
	.schema = &filler_schema,
	.from = "users" SPACES8 SPACES8 SPACES8 SPACES8,
	.filters = filler_filters,
	.sorts = filler_sorts,
};

static void
keep_at_most(size_t n)
{
	statements_max = n;
}

/* Fetches a page for each of the next `n` shapes. */
static void
fill(size_t n)
{
	static unsigned next;
	struct list_args args = { .table = &fillers, .limit = 1, .sort = filler_sorts };
	struct page page;

	for (; n > 0; n--, next++) {
		for (int i = 0; i < 8; i++)
			args.values[i] = next >> i & 1 ? "x" : NULL;
		cr_assert_eq(table_list(c, &args, &page), OK);
	}
}

/* ---- the lists of the application */

/* Runs a request with statement caches of size `max`. One statement is already cached, so with two
 * that of the page fills the cache. */
static struct page
get_page(const struct list_args *args, size_t max, int break_before)
{
	struct page page;
	enum error e;

	c->arena = arena_new(8 << 20);
	keep_at_most(1);
	fill(1);
	keep_at_most(max);
	sent = 0;
	break_at = break_before;
	e = table_list(c, args, &page);
	break_at = 0;
	cr_assert_eq(e, OK, "%s by %s from %" PRId64 ": %s", args->table->name, args->sort->name,
		     args->offset, error_info(e)->code);
	page.next_cursor = page.next_cursor ? "more" : "";
	db_reset(c->db);
	arena_free(c->arena);
	c->arena = arena;
	return page;
}

static void
expect_page(const struct list_args *args, const struct page *expected, size_t max, int break_before)
{
	const struct page page = get_page(args, max, break_before);

	cr_expect_eq(page.items.n, expected->items.n);
	cr_expect_eq(page.total, expected->total, "%s: %" PRId64, args->table->name, page.total);
	cr_expect_str_eq(page.next_cursor, expected->next_cursor);
	cr_expect_geq(sent, break_before, "the connection did not break");
}

/* A page beyond the end needs a second statement, for the total. */
static void
fetch(const struct list_args *args)
{
	const struct page expected = get_page(args, 500, 0);

	if (args->offset == 0) {
		expect_page(args, &expected, 500, 1);
	} else {
		expect_page(args, &expected, 2, 0);
		expect_page(args, &expected, 500, 2);
	}
}

static void
each_page(struct list_args *args)
{
	static const int64_t offsets[] = { 0, 50, LIST_NEAR_MAX + 1 };

	for (args->sort = args->table->sorts; args->sort->name; args->sort++) {
		args->ascending = !args->ascending;
		for (size_t i = 0; i < COUNT(offsets); i++) {
			args->offset = offsets[i];
			fetch(args);
		}
	}
}

/* Without filters, with each filter, and with all. Required ones are always set. */
static void
each_filter(const struct table *table)
{
	const struct list_filter *f;
	int n = 0;

	for (f = table->filters; list_is_filter(f); f++)
		n++;
	for (int which = -1; which <= n; which++) {
		struct list_args args = { .table = table, .limit = 2 };

		for (int i = 0; i < n; i++)
			if (i == which || which == n || table->filters[i].value.flags & F_REQUIRED)
				args.values[i] = sample(table, &table->filters[i]);
		each_page(&args);
	}
}

Test(list_faults, every_list_survives_a_lost_connection_and_empty_caches)
{
	size_t n = 0;

	for (const struct feature *const *f = test_app()->features; *f; f++)
		for (const struct route *r = (*f)->routes; r && r->handle; r++)
			if (r->list) {
				each_filter(r->list);
				n++;
			}
	cr_expect_gt(n, 4);
}
