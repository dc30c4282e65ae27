/* Gizmos, inserted without the API. */
#include <criterion/criterion.h>

#include "make_gizmo.h"

enum { GIZMO, GIZMOS };

static const struct query queries[] = {
	[GIZMO] = QUERY("factory_gizmo", &made_schema,
			"INSERT INTO gizmos (owner_id, title, description, status, created_at,"
			" updated_at) SELECT $1, $2, $3, $4, at, at"
			" FROM coalesce($5::timestamptz, clock_timestamp()) AS at RETURNING id"),
	[GIZMOS] =
	    QUERY("factory_gizmos", NULL,
		  "INSERT INTO gizmos (owner_id, title, created_at, updated_at)"
		  " SELECT $1, 'Gizmo ' || lpad(n::text, 4, '0'), at, at"
		  " FROM generate_series(1, $2::int) AS n,"
		  " LATERAL (SELECT timestamptz '2026-01-01 00:00:00+00'"
		  "  + CASE WHEN $3 THEN 0 ELSE n END * interval '1 minute' AS at) AS moment"),
};

const char *
make_gizmo_(struct test *t, const struct account *owner, struct new_gizmo in)
{
	static int number;
	const char *title = in.title ? in.title : arena_printf(t->arena, "Gizmo %d", ++number);

	return make_row(t, &queries[GIZMO], owner->id, title, in.description,
			in.status ? in.status : "active", in.created_at);
}

void
make_gizmos(struct test *t, const struct account *owner, int n, bool same_moment)
{
	cr_assert_eq(db_exec(t->ctx, &queries[GIZMOS], NULL, owner->id, p_int(t->ctx, n),
			     p_bool(same_moment)),
		     OK);
}
