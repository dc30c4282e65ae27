/* Reads the parameters of a list and fetches a page. */
#include "table_priv.h"

#include "db_priv.h"

/* `offset` has no default in OpenAPI: a form that fills in defaults would send it with a cursor. */
const struct field list_paging[] = {
	{ .name = "limit",
	  .type = TYPE_INT,
	  .min = 1,
	  .max = LIST_LIMIT_MAX,
	  .default_value = "20",
	  .summary = "Maximum number of rows in the page." },
	{ .name = "offset",
	  .type = TYPE_INT,
	  .min = 0,
	  .max = LIST_OFFSET_MAX,
	  .example = "0",
	  .summary = "Rows to skip. Cannot be combined with `cursor`." },
	{ .name = "cursor",
	  .type = TYPE_TEXT,
	  .example = "", /* a made-up cursor would be a 422 */
	  .summary = "`next_cursor` of the previous page. The response then has no `total` and "
		     "`offset`." },
};
_Static_assert(LIST_LIMIT == 20, "must equal .default_value of limit");

static enum error
read_number(struct ctx *c, const struct field *f, const char *text, int64_t *out)
{
	const char *value = field_check(c, "query", f, text);

	if (!value)
		return E_VALIDATION;

	*out = strtoll(value, NULL, 10);
	return OK;
}

static enum error
read_cursor(struct ctx *c, const char *text, struct list_args *out)
{
	if (!cursor_plausible(text))
		return fail_field(c, "query", "cursor", FIELD_INVALID_FORMAT,
				  "must be a next_cursor of this list");

	out->cursor = text;
	return OK;
}

/* "created_at, updated_at, title" */
static const char *
sort_names(struct ctx *c, const struct table *table)
{
	struct buf b = buf_new(c->arena, 1024);

	for (const struct list_sort *s = table->sorts; s->name; s++)
		buf_printf(&b, "%s%s", b.len ? ", " : "", s->name);
	return b.data;
}

static enum error
read_sort(struct ctx *c, const char *text, struct list_args *out)
{
	bool descending = *text == '-';
	const struct table *table = out->table;

	for (const struct list_sort *s = table->sorts; s->name; s++) {
		if (strcmp(text + descending, s->name) != 0)
			continue;
		out->sort = s;
		out->ascending = !descending;
		return OK;
	}
	return fail_field(c, "query", "sort", FIELD_INVALID_CHOICE,
			  "must be one of these, with a minus prefix for descending order: %s",
			  sort_names(c, table));
}

