/* migrate autogenerate: the migration that a change of rows makes, applied and reverted. */
#include <criterion/criterion.h>

#include "support/test_app.h"
#include "support/testdb.h"

#include "app/feature.h"
#include "app/migrate.h"
#include "app/table.h"
#include "migrate/migrate_priv.h"

#include <dirent.h>
#include <sys/stat.h>

struct gadget {
	const char *id, *owner_id, *name, *kind, *note, *price, *code, *maker_id;
	const char *created_at, *updated_at;
	const char *const *tags;
	int64_t count, version;
};

struct maker {
	const char *id, *name;
};

static const char *const kinds[] = { "big", "small", NULL };
static const char *const more_kinds[] = { "big", "small", "it's", NULL };
static const struct field tag = { .type = TYPE_TEXT };

static const struct field maker_fields[] = {
	{ UUID(struct maker, id) },
	{ TEXT(struct maker, name), .flags = F_RW, .max = 20 },
};
static const struct schema maker_schema = SCHEMA("Maker", struct maker, maker_fields);
static const struct list_sort maker_sorts[] = { { "name" }, { 0 } };
static const struct table makers = {
	.name = "makers",
	.schema = &maker_schema,
	.sorts = maker_sorts,
};

/* The rows, which a test changes. */
enum { ID, OWNER, NAME, KIND, COUNTED, NOTE, TAGS, CREATED, UPDATED, ROW_VERSION, NFIELDS };
static struct field fields[NFIELDS + 2] = {
	[ID] = { UUID(struct gadget, id), .flags = F_READ },
	[OWNER] = { UUID(struct gadget, owner_id), .flags = F_READ },
	[NAME] = { TEXT(struct gadget, name), .flags = F_RW | F_REQUIRED, .min = 1, .max = 50 },
	[KIND] = { ENUM(struct gadget, kind), .flags = F_RW, .choices = kinds,
		   .default_value = "big" },
	[COUNTED] = { INT(struct gadget, count), .flags = F_RW, .max = 100, .default_value = "0" },
	[NOTE] = { TEXT(struct gadget, note), .flags = F_RW | F_NULLABLE },
	[TAGS] = { ARRAY(struct gadget, tags, &tag), .flags = F_RW },
	[CREATED] = { TIME(struct gadget, created_at), .flags = F_READ },
	[UPDATED] = { TIME(struct gadget, updated_at), .flags = F_READ },
	[ROW_VERSION] = { INT(struct gadget, version) },
};
static struct schema schema = { "Gadget", sizeof(struct gadget), fields, NFIELDS, NULL };
static struct list_sort sorts[] = { { "created_at" }, { "name" }, { 0 } };
static struct list_filter filters[] = { { "kind", "Of this kind." }, { 0 } };
static struct table gadgets = {
	.name = "gadgets",
	.schema = &schema,
	.owner = "owner_id",
	.readers = OWNER_AND_ADMINS,
	.filters = filters,
	.sorts = sorts,
};
static const struct table *tables[] = { &gadgets, NULL, NULL };

static struct arena *arena;
static struct ctx *c;
static char *printed;
static size_t printed_size;
static FILE *out;
static char folder[] = "/tmp/autogenerate-XXXXXX";

static void
setup(void)
{
	arena = arena_new(64 * 1024 * 1024);
	testdb_open(arena);
	testdb_spoil();
	c = testdb_ctx(arena);
	c->db = testdb_owner();
	out = open_memstream(&printed, &printed_size);
	cr_assert(mkdtemp(folder));
	cr_assert_eq(chdir(folder), 0);
	cr_assert_eq(mkdir("db", 0700), 0);
	cr_assert_eq(mkdir("db/migrations", 0700), 0);
}

static void
teardown(void)
{
	fclose(out);
	free(printed);
	testdb_close();
	arena_free(arena);
	cr_expect_eq(rmdir("db/migrations"), 0);
	cr_expect_eq(rmdir("db"), 0);
	cr_expect_eq(rmdir(folder), 0);
}

TestSuite(autogenerate, .init = setup, .fini = teardown);

