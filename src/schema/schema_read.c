/* Reads what a client sent into a record: a JSON object, or the parameters of a query
 * string or a form. Every bad field is found in one go. The only file with json-c. */
#include "app/schema.h"

#include "schema_priv.h"

#include <json-c/json.h>

/* json_check() has let at most 32 levels pass; json-c counts a value as one more. */
enum { LEVELS = 40, NAME_SHOWN = 100 };

/* A client's name for a field, short enough for an answer. */
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

static enum error
fail_unknown(struct ctx *c, const char *in, const char *name)
{
	return fail_field(c, in, shown_name(c, name), FIELD_UNKNOWN, "is not a known field");
}

/* What becomes of a row that was not given. */
static enum error
read_absent(struct ctx *c, const char *in, const struct field *f, enum schema_mode mode, void *out)
{
	if (mode == SCHEMA_UPDATE)
		return OK;
	if (f->initial) {
		field_store(f, out, f->initial);
		return OK;
	}
	if (f->flags & F_REQUIRED)
		return fail_field(c, in, f->name, FIELD_REQUIRED, "is required");
	return OK;
}

static enum error
read_text(struct ctx *c, const char *in, const struct field *f, const char *text, void *out)
{
	const char *normal = field_check(c, in, f, text);

	if (!normal)
		return E_VALIDATION;

	field_store(f, out, normal);
	return OK;
}

/* A number in digits, or NULL where it is not whole. Beyond 64 bits json-c gives the nearest
 * number there is; the digits then still are beyond what field_check() takes. With a
 * fraction or an exponent (1.0, 1e2) it is taken as long as a double is exact. */
static const char *
number_text(struct ctx *c, json_object *value)
{
	const double exact = 9007199254740992.0;
	double number;

	if (json_object_is_type(value, json_type_int))
		return json_object_get_string(value);
	if (!json_object_is_type(value, json_type_double))
		return NULL;

	number = json_object_get_double(value);
	if (!(number >= -exact && number <= exact) || number != (double)(int64_t)number)
		return NULL;
	return arena_printf(c->arena, "%" PRId64, (int64_t)number);
}

/* The value as text for field_check(), or NULL where it is of another type. */
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
	default:
		if (!json_object_is_type(value, json_type_string))
			return NULL;
		return json_object_get_string(value);
	}
}

static enum error
read_choices(struct ctx *c, const struct field *f, json_object *value, void *out)
{
	struct field one = *f; /* of the words */
	const char **words;
	size_t n;

	one.type = TYPE_ENUM;
	if (!json_object_is_type(value, json_type_array))
		return fail_field(c, "body", f->name, FIELD_INVALID_TYPE, "%s",
				  field_type_message(f));

	n = json_object_array_length(value);
	words = arena_array(c->arena, n + 1, sizeof(*words));
	for (size_t i = 0; i < n; i++) {
		json_object *item = json_object_array_get_idx(value, i);

		if (!json_object_is_type(item, json_type_string))
			return fail_field(c, "body", f->name, FIELD_INVALID_TYPE, "%s",
					  field_type_message(f));
		words[i] = field_check(c, "body", &one, json_object_get_string(item));
		if (!words[i])
			return E_VALIDATION;
		for (size_t before = 0; before < i; before++)
			if (words[before] == words[i])
				return fail_field(c, "body", f->name, FIELD_INVALID_FORMAT,
						  "must not name %s twice", words[i]);
	}
	if ((int64_t)n < field_min(f))
		return fail_field(c, "body", f->name, FIELD_TOO_SHORT,
				  "must name at least %" PRId64, field_min(f));

	*(const char *const **)(void *)((char *)out + f->offset) = words;
	return OK;
}

static enum error
read_value(struct ctx *c, const struct field *f, json_object *value, void *out)
{
	const char *text;

	if (!value) {
		if (f->flags & F_NULLABLE)
			return OK;
		return fail_field(c, "body", f->name, FIELD_NOT_NULL, "must not be null");
	}

	if (f->type == TYPE_CHOICES)
		return read_choices(c, f, value, out);

	text = value_text(c, f, value);
	if (!text)
		return fail_field(c, "body", f->name, FIELD_INVALID_TYPE, "%s",
				  field_type_message(f));

	return read_text(c, "body", f, text, out);
}

