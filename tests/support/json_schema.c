/* A validator for the JSON Schema of our documents: one row and function for each keyword. */
#include "json_schema.h"

#include "app/clock.h"
#include "app/ids.h"
#include "app/utf8.h"

#include <json.h>
#include <regex.h>

struct check {
	struct arena *arena;
	struct json_object *document;
	struct json_object *schema; /* the schema of the keyword */
	const char *path;           /* of the value: "items.0" */
	const char *err;            /* the first error, or NULL */
};

static void check_value(struct check *, struct json_object *schema, struct json_object *value,
			const char *path);

static void report(struct check *, const char *format, ...) PRINTF_LIKE(2, 3);

static void
report(struct check *k, const char *format, ...)
{
	va_list args;

	if (k->err)
		return;

	va_start(args, format);
	k->err = arena_vprintf(k->arena, format, args);
	va_end(args);
	k->err = arena_printf(k->arena, "%s: %s", *k->path ? k->path : "the value", k->err);
}

static const char *
below(struct check *k, const char *name)
{
	return arena_printf(k->arena, "%s%s%s", k->path, *k->path ? "." : "", name);
}

static bool
is_text(struct json_object *value)
{
	return json_object_is_type(value, json_type_string);
}

static bool
has_type(struct json_object *value, const char *name)
{
	static const struct {
		const char *name;
		enum json_type type;
	} types[] = {
		{ "null", json_type_null },     { "boolean", json_type_boolean },
		{ "object", json_type_object }, { "array", json_type_array },
		{ "string", json_type_string }, { "integer", json_type_int },
		{ "number", json_type_double }, { "number", json_type_int },
	};

	for (size_t i = 0; i < COUNT(types); i++) {
		if (strcmp(types[i].name, name) == 0 && json_object_is_type(value, types[i].type))
			return true;
	}
	return false;
}

static void
type(struct check *k, struct json_object *types, struct json_object *value)
{
	bool matches = is_text(types) && has_type(value, json_object_get_string(types));

	if (json_object_is_type(types, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(types) && !matches; i++)
			matches = has_type(
			    value, json_object_get_string(json_object_array_get_idx(types, i)));
	}
	if (!matches)
		report(k, "is not of type %s", json_object_to_json_string(types));
}

static void
words(struct check *k, struct json_object *list, struct json_object *value)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		if (json_object_equal(json_object_array_get_idx(list, i), value))
			return;
	}
	report(k, "%s is not one of %s", json_object_to_json_string(value),
	       json_object_to_json_string(list));
}

static void
constant(struct check *k, struct json_object *wanted, struct json_object *value)
{
	if (!json_object_equal(wanted, value))
		report(k, "is not %s", json_object_to_json_string(wanted));
}

static bool
is_time(const char *text)
{
	int64_t microseconds;

	return strchr(text, 'Z') && clock_parse(text, &microseconds);
}

static bool
is_date(const char *text)
{
	char time[CLOCK_TEXT_SIZE];

	snprintf(time, sizeof(time), "%.10sT00:00:00Z", text);
	return strlen(text) == 10 && is_time(time);
}

static bool
is_email(const char *text)
{
	const char *at = strchr(text, '@');

	return at && at > text && strchr(at, '.');
}

static bool
is_uri_reference(const char *text)
{
	return !strpbrk(text, " \"<>\\^`{|}");
}

static bool
is_any(const char *text)
{
	(void)text;
	return true;
}

static void
format(struct check *k, struct json_object *name, struct json_object *value)
{
	static const struct {
		const char *name;
		bool (*matches)(const char *); /* NULL: of a number */
	} formats[] = {
		{ "uuid", uuid_valid },
		{ "date-time", is_time },
		{ "date", is_date },
		{ "email", is_email },
		{ "uri-reference", is_uri_reference },
		{ "password", is_any },
		{ "decimal", is_any },
		{ "int64", NULL },
	};

	for (size_t i = 0; i < COUNT(formats); i++) {
		if (strcmp(formats[i].name, json_object_get_string(name)) != 0)
			continue;
		if (formats[i].matches && is_text(value) &&
		    !formats[i].matches(json_object_get_string(value)))
			report(k, "%s is not a valid %s", json_object_get_string(value),
			       formats[i].name);
		return;
	}
	report(k, "the format %s is not supported", json_object_get_string(name));
}

