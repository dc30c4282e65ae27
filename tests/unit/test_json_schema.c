/* The JSON Schema validator of the tests: it rejects a response that the document does not
 * describe. */
#include <criterion/criterion.h>

#include "support/json_schema.h"

#include <json.h>

static const char document[] =
    "{\"components\":{\"schemas\":{\"Lamp\":{\"type\":\"object\",\"required\":[\"id\"],"
    "\"properties\":{\"id\":{\"type\":\"integer\"}}}}}}";

static void
holds(const char *schema, const char *value, const char *expected)
{
	struct arena *a = arena_new(1 << 20);
	struct json_object *d = json_tokener_parse(document), *s = json_tokener_parse(schema);
	struct json_object *v = json_tokener_parse(value);
	const char *err = json_schema_mismatch(a, d, s, v);

	if (expected)
		cr_expect(err && strstr(err, expected), "%s of %s: %s, not: %s", value, schema, err,
			  expected);
	else
		cr_expect_null(err, "%s of %s: %s", value, schema, err);
	json_object_put(d);
	json_object_put(s);
	json_object_put(v);
	arena_free(a);
}

#define LAMP  "{\"$ref\":\"#/components/schemas/Lamp\"}"
#define PLAIN "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}}}"
#define OPEN                                                                                       \
	"{\"type\":\"object\",\"properties\":{\"a\":{}},"                                          \
	"\"additionalProperties\":{\"type\":\"integer\"}}"
#define CLOSED "{\"type\":\"object\",\"additionalProperties\":false}"

Test(json_schema, matches_or_reports_the_difference)
{
	static const struct {
		const char *schema, *value, *err;
	} rows[] = {
		{ "{\"type\":\"string\"}", "\"x\"", NULL },
		{ "{\"type\":\"string\"}", "1", "the value: is not of type \"string\"" },
		{ "{\"type\":\"string\"}", "null", "is not of type" },
		{ "{\"type\":[\"string\",\"null\"]}", "null", NULL },
		{ "{\"type\":[\"string\",\"null\"]}", "1", "is not of type" },
		{ "{\"type\":\"integer\"}", "1.5", "is not of type" },
		{ "{\"type\":\"number\"}", "1", NULL },
		{ "{\"type\":\"boolean\"}", "\"true\"", "is not of type" },
		{ "{\"enum\":[\"a\",null]}", "null", NULL },
		{ "{\"enum\":[\"a\"]}", "\"b\"", "is not one of" },
		{ "{\"const\":\"a\"}", "\"b\"", "is not \"a\"" },
		{ "{\"format\":\"uuid\"}", "\"01989d54-7c1e-7a3b-9f04-6d2e8c5b1a70\"", NULL },
		{ "{\"format\":\"uuid\"}", "\"7\"", "is not a valid uuid" },
		{ "{\"format\":\"date-time\"}", "\"2026-11-20T15:08:41.218287Z\"", NULL },
		{ "{\"format\":\"date-time\"}", "\"2026-11-20 15:08:41\"",
		  "is not a valid date-time" },
		{ "{\"format\":\"date\"}", "\"2026-11-20\"", NULL },
		{ "{\"format\":\"date\"}", "\"2026-13-20\"", "is not a valid date" },
		{ "{\"format\":\"email\"}", "\"ada\"", "is not a valid email" },
		{ "{\"format\":\"uri-reference\"}", "\"/a b\"", "is not a valid uri-reference" },
		{ "{\"format\":\"shoe-size\"}", "\"43\"", "the format shoe-size is not supported" },
		{ "{\"pattern\":\"^a+$\"}", "\"aa\"", NULL },
		{ "{\"pattern\":\"^a+$\"}", "\"ab\"", "does not match" },
		{ "{\"minLength\":2}", "\"\xc3\xa4\"", "is shorter" },
		{ "{\"maxLength\":1}", "\"\xc3\xa4\"", NULL },
		{ "{\"maxLength\":1}", "\"ab\"", "is longer" },
		{ "{\"minimum\":2}", "1", "is less" },
		{ "{\"maximum\":2}", "3", "is more" },
		{ "{\"minItems\":1}", "[]", "has fewer" },
		{ "{\"maxItems\":1}", "[1,2]", "has more" },
		{ "{\"uniqueItems\":true}", "[1,2,1]", "0 and 2 are the same" },
		{ "{\"items\":{\"type\":\"integer\"}}", "[1,\"x\"]", "1: is not of type" },
		{ LAMP, "{\"id\":1}", NULL },
		{ LAMP, "{}", "id is missing" },
		{ LAMP, "{\"id\":\"x\"}", "id: is not of type" },
		{ "{\"items\":" LAMP "}", "[{\"id\":null}]", "0.id: is not of type" },
		{ "{\"$ref\":\"#/components/schemas/Shoe\"}", "1", "cannot be resolved" },
		{ PLAIN, "{\"a\":\"x\"}", NULL },
		{ PLAIN, "{\"b\":1}", "b is not described" },
		{ OPEN, "{\"a\":1,\"b\":2}", NULL },
		{ OPEN, "{\"b\":\"x\"}", "b: is not of type" },
		{ CLOSED, "{\"b\":1}", "b is not allowed" },
		{ "{\"allOf\":[" LAMP ",{\"minimum\":1}]}", "{}", "id is missing" },
		{ "{\"anyOf\":[" LAMP ",{\"type\":\"null\"}]}", "null", NULL },
		{ "{\"anyOf\":[" LAMP ",{\"type\":\"null\"}]}", "1", "matches none" },
		{ "{\"type\":\"string\",\"writeOnly\":true}", "\"x\"", "was sent" },
		{ "{\"description\":\"x\",\"default\":1,\"examples\":[1]}", "2", NULL },
		{ "{\"oneOf\":[]}", "1", "the keyword oneOf is not supported" },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		holds(rows[i].schema, rows[i].value, rows[i].err);
}
