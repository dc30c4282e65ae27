/* Statements: named literals; values are parameters. */
#include "items_priv.h"

#define COLUMNS "id, owner_id, title, description, status, created_at, updated_at, version"

enum { INSERT, FIND, UPDATE, DELETE_ONE };

const struct query items_queries[] = {
	[INSERT] = QUERY("items_insert", &item_schema,
			 "INSERT INTO items (owner_id, title, description, status)"
			 " VALUES ($1, $2, $3, $4) RETURNING " COLUMNS),
	[FIND] = QUERY_READ("items_find", &item_schema,
			    "SELECT " COLUMNS " FROM items"
			    " WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2)"),
	[UPDATE] = QUERY("items_update", &item_schema,
			 "UPDATE items SET"
			 " title = CASE WHEN $3 THEN $4 ELSE title END,"
			 " description = CASE WHEN $5 THEN $6 ELSE description END,"
			 " status = CASE WHEN $7 THEN $8 ELSE status END,"
			 " updated_at = now(), version = version + 1"
			 " WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2)"
			 " RETURNING " COLUMNS),
	[DELETE_ONE] = QUERY("items_delete", NULL,
			     "DELETE FROM items"
			     " WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2)"),
	{ 0 },
};

static const struct list_filter filters[] = {
	[ITEMS_BY_STATUS] = { .sql = "status = $",
			      .field = { .name = "status",
					 .type = TYPE_ENUM,
					 .choices = item_states,
					 .summary = "Only items with this status." } },
	[ITEMS_BY_OWNER] = { .sql = "owner_id = $",
			     .field = { .name = "owner_id",
					.type = TYPE_UUID,
					.summary = "Only items of this user." } },
	[ITEMS_VISIBLE] = { .sql = "owner_id = $", .field = { .type = TYPE_UUID }, .own = true },
	[ITEMS_MINE] = { .sql = "owner_id = $", .field = { .type = TYPE_UUID } },
	{ 0 },
};

static const struct list_sort sorts[] = {
	{ "created_at", TYPE_TIME },
	{ "updated_at", TYPE_TIME },
	{ "title", TYPE_TEXT },
	{ 0 },
};

const struct list items_rows = {
	.name = "items",
	.row = &item_schema,
	.columns = COLUMNS,
	.from = "items",
	.filters = filters,
	.sorts = sorts,
};

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
		.sql = "$ <> ''", .field = {                                                       \
			.name = "q",                                                               \
			.type = TYPE_TEXT,                                                         \
			.flags = F_REQUIRED,                                                       \
			.min = 1,                                                                  \
			.max = 200,                                                                \
			.summary = "Words; the last may be incomplete. \"Phrases\", `or` and "     \
				   "`-word` work too.",                                            \
			.example = "green lam",                                                    \
		}                                                                                  \
	}

static const struct list_filter found_filters[] = { WORDS, { 0 } };
static const struct list_filter found_own_filters[] = {
	WORDS,
	[ITEMS_FOUND_OF] = { .sql = "owner_id = $",
			     .field = { .type = TYPE_UUID, .flags = F_REQUIRED } },
	{ 0 },
};

static const struct list_sort found_sorts[] = { { "rank", TYPE_INT }, { 0 } };

const struct list items_found = {
	.name = "items_found",
	.row = &found_item_schema,
	.columns = COLUMNS ", rank",
	.from = FOUND(""),
	.filters = found_filters,
	.sorts = found_sorts,
	.fixed_order = true,
	.by_values = true,
};

const struct list items_found_own = {
	.name = "items_found_own",
	.row = &found_item_schema,
	.columns = COLUMNS ", rank",
	.from = FOUND(" AND owner_id = $2"),
	.filters = found_own_filters,
	.sorts = found_sorts,
	.fixed_order = true,
	.by_values = true,
};

enum error
items_insert(struct ctx *c, const char *owner, const struct item *in, struct item *out)
{
	return db_one(c, &items_queries[INSERT], out, owner, in->title, in->description,
		      in->status);
}

enum error
items_get(struct ctx *c, const char *id, struct item *out)
{
	return db_one(c, &items_queries[FIND], out, id, visible_to(c));
}

enum error
items_change(struct ctx *c, const char *id, const struct item *in, uint64_t given, struct item *out)
{
	return db_one(c, &items_queries[UPDATE], out, id, visible_to(c),
		      p_bool(schema_given(&item_schema, given, "title")), in->title,
		      p_bool(schema_given(&item_schema, given, "description")), in->description,
		      p_bool(schema_given(&item_schema, given, "status")), in->status);
}

enum error
items_delete(struct ctx *c, const char *id)
{
	return db_exec_one(c, &items_queries[DELETE_ONE], id, visible_to(c));
}
