/* Writes the rows of tables as SQL, for migrate autogenerate. */
#include "app/table.h"

#include "app/buf.h"
#include "migrate_priv.h"

enum { SCRIPT_MAX = 1024 * 1024 };

/* Limits of types that have none in the row. */
static const struct {
	int64_t min, max;
} limits[] = {
	[TYPE_EMAIL] = { 3, 254 },
	[TYPE_SLUG] = { 1, 100 },
	[TYPE_RECORDS] = { 0 },
};

/* The type of the column, and the function whose result the constraint TABLE_COLUMN_check limits
 * ("": the value itself; NULL: no constraint). */
static const struct {
	const char *sql, *measure;
	bool bare; /* a literal has no quotes */
} types[] = {
	[TYPE_TEXT] = { "text", "char_length" },
	[TYPE_EMAIL] = { "text", "octet_length" },
	[TYPE_SLUG] = { "text", "char_length" },
	[TYPE_UUID] = { "uuid" },
	[TYPE_TIME] = { "timestamptz" },
	[TYPE_DATE] = { "date" },
	[TYPE_ENUM] = { "text" },
	[TYPE_INT] = { "bigint", "", .bare = true },
	[TYPE_DECIMAL] = { "numeric", "", .bare = true },
	[TYPE_BOOL] = { "boolean", .bare = true },
	[TYPE_JSON] = { "jsonb" },
	[TYPE_ARRAY] = { NULL, "cardinality" },
	[TYPE_RECORDS] = { NULL },
};

/* Columns with a meaning (app/table.h). */
static const struct {
	const char *column, *sql;
} defaults[] = {
	{ "id", "uuid_v7()" },
	{ "created_at", "now()" },
	{ "updated_at", "now()" },
	{ "version", "1" },
};

