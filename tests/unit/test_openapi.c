/* The OpenAPI document of a small application of its own: what each cell of its rows
 * becomes. */
#include <criterion/criterion.h>

#include "support/test_app.h"

#include "app/feature.h"
#include "app/openapi.h"
#include "app/settings.h"

#include <json-c/json.h>
#include <json-c/json_pointer.h>

struct maker {
	const char *name;
};

struct lamp {
	const char *id, *title, *note, *colour, *made_at, *email, *pin, *hidden;
	const char *sold_on, *price, *weight, *extra, *more;
	const char *const *tags, *const *sizes;
	int64_t watts, free;
	bool lit;
	const void *maker, *seller;
	struct records parts;
};

struct plug {
	const char *id;
	int64_t version;
};

struct sign {
	const char *email, *password, *grant_type;
};

static const char *const colours[] = { "red", "green", NULL };
static const char *const aliases[] = { "lime", "green", NULL };
static const char *const grants[] = { "password", NULL };
static int64_t pin_min = 6;

static const struct field maker_fields[] = {
	{ TEXT(struct maker, name), .flags = F_READ, .summary = "Its name." },
};
static const struct schema maker_schema = SCHEMA("Maker", struct maker, maker_fields);
/* Another schema of that name. */
static const struct schema seller_schema = SCHEMA("Maker", struct maker, maker_fields);

static const struct field tag = { .type = TYPE_TEXT, .min = 1, .max = 5, .example = "new" };
static const struct field size = { .type = TYPE_ENUM, .choices = colours };

static const struct field lamp_fields[] = {
	{ UUID(struct lamp, id), .flags = F_READ, .summary = "Identifier." },
	{ TEXT(struct lamp, title), .flags = F_RW | F_REQUIRED, .min = 1, .max = 10,
	  .summary = "A \"name\".", .example = "Lamp" },
	{ TEXT(struct lamp, note), .flags = F_RW | F_NULLABLE, .min = 30, .max = 40 },
	{ ENUM(struct lamp, colour), .flags = F_RW | F_NULLABLE, .choices = colours,
	  .aliases = aliases, .default_value = "green" },
	{ TIME(struct lamp, made_at), .flags = F_READ | F_CREATE },
	{ EMAIL(struct lamp, email), .flags = F_READ | F_UPDATE },
	{ TEXT(struct lamp, pin), .flags = F_CREATE | F_SECRET, .min = 1, .max = 8,
	  .min_setting = &pin_min },
	{ TEXT(struct lamp, hidden) },
	{ INT(struct lamp, watts), .flags = F_RW, .min = 5, .max = 100, .default_value = "40" },
	{ INT(struct lamp, free), .flags = F_RW | F_REQUIRED },
	{ BOOL(struct lamp, lit), .flags = F_RW, .default_value = "false",
	  .summary = "Whether it is on." },
	{ RECORD(struct lamp, maker, &maker_schema), .flags = F_READ },
	{ RECORD(struct lamp, seller, &seller_schema), .flags = F_READ | F_NULLABLE },
	{ RECORDS(struct lamp, parts, &maker_schema), .flags = F_READ },
	{ DATE(struct lamp, sold_on), .flags = F_RW | F_NULLABLE },
	{ DECIMAL(struct lamp, price, 2), .flags = F_RW, .min = 0, .max = 500 },
	{ DECIMAL(struct lamp, weight, 0), .flags = F_RW | F_NULLABLE, .default_value = "7" },
	{ JSON(struct lamp, extra), .flags = F_RW | F_NULLABLE },
	{ JSON(struct lamp, more), .flags = F_READ },
	{ ARRAY(struct lamp, tags, &tag), .flags = F_RW, .summary = "Words." },
	{ ARRAY(struct lamp, sizes, &size), .flags = F_RW | F_NULLABLE, .min = 1, .max = 2 },
};
static const struct schema lamp_schema = SCHEMA("Lamp", struct lamp, lamp_fields);

static const struct field plug_fields[] = {
	{ UUID(struct plug, id), .flags = F_READ },
	{ INT(struct plug, version) },
};
static const struct schema plug_schema = SCHEMA("Plug", struct plug, plug_fields);

