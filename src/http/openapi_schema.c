/* Records in the OpenAPI document: a component for each use of a schema, made from its
 * rows, and examples of them. */
#include "openapi_priv.h"

static struct shape *
shape_find(const struct doc *d, const struct schema *schema, enum use use)
{
	for (struct shape *s = d->shapes; s; s = s->next)
		if (s->schema == schema && s->use == use)
			return s;
	return NULL;
}

/* Whether a row is part of a record in that use. */
static bool
takes_part(const struct field *f, enum use use)
{
	static const unsigned flag[] = {
		[USE_READ] = F_READ,
		[USE_CREATE] = F_CREATE,
		[USE_UPDATE] = F_UPDATE,
	};

	if (use != USE_READ && f->record)
		return false;
	return f->flags & flag[use];
}

void
shape_need(struct doc *d, const struct schema *schema, enum use use)
{
	struct shape **at = &d->shapes;

	if (shape_find(d, schema, use))
		return;

	while (*at)
		at = &(*at)->next;
	*at = ARENA_NEW(d->arena, struct shape);
	(*at)->schema = schema;
	(*at)->use = use;
	if (use == USE_PAGE)
		shape_need(d, schema, USE_READ);
	if (use != USE_READ)
		return;

	for (size_t i = 0; i < schema->nfields; i++)
		if (schema->fields[i].record && takes_part(&schema->fields[i], USE_READ))
			shape_need(d, schema->fields[i].record, USE_READ);
}

static bool
name_taken(const struct doc *d, const char *name)
{
	static const char *const own[] = { "Problem", "FieldError" };

	for (size_t i = 0; i < COUNT(own); i++)
		if (strcmp(own[i], name) == 0)
			return true;
	for (const struct shape *s = d->shapes; s; s = s->next)
		if (s->name && strcmp(s->name, name) == 0)
			return true;
	return false;
}

/* "Item", "ItemCreate", "ItemUpdate", "ItemPage"; a schema that is nothing but one kind of
 * body keeps its own name. */
static const char *
plain_name(const struct doc *d, const struct shape *s)
{
	static const char *const endings[] = { "", "Create", "Update", "Page" };
	unsigned uses = 0;

	for (enum use use = USE_READ; use <= USE_PAGE; use++)
		uses += shape_find(d, s->schema, use) != NULL;
	if (uses == 1)
		return s->schema->name;
	return arena_printf(d->arena, "%s%s", s->schema->name, endings[s->use]);
}

void
shape_name_all(struct doc *d)
{
	for (struct shape *s = d->shapes; s; s = s->next) {
		const char *plain = plain_name(d, s), *name = plain;

		for (int n = 2; name_taken(d, name); n++)
			name = arena_printf(d->arena, "%s%d", plain, n);
		s->name = name;
	}
}

void
shape_ref(struct doc *d, const struct schema *schema, enum use use)
{
	put_ref(d, "schemas", shape_find(d, schema, use)->name);
}

/* What JSON Schema calls a type, a value of it, and whether that text is JSON as it stands. */
static const struct {
	const char *type, *format, *sample;
	bool bare;
} types[] = {
	[TYPE_TEXT] = { "string" },
	[TYPE_EMAIL] = { "string", "email", "ann@example.com" },
	[TYPE_UUID] = { "string", "uuid", "01989d54-7c1e-7a3b-9f04-6d2e8c5b1a70" },
	[TYPE_TIME] = { "string", "date-time", "2026-11-20T15:08:41.218287Z" },
	[TYPE_DATE] = { "string", "date", "2026-11-20" },
	[TYPE_ENUM] = { "string" },
	[TYPE_INT] = { "integer", "int64", .bare = true },
	[TYPE_DECIMAL] = { "string" },
	[TYPE_BOOL] = { "boolean", NULL, "true", .bare = true },
	[TYPE_JSON] = { NULL, NULL, "{}", .bare = true },
	[TYPE_ARRAY] = { "array", .bare = true },
	[TYPE_RECORDS] = { "array" },
};

/* A value given as text, in its JSON form. */
static void
typed_value(struct buf *b, const struct field *f, const char *text)
{
	if (types[f->type].bare)
		buf_text(b, text);
	else
		buf_json_text(b, text);
	buf_char(b, ',');
}

static const char *sample_array(struct arena *a, const struct field *f);

/* "Some title", as long as the row wants it. */
static const char *
sample_text(struct arena *a, const struct field *f)
{
	const char *words = arena_printf(a, "Some %s", f->name);
	struct buf b = buf_new(a, 64 * 1024);

	if (f->flags & F_SECRET)
		words = "correct horse battery staple";
	buf_text(&b, words);
	while ((int64_t)b.len < field_min(f) && !b.failed)
		buf_printf(&b, " %s", words);
	if (f->max && (int64_t)b.len > f->max)
		b.data[f->max] = '\0';
	for (char *p = b.data; *p; p++)
		*p = *p == '_' ? ' ' : *p;
	return b.data;
}

