/* Tasks for tests, inserted without the API. */
#include <criterion/criterion.h>

#include "make_task.h"

static const struct query insert =
    QUERY("factory_task", &made_schema,
	  "INSERT INTO tasks (owner_id, title, description, status, due_at, completed_at,"
	  " created_at, updated_at) SELECT $1, $2, $3, $4, $5,"
	  " CASE $4 WHEN 'done' THEN at END, at, at"
	  " FROM coalesce($6::timestamptz, clock_timestamp()) AS at RETURNING id");

const char *
make_task_(struct test *t, const struct account *owner, struct new_task in)
{
	static int number;
	const char *title = in.title ? in.title : arena_printf(t->arena, "Task %d", ++number);

	return make_row(t, &insert, owner->id, title, in.description,
			in.status ? in.status : "todo", in.due_at, in.created_at);
}
