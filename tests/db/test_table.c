/* Tables: the statements that are composed from their rows. */
#include <criterion/criterion.h>

#include "support/testdb.h"

#include "app/table.h"

#define ADA   "01a1fbe5-07c2-7ef9-a1ec-fe8fcba76ad4"
#define GRACE "01a1fbe5-07c2-7ef9-a1ec-fe8fcba76ad5"

struct lamp {
	const char *id, *owner_id, *title, *note, *kind, *price, *lit_at, *made_on, *extra, *secret;
	const int64_t *watts;
	bool lit;
	const char *const *tags;
	const char *created_at, *updated_at;
	int64_t version;
};

static const char *const kinds[] = { "desk", "floor", NULL };
static const struct field tag = { .type = TYPE_TEXT, .max = 20 };

static const struct field fields[] = {
	{ UUID(struct lamp, id), .flags = F_READ },
	{ UUID(struct lamp, owner_id), .flags = F_READ },
	{ TEXT(struct lamp, title), .flags = F_RW | F_REQUIRED, .max = 100 },
	{ TEXT(struct lamp, note), .flags = F_READ | F_CREATE | F_NULLABLE },
	{ ENUM(struct lamp, kind), .flags = F_RW, .choices = kinds, .default_value = "desk" },
	{ DECIMAL(struct lamp, price, 2), .flags = F_RW | F_NULLABLE },
	{ TIME(struct lamp, lit_at), .flags = F_READ | F_SET | F_NULLABLE },
	{ DATE(struct lamp, made_on), .flags = F_RW | F_NULLABLE },
	{ JSON(struct lamp, extra), .flags = F_RW | F_NULLABLE },
	{ TEXT(struct lamp, secret), .flags = F_SET | F_NULLABLE },
	{ INT(struct lamp, watts), .flags = F_RW | F_NULLABLE },
	{ BOOL(struct lamp, lit), .flags = F_RW },
	{ ARRAY(struct lamp, tags, &tag), .flags = F_RW },
	{ TIME(struct lamp, created_at), .flags = F_READ },
	{ TIME(struct lamp, updated_at), .flags = F_READ },
	{ INT(struct lamp, version) },
};
static const struct schema lamp_schema = SCHEMA("Lamp", struct lamp, fields);

#define BIT(m) GIVEN(&lamp_schema, struct lamp, m)

static struct table lamps;
static struct arena *arena;
static struct ctx *c;

static void
setup(void)
{
	arena = arena_new(64 * 1024 * 1024);
	testdb_open_bare(arena);
	c = testdb_ctx(arena);
	testdb_sql(
	    "CREATE TABLE lamps (id uuid PRIMARY KEY, owner_id uuid NOT NULL,"
	    " title text NOT NULL UNIQUE, note text, kind text NOT NULL, price numeric(18, 2),"
	    " lit_at timestamptz, made_on date, extra jsonb, secret text, watts bigint,"
	    " lit boolean NOT NULL, tags text[] NOT NULL,"
	    " created_at timestamptz NOT NULL DEFAULT now(),"
	    " updated_at timestamptz NOT NULL DEFAULT now(), version bigint NOT NULL DEFAULT 1)");
	lamps = (struct table) {
		.name = "lamps",
		.schema = &lamp_schema,
		.owner = "owner_id",
		.readers = OWNER_AND_ADMINS,
	};
	c->caller = (struct caller) { .user_id = ADA, .role = ROLE_MEMBER };
}

static void
teardown(void)
{
	testdb_close();
	arena_free(arena);
}

TestSuite(table, .init = setup, .fini = teardown);

static const struct lamp *
insert(struct lamp in)
{
	struct lamp *out = ARENA_NEW(arena, struct lamp);

	cr_assert_eq(table_insert(c, &lamps, &in, out), OK, "%s", c->failure.detail);
	return out;
}

#define INSERT(...) insert((struct lamp) { __VA_ARGS__ })

static void
expect_version(enum error e, int64_t version, const struct lamp *lamp)
{
	cr_assert_eq(e, OK, "%s", c->failure.detail);
	cr_expect_eq(lamp->version, version, "%" PRId64, lamp->version);
}