static const char *
sample_int(struct arena *a, const struct field *f)
{
	bool limited = f->max > field_min(f);
	bool one = !limited || (field_min(f) <= 1 && f->max >= 1);

	return arena_printf(a, "%" PRId64, one ? 1 : field_min(f));
}

/* "1.50", or the least that may be. */
static const char *
sample_decimal(struct arena *a, const struct field *f)
{
	return arena_printf(a, "%s%s%.*s", sample_int(a, f), f->scale ? "." : "", f->scale,
			    "000000000000000000");
}

static const char *
sample(struct arena *a, const struct field *f)
{
	if (f->example)
		return f->example;
	if (f->default_value)
		return f->default_value;

	switch (f->type) {
	case TYPE_TEXT:
		return sample_text(a, f);
	case TYPE_ENUM:
		return f->choices[0];
	case TYPE_INT:
		return sample_int(a, f);
	case TYPE_DECIMAL:
		return sample_decimal(a, f);
	case TYPE_ARRAY:
		return sample_array(a, f);
	default:
		return types[f->type].sample;
	}
}

static const char *
sample_array(struct arena *a, const struct field *f)
{
	struct buf b = buf_new(a, 64 * 1024);
	struct field item = *f->item;

	item.name = item.name ? item.name : f->name;
	buf_char(&b, '[');
	typed_value(&b, &item, sample(a, &item));
	buf_json(&b, "]");
	return b.data;
}

/* A decimal is sent as a string, and may come as a number, too. */
static void
type_of(struct buf *b, const struct field *f, enum use use)
{
	bool number = f->type == TYPE_DECIMAL && use != USE_READ, null = f->flags & F_NULLABLE;

	if (f->type == TYPE_JSON) {
		if (!null)
			buf_json(b, "'type':['object','array','string','number','boolean'],");
		return;
	}
	buf_json(b, number || null ? "'type':[%s," : "'type':%s,", types[f->type].type);
	if (number)
		buf_json(b, "'number',");
	if (null)
		buf_json(b, "'null',");
	if (number || null)
		buf_json(b, "],");
}

static void
format_of(struct buf *b, const struct field *f)
{
	if (f->flags & F_SECRET)
		buf_json(b, "'format':'password',");
	else if (types[f->type].format)
		buf_json(b, "'format':%s,", types[f->type].format);
}

static void
pattern_of(struct buf *b, const struct field *f, enum use use)
{
	int whole = DECIMAL_DIGITS - f->scale;
	const char *fraction = "";

	if (f->scale && use == USE_READ)
		fraction = arena_printf(b->arena, "\\.[0-9]{%d}", f->scale);
	else if (f->scale)
		fraction = arena_printf(b->arena, "(\\.[0-9]{1,%d})?", f->scale);
	buf_json(b, "'pattern':%s,",
		 arena_printf(b->arena, "^-?%s[0-9]{1,%d}%s$", use == USE_READ ? "" : "0*", whole,
			      fraction));
}

static void
limits_of(struct buf *b, const struct field *f, enum use use)
{
	int64_t min = field_min(f);
	bool number = f->type == TYPE_INT || (f->type == TYPE_DECIMAL && use != USE_READ);

	if (f->type == TYPE_TEXT && min > 0)
		buf_json(b, "'minLength':%jd,", min);
	if (f->type == TYPE_TEXT && f->max > 0)
		buf_json(b, "'maxLength':%jd,", f->max);
	if (f->type == TYPE_EMAIL)
		buf_json(b, "'maxLength':254,");
	if (f->type == TYPE_DECIMAL)
		pattern_of(b, f, use);
	if (number && f->max > min)
		buf_json(b, "'minimum':%jd,'maximum':%jd,", min, f->max);
}

