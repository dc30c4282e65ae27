/* Writes every member that a route accepts at its lowest and highest value, and reads it back:
 * by POST, PUT and PATCH of every resource. The values come from the schema rows, so a new
 * field is tested as soon as it has a row. */
#include <criterion/criterion.h>

#include "support/call.h"

#include "app/feature.h"
#include "app/settings.h"

#include <json.h>

enum { RESOURCES_MAX = 100, BODY_MAX = 4 << 20, TEXT_LENGTH = 300, JSON_LENGTH = 64 * 1024 };

#define FIFTY_LETTERS   "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwx"
#define HUNDRED_LETTERS FIFTY_LETTERS FIFTY_LETTERS

/* Each value of a bound differs from that of the other, so one of them is no default. */
enum bound { LOW, HIGH, BOUNDS };

/* Members that a rule restricts further than their rows do: "PATCH /gizmos/{id} status". They are
 * left out; test them by hand. */
static const char *const skipped[] = { NULL };

/* A resource that can be created and read; its path contains the id: "/gizmos/{id}". */
struct resource {
	const struct route *create, *put, *patch, *remove;
	const char *base;
	const char *rows[BOUNDS]; /* ids of two rows, for fields that refer to them */
};

static struct test *t;
static struct account owner;
static struct resource resources[RESOURCES_MAX];
static size_t nresources;

/* --- resources --- */

static const struct route *
find_route(enum method method, const char *base)
{
	const char *path = arena_printf(t->arena, "%s/{id}", base);

	for (const struct feature *const *f = features; *f; f++)
		for (const struct route *r = (*f)->routes; r && r->method; r++)
			if (r->method == method && strcmp(r->path, path) == 0)
				return r;
	return NULL;
}

static void
add_resource(const struct route *create)
{
	struct resource *r = &resources[nresources++ % RESOURCES_MAX];

	cr_assert_leq(nresources, RESOURCES_MAX);
	r->create = create;
	r->base = create->location ? create->location : create->path;
	r->put = find_route(PUT, r->base);
	r->patch = find_route(PATCH, r->base);
	r->remove = find_route(DELETE, r->base);
	cr_assert(find_route(GET, r->base), "POST %s: there is no GET %s/{id}", create->path,
		  r->base);
}

static void
begin(void)
{
	t = test_begin();
	owner = make_user(t, .role = "owner");
	t->ctx->caller = (struct caller) { .role = ROLE_OWNER, .user_id = owner.id };
	nresources = 0;
	for (const struct feature *const *f = features; *f; f++)
		for (const struct route *r = (*f)->routes; r && r->method; r++)
			if (r->method == POST && r->status == 201 && r->body && r->response)
				add_resource(r);
}

TestSuite(fields, .init = begin, .fini = test_end, .timeout = 300);

/* --- values --- */

static const char *value_of(const struct field *, enum bound);

static uint32_t
next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 16;
}

/* `n` characters of two bytes, or of one: letters that no list of passwords has. */
static const char *
text_value(int64_t n, enum bound bound)
{
	static uint32_t random = 1;
	struct buf b = buf_new(t->arena, BODY_MAX);

	for (int64_t i = 0; i < n; i++) {
		if (bound == HIGH)
			buf_text(&b, "é");
		else
			buf_char(&b, (char)('a' + next_random(&random) % 26));
	}
	return arena_printf(t->arena, "\"%s\"", buf_done(&b));
}

static const char *
email_value(enum bound bound)
{
	static int n;
	const char *name = arena_printf(t->arena, "n%d", ++n);

	if (bound == LOW)
		return arena_printf(t->arena, "\"%s@example.com\"", name);
	return arena_printf(t->arena, "\"%s%.*s@%.63s.%.63s.%.57s.com\"", name,
			    64 - (int)strlen(name), HUNDRED_LETTERS, HUNDRED_LETTERS,
			    HUNDRED_LETTERS, HUNDRED_LETTERS);
}

static bool
has_range(const struct field *f)
{
	return f->min || f->max;
}

