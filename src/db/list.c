/* Reads the parameters of a list and fetches a page. */
#include "list_priv.h"

#include "db_priv.h"

enum { TEXTS_MAX = 16 * 1024 * 1024 };

size_t list_statements_max = 512;

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
sort_names(struct ctx *c, const struct list *list)
{
	struct buf b = buf_new(c->arena, 1024);

	for (const struct list_sort *s = list->sorts; s->name; s++)
		buf_printf(&b, "%s%s", b.len ? ", " : "", s->name);
	return b.data;
}

static enum error
read_sort(struct ctx *c, const char *text, struct list_args *out)
{
	bool descending = *text == '-';
	const struct list *list = out->list;

	for (const struct list_sort *s = list->sorts; s->name; s++) {
		if (strcmp(text + descending, s->name) != 0)
			continue;
		out->sort = s;
		out->ascending = !descending;
		return OK;
	}
	return fail_field(c, "query", "sort", FIELD_INVALID_CHOICE,
			  "must be one of these, with a minus prefix for descending order: %s",
			  sort_names(c, list));
}

static bool
is_one_of(const char *name, const char *const *names)
{
	for (; names && *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

/* Clients cannot set a filter without a name. */
static const struct list_filter *
find_filter(const struct list *list, const char *name)
{
	for (const struct list_filter *f = list->filters; f && f->sql; f++)
		if (f->field.name && strcmp(f->field.name, name) == 0)
			return f;
	return NULL;
}

static enum error
read_param(struct ctx *c, const struct param *p, struct list_args *out)
{
	const struct list_filter *filter;
	const char *value;

	if (strcmp(p->name, "limit") == 0)
		return read_number(c, &list_paging[0], p->value, &out->limit);
	if (strcmp(p->name, "offset") == 0)
		return read_number(c, &list_paging[1], p->value, &out->offset);
	if (strcmp(p->name, "cursor") == 0)
		return read_cursor(c, p->value, out);
	if (strcmp(p->name, "sort") == 0 && !out->list->fixed_order)
		return read_sort(c, p->value, out);

	filter = find_filter(out->list, p->name);
	if (!filter)
		return fail_field(c, "query", p->name, FIELD_UNKNOWN, "is not a known field");

	value = field_check(c, "query", &filter->field, p->value);
	out->values[filter - out->list->filters] = value;
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
list_read(struct ctx *c, const struct list *list, const struct param *params, size_t n,
	  const char *const *others, struct list_args *out)
{
	enum error e, result = OK;

	*out = (struct list_args) { .list = list, .limit = LIST_LIMIT, .sort = list->sorts };
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
	for (const struct list_filter *f = list->filters; f && f->sql; f++)
		if (f->field.name && f->field.flags & F_REQUIRED &&
		    !find_param(params, n, f->field.name))
			result =
			    fail_field(c, "query", f->field.name, FIELD_REQUIRED, "is required");
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

struct cached_statement {
	struct list_shape shape;
	struct query query;
	struct cached_statement *next;
};

static bool
same_shape(const struct list_shape *a, const struct list_shape *b)
{
	return a->list == b->list && a->sort == b->sort && a->ascending == b->ascending &&
	       a->filters == b->filters && a->mode == b->mode;
}

/* Returns the statement of a shape, valid until the next call. Cached per process, most recently
 * used first; a full cache is emptied. */
static const struct query *
list_query(struct ctx *c, const struct list_shape *shape)
{
	static struct arena *texts;
	static struct cached_statement *first;
	static size_t n;
	struct cached_statement *k;

	for (struct cached_statement **at = &first; *at; at = &(*at)->next) {
		k = *at;
		if (!same_shape(&k->shape, shape))
			continue;
		*at = k->next;
		k->next = first;
		first = k;
		return &k->query;
	}

	if (!texts)
		texts = arena_beside(c->arena, TEXTS_MAX);
	arena_follow(texts, c->arena);
	if (n >= list_statements_max) {
		arena_reset(texts);
		first = NULL;
		n = 0;
	}
	k = ARENA_NEW(texts, struct cached_statement);
	k->shape = *shape;
	k->query = (struct query) {
		.name = list_name(texts, shape),
		.sql = list_sql(texts, shape),
		.row = shape->list->row,
		.read_only = true,
		.by_values = shape->list->by_values,
	};
	k->next = first;
	first = k;
	n++;
	return &k->query;
}

/* Parameters, in the order of list_sql(). */
struct values {
	const char *at[1 + LIST_FILTERS_MAX + 4]; /* [0] is not used */
	int n;
};

static void
add_value(struct values *v, const char *value)
{
	v->at[++v->n] = value;
}

static uint32_t
add_filters(struct values *v, const struct list_args *args)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < LIST_FILTERS_MAX; i++) {
		if (!args->values[i])
			continue;
		bits |= UINT32_C(1) << i;
		add_value(v, args->values[i]);
	}
	return bits;
}

/* Fetches one row more than the limit, to detect whether there is another page. */
static enum error
fetch_rows(struct ctx *c, const struct list_args *args, struct rows *out)
{
	struct values v = { .n = 0 };
	struct list_shape shape = { args->list, args->sort, args->ascending, add_filters(&v, args),
				    args->offset > LIST_NEAR_MAX ? LIST_FAR : LIST_NEAR };
	struct list_position at;
	enum error e;

	if (args->cursor) {
		e = cursor_read(c, args, &at);
		if (e)
			return e;

		shape.mode = at.value ? LIST_AFTER : LIST_AFTER_NULL;
		if (at.value)
			add_value(&v, at.value);
		add_value(&v, at.id);
	}
	add_value(&v, p_int(c, args->limit + 1));
	if (!args->cursor)
		add_value(&v, p_int(c, args->offset));
	return db_exec_rows(c, list_query(c, &shape), (struct db_params) { v.at, v.n }, out);
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
	const struct field *id = schema_field(args->list->row, "id");
	const struct field *f = schema_field(args->list->row, args->sort->name);
	struct list_position at = { .id = field_text(c->arena, id, record),
				    .value = field_text(c->arena, f, record) };

	return cursor_write(c, args, &at, out);
}

enum error
db_list(struct ctx *c, const struct list_args *request, struct page *out)
{
	struct list_args args = *request;
	size_t limit = (size_t)args.limit, n;
	struct rows rows;
	enum error e;

	for (const struct list_filter *f = args.list->filters; f && f->sql; f++)
		if (f->own)
			list_restrict(&args, (size_t)(f - args.list->filters), visible_to(c));
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
			   (const char *)out->items.rows + (limit - 1) * args.list->row->size,
			   &out->next_cursor);
}
