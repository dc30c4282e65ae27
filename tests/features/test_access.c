/* Access: every route of every feature with every kind of caller. Expectations come from the route
 * rows, so new routes are tested automatically. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/test_app.h"
#include "support/testdb.h"

#include "app/feature.h"
#include "app/settings.h"
#include "features/api_keys/api_keys_priv.h"
#include "http/http_priv.h"

#define ID "0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10"

static struct test *t;

static void
begin(void)
{
	t = test_begin();
	settings.session_cache_seconds = 0;
}

TestSuite(access, .init = begin, .fini = test_end, .timeout = 120);

enum credential {
	NOTHING,
	TOKEN,
	FULL_KEY,    /* an API key with every scope */
	LACKING_KEY, /* with every scope but that of the route */
};

struct caller_kind {
	enum credential credential;
	const char *role;
	bool token_expired;
	bool stale;       /* the session was not confirmed within FRESH_MINUTES */
	const char *fate; /* SQL that changes the account, session or key before the call */
};

/* The expected status; 0: anything except a refusal. */
struct verdict {
	unsigned status;
	const char *code;
};

static const enum role least[] = {
	[ACCESS_VIEWER] = ROLE_VIEWER,
	[ACCESS_MEMBER] = ROLE_MEMBER,
	[ACCESS_ADMIN] = ROLE_ADMIN,
	[ACCESS_OWNER] = ROLE_OWNER,
};

static struct verdict
verdict_of(const struct route *r, const struct caller_kind *kind)
{
	bool key = kind->credential == FULL_KEY || kind->credential == LACKING_KEY;

	if (r->access == ACCESS_PUBLIC)
		return (struct verdict) { 0 };
	if (kind->credential == NOTHING)
		return (struct verdict) { 401, "unauthenticated" };
	if (kind->token_expired)
		return (struct verdict) { 401, "token_expired" };
	if (kind->fate)
		return (struct verdict) { 401, "invalid_token" };
	if (key && !r->scope)
		return (struct verdict) { 403, "forbidden" };
	if (kind->credential == LACKING_KEY && *r->scope)
		return (struct verdict) { 403, "insufficient_scope" };
	if (role_parse(kind->role) < least[r->access])
		return (struct verdict) { 403, "forbidden" };
	if (kind->stale && r->fresh)
		return (struct verdict) { 401, "confirmation_required" };
	return (struct verdict) { 0 };
}

static const char *
make_key(const struct account *user, const char *but)
{
	struct buf scopes = buf_new(t->arena, 1000);
	const char *prefix, *key = api_key_new(t->arena, &prefix);

	for (const char *const *s = api_key_scopes; *s; s++)
		if (!but || strcmp(*s, but) != 0)
			buf_printf(&scopes, "%s'%s'", scopes.len ? "," : "", *s);
	testdb_sql("INSERT INTO api_keys (user_id, name, prefix, key_hash, scopes)"
		   " VALUES ('%s', 'x', '%s', sha256('%s'), ARRAY[%s])",
		   user->id, prefix, key, buf_done(&scopes));
	return key;
}

static const char *
credential_of(const struct route *r, const struct caller_kind *kind)
{
	struct account user;

	if (kind->credential == NOTHING)
		return NULL;

	user = make_user(t, .role = kind->role, .token_expires_in = kind->token_expired ? -60 : 0);
	if (kind->credential != TOKEN)
		user.token = make_key(&user, kind->credential == LACKING_KEY ? r->scope : NULL);
	if (kind->stale)
		testdb_sql("UPDATE sessions SET confirmed_at = now() - interval '%d minutes'"
			   " WHERE user_id = '%s'",
			   (int)settings.fresh_minutes, user.id);
	if (kind->fate)
		testdb_sql("%s '%s'", kind->fate, user.id);
	return user.token;
}

