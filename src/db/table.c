/* Inserts, finds, updates and deletes the rows of tables. */
#include "app/table.h"

#include "app/ids.h"
#include "db_priv.h"
#include "table_priv.h"

/* $1: the id or slug; $2: the owner, or null for any; $3: the accepted versions, or null for any. */
#define OWN_ROW       " WHERE %s = $1 AND ($2::uuid IS NULL OR %s = $2)"
#define NO_OWNER      " WHERE %s = $1 AND $2::uuid IS NULL"
#define VERSION_AMONG " AND ($3::text[] IS NULL OR id || '-' || version = ANY ($3))"

enum { SQL_MAX = 64 * 1024 };

static bool
is_named(const struct field *f, const char *name)
{
	return name && strcmp(f->name, name) == 0;
}

static bool
is_inserted(const struct table *t, const struct field *f)
{
	return f->flags & (F_CREATE | F_UPDATE | F_SET) || is_named(f, "id") ||
	       is_named(f, t->owner);
}

static bool
is_updated(const struct field *f)
{
	return f->flags & (F_UPDATE | F_SET);
}

static bool
has_field(const struct table *t, const char *name)
{
	return schema_field(t->schema, name);
}

void
table_put_columns(struct buf *b, const struct table *t)
{
	const char *comma = "";

	for (size_t i = 0; i < t->schema->nfields; i++) {
		const struct field *f = &t->schema->fields[i];

		if (f->flags & F_COMPUTED && !t->from)
			continue;
		buf_printf(b, "%s%s", comma, f->name);
		comma = ", ";
	}
}

static void
put_returning(struct buf *b, const struct table *t)
{
	buf_text(b, " RETURNING ");
	table_put_columns(b, t);
}

static void
put_row(struct buf *b, const struct table *t, const char *key)
{
	if (t->owner)
		buf_printf(b, OWN_ROW, key, t->owner);
	else
		buf_printf(b, NO_OWNER, key);
}

static const char *
insert_sql(struct arena *a, const void *table)
{
	const struct table *t = table;
	struct buf b = buf_new(a, SQL_MAX), values = buf_new(a, SQL_MAX);
	int n = 0;

	buf_printf(&b, "INSERT INTO %s (", t->name);
	for (size_t i = 0; i < t->schema->nfields; i++) {
		const struct field *f = &t->schema->fields[i];

		if (!is_inserted(t, f))
			continue;
		buf_printf(&b, "%s%s", n ? ", " : "", f->name);
		buf_printf(&values, "%s$%d", n ? ", " : "", n + 1);
		n++;
	}
	buf_printf(&b, ") VALUES (%s)", values.data);
	put_returning(&b, t);
	return buf_done(&b);
}

static const char *
select_sql(struct arena *a, const struct table *t, const char *key)
{
	struct buf b = buf_new(a, SQL_MAX);

	buf_text(&b, "SELECT ");
	table_put_columns(&b, t);
	buf_printf(&b, " FROM %s", t->name);
	put_row(&b, t, key);
	return buf_done(&b);
}

static const char *
find_sql(struct arena *a, const void *table)
{
	return select_sql(a, table, "id");
}

static const char *
find_slug_sql(struct arena *a, const void *table)
{
	const struct table *t = table;

	return select_sql(a, t, t->slug);
}

static const char *
lock_sql(struct arena *a, const void *table)
{
	return arena_printf(a, "%s FOR UPDATE", find_sql(a, table));
}

static const char *
update_sql(struct arena *a, const void *table)
{
	const struct table *t = table;
	struct buf b = buf_new(a, SQL_MAX);
	int n = has_field(t, "version") ? 3 : 2;
	const char *comma = "";

	buf_printf(&b, "UPDATE %s SET ", t->name);
	for (size_t i = 0; i < t->schema->nfields; i++) {
		const struct field *f = &t->schema->fields[i];

		if (!is_updated(f))
			continue;
		buf_printf(&b, "%s%s = CASE WHEN $%d THEN $%d ELSE %s END", comma, f->name, n + 1,
			   n + 2, f->name);
		n += 2;
		comma = ", ";
	}
	if (has_field(t, "updated_at"))
		buf_printf(&b, "%supdated_at = now()", comma);
	if (has_field(t, "version"))
		buf_text(&b, ", version = version + 1");
	put_row(&b, t, "id");
	if (has_field(t, "version"))
		buf_text(&b, VERSION_AMONG);
	put_returning(&b, t);
	return buf_done(&b);
}

