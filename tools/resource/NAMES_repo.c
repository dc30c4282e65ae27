/* Statements: named literals; values are parameters. */
#include "@names@_priv.h"

#define COLUMNS @columns@

enum { INSERT, FIND, UPDATE, DELETE_ONE };

const struct query @names@_queries[] = {
	[INSERT] = QUERY("@names@_insert", &@name@_schema,
			 @insert_columns@
			 @insert_numbers@ COLUMNS),
	[FIND] = QUERY_READ("@names@_find", &@name@_schema,
%if own
			    "SELECT " COLUMNS " FROM @names@"
			    " WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2)"),
%else
			    "SELECT " COLUMNS " FROM @names@ WHERE id = $1"),
%end
	[UPDATE] = QUERY("@names@_update", &@name@_schema,
			 "UPDATE @names@ SET"
%for fields
			 " @field@ = CASE WHEN $@given_number@ THEN $@number@ ELSE @field@ END,"
%end
			 " updated_at = now(), version = version + 1"
			 " WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2)"
			 " RETURNING " COLUMNS),
	[DELETE_ONE] = QUERY("@names@_delete", NULL,
			     "DELETE FROM @names@"
			     " WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2)"),
	{ 0 },
};

static const struct list_filter filters[] = {
%for filters
	{ .sql = "@field@ = $",
		.field = { .name = "@field@", @filter_field@,
			   .summary = "@filter_text@" } },
%end
	{ .sql = "owner_id = $",
		.field = { .name = "owner_id", .type = TYPE_UUID, .summary = "Only @namewords@ of this user." } },
%if own
	{ .sql = "owner_id = $", .field = { .type = TYPE_UUID }, .own = true },
%end
	{ 0 },
};

static const struct list_sort sorts[] = {
	{ "created_at", TYPE_TIME },
	{ "updated_at", TYPE_TIME },
%for sorts
	{ "@field@", @sort_type@@sort_null@ },
%end
	{ 0 },
};

const struct list @names@_rows = {
	.name = "@names@",
	.row = &@name@_schema,
	.columns = COLUMNS,
	.from = "@names@",
	.filters = filters,
	.sorts = sorts,
};

enum error
@names@_insert(struct ctx *c, const char *owner, const struct @name@ *in, struct @name@ *out)
{
	return db_one(c, &@names@_queries[INSERT], out, owner, @insert_values@);
}

enum error
@names@_get(struct ctx *c, const char *id, struct @name@ *out)
{
%if own
	return db_one(c, &@names@_queries[FIND], out, id, visible_to(c));
%else
	return db_one(c, &@names@_queries[FIND], out, id);
%end
}

enum error
@names@_change(struct ctx *c, const char *id, const struct @name@ *in, uint64_t given,
	     struct @name@ *out)
{
	return db_one(c, &@names@_queries[UPDATE], out, id, visible_to(c),
		      @update_values@);
}

enum error
@names@_delete(struct ctx *c, const char *id)
{
	return db_exec_one(c, &@names@_queries[DELETE_ONE], id, visible_to(c));
}