static void
value_of(struct doc *d, const struct field *f, enum use use)
{
	struct buf *b = &d->json;

	type_of(b, f, use);
	format_of(b, f);
	limits_of(b, f, use);
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

/* A record within a record. */
static void
record_of(struct doc *d, const struct field *f)
{
	bool null = f->flags & F_NULLABLE;

	if (f->type == TYPE_RECORDS) {
		type_of(&d->json, f, USE_READ);
		buf_json(&d->json, "'items':");
		shape_ref(d, f->record, USE_READ);
		return;
	}
	buf_json(&d->json, null ? "'anyOf':[" : "'allOf':[");
	shape_ref(d, f->record, USE_READ);
	buf_json(&d->json, null ? "{'type':'null'}]," : "],");
}

void
describe_field(struct doc *d, const struct field *f, enum use use)
{
	const char *text = f->summary;

	for (const char *const *a = f->aliases; a && *a && use != USE_READ; a += 2)
		text = arena_printf(d->arena, "%s%s`%s` is accepted for `%s`.", text ? text : "",
				    text ? " " : "", a[0], a[1]);
	describe(d, text);
}

void
field_schema(struct doc *d, const struct field *f, enum use use)
{
	struct buf *b = &d->json;

	buf_json(b, "{");
	describe_field(d, f, use);
	if (f->record) {
		record_of(d, f);
	} else {
		value_of(d, f, use);
		if (use == USE_CREATE && f->default_value) {
			buf_json(b, "'default':");
			typed_value(b, f, f->default_value);
		}
		if (f->flags & F_SECRET)
			buf_json(b, "'writeOnly':true,");
		if (!f->example || *f->example) {
			buf_json(b, "'examples':[");
			typed_value(b, f, sample(d->arena, f));
			buf_json(b, "]");
		}
	}
	buf_json(b, "},");
}

/* What a reply has is always there; a body needs what the rows require. */
static void
required_rows(struct doc *d, const struct schema *schema, enum use use)
{
	size_t start = d->json.len;

	buf_json(&d->json, "'required':[");
	for (size_t i = 0; i < schema->nfields; i++) {
		const struct field *f = &schema->fields[i];
		bool required = use == USE_READ ||
				(use == USE_CREATE && f->flags & F_REQUIRED && !f->default_value);

		if (takes_part(f, use) && required)
			buf_json(&d->json, "%s,", f->name);
	}
	close_array(d, start);
}

static void
record_schema(struct doc *d, const struct shape *s)
{
	buf_json(&d->json, "\n%s:{'type':'object',", s->name);
	required_rows(d, s->schema, s->use);
	buf_json(&d->json, "'properties':{");
	for (size_t i = 0; i < s->schema->nfields; i++) {
		if (!takes_part(&s->schema->fields[i], s->use))
			continue;
		buf_json(&d->json, "%s:", s->schema->fields[i].name);
		field_schema(d, &s->schema->fields[i], s->use);
	}
	buf_json(&d->json, s->use == USE_READ || s->schema->ignores_unknown
			       ? "}},"
			       : "},'additionalProperties':false},");
}

static void
page_schema(struct doc *d, const struct shape *s)
{
	buf_json(&d->json,
		 "\n%s:{'type':'object','required':['items','limit','next_cursor'],"
		 "'properties':{'items':{'type':'array','items':",
		 s->name);
	shape_ref(d, s->schema, USE_READ);
	buf_json(&d->json,
		 "},'total':{'type':'integer','minimum':0,"
		 "'description':'Rows in the whole list; not there with `cursor`.'},"
		 "'limit':{'type':'integer','minimum':1,'maximum':100,"
		 "'description':'At most so many rows are in a page.'},"
		 "'offset':{'type':'integer','minimum':0,"
		 "'description':'Rows before this page; not there with `cursor`.'},"
		 "'next_cursor':{'type':['string','null'],'description':"
		 "'Where the next page begins, for `cursor`; null on the last page.'}}},");
}

void
shape_write_all(struct doc *d)
{
	for (const struct shape *s = d->shapes; s; s = s->next) {
		if (s->use == USE_PAGE)
			page_schema(d, s);
		else
			record_schema(d, s);
	}
}

static void
page_example(struct doc *d, const struct schema *schema)
{
	buf_json(&d->json, "{'items':[");
	shape_example(d, schema, USE_READ);
	buf_json(&d->json, "],'total':1,'limit':%u,'offset':0,'next_cursor':null},",
		 (unsigned)LIST_LIMIT);
}

static void
field_example(struct doc *d, const struct field *f)
{
	buf_json(&d->json, "%s:", f->name);
	if (f->type == TYPE_RECORD) {
		shape_example(d, f->record, USE_READ);
	} else if (f->type == TYPE_RECORDS) {
		buf_json(&d->json, "[");
		shape_example(d, f->record, USE_READ);
		buf_json(&d->json, "],");
	} else {
		typed_value(&d->json, f, sample(d->arena, f));
	}
}

void
shape_example(struct doc *d, const struct schema *schema, enum use use)
{
	if (use == USE_PAGE) {
		page_example(d, schema);
		return;
	}
	buf_json(&d->json, "{");
	for (size_t i = 0; i < schema->nfields; i++)
		if (takes_part(&schema->fields[i], use))
			field_example(d, &schema->fields[i]);
	buf_json(&d->json, "},");
}