static enum error
read_object(struct ctx *c, const struct schema *schema, enum schema_mode mode, json_object *object,
	    void *out, uint64_t *given)
{
	enum error e = OK, first = OK;

	for (size_t i = 0; i < schema->nfields; i++) {
		const struct field *f = &schema->fields[i];
		json_object *value;

		if (!field_accepted(f, mode))
			continue;
		if (json_object_object_get_ex(object, f->name, &value)) {
			*given |= UINT64_C(1) << i;
			e = read_value(c, f, value, out);
		} else {
			e = read_absent(c, "body", f, mode, out);
		}
		first = first ? first : e;
	}

	json_object_object_foreach(object, name, unread)
	{
		const struct field *f = schema_field(schema, name);

		(void)unread;
		if (!f || !field_accepted(f, mode)) {
			e = fail_unknown(c, "body", name);
			first = first ? first : e;
		}
	}
	return first;
}

static void
release_json(void *object)
{
	json_object_put(object);
}

/* The object, which then belongs to the arena, or NULL where memory ran out: the text has
 * passed json_check(). Not STRICT: what that mode refuses differs with json-c's version. */
static json_object *
parse_json(struct ctx *c, const char *json, size_t len)
{
	json_tokener *tokener = json_tokener_new_ex(LEVELS);
	json_object *object;

	if (!tokener)
		return NULL;

	object = json_tokener_parse_ex(tokener, json, (int)len);
	json_tokener_free(tokener);
	if (object)
		arena_defer(c->arena, release_json, object);
	return object;
}

enum error
schema_read(struct ctx *c, const struct schema *schema, enum schema_mode mode, const char *json,
	    size_t len, void *out, uint64_t *given)
{
	const char *wrong = json_check(json, len);
	json_object *object;
	size_t start = 0;

	memset(out, 0, schema->size);
	*given = 0;
	if (wrong)
		return fail(c, E_MALFORMED_JSON, "the body is not valid JSON: %s", wrong);

	while (strchr(" \t\n\r", json[start]))
		start++;
	if (json[start] != '{')
		return fail_field(c, "body", "", FIELD_INVALID_TYPE, "must be an object");

	object = parse_json(c, json + start, len - start);
	if (!object)
		return fail(c, E_OVERLOADED, "no memory to read the body");

	return read_object(c, schema, mode, object, out, given);
}

/* The value of that name, or NULL; how many there are in `*times`. */
static const char *
find_param(const struct param *params, size_t n, const char *name, unsigned *times)
{
	const char *value = NULL;

	*times = 0;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(params[i].name, name) != 0)
			continue;
		value = value ? value : params[i].value;
		(*times)++;
	}
	return value;
}

static bool
is_among(const char *const *names, const char *name)
{
	for (; names && *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

enum error
schema_read_params(struct ctx *c, const struct schema *schema, const char *in,
		   const struct param *params, size_t n, const char *const *others, void *out,
		   uint64_t *given)
{
	enum error e = OK, first = OK;

	memset(out, 0, schema->size);
	*given = 0;
	for (size_t i = 0; i < schema->nfields; i++) {
		const struct field *f = &schema->fields[i];
		const char *value;
		unsigned times;

		if (!field_accepted(f, SCHEMA_CREATE))
			continue;
		value = find_param(params, n, f->name, &times);
		if (value)
			*given |= UINT64_C(1) << i;
		if (times > 1)
			e = fail_field(c, in, f->name, FIELD_INVALID_FORMAT,
				       "is given more than once");
		else if (value)
			e = read_text(c, in, f, value, out);
		else
			e = read_absent(c, in, f, SCHEMA_CREATE, out);
		first = first ? first : e;
	}

	for (size_t i = 0; i < n; i++) {
		const struct field *f = schema_field(schema, params[i].name);

		if ((!f || !field_accepted(f, SCHEMA_CREATE)) &&
		    !is_among(others, params[i].name)) {
			e = fail_unknown(c, in, params[i].name);
			first = first ? first : e;
		}
	}
	return first;
}