Test(table, a_new_row_has_an_id_its_owner_and_defaults)
{
	const struct lamp *lamp = INSERT(.title = "Brass"), *other = INSERT(.title = "Oak");

	cr_expect_str_eq(lamp->owner_id, ADA);
	cr_expect_str_eq(lamp->kind, "desk");
	cr_expect_null(lamp->note);
	cr_expect_null(lamp->watts);
	cr_expect_null(lamp->tags[0]);
	cr_expect_eq(lamp->version, 1);
	cr_expect_str_lt(lamp->id, other->id, "a later id is greater");
}

Test(table, a_new_row_has_an_owner_even_if_rows_may_have_none)
{
	struct field nullable[COUNT(fields)];
	const struct schema schema = SCHEMA("Lamp", struct lamp, nullable);

	memcpy(nullable, fields, sizeof(fields));
	nullable[1].flags |= F_NULLABLE;
	cr_assert_str_eq(nullable[1].name, lamps.owner);
	lamps.schema = &schema;
	cr_expect_str_eq(INSERT(.title = "Brass")->owner_id, ADA);
	cr_expect_str_eq(INSERT(.title = "Oak", .owner_id = GRACE)->owner_id, GRACE);
}

Test(table, every_type_is_stored_and_read_back)
{
	static const char *const tags[] = { "a", "b \"c\" \\ , {}", "", NULL };
	const int64_t watts = -5;
	struct lamp out;
	const struct lamp *lamp = INSERT(.title = "é'\"", .note = "n", .kind = "floor",
					 .price = "-12.50", .lit_at = "2026-01-02T03:04:05.000006Z",
					 .made_on = "0001-01-01", .extra = "{\"a\": [1, null]}",
					 .secret = "s", .watts = &watts, .lit = true, .tags = tags);

	cr_assert_eq(table_find(c, &lamps, lamp->id, &out), OK);
	cr_expect_str_eq(out.title, "é'\"");
	cr_expect_str_eq(out.note, "n");
	cr_expect_str_eq(out.kind, "floor");
	cr_expect_str_eq(out.price, "-12.50");
	cr_expect_str_eq(out.lit_at, "2026-01-02T03:04:05.000006Z");
	cr_expect_str_eq(out.made_on, "0001-01-01");
	cr_expect_str_eq(out.extra, "{\"a\": [1, null]}");
	cr_expect_str_eq(out.secret, "s");
	cr_expect_eq(*out.watts, -5);
	cr_expect(out.lit);
	for (size_t i = 0; i < COUNT(tags) - 1; i++)
		cr_expect_str_eq(out.tags[i], tags[i]);
}

Test(table, an_update_sets_only_the_given_fields)
{
	const int64_t watts = 40;
	const struct lamp *lamp =
	    INSERT(.title = "Brass", .note = "n", .watts = &watts, .lit = true);
	const struct lamp in = { .title = "Steel", .note = "other", .kind = "floor" };
	struct lamp out;
	enum error e;

	e = table_update(c, &lamps, lamp->id, &in, BIT(title) | BIT(watts), &out);
	expect_version(e, 2, &out);
	cr_expect_str_eq(out.title, "Steel");
	cr_expect_null(out.watts, "given as null");
	cr_expect_str_eq(out.kind, "desk");
	cr_expect(out.lit);
	cr_expect_str_neq(out.updated_at, lamp->updated_at);
	cr_expect_str_eq(out.created_at, lamp->created_at);

	e = table_update(c, &lamps, lamp->id, &in, BIT(kind) | BIT(lit) | BIT(tags), &out);
	expect_version(e, 3, &out);
	cr_expect_str_eq(out.kind, "floor");
	cr_expect_not(out.lit);
}

