/* Reads a JSON object, or the parameters of a query or a form, into a record. Reports all invalid
 * fields at once. The only file that uses json-c. */
#include "app/schema.h"

#include "schema_priv.h"

#include <json-c/json.h>

/* json_scan() accepts at most 32 levels; json-c counts the innermost value as one more. */
enum { LEVELS = 40, NAME_SHOWN = 100 };

/* The input: `object`, or if that is NULL, `params`. */
struct input {
	struct ctx *c;
	const char *in; /* "body" or "query" */
	enum schema_mode mode;

	const char *json; /* the text of the object */
	size_t len;
	json_object *object;

	const struct param *params;
	size_t nparams;
};

/* Returns a name that the client sent, cut off for the response. */
static const char *
shown_name(struct ctx *c, const char *name)
{
	size_t n = NAME_SHOWN;

	if (strlen(name) <= NAME_SHOWN)
		return name;

	while (n > 0 && ((unsigned char)name[n] & 0xC0) == 0x80)
		n--;
	return arena_printf(c->arena, "%.*s…", (int)n, name);
}

/* Whether two names differ only in case, underscores and hyphens: fullName and full_name. */
static bool
is_similar(const char *a, const char *b)
{
	for (;; a++, b++) {
		a += strspn(a, "_-");
		b += strspn(b, "_-");
		if (strncasecmp(a, b, 1) != 0)
			return false;
		if (!*a)
			return true;
	}
}

static enum error
check_known(const struct input *in, const struct schema *schema, const char *name)
{
	const struct field *f = schema_field(schema, name);

	if (f && field_accepted(f, in->mode))
		return OK;

	for (f = schema->fields; f < schema->fields + schema->nfields; f++)
		if (field_accepted(f, in->mode) && is_similar(f->name, name))
			return fail_field(in->c, in->in, shown_name(in->c, name), FIELD_UNKNOWN,
					  "is not a known field: did you mean %s?", f->name);
	return fail_field(in->c, in->in, shown_name(in->c, name), FIELD_UNKNOWN,
			  "is not a known field");
}

static void
store_list(const struct field *f, void *out, const char *const *values)
{
	*(const char *const **)(void *)((char *)out + f->offset) = values;
}

/* Handles a field that is absent. */
static enum error
read_absent(const struct input *in, const struct field *f, void *out)
{
	static const char *const none[] = { NULL };

	if (in->mode == SCHEMA_UPDATE)
		return OK;
	if (f->default_value) {
		field_set(in->c->arena, f, out, f->default_value);
		return OK;
	}
	if (f->flags & F_REQUIRED || (f->required_if && f->required_if(out)))
		return fail_field(in->c, in->in, f->name, FIELD_REQUIRED, "is required");
	if (f->type == TYPE_ARRAY && !(f->flags & F_NULLABLE))
		store_list(f, out, none);
	return OK;
}

/* Checks that the caller may see the referenced row. Keeps errors that were recorded before. */
static enum error
check_visible(const struct input *in, const struct field *f, const char *id)
{
	struct failure before = in->c->failure;
	enum error e = f->visible(in->c, f, id);

	if (e && e != E_NOT_FOUND)
		return e;

	in->c->failure = before;
	return e ? fail_field(in->c, in->in, f->name, FIELD_INVALID_CHOICE,
			      "no such resource, or no access to it")
		 : OK;
}

static enum error
check_text(const struct input *in, const struct field *f, const char *text, const char **normal)
{
	*normal = field_check(in->c, in->in, f, text);
	if (!*normal)
		return E_VALIDATION;
	return f->visible ? check_visible(in, f, *normal) : OK;
}

static enum error
read_text(const struct input *in, const struct field *f, const char *text, void *out)
{
	const char *normal;
	enum error e;

	e = check_text(in, f, text, &normal);
	if (e)
		return e;

	field_set(in->c->arena, f, out, normal);
	return OK;
}

/* `texts` has `n` values and room for a NULL. Each value is replaced by its normal form. */
static enum error
read_list(const struct input *in, const struct field *f, const char **texts, size_t n, void *out)
{
	struct field item = *f->item;
	enum error e = OK;

	item.name = f->name;
	if (!field_count(&(struct field_input) { in->c, in->in, f }, n, f->max ? f->max : ARRAY_MAX,
			 "value"))
		return E_VALIDATION;
	for (size_t i = 0; i < n && !e; i++) {
		e = check_text(in, &item, texts[i], &texts[i]);
		for (size_t k = 0; k < i && !e && item.type == TYPE_ENUM; k++)
			if (texts[k] == texts[i])
				e = fail_field(in->c, in->in, f->name, FIELD_INVALID_FORMAT,
					       "must not contain %s twice", texts[i]);
	}
	if (e)
		return e;

	texts[n] = NULL;
	store_list(f, out, texts);
	return OK;
}