static const struct field sign_fields[] = {
	{ EMAIL(struct sign, email), .flags = F_CREATE | F_REQUIRED },
	{ TEXT(struct sign, password), .flags = F_CREATE | F_REQUIRED | F_SECRET },
};
static const struct schema sign_schema = SCHEMA("Sign", struct sign, sign_fields);
static const struct field form_fields[] = {
	{ TEXT(struct sign, email), .flags = F_CREATE | F_REQUIRED },
	{ TEXT(struct sign, password), .flags = F_CREATE | F_REQUIRED | F_SECRET },
	{ ENUM(struct sign, grant_type), .flags = F_CREATE, .choices = grants },
};
static const struct schema form_schema = SCHEMA("SignForm", struct sign, form_fields);

static const struct field search_fields[] = {
	{ TEXT(struct lamp, title), .flags = F_CREATE | F_REQUIRED, .min = 1, .max = 200 },
	{ INT(struct lamp, watts), .flags = F_CREATE, .max = 60, .default_value = "3" },
	{ TEXT(struct lamp, hidden) },
};
static const struct schema search_schema = SCHEMA("Search", struct lamp, search_fields);

static const struct list_filter filters[] = {
	{ "colour", "Of it.", .sql = "colour = $",
	  .value = { .type = TYPE_ENUM, .choices = colours, .aliases = aliases } },
	{ .column = "owner_id" },
	{ "after", .sql = "made_at > $", .value = { .type = TYPE_TIME } },
	{ 0 },
};
static const struct list_sort sorts[] = { { "made_at" }, { "title" }, { 0 } };
static const struct table lamps = {
	.name = "lamps",
	.schema = &lamp_schema,
	.filters = filters,
	.sorts = sorts,
};

static enum error
response(struct request *req)
{
	return respond_empty(req, OK);
}

static const struct route lamp_routes[] = {
	{ GET, "/lamps", response, ACCESS_VIEWER, .scope = "lamps:read", .list = &lamps,
	  .response = &lamp_schema, .id = "lamps_list", .summary = "List \"lamps\"" },
	{ POST, "/lamps", response, ACCESS_MEMBER, .scope = "", .body = &lamp_schema,
	  .response = &lamp_schema, .status = 201, .errors = { E_CONFLICT, E_LAST_OWNER },
	  .id = "lamps_create", .summary = "Create a lamp", .description = "Lights it." },
	{ GET, "/lamps/{id}", response, ACCESS_PUBLIC, .response = &lamp_schema, .id = "lamps_show",
	  .summary = "Get a lamp" },
	{ PATCH, "/lamps/{id}", response, ACCESS_ADMIN, .body = &lamp_schema,
	  .response = &lamp_schema, .id = "lamps_update", .summary = "Update a lamp" },
	{ DELETE, "/lamps/{id}/parts/{part_id}", response, ACCESS_OWNER, .status = 204,
	  .response_headers = { { "X-Rest", "How many are left." } }, .id = "lamps_remove_part",
	  .summary = "Remove a part" },
	{ GET, "/lamps/search", response, ACCESS_VIEWER, .query = &search_schema,
	  .response = &lamp_schema, .deprecated = true, .id = "lamps_search", .summary = "Search" },
	{ GET, "/lamps", response, ACCESS_PUBLIC, .id = "never_reached" },
	{ 0 },
};

static const struct rate rate = { 5, 60 }, no_rate;
static const struct limit sign_limit = { "sign", &rate, NULL }, no_limit = { "no", &no_rate, NULL };