static void
check_route(const struct route *r, const struct caller_kind *kind)
{
	struct verdict want = verdict_of(r, kind);
	struct test_response a =
	    call(t, method_name(r->method), route_uri(t, r, ID), .token = credential_of(r, kind));

	cr_expect_eq(a.route, r, "%s is another route's", r->id);
	if (want.status) {
		cr_expect(a.status == want.status && strcmp(response_code(&a), want.code) == 0,
			  "%s: %u %s, and not %u %s", r->id, a.status, response_code(&a),
			  want.status, want.code);
		return;
	}
	cr_expect(a.status != 401 && a.status != 403, "%s: refused: %s", r->id, a.body);
	cr_expect(a.status < 500 || r->body_on_503, "%s: %s", r->id, a.body);
}

/* Each call has its own account, since some calls end it. */
#define check_all(...) check_all_((struct caller_kind) { __VA_ARGS__ })

static void
check_all_(struct caller_kind kind)
{
	size_t n = 0;

	for (const struct feature *const *f = test_app()->features; *f; f++)
		for (const struct route *r = (*f)->routes; r && r->method; r++, n++)
			check_route(r, &kind);
	cr_assert_gt(n, 20);
}

Test(access, anonymous)
{
	check_all(NOTHING);
}

Test(access, viewer)
{
	check_all(TOKEN, "viewer");
}

Test(access, member)
{
	check_all(TOKEN, "member");
}

Test(access, admin)
{
	check_all(TOKEN, "admin");
}

Test(access, owner)
{
	check_all(TOKEN, "owner");
}

Test(access, session_that_is_not_fresh)
{
	check_all(TOKEN, "owner", .stale = true);
	check_all(TOKEN, "viewer", .stale = true);
}

Test(access, expired_token)
{
	check_all(TOKEN, "owner", .token_expired = true);
}

Test(access, ended_session)
{
	check_all(TOKEN, "owner", .fate = "UPDATE sessions SET ended_at = now() WHERE user_id =");
}

Test(access, expired_session)
{
	check_all(TOKEN, "owner", .fate = "UPDATE sessions SET expires_at = now() WHERE user_id =");
}

Test(access, deactivated_account)
{
	check_all(TOKEN, "owner", .fate = "UPDATE users SET is_active = false WHERE id =");
}

Test(access, deleted_account)
{
	check_all(TOKEN, "owner", .fate = "DELETE FROM users WHERE id =");
}

Test(access, key_of_a_viewer)
{
	check_all(FULL_KEY, "viewer");
}

Test(access, key_of_a_member)
{
	check_all(FULL_KEY, "member");
}

Test(access, key_of_an_admin)
{
	check_all(FULL_KEY, "admin");
}

Test(access, key_of_an_owner)
{
	check_all(FULL_KEY, "owner");
}

Test(access, key_without_the_scope)
{
	check_all(LACKING_KEY, "owner");
}

Test(access, expired_key)
{
	check_all(FULL_KEY, "owner",
		  .fate = "UPDATE api_keys SET expires_at = now() WHERE user_id =");
}

Test(access, deleted_key)
{
	check_all(FULL_KEY, "owner", .fate = "DELETE FROM api_keys WHERE user_id =");
}

Test(access, key_of_a_deactivated_account)
{
	check_all(FULL_KEY, "owner", .fate = "UPDATE users SET is_active = false WHERE id =");
}

/* --- the rows themselves --- */

static bool
is_below(const struct route *r, const char *path)
{
	size_t len = strlen(path);

	return strncmp(r->path, path, len) == 0 && (!r->path[len] || r->path[len] == '/');
}

static bool
reads(const struct route *r)
{
	return r->method == GET;
}

/* Rows of a table with a parent are for those who can see the parent in the path, or the owner. */
static void
check_parent(const struct route *r)
{
	const struct table *table = r->list ? r->list : r->table;
	const struct field *parent;

	if (table && table->parent && r->handle != list_own_rows)
		cr_expect(strstr(r->path, arena_printf(t->arena, "{%s}", table->parent)),
			  "%s: without {%s} in its path, everyone can see all rows", r->id,
			  table->parent);
	parent = table && table->parent ? schema_field(table->schema, table->parent) : NULL;
	cr_expect(!table || !table->parent || (parent && parent->references),
		  "%s: the parent has no REFERENCES()", r->id);
}