static void
pattern(struct check *k, struct json_object *expression, struct json_object *value)
{
	regex_t regex;

	if (!is_text(value))
		return;
	if (regcomp(&regex, json_object_get_string(expression), REG_EXTENDED | REG_NOSUB)) {
		report(k, "the pattern %s is invalid", json_object_get_string(expression));
		return;
	}
	if (regexec(&regex, json_object_get_string(value), 0, NULL, 0) != 0)
		report(k, "%s does not match %s", json_object_get_string(value),
		       json_object_get_string(expression));
	regfree(&regex);
}

static void
min_length(struct check *k, struct json_object *limit, struct json_object *value)
{
	if (is_text(value) &&
	    (int64_t)utf8_length(json_object_get_string(value)) < json_object_get_int64(limit))
		report(k, "is shorter than %s", json_object_to_json_string(limit));
}

static void
max_length(struct check *k, struct json_object *limit, struct json_object *value)
{
	if (is_text(value) &&
	    (int64_t)utf8_length(json_object_get_string(value)) > json_object_get_int64(limit))
		report(k, "is longer than %s", json_object_to_json_string(limit));
}

static bool
is_number(struct json_object *value)
{
	return has_type(value, "number");
}

static void
minimum(struct check *k, struct json_object *limit, struct json_object *value)
{
	if (is_number(value) && json_object_get_double(value) < json_object_get_double(limit))
		report(k, "is less than %s", json_object_to_json_string(limit));
}

static void
maximum(struct check *k, struct json_object *limit, struct json_object *value)
{
	if (is_number(value) && json_object_get_double(value) > json_object_get_double(limit))
		report(k, "is more than %s", json_object_to_json_string(limit));
}

static bool
is_list(struct json_object *value)
{
	return json_object_is_type(value, json_type_array);
}

static void
min_items(struct check *k, struct json_object *limit, struct json_object *value)
{
	if (is_list(value) &&
	    (int64_t)json_object_array_length(value) < json_object_get_int64(limit))
		report(k, "has fewer than %s", json_object_to_json_string(limit));
}

static void
max_items(struct check *k, struct json_object *limit, struct json_object *value)
{
	if (is_list(value) &&
	    (int64_t)json_object_array_length(value) > json_object_get_int64(limit))
		report(k, "has more than %s", json_object_to_json_string(limit));
}

static void
unique_items(struct check *k, struct json_object *wanted, struct json_object *value)
{
	if (!is_list(value) || !json_object_get_boolean(wanted))
		return;

	for (size_t i = 0; i < json_object_array_length(value); i++) {
		for (size_t j = 0; j < i; j++) {
			if (json_object_equal(json_object_array_get_idx(value, i),
					      json_object_array_get_idx(value, j)))
				report(k, "%zu and %zu are the same", j, i);
		}
	}
}

static void
items(struct check *k, struct json_object *schema, struct json_object *value)
{
	for (size_t i = 0; is_list(value) && i < json_object_array_length(value); i++)
		check_value(k, schema, json_object_array_get_idx(value, i),
			    below(k, arena_printf(k->arena, "%zu", i)));
}

static void
required(struct check *k, struct json_object *names, struct json_object *value)
{
	if (!json_object_is_type(value, json_type_object))
		return;

	for (size_t i = 0; i < json_object_array_length(names); i++) {
		const char *name = json_object_get_string(json_object_array_get_idx(names, i));

		if (!json_object_object_get_ex(value, name, NULL))
			report(k, "%s is missing", name);
	}
}

static void
properties(struct check *k, struct json_object *known, struct json_object *value)
{
	struct json_object *schema, *others;

	if (!json_object_is_type(value, json_type_object))
		return;

	others = json_object_object_get(k->schema, "additionalProperties");
	json_object_object_foreach(value, name, member)
	{
		if (json_object_object_get_ex(known, name, &schema))
			check_value(k, schema, member, below(k, name));
		else if (!json_object_is_type(others, json_type_object))
			report(k, "%s is not described", name);
	}
}