static const struct route other_routes[] = {
	{ POST, "/sign/token", response, ACCESS_PUBLIC, .body = &sign_schema, .form = &form_schema,
	  .errors = { E_INVALID_CREDENTIALS }, .limits = { &sign_limit }, .token_endpoint = true,
	  .id = "sign_token", .summary = "Sign in" },
	{ POST, "/sign/in", response, ACCESS_PUBLIC, .body = &sign_schema, .form = &form_schema,
	  .id = "sign_in", .summary = "Sign in" },
	{ GET, "/state", response, ACCESS_PUBLIC, .root = true, .response = &maker_schema,
	  .body_on_503 = true, .id = "state", .summary = "State." },
	{ GET, "/numbers", response, ACCESS_PUBLIC, .root = true, .media_type = "text/plain",
	  .limits = { &no_limit }, .id = "numbers", .summary = "Numbers." },
	{ GET, "/self", response, ACCESS_NOBODY, .id = "self", .summary = "Closed." },
	{ 0 },
};

/* Rows that are counted, and a path that is shown only in another way. */
static const struct route plug_routes[] = {
	{ GET, "/plugs/{id}", response, ACCESS_PUBLIC, .response = &plug_schema,
	  .id = "plugs_show" },
	{ PUT, "/plugs/{id}", response, ACCESS_PUBLIC, .response = &plug_schema,
	  .id = "plugs_replace" },
	{ DELETE, "/plugs/{id}", response, ACCESS_PUBLIC, .status = 204, .id = "plugs_delete" },
	{ POST, "/plugs", response, ACCESS_PUBLIC, .response = &plug_schema, .status = 201,
	  .id = "plugs_create" },
	{ POST, "/plugs/{id}/test", response, ACCESS_PUBLIC, .response = &maker_schema,
	  .status = 202, .location = "/tests", .idempotent = true, .id = "plugs_test" },
	{ 0 },
};

static const struct feature plug_feature = {
	.name = "plugs", .tag = "The others", .summary = "Not shown.", .routes = plug_routes
};
static const struct feature lamp_feature = { .name = "lamps",
					     .summary = "Light.",
					     .routes = lamp_routes };
static const struct feature other_feature = { .name = "other",
					      .tag = "The others",
					      .summary = "The rest.",
					      .routes = other_routes,
					      .api_keys = true };
static const struct feature bare_feature = { .name = "bare", .routes = NULL };

const struct app *
test_app(void)
{
	static const struct feature *const features[] = {
		&lamp_feature, &bare_feature, &other_feature, &plug_feature, NULL,
	};
	static const struct app app = { .name = "test", .features = features };

	return &app;
}

static json_object *document;

static void
make_document(void)
{
	const char *text;
	size_t len;

	settings.app_name = "Lamp \"shop\"";
	if (!settings.api_prefix)
		settings.api_prefix = "/api/v1";
	text = openapi_document(test_app(), &len);
	cr_assert_not_null(text);
	cr_assert_eq(strlen(text), len);
	cr_assert_null(json_check(text, len), "%s", json_check(text, len));
	document = json_tokener_parse(text);
	cr_assert_not_null(document);
}

static void
free_document(void)
{
	json_object_put(document);
}

TestSuite(openapi, .init = make_document, .fini = free_document);

/* The value at an RFC 6901 pointer, or NULL. */
static json_object *
at(const char *pointer)
{
	json_object *value = NULL;

	return json_pointer_get(document, pointer, &value) == 0 ? value : NULL;
}

/* It is there, and printed without spaces it is that text. */
static void
is(const char *pointer, const char *json)
{
	json_object *value = at(pointer);
	const char *text;

	cr_assert_not_null(value, "%s is not there", pointer);
	text = json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN |
							 JSON_C_TO_STRING_NOSLASHESCAPE);
	cr_expect_str_eq(text, json, "%s: %s", pointer, text);
}

static void
is_absent(const char *pointer)
{
	cr_expect_null(at(pointer), "%s is there", pointer);
}

/* The names of an object's members, with blanks between. */
static void
members_are(const char *pointer, const char *names)
{
	json_object *object = at(pointer);
	char text[2000] = "";

	cr_assert_not_null(object, "%s is not there", pointer);
	json_object_object_foreach(object, name, value)
	{
		size_t n = strlen(text);

		(void)value;
		snprintf(text + n, sizeof(text) - n, "%s%s", n ? " " : "", name);
	}
	cr_expect_str_eq(text, names, "%s: %s", pointer, text);
}