/* The handlers of rows read and write records of the table's schema. */
static void
check_table(const struct route *r)
{
	const struct table *table = r->table;

	if (!table)
		return;
	cr_expect(!r->body || r->body == table->schema, "%s: body of another schema", r->id);
	cr_expect(!r->response || r->response == table->schema, "%s: response of another schema",
		  r->id);
}

static void
check_row(const struct route *r)
{
	bool takes_body = r->method == POST || r->method == PUT || r->method == PATCH;
	unsigned status = r->status ? r->status : 200;
	size_t text = r->summary ? strlen(r->summary) : 0;

	cr_expect(r->method >= GET && r->method <= DELETE, "%s: method", r->path);
	cr_expect(r->path[0] == '/' && r->handle && r->id && *r->id, "%s is not whole", r->path);
	cr_expect(r->id[strspn(r->id, "abcdefghijklmnopqrstuvwxyz_")] == '\0', "%s: id", r->id);
	cr_expect(text > 1 && text <= 60 && r->summary[text - 1] != '.', "%s: summary", r->id);
	cr_expect(!r->description || r->description[strlen(r->description) - 1] == '.',
		  "%s: description", r->id);
	cr_expect_neq(r->access, ACCESS_NOBODY, "%s: nobody may call it", r->id);
	cr_expect(status == 200 || status == 201 || status == 202 || status == 204, "%s: status",
		  r->id);
	cr_expect_eq(status == 204, !r->response && !r->media_type, "%s: its response", r->id);
	cr_expect(!r->list || (reads(r) && r->response), "%s: list", r->id);
	cr_expect((!r->body && !r->form) || takes_body, "%s: body", r->id);
	cr_expect(!r->form || r->body, "%s: form", r->id);
	cr_expect(status != 201 || schema_field(r->response, "id"), "%s: Location needs an id",
		  r->id);
	cr_expect(!r->fresh || (r->access > ACCESS_PUBLIC && !r->scope),
		  "%s: only a session can be fresh", r->id);
	check_parent(r);
	check_table(r);
	cr_expect(!r->table || !etag_reader(test_app(), r) ||
		      etag_reader(test_app(), r)->response == r->table->schema,
		  "%s: its GET returns another schema, so If-Match would not be checked", r->id);
}

Test(access, every_row_is_complete)
{
	for (const struct feature *const *f = test_app()->features; *f; f++)
		for (const struct route *r = (*f)->routes; r && r->method; r++)
			check_row(r);
}

/* Rules of doc/API.md on roles and keys that hold for all routes. */
static void
check_rule(const struct route *r)
{
	static const char *const accounts[] = { "/auth", "/users", "/api-keys", "/audit" };
	bool own = is_below(r, "/auth") || is_below(r, "/users/me") || is_below(r, "/api-keys");
	bool me = strcmp(r->path, "/users/me") == 0 || strcmp(r->path, "/auth/me") == 0;

	if (r->access == ACCESS_VIEWER && !reads(r))
		cr_expect(own, "%s: a viewer writes nothing but his own account", r->id);
	if (r->access == ACCESS_PUBLIC)
		cr_expect_null(r->scope, "%s: open to everyone, and to keys too", r->id);
	for (size_t i = 0; i < COUNT(accounts); i++)
		if (is_below(r, accounts[i]) && !(me && reads(r)))
			cr_expect_null(r->scope, "%s: no API key here", r->id);
	if (r->scope && *r->scope)
		cr_expect_str_eq(strchr(r->scope, ':'), reads(r) ? ":read" : ":write", "%s", r->id);
}

Test(access, every_row_follows_the_rules)
{
	for (const struct feature *const *f = test_app()->features; *f; f++)
		for (const struct route *r = (*f)->routes; r && r->method; r++)
			check_rule(r);
}
