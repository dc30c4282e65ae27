/* Requests through the pipeline, as fcgi.c passes them. */
#include <criterion/criterion.h>

#include "call_priv.h"

#include "support/secrets.h"
#include "support/test_app.h"
#include "support/testdb.h"

#include "app/feature.h"
#include "app/log.h"
#include "app/settings.h"
#include "job/job_priv.h"

#include <json.h>

enum { TEST_ARENA = 1 << 30, REQUEST_ARENA = 64 << 20, ENV_MAX = 16 };

static struct test running; /* Criterion gives each test a process */

struct test *
test_begin(void)
{
	struct arena *a = arena_new(TEST_ARENA);

	running = (struct test) { .arena = a, .db = testdb_open(a), .ctx = testdb_ctx(a) };
	settings.password_yescrypt_cost = 1;
	log_init();
	return &running;
}

void
test_end(void)
{
	arena_free(running.arena);
	testdb_close();
}

/* A copy of the exact size, so that a sanitizer detects reads beyond the end. */
static char *
copy_of_body(const struct call_options *call, size_t *len)
{
	const char *body = call->json ? call->json : call->form ? call->form : call->body;
	char *copy;

	*len = call->len || !body ? call->len : strlen(body);
	copy = malloc(*len ? *len : 1);
	cr_assert_not_null(copy);
	if (*len)
		memcpy(copy, body, *len);
	return copy;
}

static const char *
type_of(const struct call_options *call)
{
	if (call->type)
		return call->type;
	if (call->json)
		return "application/json";
	return call->form ? "application/x-www-form-urlencoded" : NULL;
}

static const char *
address_of(const struct call_options *call)
{
	return call->address ? call->address : "192.0.2.1";
}

static void
set_variables(struct arena *a, const struct call_options *call, const char *env[ENV_MAX])
{
	const char *const headers[] = { call->header, call->header2, call->header3, call->header4 };
	const char *type = type_of(call);
	size_t n = 0;

	env[n++] = arena_printf(a, "REMOTE_ADDR=%s", address_of(call));
	if (call->token)
		env[n++] = arena_printf(a, "HTTP_AUTHORIZATION=Bearer %s", call->token);
	if (type)
		env[n++] = arena_printf(a, "CONTENT_TYPE=%s", type);
	for (size_t i = 0; i < COUNT(headers); i++) {
		if (headers[i])
			env[n++] = headers[i];
	}
	env[n] = NULL;
}

static void
put_json(void *object)
{
	json_object_put(object);
}

static void *
parse(struct test *t, const char *text, size_t len)
{
	struct json_tokener *tokener = json_tokener_new_ex(64);
	struct json_object *object = json_tokener_parse_ex(tokener, text, (int)len);

	json_tokener_free(tokener);
	if (object)
		arena_defer(t->arena, put_json, object);
	return object;
}

/* Copies the response, since the memory of the request is freed. */
static struct test_response
copy_of_answer(struct test *t, const struct request *req)
{
	const struct response *response = &req->response;
	bool head = strcmp(req->method_text, "HEAD") == 0;
	struct test_response a = {
		.status = response->status,
		.media_type = arena_text(t->arena, response->media_type),
		.body = arena_text_n(t->arena, response->body, head ? 0 : response->len),
		.len = response->len,
		.nheaders = response->nheaders,
		.route = req->route,
	};

	for (size_t i = 0; i < response->nheaders; i++) {
		a.headers[i].name = arena_text(t->arena, response->headers[i].name);
		a.headers[i].value = arena_text(t->arena, response->headers[i].value);
	}
	if (a.media_type && strstr(a.media_type, "json") && !head)
		a.json = parse(t, a.body, a.len);
	return a;
}

struct test_response
call_(struct test *t, const char *method, const char *uri, struct call_options call)
{
	const char *env[ENV_MAX];
	struct arena *memory = arena_new(REQUEST_ARENA);
	struct ctx c = { .app = test_app(),
			 .arena = memory,
			 .db = t->db,
			 .request_id = "none",
			 .ip = *address_of(&call) ? address_of(&call) : NULL };
	struct request req = {
		.ctx = &c,
		.method_text = method,
		.uri = uri,
		.env = env,
		.body_too_large = call.too_large,
		.body_broken = call.broken,
	};
	char *body = copy_of_body(&call, &req.body_len);
	struct test_response a;

	req.body = body;
	secrets_note(call.token);
	secrets_note_members(call.json);
	set_variables(t->arena, &call, env);
	app_handle(&req);
	a = copy_of_answer(t, &req);
	secrets_note_members(a.json ? a.body : NULL);
	response_check(&(struct asked) { method, uri, &call, &req }, &a);
	arena_free(memory);
	free(body);
	return a;
}

const char *
response_header_value(const struct test_response *a, const char *name)
{
	for (size_t i = 0; i < a->nheaders; i++) {
		if (strcasecmp(a->headers[i].name, name) == 0)
			return a->headers[i].value;
	}
	return NULL;
}

/* Finds the member at a path. True and *out NULL: the member is null. */
static bool
find(const struct test_response *a, const char *path, struct json_object **out)
{
	struct json_object *at = a->json;

	while (*path) {
		char name[100];
		size_t len = strcspn(path, "."), i;

		cr_assert_lt(len, sizeof(name));
		memcpy(name, path, len);
		name[len] = '\0';
		path += path[len] ? len + 1 : len;
		i = strtoul(name, NULL, 10);
		if (json_object_is_type(at, json_type_array) && i < json_object_array_length(at))
			at = json_object_array_get_idx(at, i);
		else if (!json_object_is_type(at, json_type_object) ||
			 !json_object_object_get_ex(at, name, &at))
			return false;
	}
	*out = at;
	return a->json;
}