static bool
equal(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* Appends a literal. */
static void
put_quoted(struct buf *b, const char *text)
{
	buf_char(b, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			buf_char(b, '\'');
		buf_char(b, *text);
	}
	buf_char(b, '\'');
}

static void
put_type(struct buf *b, const struct field *f)
{
	const struct field *value = f->type == TYPE_ARRAY ? f->item : f;

	buf_text(b, types[value->type].sql);
	if (value->type == TYPE_DECIMAL)
		buf_printf(b, "(%d, %d)", DECIMAL_DIGITS, value->scale);
	if (value != f)
		buf_text(b, "[]");
}

static void
put_default(struct buf *b, const struct field *f)
{
	for (size_t i = 0; i < COUNT(defaults); i++) {
		if (equal(f->name, defaults[i].column)) {
			buf_printf(b, " DEFAULT %s", defaults[i].sql);
			return;
		}
	}
	if (f->type == TYPE_ARRAY && !(f->flags & (F_NULLABLE | F_REQUIRED))) {
		buf_text(b, " DEFAULT '{}'");
	} else if (f->default_value) {
		buf_text(b, " DEFAULT ");
		if (types[f->type].bare)
			buf_text(b, f->default_value);
		else
			put_quoted(b, f->default_value);
	}
}

static void
put_check(struct buf *b, const struct field *f)
{
	const char *measure = types[f->type].measure;
	int64_t min = limits[f->type].max ? limits[f->type].min : f->min;
	int64_t max = limits[f->type].max ? limits[f->type].max : f->max;

	for (const char *const *choice = f->choices; choice && *choice; choice++) {
		buf_printf(b, choice == f->choices ? "%s IN (" : ", ", f->name);
		put_quoted(b, *choice);
	}
	if (f->choices)
		buf_char(b, ')');
	if (!measure || (*measure ? !min && !max : max <= min))
		return;

	buf_printf(b, *measure ? "%s(%s)" : "%s%s", measure, f->name);
	if (*measure && !max)
		buf_printf(b, " > %" PRId64, min - 1);
	else if (*measure && !min)
		buf_printf(b, " <= %" PRId64, max);
	else
		buf_printf(b, " BETWEEN %" PRId64 " AND %" PRId64, min, max);
}

/* Appends a column, and to `comments` its definition as its comment. */
static void
put_column(struct buf *b, struct buf *comments, const struct table *t, const struct field *f)
{
	struct buf column = buf_new(b->arena, SCRIPT_MAX);
	struct buf condition = buf_new(b->arena, SCRIPT_MAX);

	buf_printf(&column, "%s ", f->name);
	put_type(&column, f);
	if (equal(f->name, "id"))
		buf_text(&column, " PRIMARY KEY");
	else if (!(f->flags & F_NULLABLE))
		buf_text(&column, " NOT NULL");
	put_default(&column, f);
	put_check(&condition, f);
	if (condition.len)
		buf_printf(&column, "\n\t\tCONSTRAINT %s_%s_check CHECK (%s)", t->name, f->name,
			   condition.data);

	buf_printf(b, "%s%s", comments->len ? ", " : "", column.data);
	if (equal(f->name, t->slug)) /* compared as a part of the column, not as an index */
		buf_text(&column, " UNIQUE");
	buf_printf(comments, "COMMENT ON COLUMN %s.%s IS ", t->name, f->name);
	put_quoted(comments, column.data);
	buf_text(comments, ";\n");
}

void
rows_put_table(struct buf *b, const struct table *t)
{
	struct field owner = { .name = t->owner, .type = TYPE_UUID };
	struct buf comments = buf_new(b->arena, SCRIPT_MAX);

	buf_printf(b, "CREATE TABLE %s (", t->name);
	for (size_t i = 0; i < t->schema->nfields; i++)
		if (!(t->schema->fields[i].flags & F_COMPUTED))
			put_column(b, &comments, t, &t->schema->fields[i]);
	if (t->owner && !schema_field(t->schema, t->owner))
		put_column(b, &comments, t, &owner);

	buf_printf(b, ");\n%sCOMMENT ON TABLE %s IS '", comments.data, t->name);
	for (const char *const *column = t->unlisted; column && *column; column++)
		buf_printf(b, " %s", *column);
	buf_text(b, " ';\n");
}

/* Appends an index for the rows with a value of `of` and `with` (or NULL) in the order of `by`. The name
 * follows from the columns. `key`: any index that begins with this column will do; or NULL. */
static void
put_index(struct buf *b, const struct table *t, const char *of, const char *with, const char *by,
	  const char *key)
{
	const char *const columns[] = {
		of,
		equal(of, with) || equal(with, by) ? NULL : with,
		by,
		equal(by, "id") ? NULL : "id",
	};
	struct buf name = buf_new(b->arena, SCRIPT_MAX), list = buf_new(b->arena, SCRIPT_MAX);

	if (equal(of, by))
		return;
	buf_text(&name, t->name);
	for (size_t i = 0; i < COUNT(columns); i++) {
		const char *column = columns[i];
		size_t len = column ? strlen(column) : 0;

		if (!column)
			continue;
		buf_printf(&list, "%s%s", list.len ? ", " : "", column);
		if (i < 2 && len > 3 && equal(column + len - 3, "_id"))
			len -= 3;
		if (i < 3)
			buf_printf(&name, "_%s_%.*s", i < 2 ? "of" : "by", (int)len, column);
	}
	buf_printf(b, "CREATE INDEX IF NOT EXISTS %s ON %s (%s);\nCOMMENT ON INDEX %s IS '%s';\n",
		   name.data, t->name, list.data, name.data, key ? key : list.data);
}

/* Appends the indexes of the list for the rows of one parent or owner (NULL: all rows). */
static void
put_list_indexes(struct buf *b, const struct table *t, const char *of)
{
	for (const struct list_sort *s = t->sorts; s && s->name; s++)
		if (s->indexed || s == t->sorts)
			put_index(b, t, of, NULL, s->name, NULL);
	for (const struct list_filter *f = t->filters; list_is_filter(f); f++) {
		const char *column = f->column ? f->column : f->name;

		if (!f->indexed || f->sql)
			continue;
		if (f->operator)
			put_index(b, t, of, NULL, column, NULL);
		else
			put_index(b, t, of, column, t->sorts ? t->sorts->name : "id", NULL);
	}
}

static void
put_reference(struct buf *b, const struct table *t, const char *column, const char *to,
	      bool cascade)
{
	buf_printf(b, "ALTER TABLE %s ADD FOREIGN KEY (%s) REFERENCES %s (id)%s;\n", t->name,
		   column, to, cascade ? " ON DELETE CASCADE" : "");
	put_index(b, t, column, NULL, t->sorts ? t->sorts->name : "id", column);
}

void
rows_put_keys(struct buf *b, const struct table *t)
{
	if (t->owner)
		put_reference(b, t, t->owner, "users", true);
	for (size_t i = 0; i < t->schema->nfields; i++) {
		const struct field *f = &t->schema->fields[i];

		if (f->references)
			put_reference(b, t, f->name, f->references->name, f->cascade);
	}

	if (t->parent)
		put_list_indexes(b, t, t->parent);
	else if (t->owner)
		put_list_indexes(b, t, t->owner);
	if (!t->parent && !(t->owner && t->readers == OWNER_ONLY))
		put_list_indexes(b, t, NULL);
}