static void
additional_properties(struct check *k, struct json_object *others, struct json_object *value)
{
	struct json_object *known = json_object_object_get(k->schema, "properties");

	if (!json_object_is_type(value, json_type_object))
		return;

	json_object_object_foreach(value, name, member)
	{
		if (json_object_object_get_ex(known, name, NULL))
			continue;
		if (json_object_is_type(others, json_type_object))
			check_value(k, others, member, below(k, name));
		else if (!json_object_get_boolean(others))
			report(k, "%s is not allowed", name);
	}
}

static void
reference(struct check *k, struct json_object *ref, struct json_object *value)
{
	struct json_object *schema = json_schema_follow(k->document, k->schema);

	if (schema)
		check_value(k, schema, value, k->path);
	else
		report(k, "%s cannot be resolved", json_object_get_string(ref));
}

static void
all_of(struct check *k, struct json_object *schemas, struct json_object *value)
{
	for (size_t i = 0; i < json_object_array_length(schemas); i++)
		check_value(k, json_object_array_get_idx(schemas, i), value, k->path);
}

static void
any_of(struct check *k, struct json_object *schemas, struct json_object *value)
{
	struct check one = *k;

	for (size_t i = 0; i < json_object_array_length(schemas); i++) {
		one.err = NULL;
		check_value(&one, json_object_array_get_idx(schemas, i), value, k->path);
		if (!one.err)
			return;
	}
	report(k, "matches none of anyOf; the last one: %s", one.err);
}

static void
write_only(struct check *k, struct json_object *secret, struct json_object *value)
{
	(void)value;
	if (json_object_get_boolean(secret))
		report(k, "is writeOnly, but was sent");
}

static void
says_nothing(struct check *k, struct json_object *keyword, struct json_object *value)
{
	(void)k, (void)keyword, (void)value;
}

static const struct {
	const char *name;
	void (*check)(struct check *, struct json_object *keyword, struct json_object *value);
} keywords[] = {
	{ "$ref", reference },
	{ "type", type },
	{ "enum", words },
	{ "const", constant },
	{ "format", format },
	{ "pattern", pattern },
	{ "minLength", min_length },
	{ "maxLength", max_length },
	{ "minimum", minimum },
	{ "maximum", maximum },
	{ "minItems", min_items },
	{ "maxItems", max_items },
	{ "uniqueItems", unique_items },
	{ "items", items },
	{ "required", required },
	{ "properties", properties },
	{ "additionalProperties", additional_properties },
	{ "allOf", all_of },
	{ "anyOf", any_of },
	{ "writeOnly", write_only },
	{ "readOnly", says_nothing },
	{ "description", says_nothing },
	{ "title", says_nothing },
	{ "default", says_nothing },
	{ "example", says_nothing },
	{ "examples", says_nothing },
};

static void
check_keyword(struct check *k, const char *name, struct json_object *keyword,
	      struct json_object *value)
{
	for (size_t i = 0; i < COUNT(keywords); i++) {
		if (strcmp(keywords[i].name, name) == 0) {
			keywords[i].check(k, keyword, value);
			return;
		}
	}
	report(k, "the keyword %s is not supported", name);
}

static void
check_value(struct check *k, struct json_object *schema, struct json_object *value,
	    const char *path)
{
	struct check inner = *k;

	inner.schema = schema;
	inner.path = path;
	json_object_object_foreach(schema, name, keyword)
	{
		check_keyword(&inner, name, keyword, value);
	}
	k->err = inner.err;
}

struct json_object *
json_schema_follow(struct json_object *document, struct json_object *value)
{
	struct json_object *ref, *at = NULL;

	if (!json_object_object_get_ex(value, "$ref", &ref))
		return value;
	if (json_object_get_string(ref)[0] != '#' ||
	    json_pointer_get(document, json_object_get_string(ref) + 1, &at) != 0)
		return NULL;
	return at;
}

const char *
json_schema_mismatch(struct arena *a, struct json_object *document, struct json_object *schema,
		     struct json_object *value)
{
	struct check k = { .arena = a, .document = document, .path = "" };

	check_value(&k, schema, value, "");
	return k.err;
}