static struct json_object *
get(const struct test_response *a, const char *path, enum json_type type)
{
	struct json_object *at = NULL;

	cr_assert(find(a, path, &at), "%s is not in %u %s", path, a->status, a->body);
	cr_assert(json_object_is_type(at, type), "%s is no %s in %s", path, json_type_to_name(type),
		  a->body);
	return at;
}

bool
response_has(const struct test_response *a, const char *path)
{
	struct json_object *at;

	return find(a, path, &at);
}

bool
response_is_null(const struct test_response *a, const char *path)
{
	struct json_object *at = NULL;

	cr_assert(find(a, path, &at), "%s is not in %u %s", path, a->status, a->body);
	return !at;
}

const char *
response_text(const struct test_response *a, const char *path)
{
	return json_object_get_string(get(a, path, json_type_string));
}

int64_t
response_int(const struct test_response *a, const char *path)
{
	return json_object_get_int64(get(a, path, json_type_int));
}

bool
response_bool(const struct test_response *a, const char *path)
{
	return json_object_get_boolean(get(a, path, json_type_boolean));
}

size_t
response_count(const struct test_response *a, const char *path)
{
	struct json_object *at = NULL;

	cr_assert(find(a, path, &at), "%s is not in %u %s", path, a->status, a->body);
	if (json_object_is_type(at, json_type_object))
		return (size_t)json_object_object_length(at);
	return json_object_array_length(get(a, path, json_type_array));
}

const char *
response_code(const struct test_response *a)
{
	bool problem = a->media_type && strcmp(a->media_type, "application/problem+json") == 0;

	return problem && a->json ? response_text(a, "code") : "";
}

void
expect_problem(const struct test_response *a, unsigned status, const char *code)
{
	cr_expect(a->status == status && strcmp(response_code(a), code) == 0,
		  "%u %s was expected, but it is %u: %s", status, code, a->status, a->body);
}

void
expect_fields_(const struct test_response *a, const char *const *fields)
{
	size_t wanted = 0, n;

	expect_problem(a, 422, "validation_error");
	if (a->status != 422)
		return;

	n = response_count(a, "errors");
	for (; fields[wanted]; wanted++) {
		bool found = false;

		for (size_t i = 0; i < n && !found; i++) {
			char path[40], row[300];
			const char *in, *field, *code;

			snprintf(path, sizeof(path), "errors.%zu.in", i);
			in = response_text(a, path);
			snprintf(path, sizeof(path), "errors.%zu.field", i);
			field = response_text(a, path);
			snprintf(path, sizeof(path), "errors.%zu.code", i);
			code = response_text(a, path);
			snprintf(row, sizeof(row), "%s %s %s", in, field, code);
			found = strcmp(row, fields[wanted]) == 0;
		}
		cr_expect(found, "'%s' is not among %s", fields[wanted], a->body);
	}
	cr_expect_eq(n, wanted, "%zu bad fields were expected: %s", wanted, a->body);
}

void
expect_access(struct test *t, const struct account *who, const char *uri, const char *patch,
	      const char *put, unsigned get, unsigned write, unsigned gone)
{
	struct test_response a;

	a = call(t, "GET", uri, .token = who->token);
	cr_expect_eq(a.status, get, "GET: %u", a.status);
	a = call(t, "PATCH", uri, .token = who->token, .json = patch);
	cr_expect_eq(a.status, write, "PATCH: %u", a.status);
	a = call(t, "PATCH", uri, .token = who->token, .json = "{}");
	cr_expect_eq(a.status, write, "PATCH of nothing: %u", a.status);
	a = call(t, "PUT", uri, .token = who->token, .json = put);
	cr_expect_eq(a.status, write, "PUT: %u", a.status);
	a = call(t, "DELETE", uri, .token = who->token);
	cr_expect_eq(a.status, gone, "DELETE: %u", a.status);
}

struct test_response
call_login(struct test *t, const char *email, const char *password)
{
	return call(t, "POST", "/api/v1/auth/login",
		    .json = arena_printf(t->arena, "{\"email\":\"%s\",\"password\":\"%s\"}", email,
					 password));
}

struct test_response
call_refresh(struct test *t, const char *refresh_token)
{
	return call(t, "POST", "/api/v1/auth/refresh",
		    .json = arena_printf(t->arena, "{\"refresh_token\":\"%s\"}", refresh_token));
}

void
run_job(struct test *t, const char *name, const void *args)
{
	struct job_state state = { .key = 1,
				   .deadline = INT64_MAX,
				   .checked_at = INT64_MAX / 2,
				   .written_at = INT64_MAX / 2 };
	struct job job = { .ctx = t->ctx,
			   .state = &state,
			   .task = job_task_find(test_app(), name),
			   .args = args };

	cr_assert_not_null(job.task, "no job %s", name);
	cr_assert_eq(job.task->run(&job), OK);
}

const char *
route_uri(struct test *t, const struct route *r, const char *id)
{
	struct buf b = buf_new(t->arena, 4096);

	buf_text(&b, r->root ? "" : settings.api_prefix);
	for (const char *at = r->path; *at; at++) {
		if (*at != '{') {
			buf_char(&b, *at);
			continue;
		}
		buf_text(&b, id);
		at = strchr(at, '}');
	}
	return buf_done(&b);
}