static const char *
read_file(const char *path)
{
	char *text = arena_alloc(arena, 64 * 1024);
	FILE *f = fopen(path, "r");

	cr_assert(f, "%s: %s", path, strerror(errno));
	cr_assert_gt(fread(text, 1, 64 * 1024 - 1, f), 0);
	fclose(f);
	return text;
}

/* Returns the text of the file that it wrote, and removes the file; NULL if there is none. */
static const char *
generate(const struct table *const *of)
{
	const char *text = NULL;
	struct dirent *entry;
	DIR *dir;

	cr_assert_eq(migrate_autogenerate(c, of, "change", out), OK, "%s %s", c->failure.detail,
		     db_reason(c));
	dir = opendir("db/migrations");
	cr_assert(dir);
	while ((entry = readdir(dir))) {
		const char *path = arena_printf(arena, "db/migrations/%s", entry->d_name);

		if (entry->d_name[0] == '.')
			continue;
		cr_assert_null(text, "it wrote two files");
		cr_expect(strstr(path, "_change.sql"), "%s", path);
		text = read_file(path);
		unlink(path);
	}
	closedir(dir);
	return text;
}

static void
expect_nothing(const char *when)
{
	const char *text = generate(tables);

	cr_expect_null(text, "%s: %s", when, text);
	fflush(out);
	cr_expect(strstr(printed, "nothing to do"), "%s", printed);
}

static void
apply(const char *file, const char *marker)
{
	struct migration_part part;

	cr_assert(migration_part(arena, file, marker, &part), "no %s in %s", marker, file);
	testdb_sql("%s", part.text);
}

static void
expect_in(const char *file, const char *marker, const char *text)
{
	struct migration_part part;

	cr_assert(migration_part(arena, file, marker, &part));
	cr_expect(strstr(part.text, text), "%s: not \"%s\" in:\n%s", marker, text, file);
}

/* Returns columns, constraints and indexes of the tables of the test. */
static const char *
catalog(void)
{
	const char *text = testdb_sql(
	    "SELECT string_agg(line, E'\\n' ORDER BY line) FROM ("
	    " SELECT format('%%s.%%s %%s %%s %%s', relname, attname,"
	    " format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid)) AS line"
	    " FROM pg_class r JOIN pg_attribute ON attrelid = r.oid"
	    " LEFT JOIN pg_attrdef ON adrelid = r.oid AND adnum = attnum"
	    " WHERE attnum > 0 AND NOT attisdropped AND relnamespace = "
	    "current_schema()::regnamespace"
	    " AND relname IN ('gadgets', 'makers')"
	    " UNION ALL SELECT conrelid::regclass || conname || pg_get_constraintdef(oid)"
	    " FROM pg_constraint WHERE contype <> 'n' AND conrelid::regclass::text"
	    " IN ('gadgets', 'makers')"
	    " UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema()"
	    " AND tablename IN ('gadgets', 'makers')) lines");

	return text ? text : "";
}

static void
create_gadgets(void)
{
	const char *file = generate(tables);

	cr_assert(file);
	apply(file, "up");
	expect_nothing("after creation");
}

/* Applies the migration for the changed rows, reverts it and applies it again. Each time the
 * database must match, or be as before. */
static void
expect_change(const char *file)
{
	const char *before = catalog();

	cr_expect_eq(migration_undecided(file), 0, "%s", file);
	apply(file, "up");
	expect_nothing("after the change");
	apply(file, "down");
	cr_expect_str_eq(catalog(), before, "%s", file);
	apply(file, "up");
	expect_nothing("after the second change");
}

/* Deletes the lines that ask for a decision, and turns the comments with `choice` into
 * statements. */
static const char *
decide(const char *file, const char *choice)
{
	struct buf b = buf_new(arena, 64 * 1024);
	size_t len;

	cr_assert_gt(migration_undecided(file), 0, "%s", file);
	for (const char *line = file; *line; line += len) {
		const char *text;

		len = strcspn(line, "\n") + 1;
		text = arena_text_n(arena, line, len);
		if (strncmp(text, "-- DECIDE", 9) == 0)
			continue;
		if (choice && strncmp(text, "-- ", 3) == 0 && strstr(text, choice))
			text += 3;
		buf_text(&b, text);
	}
	return b.data;
}

