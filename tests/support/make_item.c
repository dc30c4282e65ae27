/* Items for tests, inserted without the API. */
#include <criterion/criterion.h>

#include "make_item.h"

enum { ITEM, ITEMS };

static const struct query queries[] = {
	[ITEM] = QUERY("factory_item", &made_schema,
		       "INSERT INTO items (owner_id, title, description, status, created_at,"
		       " updated_at) SELECT $1, $2, $3, $4, at, at"
		       " FROM coalesce($5::timestamptz, clock_timestamp()) AS at RETURNING id"),
	[ITEMS] =
	    QUERY("factory_items", NULL,
		  "INSERT INTO items (owner_id, title, created_at, updated_at)"
		  " SELECT $1, 'Item ' || lpad(n::text, 4, '0'), at, at"
		  " FROM generate_series(1, $2::int) AS n,"
		  " LATERAL (SELECT timestamptz '2026-01-01 00:00:00+00'"
		  "  + CASE WHEN $3 THEN 0 ELSE n END * interval '1 minute' AS at) AS moment"),
};

const char *
make_item_(struct test *t, const struct account *owner, struct new_item in)
{
	static int number;
	const char *title = in.title ? in.title : arena_printf(t->arena, "Item %d", ++number);

	return make_row(t, &queries[ITEM], owner->id, title, in.description,
			in.status ? in.status : "active", in.created_at);
}

void
make_items(struct test *t, const struct account *owner, int n, bool same_moment)
{
	cr_assert_eq(db_exec(t->ctx, &queries[ITEMS], NULL, owner->id, p_int(t->ctx, n),
			     p_bool(same_moment)),
		     OK);
}