Test(table, fields_that_cannot_change_do_not)
{
	const struct lamp *lamp = INSERT(.title = "Brass", .note = "n");
	const struct lamp in = {
		.id = GRACE, .owner_id = GRACE, .note = "other", .version = 9, .title = "Steel"
	};
	struct lamp out;
	enum error e =
	    table_update(c, &lamps, lamp->id, &in, UINT64_MAX & ~(BIT(tags) | BIT(kind)), &out);

	expect_version(e, 2, &out);
	cr_expect_str_eq(out.id, lamp->id);
	cr_expect_str_eq(out.owner_id, ADA);
	cr_expect_str_eq(out.note, "n");
	e = table_update(c, &lamps, lamp->id, &in, BIT(note) | BIT(owner_id), &out);
	expect_version(e, 2, &out);
}

Test(table, the_program_sets_the_time_of_the_transaction)
{
	const struct lamp *lamp = INSERT(.title = "Brass", .lit_at = TABLE_NOW);

	cr_expect_str_eq(lamp->lit_at, lamp->created_at);
}

Test(table, a_replaced_row_has_the_fields_of_a_new_one)
{
	uint64_t given = schema_replaced(&lamp_schema);

	cr_expect(given & BIT(title) && given & BIT(note) && given & BIT(kind));
	cr_expect_not(given & (BIT(id) | BIT(lit_at) | BIT(secret) | BIT(version)));
}

/* --- who may see and change a row --- */

static const char *id; /* of a row of Ada */

static void
expect_may(enum readers readers, struct caller caller, bool find, bool change)
{
	const struct lamp in = { .title = "Changed" };
	struct lamp out;

	lamps.readers = readers;
	c->caller = caller;
	cr_expect_eq(table_find(c, &lamps, id, &out), find ? OK : E_NOT_FOUND, "%d", readers);
	cr_expect_eq(table_update(c, &lamps, id, &in, BIT(title), &out), change ? OK : E_NOT_FOUND,
		     "%d", readers);
	cr_expect_eq(table_update(c, &lamps, id, &in, 0, &out), change ? OK : E_NOT_FOUND);
	cr_assert_eq(db_begin(c), OK);
	cr_expect_eq(table_lock(c, &lamps, id, &out), change ? OK : E_NOT_FOUND, "%d", readers);
	cr_expect_eq(table_delete(c, &lamps, id), change ? OK : E_NOT_FOUND, "%d", readers);
	db_reset(c->db);
}

Test(table, readers_decide_who_sees_a_row)
{
	const struct caller ada = c->caller, grace = { .user_id = GRACE, .role = ROLE_MEMBER };
	const struct caller admin = { .user_id = GRACE, .role = ROLE_ADMIN }, anonymous = { 0 };

	id = INSERT(.title = "Brass")->id;
	for (enum readers r = OWNER_ONLY; r <= EVERYONE; r++) {
		expect_may(r, ada, true, true);
		expect_may(r, grace, r == EVERYONE, false);
		expect_may(r, admin, r != OWNER_ONLY, r != OWNER_ONLY);
		expect_may(r, anonymous, r == EVERYONE, false);
	}
}

Test(table, without_an_owner_every_row_is_visible)
{
	struct lamp out;

	id = INSERT(.title = "Brass")->id;
	lamps.owner = NULL;
	c->caller = (struct caller) { 0 };
	cr_expect_eq(table_find(c, &lamps, id, &out), OK);
	cr_expect_eq(table_delete(c, &lamps, id), OK);
	cr_expect_eq(table_delete(c, &lamps, id), E_NOT_FOUND);
}

struct bulb {
	const char *id, *lamp_id;
};

static const struct field bulb_fields[] = {
	{ UUID(struct bulb, id), .flags = F_READ },
	{ UUID(struct bulb, lamp_id), .flags = F_READ | F_SET, REFERENCES(&lamps) },
};
static const struct schema bulb_schema = SCHEMA("Bulb", struct bulb, bulb_fields);
static const struct table bulbs = { .name = "bulbs", .schema = &bulb_schema, .parent = "lamp_id" };