/* Deletes the lines with these words. */
static const char *
without(const char *file, const char *first, const char *second)
{
	struct buf b = buf_new(arena, 64 * 1024);
	size_t len;

	for (const char *line = file; *line; line += len) {
		const char *text;

		len = strcspn(line, "\n") + 1;
		text = arena_text_n(arena, line, len);
		if (!strstr(text, first) && !strstr(text, second))
			buf_text(&b, text);
	}
	return b.data;
}

static void
give_column(struct field field)
{
	fields[schema.nfields++] = field;
}

static void
insert_gadget(const char *columns, const char *values)
{
	testdb_sql("INSERT INTO users (email, password_hash) VALUES ('a@example.com', 'x')");
	testdb_sql("INSERT INTO gadgets (owner_id, name%s) SELECT id, 'Lamp'%s FROM users", columns,
		   values);
}

Test(autogenerate, the_tables_of_features_match_their_rows)
{
	const struct table *all[200] = { NULL };
	const char *text;
	size_t n = 0;

	for (const struct feature *const *f = test_app()->features; *f; f++)
		for (const struct table *const *t = (*f)->tables; t && *t && n + 1 < COUNT(all);
		     t++)
			all[n++] = *t;
	text = generate(all);
	cr_expect_null(text, "run ./dev new migration NAME --autogenerate: %s", text);
}

Test(autogenerate, a_new_table)
{
	const char *file = generate(tables);

	cr_assert(file);
	expect_in(file, "up", "\tid uuid PRIMARY KEY DEFAULT uuid_v7(),\n");
	expect_in(file, "up", "FOREIGN KEY (owner_id) REFERENCES users(id) ON DELETE CASCADE;\n");
	expect_in(file, "up", "CHECK (char_length(name) BETWEEN 1 AND 50)");
	expect_in(file, "up", "\ttags text[] NOT NULL DEFAULT '{}',\n");
	expect_in(file, "up",
		  "CREATE INDEX gadgets_by_created_at ON gadgets (created_at, id);\n"
		  "CREATE INDEX gadgets_of_owner_by_created_at ON gadgets"
		  " (owner_id, created_at, id);\n");
	expect_in(file, "down", "\nDROP TABLE gadgets;\n");
	expect_change(file);
}

Test(autogenerate, a_new_column)
{
	create_gadgets();
	give_column((struct field) { DECIMAL(struct gadget, price, 2), .flags = F_RW, .max = 1000,
				     .default_value = "0" });
	give_column((struct field) { TEXT(struct gadget, code), .flags = F_RW | F_NULLABLE });
	expect_change(generate(tables));
	cr_expect_str_eq(testdb_sql("SELECT format_type(atttypid, atttypmod) FROM pg_attribute"
				    " WHERE attrelid = 'gadgets'::regclass AND attname = 'price'"),
			 "numeric(18,2)");
}

Test(autogenerate, a_required_column_asks_for_a_value)
{
	const char *file;

	create_gadgets();
	give_column((struct field) { TEXT(struct gadget, code), .flags = F_RW | F_REQUIRED });
	file = generate(tables);
	cr_assert(file);
	expect_in(file, "up", "-- DECIDE: gadgets.code");
	expect_change(decide(file, NULL));
}

Test(autogenerate, a_column_without_a_field_is_dropped)
{
	static const char *const unlisted[] = { "note", NULL };
	const char *file;

	create_gadgets();
	fields[NOTE] = fields[NFIELDS - 1];
	schema.nfields--;
	gadgets.unlisted = unlisted;
	expect_nothing("while it is unlisted");
	gadgets.unlisted = NULL;
	file = generate(tables);
	cr_assert(file);
	expect_in(file, "up", "-- DECIDE: no field describes gadgets.note");
	expect_change(decide(file, " COLUMN note"));
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM pg_attribute WHERE attname = 'note'"
				    " AND attrelid = 'gadgets'::regclass"),
			 "0");
}