#define LIST   "/paths/~1api~1v1~1lamps/get"
#define CREATE "/paths/~1api~1v1~1lamps/post"
#define SHOW   "/paths/~1api~1v1~1lamps~1{id}/get"
#define UPDATE "/paths/~1api~1v1~1lamps~1{id}/patch"
#define REMOVE "/paths/~1api~1v1~1lamps~1{id}~1parts~1{part_id}/delete"
#define SEARCH "/paths/~1api~1v1~1lamps~1search/get"
#define TOKEN  "/paths/~1api~1v1~1sign~1token/post"

Test(openapi, says_what_it_is)
{
	is("/openapi", "\"3.1.0\"");
	is("/info/title", "\"Lamp \\\"shop\\\"\"");
	is("/info/version", "\"" PACKAGE_VERSION "\"");
	is("/servers", "[{\"url\":\"/\"}]");
	is("/tags", "[{\"name\":\"lamps\",\"description\":\"Light.\"},"
		    "{\"name\":\"The others\",\"description\":\"The rest.\"}]");
	is(TOKEN "/tags", "[\"The others\"]");
	cr_expect(strstr(json_object_get_string(at("/info/description")),
			 "  $SERVER/api/v1/sign/token\n"));
}

Test(openapi, has_every_route_once)
{
	members_are("/paths", "/api/v1/lamps /api/v1/lamps/{id} "
			      "/api/v1/lamps/{id}/parts/{part_id} /api/v1/lamps/search "
			      "/api/v1/sign/token /api/v1/sign/in /state /numbers /api/v1/self "
			      "/api/v1/plugs/{id} /api/v1/plugs /api/v1/plugs/{id}/test");
	members_are("/paths/~1api~1v1~1lamps", "get post");
	members_are("/paths/~1api~1v1~1lamps~1{id}", "get patch");
	is(LIST "/operationId", "\"lamps_list\"");
	is(LIST "/summary", "\"List \\\"lamps\\\"\"");
	is(LIST "/tags", "[\"lamps\"]");
	is(SEARCH "/deprecated", "true");
	is_absent(LIST "/deprecated");
}

Test(openapi, names_a_component_for_each_use)
{
	members_are("/components/schemas",
		    "LampPage LampCreate Lamp LampUpdate SignForm Sign Maker Plug Maker2 "
		    "Problem FieldError");
	is(CREATE "/requestBody/content/application~1json/schema",
	   "{\"$ref\":\"#/components/schemas/LampCreate\"}");
	is(CREATE "/responses/201/content/application~1json/schema",
	   "{\"$ref\":\"#/components/schemas/Lamp\"}");
	members_are(UPDATE "/requestBody/content", "application/json");
	is(UPDATE "/requestBody/content/application~1json/schema",
	   "{\"$ref\":\"#/components/schemas/LampUpdate\"}");
	is(LIST "/responses/200/content/application~1json/schema",
	   "{\"$ref\":\"#/components/schemas/LampPage\"}");
	members_are("/paths/~1api~1v1~1sign~1in/post/requestBody/content", "application/json");
	members_are(TOKEN "/requestBody/content", "application/x-www-form-urlencoded");
	is(TOKEN "/requestBody/content/application~1x-www-form-urlencoded/schema",
	   "{\"$ref\":\"#/components/schemas/SignForm\"}");
}

Test(openapi, shows_each_row_where_its_flags_say)
{
	members_are("/components/schemas/Lamp/properties",
		    "id title note colour made_at email watts free lit maker seller parts "
		    "sold_on price weight extra more tags sizes");
	members_are(
	    "/components/schemas/LampCreate/properties",
	    "title note colour made_at pin watts free lit sold_on price weight extra tags sizes");
	members_are("/components/schemas/LampUpdate/properties",
		    "title note colour email watts free lit sold_on price weight extra tags sizes");
	is("/components/schemas/Lamp/required",
	   "[\"id\",\"title\",\"note\",\"colour\",\"made_at\",\"email\",\"watts\",\"free\","
	   "\"lit\",\"maker\",\"seller\",\"parts\",\"sold_on\",\"price\",\"weight\",\"extra\","
	   "\"more\",\"tags\",\"sizes\"]");
	is("/components/schemas/LampCreate/required", "[\"title\",\"free\"]");
	is("/components/schemas/LampUpdate/required", "[]");
	is("/components/schemas/LampCreate/additionalProperties", "false");
	is("/components/schemas/LampUpdate/additionalProperties", "false");
	is_absent("/components/schemas/Lamp/additionalProperties");
}

