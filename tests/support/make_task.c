/* Tasks for tests, made beside the application. */
#include <criterion/criterion.h>

#include "make_task.h"

struct made {
	const char *id;
};
static const struct field made_fields[] = { { UUID(struct made, id) } };
static const struct schema made_schema = SCHEMA("Made", struct made, made_fields);

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
	struct made made = { 0 };
	enum error e;

	e = db_one(t->ctx, &insert, &made, owner->id, title, in.description,
		   in.status ? in.status : "todo", in.due_at, in.created_at);
	cr_assert_eq(e, OK, "task: %s", error_info(e)->code);
	return made.id;
}