static const char *
int_value(const struct field *f, enum bound bound)
{
	if (has_range(f))
		return arena_printf(t->arena, "%" PRId64, bound == LOW ? f->min : f->max);
	return bound == LOW ? "-9223372036854775807" : "9223372036854775807";
}

static const char *
decimal_value(const struct field *f, enum bound bound)
{
	const char *zeros = "000000000000000000", *nines = "999999999999999999";
	const char *point = f->scale ? "." : "";

	if (has_range(f))
		return arena_printf(t->arena, "\"%" PRId64 "%s%.*s\"",
				    bound == LOW ? f->min : f->max, point, f->scale, zeros);
	return arena_printf(t->arena, "\"%s%.*s%s%.*s\"", bound == LOW ? "-" : "",
			    DECIMAL_DIGITS - f->scale, nines, point, f->scale, nines);
}

static const char *
choice_value(const struct field *f, enum bound bound)
{
	size_t last = 0;

	while (bound == HIGH && f->choices[last + 1])
		last++;
	return arena_printf(t->arena, "\"%s\"", f->choices[last]);
}

static const char *
array_value(const struct field *f, enum bound bound)
{
	int64_t n = bound == LOW ? f->min : f->max ? f->max : ARRAY_MAX;
	struct buf b = buf_new(t->arena, BODY_MAX);

	buf_char(&b, '[');
	for (int64_t i = 0; i < n && (!f->item->choices || f->item->choices[i]); i++) {
		buf_text(&b, i ? "," : "");
		if (f->item->choices)
			buf_printf(&b, "\"%s\"", f->item->choices[i]);
		else
			buf_text(&b, value_of(f->item, i % 2 ? LOW : HIGH));
	}
	buf_char(&b, ']');
	return buf_done(&b);
}

static const char *
reference_value(const struct field *f, enum bound bound)
{
	if (!f->visible)
		return bound == LOW ? "\"0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10\""
				    : "\"ffffffff-ffff-4fff-bfff-ffffffffffff\"";
	for (size_t i = 0; i < nresources; i++) {
		const char *id = resources[i].rows[bound];

		if (id && f->visible(t->ctx, f, id) == OK)
			return arena_printf(t->arena, "\"%s\"", id);
	}
	return NULL;
}

/* A valid value as JSON, as responses contain it. NULL: the field refers to a row that does not
 * exist. */
static const char *
value_of(const struct field *f, enum bound bound)
{
	bool low = bound == LOW;

	switch (f->type) {
	case TYPE_TEXT:
		return text_value(low ? field_min(f) : f->max ? f->max : TEXT_LENGTH, bound);
	case TYPE_EMAIL:
		return email_value(bound);
	case TYPE_UUID:
		return reference_value(f, bound);
	case TYPE_TIME:
		return low ? "\"2100-01-01T00:00:00.000000Z\"" : "\"9999-12-31T23:59:59.999999Z\"";
	case TYPE_DATE:
		return low ? "\"0001-01-01\"" : "\"9999-12-31\"";
	case TYPE_ENUM:
		return choice_value(f, bound);
	case TYPE_INT:
		return int_value(f, bound);
	case TYPE_DECIMAL:
		return decimal_value(f, bound);
	case TYPE_BOOL:
		return low ? "false" : "true";
	case TYPE_JSON:
		return low ? "{\"a\":[1,2.5,null,true,\"é\"]}"
			   : text_value(((f->max ? f->max : JSON_LENGTH) - 2) / 2, bound);
	case TYPE_ARRAY:
		return array_value(f, bound);
	case TYPE_RECORD:
	case TYPE_RECORDS:
		break;
	}
	cr_assert_fail("%s: no value for its type", f->name);
	return NULL;
}

/* --- comparison --- */

static struct json_object *
parse(const char *json)
{
	struct json_object *object = json_tokener_parse(json);

	cr_assert(object || strcmp(json, "null") == 0, "%s", json);
	return object;
}

