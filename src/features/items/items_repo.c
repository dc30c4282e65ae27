/* Search: statements that a table does not compose. */
#include "items_priv.h"

enum { FOUND_OF = 1 }; /* a filter of items_found_own */

/* Searches rank at most this many matches, so that a common word costs no more. Whole words rank
 * above prefixes, short texts above long ones. $1 and $2 are the values of the filters. */
#define FOUND_MAX "10000"
/* Consecutive minus signs are a dash, not negations; PostgreSQL fails on more than 32. */
#define TYPED     "regexp_replace($1, '-[-[:space:]!&|()<]*-', ' ', 'g')"
#define FOUND(whose)                                                                               \
	"(SELECT items.*,"                                                                         \
	" ((ts_rank(search, (SELECT websearch_to_tsquery('english', " TYPED ")))"                  \
	" + ts_rank(search, (SELECT search_query(" TYPED                                           \
	")), 1) / 100) * 1000000)::bigint AS rank"                                                 \
	" FROM items WHERE search @@ search_query(" TYPED ")" whose " LIMIT " FOUND_MAX            \
	") AS found"
#define WORDS                                                                                      \
	{                                                                                          \
		"q", "Words; the last may be incomplete. \"Phrases\", `or` and `-word` work too.", \
		    .sql = "$ <> ''", .value = {                                                   \
			    .type = TYPE_TEXT,                                                     \
			    .flags = F_REQUIRED,                                                   \
			    .min = 1,                                                              \
			    .max = 200,                                                            \
			    .example = "green lam",                                                \
		    }                                                                              \
	}

static const struct list_filter found_filters[] = { WORDS, { 0 } };
static const struct list_filter found_own_filters[] = {
	WORDS,
	[FOUND_OF] = { .sql = "owner_id = $", .value = { .type = TYPE_UUID, .flags = F_REQUIRED } },
	{ 0 },
};

static const struct list_sort found_sorts[] = { { "rank" }, { 0 } };

const struct table items_found = {
	.name = "items_found",
	.schema = &item_schema,
	.from = FOUND(""),
	.filters = found_filters,
	.sorts = found_sorts,
	.fixed_order = true,
	.by_values = true,
};

const struct table items_found_own = {
	.name = "items_found_own",
	.schema = &item_schema,
	.from = FOUND(" AND owner_id = $2"),
	.filters = found_own_filters,
	.sorts = found_sorts,
	.fixed_order = true,
	.by_values = true,
};

enum error
items_search(struct ctx *c, struct list_args *args, struct page *out)
{
	if (visible_to(c)) {
		args->table = &items_found_own;
		list_restrict(args, FOUND_OF, visible_to(c));
	}
	return table_list(c, args, out);
}