Test(autogenerate, a_column_without_a_field_is_renamed)
{
	const char *file;

	create_gadgets();
	insert_gadget(", note", ", 'Keep'");
	fields[NOTE] = (struct field) { TEXT(struct gadget, code), .flags = F_RW | F_NULLABLE };
	file = generate(tables);
	cr_assert(file);
	expect_in(file, "up", "-- ALTER TABLE gadgets RENAME COLUMN note TO code;");
	file = without(decide(file, "RENAME COLUMN"), "ADD COLUMN", "DROP COLUMN");
	expect_change(file);
	cr_expect_str_eq(testdb_sql("SELECT code FROM gadgets"), "Keep");
}

/* Changes of one cell or row, each with a statement of its migration. */
static void
make_nullable(void)
{
	fields[NAME].flags |= F_NULLABLE;
}

static void
remove_default(void)
{
	fields[KIND].default_value = NULL;
}

static void
change_default(void)
{
	fields[KIND].default_value = "small";
	fields[COUNTED].default_value = "7";
}

static void
change_check(void)
{
	fields[NAME].max = 60;
	fields[COUNTED].min = -5;
}

static void
change_choices(void)
{
	fields[KIND].choices = more_kinds;
}

static void
remove_check(void)
{
	fields[COUNTED].max = 0;
	fields[NAME].min = fields[NAME].max = 0;
}

static void
widen_type(void)
{
	fields[COUNTED].type = TYPE_DECIMAL;
	fields[COUNTED].scale = 2;
}

static void
require_with_default(void)
{
	fields[NOTE].flags &= ~(unsigned)F_NULLABLE;
	fields[NOTE].default_value = "none";
}

static void
index_order(void)
{
	sorts[1].indexed = true;
	filters[0].indexed = true;
}

static void
hide_from_admins(void)
{
	gadgets.readers = OWNER_ONLY;
}

static void
refer_to_makers(void)
{
	tables[1] = &makers;
	give_column((struct field) { UUID(struct gadget, maker_id), .flags = F_RW | F_NULLABLE,
				     REFERENCES(&makers), .cascade = true });
}

static const struct {
	void (*change)(void);
	const char *statement;
} changes[] = {
	{ make_nullable, "ALTER TABLE gadgets ALTER COLUMN name DROP NOT NULL;" },
	{ remove_default, "ALTER TABLE gadgets ALTER COLUMN kind DROP DEFAULT;" },
	{ change_default, "ALTER TABLE gadgets ALTER COLUMN kind SET DEFAULT 'small'::text;" },
	{ change_check, "ADD CONSTRAINT gadgets_count_check CHECK (count >= '-5'::integer" },
	{ change_choices, "ARRAY['big'::text, 'small'::text, 'it''s'::text]" },
	{ remove_check, "ALTER TABLE gadgets DROP CONSTRAINT gadgets_count_check;" },
	{ widen_type, "ALTER COLUMN count TYPE numeric(18,2) USING count::numeric(18,2);" },
	{ require_with_default, "UPDATE gadgets SET note = DEFAULT WHERE note IS NULL;" },
	{ index_order, "CREATE INDEX gadgets_of_owner_of_kind_by_created_at ON gadgets"
		       " (owner_id, kind, created_at, id);" },
	{ hide_from_admins, "DROP INDEX gadgets_by_created_at;" },
	{ refer_to_makers, "FOREIGN KEY (maker_id) REFERENCES makers(id) ON DELETE CASCADE;" },
};

static void
check_change(size_t i)
{
	const char *file;

	create_gadgets();
	insert_gadget("", "");
	changes[i].change();
	file = generate(tables);
	cr_assert(file, "%s", changes[i].statement);
	expect_in(file, "up", changes[i].statement);
	expect_change(file);
}

#define CHECK(name, number)                                                                        \
	Test(autogenerate, name)                                                                   \
	{                                                                                          \
		check_change(number);                                                              \
	}
CHECK(null_is_allowed, 0)
CHECK(a_default_is_removed, 1)
CHECK(a_default_changes, 2)
CHECK(limits_change, 3)
CHECK(choices_change, 4)
CHECK(limits_are_removed, 5)
CHECK(a_type_changes, 6)
CHECK(null_is_replaced_by_a_default, 7)
CHECK(indexed_adds_indexes, 8)
CHECK(indexes_are_dropped, 9)
CHECK(a_reference_to_a_new_table, 10)
_Static_assert(COUNT(changes) == 11, "one test for each change");