/* A secret can be written, but not read. Any other member must be in the response. */
static void
expect_member(const struct route *r, const struct field *f, struct json_object *row,
	      const char *value, const char *after)
{
	struct json_object *wanted, *got = NULL;

	if (f->flags & F_SECRET)
		return;
	wanted = parse(value);
	cr_expect(json_object_object_get_ex(row, f->name, &got),
		  "%s %s: %s is accepted, but not in the response", method_name(r->method), r->path,
		  f->name);
	cr_expect(json_object_equal(got, wanted), "%s %s: %s was set to %.100s, but %s has %.100s",
		  method_name(r->method), r->path, f->name, value, after,
		  json_object_to_json_string(got));
	json_object_put(wanted);
}

/* The last written value of each field of a schema. */
struct written {
	const struct schema *schema;
	const char *values[64];
};

static void
expect_row(const struct route *r, const struct written *w, const char *uri,
	   const struct test_response *written)
{
	struct test_response a = call(t, "GET", uri, .token = owner.token);

	cr_assert_eq(a.status, 200, "GET %s: %u %s", uri, a.status, a.body);
	for (size_t i = 0; i < w->schema->nfields; i++) {
		if (!w->values[i])
			continue;
		expect_member(r, &w->schema->fields[i], written->json, w->values[i],
			      "the response");
		expect_member(r, &w->schema->fields[i], a.json, w->values[i], "a later GET");
	}
}

/* Whether the route writes the member. */
static bool
is_written(const struct route *r, const struct field *f, unsigned flags)
{
	const char *name =
	    arena_printf(t->arena, "%s %s %s", method_name(r->method), r->path, f->name);

	for (const char *const *s = skipped; *s; s++)
		if (strcmp(*s, name) == 0)
			return false;
	return (f->flags & flags) == flags;
}

/* A body of all members with all of `flags`. NULL if it needs a row that does not exist. */
static const char *
body_of(const struct route *r, unsigned flags, enum bound bound, struct written *w)
{
	const struct schema *schema = r->body;
	struct buf b = buf_new(t->arena, BODY_MAX);

	*w = (struct written) { schema };
	buf_char(&b, '{');
	for (size_t i = 0; i < schema->nfields; i++) {
		const struct field *f = &schema->fields[i];

		if (!is_written(r, f, flags))
			continue;
		w->values[i] = value_of(f, bound);
		if (!w->values[i])
			return NULL;
		buf_printf(&b, "%s\"%s\":%s", b.len > 1 ? "," : "", f->name, w->values[i]);
	}
	buf_char(&b, '}');
	return buf_done(&b);
}

static struct test_response
write_row(const struct route *r, const char *uri, const char *json, unsigned status)
{
	struct test_response a =
	    call(t, method_name(r->method), uri, .token = owner.token, .json = json);

	cr_assert_eq(a.status, status, "%s %s: %u %s\n%.1000s", method_name(r->method), r->path,
		     a.status, a.body, json);
	return a;
}

/* Where a row is created. The path of a nested resource ("/gizmos/{id}/parts") has the id of a row
 * of another one; NULL if that row is not there yet. */
static const char *
uri_of(const struct resource *r, enum bound bound)
{
	const char *path = r->create->path, *param = strchr(path, '{');

	if (!param)
		return arena_printf(t->arena, "%s%s", settings.api_prefix, path);
	for (size_t i = 0; i < nresources; i++) {
		const struct resource *parent = &resources[i];
		const char *before = arena_printf(t->arena, "%s/", parent->base);

		if (parent->rows[bound] && strlen(before) == (size_t)(param - path) &&
		    strncmp(before, path, strlen(before)) == 0)
			return arena_printf(t->arena, "%s%s%s%s", settings.api_prefix, before,
					    parent->rows[bound], strchr(param, '}') + 1);
	}
	return NULL;
}

/* Creates two rows of each resource from required members, referenced resources first. */
static void
create_rows(void)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < BOUNDS * nresources; i++) {
			struct resource *r = &resources[i / BOUNDS];
			enum bound bound = i % BOUNDS ? HIGH : LOW;
			const unsigned required = F_CREATE | F_REQUIRED;
			struct written w;
			struct test_response a;
			const char *json, *uri = uri_of(r, bound);

			if (r->rows[bound] || !uri)
				continue;
			json = body_of(r->create, required, bound, &w);
			if (!json)
				continue;
			a = write_row(r->create, uri, json, 201);
			r->rows[bound] = response_text(&a, "id");
			more = true;
		}
	}
}

