/* Cursors and the other parameters of a list. Input: a query, newline, the value of a position. Our
 * own cursors are accepted, all others rejected. */
#include "fuzz.h"

#include "db/table_priv.h"
#include "http/http_priv.h"

#define ID "01936f5e-0000-7000-8000-000000000001"

static const struct list_filter filters[] = {
	{ "word", .sql = "word = $", .value = { .type = TYPE_TEXT, .min = 1, .max = 9 } },
	{ "before", .sql = "at < $", .value = { .type = TYPE_TIME } },
	{ 0 },
};
static const struct list_sort sorts[] = { { "at" }, { "word" }, { 0 } };
static const struct table table = {
	.name = "samples", .schema = &sample_schema, .filters = filters, .sorts = sorts
};

static void
check_round(struct ctx *c, struct list_args *args, const char *value)
{
	struct list_position at = { ID, *value ? value : NULL }, read;

	if (strlen(value) > CURSOR_VALUE_MAX || cursor_write(c, args, &at, &args->cursor))
		return;

	HOLDS(cursor_plausible(args->cursor) && cursor_read(c, args, &read) == OK);
	HOLDS(strcmp(read.id, ID) == 0 && !read.value == !at.value);
	HOLDS(!at.value || strcmp(read.value, at.value) == 0);
	args->ascending = !args->ascending;
	HOLDS(cursor_read(c, args, &read) == E_VALIDATION);
}

void
fuzz(struct ctx *c, const char *bytes, size_t len)
{
	char *query = fuzz_text(c, bytes, len), *value = fuzz_cut(query, '\n');
	const struct param *params;
	struct list_position at;
	struct list_args args;
	size_t n;

	if (!params_read(c->arena, query, strlen(query), &params, &n) ||
	    list_read(c, &table, params, n, NULL, &args))
		return;

	HOLDS(args.limit >= 1 && args.limit <= LIST_LIMIT_MAX && args.offset >= 0 && args.sort);
	HOLDS(!args.cursor || cursor_read(c, &args, &at) == E_VALIDATION);
	check_round(c, &args, value);
}