Test(openapi, says_all_of_a_row)
{
	is("/components/schemas/LampCreate/properties/title",
	   "{\"description\":\"A \\\"name\\\".\",\"type\":\"string\",\"minLength\":1,"
	   "\"maxLength\":10,\"examples\":[\"Lamp\"]}");
	is("/components/schemas/LampCreate/properties/note",
	   "{\"type\":[\"string\",\"null\"],\"minLength\":30,\"maxLength\":40}");
	is("/components/schemas/LampCreate/properties/colour",
	   "{\"description\":\"`lime` is accepted for `green`. Default: `green`.\","
	   "\"type\":[\"string\",\"null\"],\"enum\":[\"red\",\"green\",null]}");
	is_absent("/components/schemas/LampUpdate/properties/colour/default");
	is("/components/schemas/LampUpdate/properties/colour/description",
	   "\"`lime` is accepted for `green`.\"");
	is("/components/schemas/LampCreate/properties/made_at",
	   "{\"type\":\"string\",\"format\":\"date-time\"}");
	is("/components/schemas/LampUpdate/properties/email",
	   "{\"type\":\"string\",\"format\":\"email\",\"maxLength\":254}");
	is("/components/schemas/LampCreate/properties/pin",
	   "{\"type\":\"string\",\"format\":\"password\",\"writeOnly\":true,\"minLength\":6,"
	   "\"maxLength\":8}");
	is("/components/schemas/LampCreate/properties/watts",
	   "{\"description\":\"Default: `40`.\",\"type\":\"integer\",\"format\":\"int64\","
	   "\"minimum\":5,\"maximum\":100}");
	is("/components/schemas/LampCreate/properties/free",
	   "{\"type\":\"integer\",\"format\":\"int64\"}");
	is("/components/schemas/LampCreate/properties/lit",
	   "{\"description\":\"Whether it is on. Default: `false`.\",\"type\":\"boolean\"}");
	is("/components/schemas/Lamp/properties/id/format", "\"uuid\"");
	is("/components/schemas/Lamp/properties/maker",
	   "{\"allOf\":[{\"$ref\":\"#/components/schemas/Maker\"}]}");
	is("/components/schemas/Lamp/properties/seller",
	   "{\"anyOf\":[{\"$ref\":\"#/components/schemas/Maker2\"},{\"type\":\"null\"}]}");
	is("/components/schemas/Lamp/properties/parts",
	   "{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Maker\"}}");
}

#define LAMP "/components/schemas/Lamp"

Test(openapi, says_what_each_type_takes_and_gives)
{
	is(LAMP "/properties/sold_on", "{\"type\":[\"string\",\"null\"],\"format\":\"date\"}");
	is(LAMP "/properties/price",
	   "{\"type\":\"string\",\"pattern\":\"^-?[0-9]{1,16}\\\\.[0-9]{2}$\","
	   "\"examples\":[\"1.00\"]}");
	is(LAMP "Create/properties/price",
	   "{\"description\":\"From 0 to 500. A JSON number is accepted too.\","
	   "\"type\":\"string\",\"pattern\":\"^-?0*[0-9]{1,16}(\\\\.[0-9]{1,2})?$\","
	   "\"examples\":[\"1.00\"]}");
	is(LAMP "Create/properties/weight",
	   "{\"description\":\"A JSON number is accepted too. Default: `7`.\","
	   "\"type\":[\"string\",\"null\"],\"pattern\":\"^-?0*[0-9]{1,18}$\","
	   "\"examples\":[\"1\"]}");
	is(LAMP "/properties/extra", "{}");
	is(LAMP "/properties/more",
	   "{\"type\":[\"object\",\"array\",\"string\",\"number\",\"boolean\"]}");
	is(LAMP "Update/properties/tags",
	   "{\"description\":\"Words.\",\"type\":\"array\",\"items\":{\"type\":\"string\","
	   "\"minLength\":1,\"maxLength\":5},\"maxItems\":100}");
	is(LAMP "/properties/sizes",
	   "{\"type\":[\"array\",\"null\"],\"items\":{\"type\":\"string\","
	   "\"enum\":[\"red\",\"green\"]},\"minItems\":1,\"maxItems\":2,\"uniqueItems\":true}");
}

