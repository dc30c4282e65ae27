/* Records in the OpenAPI document: a component for each use of a schema, made from its rows. */
#include "openapi_priv.h"

/* Whether a row is part of a record in that use. */
static bool
takes_part(const struct field *f, enum use use)
{
	static const unsigned flag[] = {
		[USE_READ] = F_READ,
		[USE_CREATE] = F_CREATE,
		[USE_UPDATE] = F_UPDATE,
	};

	if (f->enabled && !*f->enabled)
		return false;
	return f->flags & flag[use] && (use == USE_READ || !f->record);
}

/* "Item", "ItemCreate", "ItemUpdate", "ItemPage"; a schema of bodies only has no ending. */
static const char *
plain_name(struct doc *d, const struct schema *schema, enum use use)
{
	static const char *const endings[] = { "", "Create", "Update", "Page" };
	bool is_read = false;

	for (size_t i = 0; i < schema->nfields; i++)
		is_read = is_read || schema->fields[i].flags & F_READ;
	return arena_printf(d->arena, "%s%s", schema->name, is_read ? endings[use] : "");
}

/* Numbered if an earlier shape, or a schema of this module, has the same name: a new resource may
 * be called "address". */
static struct shape *
shape_add(struct doc *d, const struct schema *schema, enum use use)
{
	const char *name = plain_name(d, schema, use);
	unsigned n = strcmp(name, "Problem") == 0 || strcmp(name, "FieldError") == 0;
	struct shape *shape = ARENA_NEW(d->arena, struct shape), **at = &d->shapes;

	for (; *at; at = &(*at)->next)
		n += strcmp(plain_name(d, (*at)->schema, (*at)->use), name) == 0;
	*shape = (struct shape) { .schema = schema, .use = use };
	shape->name = n ? arena_printf(d->arena, "%s%u", name, n + 1) : name;
	return *at = shape;
}

void
shape_ref(struct doc *d, const struct schema *schema, enum use use)
{
	struct shape *shape = d->shapes;

	while (shape && (shape->schema != schema || shape->use != use))
		shape = shape->next;
	if (!shape)
		shape = shape_add(d, schema, use);
	buf_json(&d->json, "{'$ref':%s},",
		 arena_printf(d->arena, "#/components/schemas/%s", shape->name));
}

/* The type and format of JSON Schema, and whether an example of it is already JSON. */
static const struct {
	const char *type, *format;
	bool bare;
} types[] = {
	[TYPE_TEXT] = { "string" },
	[TYPE_EMAIL] = { "string", "email" },
	[TYPE_SLUG] = { "string" },
	[TYPE_UUID] = { "string", "uuid" },
	[TYPE_TIME] = { "string", "date-time" },
	[TYPE_DATE] = { "string", "date" },
	[TYPE_ENUM] = { "string" },
	[TYPE_INT] = { "integer", "int64", .bare = true },
	[TYPE_DECIMAL] = { "string" },
	[TYPE_BOOL] = { "boolean", .bare = true },
	[TYPE_JSON] = { NULL, .bare = true },
	[TYPE_ARRAY] = { "array", .bare = true },
	[TYPE_RECORDS] = { "array" },
};

static void
type_of(struct buf *b, const struct field *f)
{
	bool null = f->flags & F_NULLABLE;

	if (f->type == TYPE_JSON && !null)
		buf_json(b, "'type':['object','array','string','number','boolean'],");
	else if (f->type != TYPE_JSON)
		buf_json(b, null ? "'type':[%s,'null']," : "'type':%s,", types[f->type].type);
	if (f->flags & F_SECRET)
		buf_json(b, "'format':'password','writeOnly':true,");
	else if (types[f->type].format)
		buf_json(b, "'format':%s,", types[f->type].format);
}

/* Sent with all digits after the point; accepted with fewer, and with leading zeros. */
static const char *
decimal_pattern(struct arena *a, const struct field *f, enum use use)
{
	int whole = DECIMAL_DIGITS - f->scale;

	if (!f->scale)
		return arena_printf(a, "^-?%s[0-9]{1,%d}$", use == USE_READ ? "" : "0*", whole);
	if (use == USE_READ)
		return arena_printf(a, "^-?[0-9]{1,%d}\\.[0-9]{%d}$", whole, f->scale);
	return arena_printf(a, "^-?0*[0-9]{1,%d}(\\.[0-9]{1,%d})?$", whole, f->scale);
}

static void
limits_of(struct doc *d, const struct field *f, enum use use)
{
	struct buf *b = &d->json;
	int64_t min = field_min(f);

	if (f->type == TYPE_TEXT && min > 0)
		buf_json(b, "'minLength':%jd,", min);
	if (f->type == TYPE_TEXT && f->max > 0)
		buf_json(b, "'maxLength':%jd,", f->max);
	if (f->type == TYPE_EMAIL)
		buf_json(b, "'maxLength':254,");
	if (f->type == TYPE_SLUG)
		buf_json(b, "'pattern':'^[a-z0-9]+(-[a-z0-9]+)*$','maxLength':100,");
	if (f->type == TYPE_DECIMAL)
		buf_json(b, "'pattern':%s,", decimal_pattern(d->arena, f, use));
	if (f->type == TYPE_INT && f->max > min)
		buf_json(b, "'minimum':%jd,'maximum':%jd,", min, f->max);
}