/* json-c allocates the text of a number, and returns NULL if that fails. */
static const char *
digits(struct ctx *c, json_object *number)
{
	const char *text = json_object_get_string(number);

	if (!text)
		arena_exhausted(c->arena);
	return text;
}

/* Returns the digits of a whole number, or NULL. json-c saturates beyond 64 bits, which
 * field_check() rejects. Doubles such as 1.0 and 1e2 are accepted while they are exact. */
static const char *
number_text(struct ctx *c, json_object *value)
{
	const double exact = 9007199254740992.0;
	double number;

	if (json_object_is_type(value, json_type_int))
		return digits(c, value);
	if (!json_object_is_type(value, json_type_double))
		return NULL;

	number = json_object_get_double(value);
	if (!(number >= -exact && number <= exact) || number != (double)(int64_t)number)
		return NULL;
	return arena_printf(c->arena, "%" PRId64, (int64_t)number);
}

/* Returns the value as text for field_check(), or NULL if its type is wrong. */
static const char *
value_text(struct ctx *c, const struct field *f, json_object *value)
{
	switch (f->type) {
	case TYPE_INT:
		return number_text(c, value);
	case TYPE_BOOL:
		if (!json_object_is_type(value, json_type_boolean))
			return NULL;
		return json_object_get_boolean(value) ? "true" : "false";
	case TYPE_DECIMAL: /* json-c keeps the digits of a number */
		if (json_object_is_type(value, json_type_int) ||
		    json_object_is_type(value, json_type_double))
			return digits(c, value);
		/* fall through */
	default:
		if (!json_object_is_type(value, json_type_string))
			return NULL;
		return json_object_get_string(value);
	}
}

static enum error
wrong_type(const struct input *in, const struct field *f, json_object *value)
{
	static const char *const kinds[] = {
		[json_type_boolean] = ", not a boolean", [json_type_double] = "",
		[json_type_int] = ", not a number",      [json_type_object] = ", not an object",
		[json_type_array] = ", not an array",    [json_type_string] = ", not a string",
	};

	return fail_field(in->c, in->in, f->name, FIELD_INVALID_TYPE, "%s%s", field_type_message(f),
			  kinds[json_object_get_type(value)]);
}

static enum error
read_array(const struct input *in, const struct field *f, json_object *value, void *out)
{
	const char **texts;
	size_t n;

	if (!json_object_is_type(value, json_type_array))
		return wrong_type(in, f, value);

	n = json_object_array_length(value);
	texts = arena_array(in->c->arena, n + 1, sizeof(*texts));
	for (size_t i = 0; i < n; i++) {
		texts[i] = value_text(in->c, f->item, json_object_array_get_idx(value, i));
		if (!texts[i])
			return fail_field(in->c, in->in, f->name, FIELD_INVALID_TYPE,
					  "each value %s", field_type_message(f->item));
	}
	return read_list(in, f, texts, n, out);
}

/* Returns the raw text of a member: json-c would round long numbers. */
static const char *
json_text(const struct input *in, const char *name)
{
	size_t n = 0;

	json_object_object_foreach(in->object, key, value)
	{
		(void)value;
		if (strcmp(key, name) == 0)
			break;
		n++;
	}
	return json_member(in->c->arena, in->json, in->len, n);
}

static enum error
read_member(const struct input *in, const struct field *f, void *out, bool *given)
{
	json_object *value;
	const char *text;

	*given = json_object_object_get_ex(in->object, f->name, &value);
	if (!*given)
		return read_absent(in, f, out);
	if (!value && f->flags & F_NULLABLE)
		return OK;
	if (!value)
		return fail_field(in->c, in->in, f->name, FIELD_NOT_NULL, "must not be null");
	if (f->type == TYPE_ARRAY)
		return read_array(in, f, value, out);

	text = f->type == TYPE_JSON ? json_text(in, f->name) : value_text(in->c, f, value);
	return text ? read_text(in, f, text, out) : wrong_type(in, f, value);
}

static enum error
read_params(const struct input *in, const struct field *f, void *out, bool *given)
{
	const char **values = arena_array(in->c->arena, in->nparams + 1, sizeof(*values));
	size_t n = 0;

	for (size_t i = 0; i < in->nparams; i++)
		if (strcmp(in->params[i].name, f->name) == 0)
			values[n++] = in->params[i].value;
	*given = n > 0;
	if (n == 0)
		return read_absent(in, f, out);
	if (f->type == TYPE_ARRAY)
		return read_list(in, f, values, n, out);
	if (n > 1)
		return fail_field(in->c, in->in, f->name, FIELD_INVALID_FORMAT,
				  "is given more than once");
	return read_text(in, f, values[0], out);
}

