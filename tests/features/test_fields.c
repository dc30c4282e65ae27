/* Writes every member that a route accepts at its lowest and highest value, and reads it back:
 * by POST, PUT and PATCH of every resource. The values come from the schema rows, so a new
 * field is tested as soon as it has a row. */
#include <criterion/criterion.h>

#include "support/sample.h"
#include "support/test_app.h"

#include "app/feature.h"

#include <json.h>

enum { RESOURCES_MAX = 100, BODY_MAX = 4 << 20 };

/* Members that a rule restricts further than their rows do: "PATCH /gizmos/{id} status". They are
 * left out; test them by hand. */
static const char *const skipped[] = { NULL };

/* A resource that can be created and read; its path contains the id: "/gizmos/{id}". */
struct resource {
	const struct route *create, *put, *patch, *remove;
	const char *base;
};

static struct test *t;
static struct account owner;
static struct resource resources[RESOURCES_MAX];
static size_t nresources;

/* --- resources --- */

static const struct route *
find_route(enum method method, const char *base)
{
	const char *by_id = arena_printf(t->arena, "%s/{id}", base);
	const char *by_slug = arena_printf(t->arena, "%s/{slug}", base);

	for (const struct feature *const *f = test_app()->features; *f; f++)
		for (const struct route *r = (*f)->routes; r && r->method; r++)
			if (r->method == method &&
			    (strcmp(r->path, by_id) == 0 || strcmp(r->path, by_slug) == 0))
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
	nresources = 0;
	for (const struct feature *const *f = test_app()->features; *f; f++)
		for (const struct route *r = (*f)->routes; r && r->method; r++)
			if (r->method == POST && r->status == 201 && r->body && r->response)
				add_resource(r);
}

TestSuite(fields, .init = begin, .fini = test_end, .timeout = 300);

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

/* A body of all members that a client may set. */
static const char *
body_of(const struct route *r, enum bound bound, struct written *w)
{
	const struct schema *schema = r->body;
	struct buf b = buf_new(t->arena, BODY_MAX);

	*w = (struct written) { schema };
	buf_char(&b, '{');
	for (size_t i = 0; i < schema->nfields; i++) {
		const struct field *f = &schema->fields[i];

		if (!is_written(r, f, F_CREATE))
			continue;
		w->values[i] = sample_value(t, &owner, f, bound);
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

/* The path of a row after a change: it follows the slug. */
static const char *
uri_after(const struct route *r, const char *uri, const struct test_response *a)
{
	if (!strstr(r->path, "{slug}"))
		return uri;
	return arena_printf(t->arena, "%.*s%s", (int)(strrchr(uri, '/') + 1 - uri), uri,
			    response_text(a, "slug"));
}

static const char *
create_resource(const struct resource *r, enum bound bound)
{
	struct written w;
	const char *json = body_of(r->create, bound, &w), *uri = sample_uri(t, &owner, r->create);
	struct test_response a;

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

static const char *
replace_row(const struct resource *r, const char *uri, enum bound bound)
{
	struct written w;
	const char *json = body_of(r->put, bound, &w);
	struct test_response a = write_row(r->put, uri, json, 200);

	uri = uri_after(r->put, uri, &a);
	expect_row(r->put, &w, uri, &a);
	return uri;
}

/* Changes one member; the others stay as they are. */
static const char *
change_member(const struct route *r, const char *uri, struct written *w, size_t i,
	      const char *value)
{
	struct test_response a;

	w->values[i] = value;
	a = write_row(r, uri,
		      arena_printf(t->arena, "{\"%s\":%s}", w->schema->fields[i].name, value), 200);
	uri = uri_after(r, uri, &a);
	expect_row(r, w, uri, &a);
	return uri;
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

static const char *
change_members(const struct route *r, const char *uri)
{
	struct written w = read_row(r, uri);

	for (size_t i = 0; i < r->body->nfields; i++) {
		const struct field *f = &r->body->fields[i];

		if (!is_written(r, f, F_UPDATE))
			continue;
		uri = change_member(r, uri, &w, i, sample_value(t, &owner, f, HIGH));
		if (f->flags & F_NULLABLE)
			uri = change_member(r, uri, &w, i, "null");
		uri = change_member(r, uri, &w, i, sample_value(t, &owner, f, LOW));
	}
	return uri;
}

Test(fields, are_stored_by_post)
{
	cr_assert_gt(nresources, 0);
	for (size_t i = 0; i < nresources; i++)
		for (enum bound b = LOW; b < BOUNDS; b++)
			remove_row(&resources[i], create_resource(&resources[i], b));
}

Test(fields, are_stored_by_put)
{
	size_t n = 0;

	for (size_t i = 0; i < nresources; i++) {
		const char *uri;

		if (!resources[i].put)
			continue;
		uri = create_resource(&resources[i], LOW);
		n++;
		uri = replace_row(&resources[i], uri, HIGH);
		uri = replace_row(&resources[i], uri, LOW);
		remove_row(&resources[i], uri);
	}
	cr_expect_gt(n, 0);
}

Test(fields, are_stored_by_patch)
{
	size_t n = 0;

	for (size_t i = 0; i < nresources; i++) {
		const char *uri;

		if (!resources[i].patch)
			continue;
		uri = create_resource(&resources[i], LOW);
		n++;
		uri = change_members(resources[i].patch, uri);
		remove_row(&resources[i], uri);
	}
	cr_expect_gt(n, 0);
}

/* The body is valid, so only the version can be the reason for a refusal. */
static const char *
expect_version_checked(const struct route *r, const char *uri, const char *json)
{
	struct test_response was = call(t, "GET", uri, .token = owner.token), a, is;
	const char *tag = response_header_value(&was, "ETag");

	if (!r || !tag)
		return uri;
	a = call(t, method_name(r->method), uri, .token = owner.token, .json = json,
		 .header = "HTTP_IF_MATCH=\"stale-1\", \"stale-2\"");
	expect_problem(&a, 412, "precondition_failed");
	is = call(t, "GET", uri, .token = owner.token);
	cr_expect_str_eq(is.body, was.body, "%s %s", method_name(r->method), r->path);
	a = call(t, method_name(r->method), uri, .token = owner.token, .json = json,
		 .header = arena_printf(t->arena, "HTTP_IF_MATCH=\"stale-1\", %s", tag));
	cr_expect_eq(a.status, r->status ? r->status : 200, "%s %s: %u %s", method_name(r->method),
		     r->path, a.status, a.body);
	return a.status == 200 ? uri_after(r, uri, &a) : uri;
}

Test(fields, are_only_changed_in_the_demanded_version)
{
	for (size_t i = 0; i < nresources; i++) {
		const struct resource *r = &resources[i];
		const char *uri = create_resource(r, LOW);
		struct written w;

		if (r->put)
			uri = expect_version_checked(r->put, uri, body_of(r->put, HIGH, &w));
		uri = expect_version_checked(r->patch, uri, "{}");
		if (r->patch)
			uri = expect_version_checked(r->patch, uri, body_of(r->patch, LOW, &w));
		expect_version_checked(r->remove, uri, NULL);
	}
}