Test(table, a_reference_to_a_nested_row_needs_access_to_its_parent)
{
	const struct field f = { .name = "bulb_id", .type = TYPE_UUID, REFERENCES(&bulbs) };
	const struct bulb in = { .lamp_id = INSERT(.title = "Brass")->id };
	struct bulb bulb;

	testdb_sql("CREATE TABLE bulbs (id uuid PRIMARY KEY, lamp_id uuid NOT NULL)");
	cr_assert_eq(table_insert(c, &bulbs, &in, &bulb), OK, "%s", c->failure.detail);
	cr_expect_eq(table_visible(c, &f, bulb.id), OK);
	c->caller.user_id = GRACE;
	cr_expect_eq(table_visible(c, &f, bulb.id), E_NOT_FOUND);
	c->caller.role = ROLE_ADMIN;
	cr_expect_eq(table_visible(c, &f, bulb.id), OK);
}

Test(table, errors_of_the_database_are_errors)
{
	struct lamp out;

	INSERT(.title = "Brass");
	cr_expect_eq(table_insert(c, &lamps, &(struct lamp) { .title = "Brass" }, &out),
		     E_CONFLICT);
	cr_expect_eq(table_find(c, &lamps, GRACE, &out), E_NOT_FOUND);
}

/* --- versions --- */

static void
demand(const char *version)
{
	const char **versions = arena_array(arena, 2, sizeof(*versions));

	versions[0] = version;
	c->precondition = (struct precondition) { &lamp_schema, versions, false };
}

static const char *
version_of(const char *of, int version)
{
	return arena_printf(arena, "%s-%d", of, version);
}

Test(table, a_change_demands_the_version_of_the_request)
{
	const struct lamp in = { .title = "Steel" };
	struct lamp out;

	id = INSERT(.title = "Brass")->id;
	demand(version_of(id, 2));
	cr_expect_eq(table_update(c, &lamps, id, &in, BIT(title), &out), E_PRECONDITION_FAILED);
	cr_expect(c->precondition.checked);
	cr_expect_eq(table_update(c, &lamps, id, &in, 0, &out), E_PRECONDITION_FAILED);
	cr_expect_eq(table_lock(c, &lamps, id, &out), E_PRECONDITION_FAILED);
	cr_expect_eq(table_delete(c, &lamps, id), E_PRECONDITION_FAILED);
	demand(version_of(GRACE, 1));
	cr_expect_eq(table_update(c, &lamps, id, &in, BIT(title), &out), E_PRECONDITION_FAILED);
	cr_expect_eq(table_update(c, &lamps, GRACE, &in, BIT(title), &out), E_NOT_FOUND);
	cr_expect_str_eq(testdb_sql("SELECT title FROM lamps"), "Brass");

	demand(version_of(id, 1));
	cr_expect_eq(table_update(c, &lamps, id, &in, BIT(title), &out), OK);
	cr_expect(c->precondition.checked);
	cr_expect_eq(table_update(c, &lamps, id, &in, BIT(title), &out), E_PRECONDITION_FAILED);
	demand(version_of(id, 2));
	cr_expect_eq(table_update(c, &lamps, id, &in, 0, &out), OK);
	cr_expect_eq(table_delete(c, &lamps, id), OK);
}

Test(table, a_version_reveals_nothing_about_other_rows)
{
	const struct lamp in = { .title = "Steel" };
	struct lamp out;

	id = INSERT(.title = "Brass")->id;
	lamps.readers = EVERYONE;
	c->caller.user_id = GRACE;
	demand(version_of(id, 1));
	cr_expect_eq(table_update(c, &lamps, id, &in, BIT(title), &out), E_NOT_FOUND);
	demand(version_of(id, 2));
	cr_expect_eq(table_update(c, &lamps, id, &in, BIT(title), &out), E_NOT_FOUND);
	cr_expect_eq(table_delete(c, &lamps, id), E_NOT_FOUND);
}

Test(table, a_version_of_another_table_is_not_checked)
{
	static const struct schema other = SCHEMA("Other", struct lamp, fields);
	const struct lamp in = { .title = "Steel" };
	struct lamp out;

	id = INSERT(.title = "Brass")->id;
	demand("other-7");
	c->precondition.schema = &other;
	cr_expect_eq(table_update(c, &lamps, id, &in, BIT(title), &out), OK);
	cr_expect_not(c->precondition.checked);
	cr_expect_eq(table_check_version(c, &other, &out), E_PRECONDITION_FAILED);
}