static bool
is_one_of(const char *name, const char *const *names)
{
	for (; names && *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

struct field
list_parameter(const struct table *table, const struct list_filter *f)
{
	const char *column = f->column ? f->column : f->name;
	const struct field *field = f->sql ? NULL : schema_field(table->schema, column);
	struct field parameter = field ? *field : f->value;

	if (field) {
		parameter.flags = 0;
		parameter.default_value = parameter.example = NULL;
		parameter.visible = NULL;
	}
	parameter.name = f->name;
	parameter.summary = f->summary;
	return parameter;
}

/* Clients cannot set a filter without a name. */
static const struct list_filter *
find_filter(const struct table *table, const char *name)
{
	for (const struct list_filter *f = table->filters; list_is_filter(f); f++)
		if (f->name && strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

static enum error
read_param(struct ctx *c, const struct param *p, struct list_args *out)
{
	const struct list_filter *filter;
	struct field parameter;
	const char *value;

	if (strcmp(p->name, "limit") == 0)
		return read_number(c, &list_paging[0], p->value, &out->limit);
	if (strcmp(p->name, "offset") == 0)
		return read_number(c, &list_paging[1], p->value, &out->offset);
	if (strcmp(p->name, "cursor") == 0)
		return read_cursor(c, p->value, out);
	if (strcmp(p->name, "sort") == 0 && !out->table->fixed_order)
		return read_sort(c, p->value, out);

	filter = find_filter(out->table, p->name);
	if (!filter)
		return fail_field(c, "query", p->name, FIELD_UNKNOWN, "is not a known field");

	parameter = list_parameter(out->table, filter);
	value = field_check(c, "query", &parameter, p->value);
	out->values[filter - out->table->filters] = value;
	return value ? OK : E_VALIDATION;
}

static const struct param *
find_param(const struct param *params, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (params[i].value && strcmp(params[i].name, name) == 0)
			return &params[i];
	return NULL;
}

enum error
list_read(struct ctx *c, const struct table *table, const struct param *params, size_t n,
	  const char *const *others, struct list_args *out)
{
	enum error e, result = OK;

	*out = (struct list_args) { .table = table, .limit = LIST_LIMIT, .sort = table->sorts };
	for (size_t i = 0; i < n; i++) {
		const struct param *p = &params[i];

		if (!p->value || is_one_of(p->name, others))
			continue;
		if (find_param(params, i, p->name))
			e = fail_field(c, "query", p->name, FIELD_INVALID_FORMAT,
				       "is given more than once");
		else
			e = read_param(c, p, out);
		if (e)
			result = e;
	}
	for (const struct list_filter *f = table->filters; list_is_filter(f); f++)
		if (f->name && f->value.flags & F_REQUIRED && !find_param(params, n, f->name))
			result = fail_field(c, "query", f->name, FIELD_REQUIRED, "is required");
	if (find_param(params, n, "cursor") && find_param(params, n, "offset"))
		result = fail_field(c, "query", "offset", FIELD_INVALID_FORMAT,
				    "cannot be combined with cursor");
	return result;
}

void
list_restrict(struct list_args *args, size_t filter, const char *value)
{
	args->values[filter] = value;
}

/* Returns a bit for each filter that is set. */
static uint32_t
add_filters(struct table_params *v, const struct list_args *args)
{
	uint32_t bits = 0;

	if (args->owner)
		table_param(v, args->owner);
	if (args->parent)
		table_param(v, args->parent);
	for (unsigned i = 0; i < LIST_FILTERS_MAX; i++) {
		if (!args->values[i])
			continue;
		bits |= UINT32_C(1) << i;
		table_param(v, args->values[i]);
	}
	return bits;
}

/* Fetches one row more than the limit, to detect whether there is another page. */
static enum error
fetch_rows(struct ctx *c, const struct list_args *args, struct rows *out)
{
	struct table_params v = { .n = 0 };
	struct list_shape shape = {
		.table = args->table,
		.sort = args->sort,
		.ascending = args->ascending,
		.owner = args->owner,
		.parent = args->parent,
		.filters = add_filters(&v, args),
		.mode = args->offset > LIST_NEAR_MAX ? LIST_FAR : LIST_NEAR,
	};
	struct query q;
	struct list_position at;
	enum error e;

	if (args->cursor) {
		e = cursor_read(c, args, &at);
		if (e)
			return e;

		shape.mode = at.value ? LIST_AFTER : LIST_AFTER_NULL;
		if (at.value)
			table_param(&v, at.value);
		table_param(&v, at.id);
	}
	table_param(&v, p_int(c, args->limit + 1));
	if (!args->cursor)
		table_param(&v, p_int(c, args->offset));
	q = (struct query) {
		.name = list_name(c->arena, &shape),
		.row = args->table->schema,
		.read_only = true,
		.by_values = args->table->by_values,
		.compose = list_sql,
		.rows = &shape,
	};
	return db_exec_rows(c, &q, (struct db_params) { v.at, v.n }, out);
}

/* Every row has the total. A page beyond the end has no row, so the first row is fetched. */
static enum error
read_total(struct ctx *c, const struct list_args *args, struct rows rows, int64_t *total)
{
	if (PQntuples(rows.result) == 0 && args->offset > 0) {
		struct list_args first = *args;
		enum error e;

		first.limit = 1;
		first.offset = 0;
		e = fetch_rows(c, &first, &rows);
		if (e)
			return e;
	}

	*total = 0;
	if (PQntuples(rows.result) > 0)
		*total = strtoll(PQgetvalue(rows.result, 0, PQfnumber(rows.result, LIST_TOTAL)),
				 NULL, 10);
	return OK;
}

static enum error
make_cursor(struct ctx *c, const struct list_args *args, const char *record, const char **out)
{
	const struct field *id = schema_field(args->table->schema, "id");
	const struct field *f = list_sort_field(args->table, args->sort);
	struct list_position at = { .id = field_text(c->arena, id, record),
				    .value = field_text(c->arena, f, record) };

	return cursor_write(c, args, &at, out);
}

enum error
table_list(struct ctx *c, const struct list_args *request, struct page *out)
{
	struct list_args args = *request;
	size_t limit = (size_t)args.limit, n;
	struct rows rows;
	enum error e;

	if (!args.owner)
		args.owner = table_visible_to(c, args.table);
	*out =
	    (struct page) { .by_cursor = args.cursor, .limit = args.limit, .offset = args.offset };
	e = fetch_rows(c, &args, &rows);
	if (e)
		return e;

	n = (size_t)PQntuples(rows.result);
	e = rows_scan_all(c, &rows, n < limit ? n : limit, &out->items);
	if (!e && !out->by_cursor)
		e = read_total(c, &args, rows, &out->total);
	if (e || n <= limit)
		return e;

	return make_cursor(c, &args,
			   (const char *)out->items.rows + (limit - 1) * args.table->schema->size,
			   &out->next_cursor);
}