Test(openapi, takes_its_own_examples)
{
	struct ctx c = { .arena = arena_new(1 << 20), .request_id = "test" };
	json_object *body = json_tokener_parse("{\"free\":1}");
	const char *text;
	struct lamp lamp;
	uint64_t given;

	json_object_object_foreach(at(LAMP "Create/properties"), name, field)
	{
		json_object *examples = json_object_object_get(field, "examples");

		if (examples)
			json_object_object_add(
			    body, name, json_object_get(json_object_array_get_idx(examples, 0)));
	}
	text = json_object_to_json_string(body);
	cr_expect_eq(
	    schema_read(&c, &lamp_schema, SCHEMA_CREATE, text, strlen(text), &lamp, &given), OK);
	cr_expect_str_eq(lamp.title, "Lamp");
	cr_expect_str_eq(lamp.price, "1.00");
	json_object_put(body);
	arena_free(c.arena);
}

Test(openapi, describes_parameters)
{
	is(SHOW "/parameters/0/name", "\"id\"");
	is(SHOW "/parameters/0/in", "\"path\"");
	is(SHOW "/parameters/0/required", "true");
	is(SHOW "/parameters/0/schema/format", "\"uuid\"");
	is(REMOVE "/parameters/1/name", "\"part_id\"");
	is(CREATE "/parameters", "[]");

	is(SEARCH "/parameters/0/name", "\"title\"");
	is(SEARCH "/parameters/0/required", "true");
	is(SEARCH "/parameters/0/schema/maxLength", "200");
	is(SEARCH "/parameters/1/name", "\"watts\"");
	is_absent(SEARCH "/parameters/1/required");
	is(SEARCH "/parameters/1/description", "\"Default: `3`.\"");
	is_absent(SEARCH "/parameters/1/schema/default");
}

#define PARAMETER "#/components/parameters/"

Test(openapi, describes_lists)
{
	static const char *const shared[] = { "limit", "offset", "cursor" };
	static const char *const own[] = { "sort", "colour", "after" };
	char pointer[100], ref[100];

	cr_assert_eq(json_object_array_length(at(LIST "/parameters")), COUNT(shared) + COUNT(own));
	for (size_t i = 0; i < COUNT(shared); i++) {
		snprintf(pointer, sizeof(pointer), LIST "/parameters/%zu/$ref", i);
		snprintf(ref, sizeof(ref), "\"" PARAMETER "%s\"", shared[i]);
		is(pointer, ref);
	}
	for (size_t i = 0; i < COUNT(own); i++) {
		snprintf(pointer, sizeof(pointer), LIST "/parameters/%zu/name", COUNT(shared) + i);
		snprintf(ref, sizeof(ref), "\"%s\"", own[i]);
		is(pointer, ref);
	}
	is("/components/parameters/limit/schema",
	   "{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":1,\"maximum\":100}");
	is("/components/parameters/offset/schema/minimum", "0");
	is(LIST "/parameters/3/schema/enum", "[\"-made_at\",\"made_at\",\"-title\",\"title\"]");
	is(LIST "/parameters/3/description",
	   "\"Order; a minus sign means descending. Default: `-made_at`.\"");
	is(LIST "/parameters/4/schema/enum", "[\"red\",\"green\"]");
	is(LIST "/parameters/4/description", "\"Of it. `lime` is accepted for `green`.\"");
	is(LIST "/parameters/5/schema/format", "\"date-time\"");
	is("/components/schemas/LampPage/required", "[\"items\",\"limit\",\"next_cursor\"]");
	members_are("/components/schemas/LampPage/properties",
		    "items total limit offset next_cursor");
	members_are(LIST "/responses/200/headers", "Link");
}