/* Continues after an invalid field, so that the response lists all of them. */
static enum error
read_record(const struct input *in, const struct schema *schema, void *out, uint64_t *given)
{
	enum error e, result = OK;

	for (size_t i = 0; i < schema->nfields; i++) {
		const struct field *f = &schema->fields[i];
		bool is_given;

		if (!field_accepted(f, in->mode))
			continue;
		e = in->object ? read_member(in, f, out, &is_given)
			       : read_params(in, f, out, &is_given);
		if (e && e != E_VALIDATION)
			return e;
		if (e)
			result = e;
		if (is_given)
			*given |= UINT64_C(1) << i;
	}

	if (schema->ignores_unknown && schema->ignores_unknown(out))
		return result;
	if (in->object) {
		json_object_object_foreach(in->object, name, value)
		{
			(void)value;
			if (check_known(in, schema, name))
				result = E_VALIDATION;
		}
	}
	for (size_t i = 0; i < in->nparams; i++)
		if (check_known(in, schema, in->params[i].name))
			result = E_VALIDATION;
	return result;
}

static void
release_json(void *object)
{
	json_object_put(object);
}

/* Enlarges the tokener's buffer to `len` bytes by parsing a string of that length. json-c 0.16 does
 * not report if it cannot enlarge the buffer, and drops text; here, the string is then too short. */
static bool
reserve_buffer(json_tokener *tokener, size_t len)
{
	static const char filler[] =
	    "................................................................";
	json_object *text;
	bool complete;

	json_tokener_parse_ex(tokener, "\"", 1);
	for (size_t n, rest = len; rest > 0; rest -= n) {
		n = rest < strlen(filler) ? rest : strlen(filler);
		json_tokener_parse_ex(tokener, filler, (int)n);
	}
	text = json_tokener_parse_ex(tokener, "\"", 1);
	complete = text && (size_t)json_object_get_string_len(text) == len;
	json_object_put(text);
	json_tokener_reset(tokener);
	return complete;
}

/* Returns NULL only if memory runs out. Not STRICT, which differs between versions of json-c. */
static json_object *
parse_json(const char *json, size_t len)
{
	json_tokener *tokener = json_tokener_new_ex(LEVELS);
	json_object *value = NULL;

	if (!tokener)
		return NULL;

	if (reserve_buffer(tokener, len))
		value = json_tokener_parse_ex(tokener, json, (int)len);
	json_tokener_free(tokener);
	return value;
}

/* Counts the members of all objects: fewer than in the text if a key is duplicated. */
static size_t
count_members(json_object *value)
{
	size_t n = 0;

	if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, key, member)
		{
			(void)key;
			n += 1 + count_members(member);
		}
	} else if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++)
			n += count_members(json_object_array_get_idx(value, i));
	}
	return n;
}

static const char key_twice[] = "a key occurs twice in an object";

const char *
json_check(const char *json, size_t len)
{
	struct json_scan scan;
	const char *err = json_scan(json, len, &scan);
	json_object *value;
	size_t unique;

	if (err || scan.members == 0)
		return err;

	value = parse_json(json, len);
	if (!value)
		return "out of memory";

	unique = count_members(value);
	json_object_put(value);
	return unique == scan.members ? NULL : key_twice;
}

/* Reports line and column as editors count them: in characters, from 1. */
static enum error
fail_scan(struct ctx *c, const char *json, const struct json_scan *scan, const char *err)
{
	size_t line = 1, column = 1;

	if (scan->too_many)
		return fail(c, E_PAYLOAD_TOO_LARGE, "the body has more than %d JSON values",
			    JSON_VALUES_MAX);

	for (size_t i = 0; i < scan->offset; i++) {
		if (json[i] == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)json[i] & 0xC0) != 0x80) {
			column++;
		}
	}
	return fail(c, E_MALFORMED_JSON, "the body is not valid JSON: %s (line %zu, column %zu)",
		    err, line, column);
}

enum error
schema_read(struct ctx *c, const struct schema *schema, enum schema_mode mode, const char *json,
	    size_t len, void *out, uint64_t *given)
{
	struct input in = { .c = c, .in = "body", .mode = mode, .json = json, .len = len };
	struct json_scan scan;
	const char *err = json_scan(json, len, &scan);
	size_t start;

	memset(out, 0, schema->size);
	*given = 0;
	if (err)
		return fail_scan(c, json, &scan, err);

	start = strspn(json, " \t\n\r");
	if (json[start] == '{' || scan.members > 0) {
		in.object = parse_json(json, len);
		if (!in.object)
			arena_exhausted(c->arena);
		arena_defer(c->arena, release_json, in.object);
		if (count_members(in.object) != scan.members)
			return fail(c, E_MALFORMED_JSON, "the body is not valid JSON: %s",
				    key_twice);
	}
	if (json[start] != '{')
		return fail_field(c, "body", "", FIELD_INVALID_TYPE, "must be an object");

	return read_record(&in, schema, out, given);
}

enum error
schema_read_params(struct ctx *c, const struct schema *schema, const char *in,
		   const struct param *params, size_t n, void *out, uint64_t *given)
{
	struct input input = {
		.c = c, .in = in, .mode = SCHEMA_CREATE, .params = params, .nparams = n
	};

	memset(out, 0, schema->size);
	*given = 0;
	return read_record(&input, schema, out, given);
}