static const char *
delete_sql(struct arena *a, const void *table)
{
	const struct table *t = table;
	struct buf b = buf_new(a, SQL_MAX);

	buf_printf(&b, "DELETE FROM %s", t->name);
	put_row(&b, t, "id");
	if (has_field(t, "version"))
		buf_text(&b, VERSION_AMONG);
	return buf_done(&b);
}

static const struct {
	const char *verb;
	const char *(*compose)(struct arena *, const void *table);
	bool returns, reads;
} statements[] = {
	[TABLE_INSERT] = { "insert", insert_sql, .returns = true },
	[TABLE_FIND] = { "find", find_sql, .returns = true, .reads = true },
	[TABLE_FIND_SLUG] = { "find_slug", find_slug_sql, .returns = true, .reads = true },
	[TABLE_LOCK] = { "lock", lock_sql, .returns = true },
	[TABLE_UPDATE] = { "update", update_sql, .returns = true },
	[TABLE_DELETE] = { "delete", delete_sql },
};

/* Whether an update of these fields would change anything. */
static bool
updates_any(const struct table *t, uint64_t given)
{
	for (size_t i = 0; i < t->schema->nfields; i++)
		if (given >> i & 1 && is_updated(&t->schema->fields[i]))
			return true;
	return false;
}

/* "items_find". Not by arena_printf(), since each request needs it. */
static const char *
statement_name(struct arena *a, const struct table *t, enum table_statement which)
{
	struct buf b = buf_new(a, 1024);

	buf_text(&b, t->name);
	buf_char(&b, '_');
	buf_text(&b, statements[which].verb);
	return b.data;
}

struct query
table_query(struct arena *a, const struct table *t, enum table_statement which)
{
	if ((which == TABLE_UPDATE && !updates_any(t, UINT64_MAX)) ||
	    (which == TABLE_FIND_SLUG && !t->slug))
		return (struct query) { 0 };

	return (struct query) {
		.name = statement_name(a, t, which),
		.row = statements[which].returns ? t->schema : NULL,
		.read_only = statements[which].reads,
		.compose = statements[which].compose,
		.rows = t,
	};
}

/* Returns the value of a field as a parameter. */
static const char *
p_field(struct ctx *c, const struct field *f, const void *row)
{
	if (f->type == TYPE_ARRAY)
		return p_array(
		    c, *(const char *const *const *)(const void *)((const char *)row + f->offset));
	return field_text(c->arena, f, row);
}

/* The owner whose rows the caller may see or change; NULL: all rows. */
static const char *
owner_for(const struct ctx *c, const struct table *t, bool reads)
{
	if (!t->owner || (reads && t->readers == EVERYONE))
		return NULL;
	if (t->readers == OWNER_ONLY && c->caller.user_id)
		return c->caller.user_id;
	return visible_to(c);
}

const char *
table_visible_to(const struct ctx *c, const struct table *t)
{
	return owner_for(c, t, true);
}

static const char *
value_to_store(struct ctx *c, const struct field *f, const void *in)
{
	const char *value = p_field(c, f, in);

	if (value || f->flags & F_NULLABLE)
		return value;
	return f->type == TYPE_ARRAY ? "{}" : f->default_value;
}

enum error
table_insert(struct ctx *c, const struct table *t, const void *in, void *out)
{
	struct query q = table_query(c->arena, t, TABLE_INSERT);
	struct table_params v = { .n = 0 };
	char id[UUID_TEXT_SIZE];

	uuid_new(id);
	for (size_t i = 0; i < t->schema->nfields; i++) {
		const struct field *f = &t->schema->fields[i];

		if (is_named(f, "id"))
			table_param(&v, id);
		else if (is_named(f, t->owner) && !field_text(c->arena, f, in))
			table_param(&v, c->caller.user_id);
		else if (is_inserted(t, f))
			table_param(&v, value_to_store(c, f, in));
	}
	return db_one_(c, &q, out, (struct db_params) { v.at, v.n });
}

static enum error
find_of_owner(struct ctx *c, const struct table *t, const char *id, const char *owner, void *out)
{
	struct query q = table_query(c->arena, t, TABLE_FIND);

	return db_one(c, &q, out, id, owner);
}