Test(openapi, names_the_errors_of_a_row)
{
	members_are(LIST "/responses", "200 default");
	members_are(CREATE "/responses", "201 409 default");
	members_are(SHOW "/responses", "200 404 default");
	members_are(UPDATE "/responses", "200 404 default");
	members_are(REMOVE "/responses", "204 404 default");
	members_are(TOKEN "/responses", "200 401 default");
	is(LIST "/responses/default/$ref", "\"#/components/responses/Problem\"");
	is(TOKEN "/responses/401",
	   "{\"description\":\"`invalid_credentials`: the e-mail address or the password is "
	   "wrong.\",\"content\":{\"application/problem+json\":{\"schema\":"
	   "{\"$ref\":\"#/components/schemas/Problem\"}}}}");
	cr_expect(strstr(json_object_get_string(at(CREATE "/responses/409/description")),
			 ". `last_owner`: "));
	members_are("/components/responses", "Problem");
	members_are("/components/responses/Problem/content", "application/problem+json");
	members_are("/components/responses/Problem/headers",
		    "X-Request-ID Cache-Control RateLimit-Policy RateLimit WWW-Authenticate "
		    "Retry-After Allow");
	is("/components/responses/Problem/headers/X-Request-ID/required", "true");
	is_absent("/components/responses/Problem/headers/RateLimit/required");
	is("/components/responses/Problem/headers/RateLimit/schema/examples",
	   "[\"\\\"login\\\";r=4;t=12\"]");
	is_absent("/components/schemas/Problem/properties/code/enum");
	cr_expect(strstr(
	    json_object_get_string(at("/components/schemas/Problem/properties/code/description")),
	    "`not_found`"));
	is_absent("/components/schemas/FieldError/properties/code/enum");
	cr_expect(strstr(json_object_get_string(
			     at("/components/schemas/FieldError/properties/code/description")),
			 "`too_short`"));
}

#define PLUG "/paths/~1api~1v1~1plugs~1{id}"

Test(openapi, describes_versions)
{
	is(PLUG "/get/parameters/1/$ref", "\"" PARAMETER "If-None-Match\"");
	is_absent(PLUG "/get/parameters/2");
	is(PLUG "/put/parameters/1/$ref", "\"" PARAMETER "If-Match\"");
	is(PLUG "/delete/parameters/1/$ref", "\"" PARAMETER "If-Match\"");
	is("/components/parameters/If-Match/in", "\"header\"");
	members_are("/components/parameters/If-Match/schema", "type pattern");
	is("/paths/~1api~1v1~1plugs/post/parameters", "[]");
	is_absent(UPDATE "/parameters/1");
	members_are(PLUG "/get/responses", "200 304 404 default");
	members_are(PLUG "/get/responses/304", "description headers");
	members_are(PLUG "/get/responses/304/headers", "ETag");
	is(PLUG "/get/responses/304/headers/ETag/required", "true");
	members_are(PLUG "/put/responses/200/headers", "ETag");
	members_are(PLUG "/delete/responses/204/headers", "");
	members_are("/paths/~1api~1v1~1plugs/post/responses/201/headers", "Location ETag");
}

#define TEST "/paths/~1api~1v1~1plugs~1{id}~1test/post"

Test(openapi, describes_keys)
{
	is(TEST "/parameters/1/$ref", "\"" PARAMETER "Idempotency-Key\"");
	members_are("/components/parameters/Idempotency-Key/schema", "type pattern");
	members_are(TEST "/responses/202/headers", "Location Idempotency-Replayed");
	is_absent(TEST "/responses/202/headers/Idempotency-Replayed/required");
}