static const char *
create_resource(const struct resource *r, enum bound bound)
{
	struct written w;
	const char *json = body_of(r->create, F_CREATE, bound, &w), *uri = uri_of(r, bound);
	struct test_response a;

	cr_assert(json && uri, "POST %s: it refers to what no route creates", r->create->path);
	a = write_row(r->create, uri, json, 201);
	uri = response_header_value(&a, "Location");
	cr_assert_not_null(uri);
	expect_row(r->create, &w, uri, &a);
	return uri;
}

/* Different values in each row, since a column may be unique. */
static void
remove_row(const struct resource *r, const char *uri)
{
	if (r->remove)
		cr_assert_eq(call(t, "DELETE", uri, .token = owner.token).status, 204);
}

static void
replace_row(const struct resource *r, const char *uri, enum bound bound)
{
	struct written w;
	const char *json = body_of(r->put, F_CREATE, bound, &w);
	struct test_response a = write_row(r->put, uri, json, 200);

	expect_row(r->put, &w, uri, &a);
}

/* Changes one member; the others stay as they are. */
static void
change_member(const struct route *r, const char *uri, struct written *w, size_t i,
	      const char *value)
{
	struct test_response a;

	cr_assert(value, "%s %s: %s refers to what no route creates", method_name(r->method),
		  r->path, w->schema->fields[i].name);
	w->values[i] = value;
	a = write_row(r, uri,
		      arena_printf(t->arena, "{\"%s\":%s}", w->schema->fields[i].name, value), 200);
	expect_row(r, w, uri, &a);
}

/* The current values of the members that the body of `r` may change. */
static struct written
read_row(const struct route *r, const char *uri)
{
	struct test_response a = call(t, "GET", uri, .token = owner.token);
	struct written w = { r->body };

	cr_assert_eq(a.status, 200, "GET %s: %u %s", uri, a.status, a.body);
	for (size_t i = 0; i < r->body->nfields; i++) {
		const struct field *f = &r->body->fields[i];
		struct json_object *value;

		if (f->flags & F_UPDATE && json_object_object_get_ex(a.json, f->name, &value))
			w.values[i] = arena_text(t->arena, json_object_to_json_string(value));
	}
	return w;
}

static void
change_members(const struct route *r, const char *uri)
{
	struct written w = read_row(r, uri);

	for (size_t i = 0; i < r->body->nfields; i++) {
		const struct field *f = &r->body->fields[i];

		if (!is_written(r, f, F_UPDATE))
			continue;
		change_member(r, uri, &w, i, value_of(f, HIGH));
		if (f->flags & F_NULLABLE)
			change_member(r, uri, &w, i, "null");
		change_member(r, uri, &w, i, value_of(f, LOW));
	}
}

Test(fields, are_stored_by_post)
{
	create_rows();
	cr_assert_gt(nresources, 0);
	for (size_t i = 0; i < nresources; i++)
		for (enum bound b = LOW; b < BOUNDS; b++)
			remove_row(&resources[i], create_resource(&resources[i], b));
}

Test(fields, are_stored_by_put)
{
	size_t n = 0;

	create_rows();
	for (size_t i = 0; i < nresources; i++) {
		const char *uri;

		if (!resources[i].put)
			continue;
		uri = create_resource(&resources[i], LOW);
		n++;
		replace_row(&resources[i], uri, HIGH);
		replace_row(&resources[i], uri, LOW);
		remove_row(&resources[i], uri);
	}
	cr_expect_gt(n, 0);
}

Test(fields, are_stored_by_patch)
{
	size_t n = 0;

	create_rows();
	for (size_t i = 0; i < nresources; i++) {
		const char *uri;

		if (!resources[i].patch)
			continue;
		uri = create_resource(&resources[i], LOW);
		n++;
		change_members(resources[i].patch, uri);
		remove_row(&resources[i], uri);
	}
	cr_expect_gt(n, 0);
}