enum error
table_find(struct ctx *c, const struct table *t, const char *id, void *out)
{
	return find_of_owner(c, t, id, owner_for(c, t, true), out);
}

enum error
table_find_slug(struct ctx *c, const struct table *t, const char *slug, void *out)
{
	struct query q = table_query(c->arena, t, TABLE_FIND_SLUG);

	return db_one(c, &q, out, slug, owner_for(c, t, true));
}

const char *
table_version(struct arena *a, const struct schema *schema, const void *row)
{
	const struct field *id = schema_field(schema, "id");
	const struct field *version = schema_field(schema, "version");
	struct buf b = buf_new(a, 1024);

	/* The id is included because `/users/me` is a different row for each caller. */
	if (id)
		buf_text(&b, field_text(a, id, row));
	buf_char(&b, '-');
	buf_text(&b, field_text(a, version, row));
	return b.data;
}

enum error
table_check_version(struct ctx *c, const struct schema *schema, const void *row)
{
	struct precondition *p = &c->precondition;
	const char *version;

	if (p->schema != schema)
		return OK;

	p->checked = true;
	version = table_version(c->arena, schema, row);
	for (const char *const *v = p->versions; *v; v++)
		if (strcmp(*v, version) == 0)
			return OK;
	return fail(c, E_PRECONDITION_FAILED, NULL);
}

enum error
table_lock(struct ctx *c, const struct table *t, const char *id, void *out)
{
	struct query q = table_query(c->arena, t, TABLE_LOCK);
	enum error e = db_one(c, &q, out, id, owner_for(c, t, false));

	return e ? e : table_check_version(c, t->schema, out);
}

/* Returns the versions that the row may have, or NULL: any. */
static const char *
p_versions(struct ctx *c, const struct table *t)
{
	if (c->precondition.schema != t->schema)
		return NULL;

	c->precondition.checked = true;
	return p_array(c, c->precondition.versions);
}

/* Finds out why a statement changed no row. */
static enum error
not_changed(struct ctx *c, const struct table *t, const char *id)
{
	void *row = arena_alloc(c->arena, t->schema->size);
	enum error e;

	if (c->precondition.schema != t->schema)
		return E_NOT_FOUND;

	e = find_of_owner(c, t, id, owner_for(c, t, false), row);
	return e ? e : fail(c, E_PRECONDITION_FAILED, NULL);
}

static enum error
read_unchanged(struct ctx *c, const struct table *t, const char *id, void *out)
{
	enum error e = find_of_owner(c, t, id, owner_for(c, t, false), out);

	return e ? e : table_check_version(c, t->schema, out);
}

enum error
table_update(struct ctx *c, const struct table *t, const char *id, const void *in, uint64_t given,
	     void *out)
{
	struct query q = table_query(c->arena, t, TABLE_UPDATE);
	struct table_params v = { .n = 0 };
	enum error e;

	if (!updates_any(t, given))
		return read_unchanged(c, t, id, out);

	table_param(&v, id);
	table_param(&v, owner_for(c, t, false));
	if (has_field(t, "version"))
		table_param(&v, p_versions(c, t));
	for (size_t i = 0; i < t->schema->nfields; i++) {
		const struct field *f = &t->schema->fields[i];
		bool set = given >> i & 1;

		if (!is_updated(f))
			continue;
		table_param(&v, p_bool(set));
		table_param(&v, set ? value_to_store(c, f, in) : NULL);
	}
	e = db_one_(c, &q, out, (struct db_params) { v.at, v.n });
	return e == E_NOT_FOUND ? not_changed(c, t, id) : e;
}

enum error
table_delete(struct ctx *c, const struct table *t, const char *id)
{
	struct query q = table_query(c->arena, t, TABLE_DELETE);
	const char *owner = owner_for(c, t, false);
	enum error e;

	if (has_field(t, "version"))
		e = db_exec_one(c, &q, id, owner, p_versions(c, t));
	else
		e = db_exec_one(c, &q, id, owner);
	return e == E_NOT_FOUND ? not_changed(c, t, id) : e;
}

enum error
table_visible(struct ctx *c, const struct field *f, const char *id)
{
	const struct table *t = f->references;
	const struct field *parent = t->parent ? schema_field(t->schema, t->parent) : NULL;
	void *row = arena_alloc(c->arena, t->schema->size);
	enum error e = table_find(c, t, id, row);

	return e || !parent ? e : table_visible(c, parent, field_text(c->arena, parent, row));
}