Test(openapi, describes_answers)
{
	members_are(CREATE "/responses/201/headers", "Location");
	is_absent(REMOVE "/responses/204/content");
	is(REMOVE "/responses/204/headers/X-Rest",
	   "{\"description\":\"How many are left.\",\"required\":true,"
	   "\"schema\":{\"type\":\"string\"}}");
	members_are("/paths/~1numbers/get/responses/200/content", "text/plain");
	is("/paths/~1numbers/get/responses/200/content/text~1plain/schema/type", "\"string\"");
	members_are("/paths/~1state/get/responses/503/content",
		    "application/json application/problem+json");
	is("/paths/~1state/get/responses/503/content/application~1json/schema/$ref",
	   "\"#/components/schemas/Maker\"");
}

Test(openapi, says_who_may)
{
	is(SHOW "/security", "[]");
	is(LIST "/security", "[{\"bearer\":[]}]");
	is(CREATE "/security", "[{\"bearer\":[]}]");
	is(UPDATE "/security", "[{\"bearer\":[]}]");
	is(LIST "/description", "\"For signed-in users. API keys need the scope `lamps:read`.\"");
	is(CREATE "/description",
	   "\"Lights it.\\n\\nFor members, admins and owners. API keys need no scope.\"");
	is(UPDATE "/description", "\"For admins and owners. API keys are rejected.\"");
	is(SHOW "/description", "\"Public.\"");
	is("/paths/~1api~1v1~1self/get/description",
	   "\"Closed to all callers. API keys are rejected.\"");
	members_are("/components/securitySchemes", "bearer oauth2");
	is("/components/securitySchemes/oauth2/flows/password/tokenUrl", "\"/api/v1/sign/token\"");
	is("/components/securitySchemes/oauth2/flows/password/refreshUrl",
	   "\"/api/v1/sign/token\"");
	is("/components/securitySchemes/bearer",
	   "{\"type\":\"http\",\"scheme\":\"bearer\","
	   "\"description\":\"An access token or an API key.\"}");
}

/* Every $ref leads somewhere, and every component is led to. */
static void
follow(json_object *value, unsigned *refs)
{
	if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++)
			follow(json_object_array_get_idx(value, i), refs);
		return;
	}
	if (!json_object_is_type(value, json_type_object))
		return;

	json_object_object_foreach(value, name, member)
	{
		if (strcmp(name, "$ref") == 0) {
			const char *ref = json_object_get_string(member);

			(*refs)++;
			cr_expect_not_null(at(ref + 1), "%s leads nowhere", ref);
		}
		follow(member, refs);
	}
}

Test(openapi, refers_to_what_is_there)
{
	unsigned refs = 0;

	follow(document, &refs);
	cr_expect_gt(refs, 50);
}

Test(openapi, uses_every_component)
{
	const char *text = json_object_to_json_string_ext(document, JSON_C_TO_STRING_NOSLASHESCAPE);

	for (const char *const *kind =
		 (const char *const[]) { "schemas", "responses", "parameters", NULL };
	     *kind; kind++) {
		char pointer[100], ref[200];

		snprintf(pointer, sizeof(pointer), "/components/%s", *kind);
		json_object_object_foreach(at(pointer), name, unread)
		{
			(void)unread;
			snprintf(ref, sizeof(ref), "\"#/components/%s/%s\"", *kind, name);
			cr_expect_not_null(strstr(text, ref), "%s is not used", ref);
		}
	}
}

Test(openapi, is_made_once)
{
	size_t a, b;

	cr_expect_eq(openapi_document(test_app(), &a), openapi_document(test_app(), &b));
	cr_expect_eq(a, b);
}

static void
no_prefix(void)
{
	settings.api_prefix = "";
	make_document();
}

/* Without a prefix a route and its double at the root are one. */
Test(openapi_without_prefix, has_short_paths, .init = no_prefix, .fini = free_document)
{
	cr_expect_not_null(at("/paths/~1lamps~1{id}/get"));
	is("/components/securitySchemes/oauth2/flows/password/tokenUrl", "\"/sign/token\"");
}

/* The responses of an operation are written status by status. */
Test(openapi, errors_are_in_the_order_of_their_statuses)
{
	for (int e = 2; e < ERROR_COUNT; e++)
		cr_expect_leq(error_info((enum error)(e - 1))->status,
			      error_info((enum error)e)->status, "%s",
			      error_info((enum error)e)->code);
}