static void
value_of(struct doc *d, const struct field *f, enum use use)
{
	struct buf *b = &d->json;

	type_of(b, f);
	limits_of(d, f, use);
	if (f->type == TYPE_ENUM) {
		buf_json(b, "'enum':[");
		for (const char *const *choice = f->choices; *choice; choice++)
			buf_json(b, "%s,", *choice);
		buf_json(b, f->flags & F_NULLABLE ? "null]," : "],");
	}
	if (f->type == TYPE_ARRAY) {
		buf_json(b, "'items':{");
		value_of(d, f->item, use);
		buf_json(b, "},");
		if (field_min(f) > 0)
			buf_json(b, "'minItems':%jd,", field_min(f));
		buf_json(b, "'maxItems':%jd,", f->max ? f->max : ARRAY_MAX);
		if (f->item->type == TYPE_ENUM)
			buf_json(b, "'uniqueItems':true,");
	}
}

/* A record or an array of records, in responses. */
static void
record_of(struct doc *d, const struct field *f)
{
	bool null = f->flags & F_NULLABLE;

	if (f->type == TYPE_RECORDS)
		buf_json(&d->json,
			 null ? "'type':['array','null'],'items':" : "'type':'array','items':");
	else
		buf_json(&d->json, null ? "'anyOf':[" : "'allOf':[");
	shape_ref(d, f->record, USE_READ);
	if (f->type == TYPE_RECORD)
		buf_json(&d->json, null ? "{'type':'null'}]," : "],");
}

/* Tools make up values from type, format and limits, but none that matches a pattern. */
static void
example(struct doc *d, const struct field *f)
{
	bool outside = f->max > f->min && (f->min > 1 || f->max < 1);
	const char *text = f->example;

	if (!text && f->type == TYPE_DECIMAL)
		text = arena_printf(d->arena, "%" PRId64 "%s%.*s", outside ? f->min : 1,
				    f->scale ? "." : "", f->scale, "00000000000000000");
	if (!text || !*text)
		return;

	buf_json(&d->json, "'examples':[");
	if (types[f->type].bare)
		buf_text(&d->json, text);
	else
		buf_json_text(&d->json, text);
	buf_json(&d->json, "],");
}

void
field_schema(struct doc *d, const struct field *f, enum use use)
{
	if (f->record) {
		record_of(d, f);
		return;
	}
	value_of(d, f, use);
	example(d, f);
}

const char *
field_description(struct doc *d, const struct field *f, enum use use)
{
	struct buf b = buf_new(d->arena, 4000);

	if (f->summary)
		buf_text(&b, f->summary);
	for (const char *const *a = f->aliases; a && *a && use != USE_READ; a += 2)
		buf_printf(&b, " `%s` is accepted for `%s`.", a[0], a[1]);
	if (f->type == TYPE_DECIMAL && use != USE_READ && f->max > f->min)
		buf_printf(&b, " From %" PRId64 " to %" PRId64 ".", f->min, f->max);
	if (f->type == TYPE_DECIMAL && use != USE_READ)
		buf_text(&b, " A JSON number is accepted too.");
	if (f->default_value && use == USE_CREATE)
		buf_printf(&b, " Default: `%s`.", f->default_value);
	return b.len ? b.data + (*b.data == ' ') : NULL;
}

/* A response always has all members; a body needs those that the rows require. */
static void
required_rows(struct doc *d, const struct shape *s)
{
	buf_json(&d->json, "'required':[");
	for (size_t i = 0; i < s->schema->nfields; i++) {
		const struct field *f = &s->schema->fields[i];
		bool required = s->use == USE_READ || (s->use == USE_CREATE &&
						       f->flags & F_REQUIRED && !f->default_value);

		if (takes_part(f, s->use) && required)
			buf_json(&d->json, "%s,", f->name);
	}
	buf_json(&d->json, "],");
}

static void
record_schema(struct doc *d, const struct shape *s)
{
	bool open = s->use == USE_READ || s->schema->ignores_unknown;

	required_rows(d, s);
	buf_json(&d->json, "'properties':{");
	for (size_t i = 0; i < s->schema->nfields; i++) {
		const struct field *f = &s->schema->fields[i];

		if (!takes_part(f, s->use))
			continue;
		buf_json(&d->json, "%s:{", f->name);
		describe(d, field_description(d, f, s->use));
		field_schema(d, f, s->use);
		buf_json(&d->json, "},");
	}
	buf_json(&d->json, open ? "}," : "},'additionalProperties':false,");
}

static void
page_schema(struct doc *d, const struct shape *s)
{
	buf_json(&d->json, "'required':['items','limit','next_cursor'],"
			   "'properties':{'items':{'type':'array','items':");
	shape_ref(d, s->schema, USE_READ);
	buf_json(&d->json,
		 "},'total':{'type':'integer','minimum':0,"
		 "'description':'Rows in the whole list. Omitted with `cursor`.'},"
		 "'limit':{'type':'integer','minimum':1,'maximum':%jd,"
		 "'description':'Maximum number of rows in a page.'},"
		 "'offset':{'type':'integer','minimum':0,"
		 "'description':'Rows before this page. Omitted with `cursor`.'},"
		 "'next_cursor':{'type':['string','null'],"
		 "'description':'`cursor` of the next page; null on the last page.'}},",
		 (intmax_t)LIST_LIMIT_MAX);
}

void
shape_write_all(struct doc *d)
{
	for (struct shape *s = d->shapes; s; s = s->next) {
		buf_json(&d->json, "\n%s:{'type':'object',", s->name);
		if (s->use == USE_PAGE)
			page_schema(d, s);
		else
			record_schema(d, s);
		buf_json(&d->json, "},");
	}
}