Test(autogenerate, a_type_that_does_not_cast_needs_a_decision)
{
	const char *file;

	create_gadgets();
	insert_gadget(", note", ", '12.5'");
	fields[NOTE].type = TYPE_DECIMAL;
	fields[NOTE].scale = 1;
	file = generate(tables);
	cr_assert(file);
	expect_in(file, "up", "-- DECIDE: is note::numeric(18,1) right");
	expect_change(decide(file, NULL));
	cr_expect_str_eq(testdb_sql("SELECT note FROM gadgets"), "12.5");
}

Test(autogenerate, a_required_column_with_nulls_needs_a_decision)
{
	const char *file;

	create_gadgets();
	fields[NOTE].flags &= ~(unsigned)F_NULLABLE;
	file = generate(tables);
	cr_assert(file);
	expect_in(file, "up", "-- DECIDE: SET NOT NULL fails if gadgets.note has nulls");
	expect_change(decide(file, NULL));
}

Test(autogenerate, a_reference_changes)
{
	const char *file;

	refer_to_makers();
	create_gadgets();
	fields[NFIELDS].cascade = false;
	file = generate(tables);
	cr_assert(file);
	expect_in(file, "up", "DROP CONSTRAINT gadgets_maker_id_fkey;");
	expect_in(file, "up", "FOREIGN KEY (maker_id) REFERENCES makers(id);");
	expect_change(file);
}

Test(autogenerate, a_foreign_key_has_an_index)
{
	const char *file;

	create_gadgets();
	refer_to_makers();
	file = generate(tables);
	cr_assert(file);
	expect_in(
	    file, "up",
	    "CREATE INDEX gadgets_of_maker_by_created_at ON gadgets (maker_id, created_at, id);");
	apply(file, "up");
	testdb_sql("CREATE INDEX gadgets_made ON gadgets (maker_id, name);"
		   "DROP INDEX gadgets_of_maker_by_created_at");
	expect_nothing("with another index of the column");
}

Test(autogenerate, a_nested_table_has_indexes_for_its_parent)
{
	const char *file;

	refer_to_makers();
	gadgets.parent = "maker_id";
	index_order();
	file = generate(tables);
	cr_assert(file);
	expect_in(file, "up",
		  "CREATE INDEX gadgets_of_maker_by_created_at ON gadgets"
		  " (maker_id, created_at, id);\n");
	expect_in(file, "up",
		  "CREATE INDEX gadgets_of_maker_by_name ON gadgets (maker_id, name, id);\n");
	expect_in(file, "up",
		  "CREATE INDEX gadgets_of_owner_by_created_at ON gadgets"
		  " (owner_id, created_at, id);\n");
	cr_expect_null(strstr(file, " gadgets_by_"), "all rows are not listed: %s", file);
	expect_change(file);
}

Test(autogenerate, other_tables_indexes_and_checks_are_ignored)
{
	create_gadgets();
	testdb_sql("CREATE TABLE ours (id int);"
		   "CREATE UNIQUE INDEX gadgets_by_name ON gadgets (name);"
		   "CREATE INDEX gadgets_by_lower ON gadgets (lower(name));"
		   "CREATE INDEX gadgets_newest ON gadgets (created_at);"
		   "ALTER TABLE gadgets ADD CONSTRAINT gadgets_note_check"
		   " CHECK (strpos(note, '@') = 0), ADD CONSTRAINT gadgets_dates CHECK (updated_at "
		   ">= created_at)");
	expect_nothing("with additions");
}

Test(autogenerate, a_pending_migration_comes_first)
{
	testdb_sql("DELETE FROM schema_migrations WHERE version IN"
		   " (SELECT max(version) FROM schema_migrations)");
	cr_expect_eq(migrate_autogenerate(c, tables, "change", out), E_CONFLICT);
	cr_expect(strstr(c->failure.detail, "migrate up"), "%s", c->failure.detail);
}
