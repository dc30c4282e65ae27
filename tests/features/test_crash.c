/*
 * Database connections that break between any two statements of an action: the action is stored
 * completely or not at all. PQsendQueryPrepared is wrapped by the linker, so that the backend can
 * be terminated right before a given statement.
 */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/make_gizmo.h"
#include "support/testdb.h"

#include "features/sessions/sessions.h"

#include "app/settings.h"

#include <libpq-fe.h>

#define P "/api/v1"

enum { STATEMENTS_MAX = 40 };

int __real_PQsendQueryPrepared(PGconn *, const char *, int, const char *const *, const int *,
			       const int *, int);
int __wrap_PQsendQueryPrepared(PGconn *, const char *, int, const char *const *, const int *,
			       const int *, int);

static struct test *t;
static int sent, kill_at; /* 0: none */

static void
end_backend(int pid)
{
	cr_assert_str_eq(testdb_sql("SELECT pg_terminate_backend(%d)", pid), "t");
	while (testdb_sql("SELECT 1 FROM pg_stat_activity WHERE pid = %d", pid))
		;
}

int
__wrap_PQsendQueryPrepared(PGconn *conn, const char *name, int n, const char *const *values,
			   const int *lengths, const int *formats, int format)
{
	if (++sent == kill_at)
		end_backend(PQbackendPID(conn));
	return __real_PQsendQueryPrepared(conn, name, n, values, lengths, formats, format);
}

static void
begin(void)
{
	t = test_begin();
	sessions_settings.reuse_grace_seconds = 0;
	setenv("LOG_LEVEL", "error", 1);
}

TestSuite(crash, .init = begin, .fini = test_end);

/* Ada has signed in by password. The response to her first refresh was lost, so `revoked` never
 * arrived; she retried and got `unconfirmed`, whose use issued `fresh`. There is also an owner. */
struct scene {
	struct account ada, owner;
	const char *session_id, *spent, *revoked, *unconfirmed, *fresh;
	const char *gizmo;
};

static struct test_response
post(const char *token, const char *path, const char *json)
{
	return call(t, "POST", path, .token = token, .json = json);
}

static const char *
refresh_token(const char *token)
{
	struct test_response a = call_refresh(t, token);

	return response_text(&a, "refresh_token");
}

static struct scene
set_up(void)
{
	struct scene s;
	struct test_response a;

	testdb_sql("BEGIN");
	testdb_sql("SET LOCAL audit.prune = on");
	testdb_sql("DELETE FROM audit_events");
	testdb_sql("COMMIT");
	testdb_sql("DELETE FROM users");
	testdb_sql("DELETE FROM idempotency_keys");
	s.ada = make_user(t, .email = "ada@example.com");
	s.owner = make_user(t, .email = "owner@example.com", .role = "owner");
	a = post(NULL, P "/auth/login",
		 arena_printf(t->arena, "{\"email\":\"%s\",\"password\":\"%s\"}", s.ada.email,
			      s.ada.password));
	s.spent = response_text(&a, "refresh_token");
	s.revoked = refresh_token(s.spent);
	s.unconfirmed = refresh_token(s.spent);
	s.fresh = refresh_token(s.unconfirmed);
	s.session_id = testdb_sql("SELECT id FROM sessions WHERE ip IS NOT NULL");
	testdb_sql("INSERT INTO api_keys (user_id, name, prefix, key_hash, scopes)"
		   " VALUES ('%s', 'key', 'prefix', sha256('key'), '{jobs:read}')",
		   s.ada.id);
	s.gizmo = arena_printf(t->arena, P "/gizmos/%s", make_gizmo(t, &s.ada, .title = "Polish"));
	return s;
}

/* Everything that an action may change, except values that differ between runs. */
static const char *
state(void)
{
	return testdb_sql(
	    "SELECT concat_ws(E'\\n',"
	    " (SELECT string_agg(concat_ws(' ', email, full_name, role, is_active,"
	    "   last_login_at IS NOT NULL, version), E'\\n' ORDER BY email) FROM users),"
	    " (SELECT count(DISTINCT password_hash) FROM users),"
	    " (SELECT count(*) || ' API keys' FROM api_keys),"
	    " (SELECT string_agg(concat_ws(' ', ip, ended_at IS NOT NULL, last_used_at <> "
	    "created_at),"
	    "   E'\\n' ORDER BY id) FROM sessions),"
	    " (SELECT string_agg(concat_ws(' ', parent_hash IS NOT NULL, spent_at IS NOT NULL,"
	    "   revoked_at IS NOT NULL),"
	    "   E'\\n' ORDER BY created_at, spent_at) FROM refresh_tokens),"
	    " (SELECT string_agg(concat_ws(' ', title, status, version), E'\\n' ORDER BY id)"
	    "   FROM gizmos),"
	    " (SELECT count(*) || ' keys' FROM idempotency_keys),"
	    " (SELECT string_agg(concat_ws(' ', action, outcome, actor_kind),"
	    "   E'\\n' ORDER BY id) FROM audit_events))");
}

static struct test_response
sign_up(const struct scene *s UNUSED)
{
	return post(NULL, P "/auth/register",
		    "{\"email\":\"new@example.com\",\"password\":\"another one\"}");
}

static struct test_response
log_in(const struct scene *s)
{
	return call_login(t, s->ada.email, s->ada.password);
}

static struct test_response
fail_to_log_in(const struct scene *s)
{
	return post(
	    NULL, P "/auth/login",
	    arena_printf(t->arena, "{\"email\":\"%s\",\"password\":\"wrong\"}", s->ada.email));
}

static struct test_response
refresh(const struct scene *s)
{
	return call_refresh(t, s->fresh);
}

static struct test_response
reuse(const struct scene *s)
{
	return call_refresh(t, s->spent);
}

static struct test_response
retry_lost(const struct scene *s)
{
	return call_refresh(t, s->unconfirmed);
}

static struct test_response
use_revoked(const struct scene *s)
{
	return call_refresh(t, s->revoked);
}

static struct test_response
log_out(const struct scene *s)
{
	return post(NULL, P "/auth/logout",
		    arena_printf(t->arena, "{\"refresh_token\":\"%s\"}", s->fresh));
}

static struct test_response
log_out_all(const struct scene *s)
{
	return post(s->ada.token, P "/auth/logout-all", NULL);
}

static struct test_response
end_session(const struct scene *s)
{
	return call(t, "DELETE", arena_printf(t->arena, P "/auth/sessions/%s", s->session_id),
		    .token = s->ada.token);
}

static struct test_response
change_profile(const struct scene *s)
{
	return call(t, "PATCH", P "/users/me", .token = s->ada.token,
		    .json = arena_printf(t->arena,
					 "{\"email\":\"new@example.com\",\"full_name\":\"N\","
					 "\"current_password\":\"%s\"}",
					 s->ada.password));
}

static struct test_response
confirm_session(const struct scene *s)
{
	return post(s->ada.token, P "/auth/confirm",
		    arena_printf(t->arena, "{\"password\":\"%s\"}", s->ada.password));
}

static struct test_response
change_password(const struct scene *s)
{
	return post(s->ada.token, P "/users/me/change-password",
		    arena_printf(t->arena,
				 "{\"current_password\":\"%s\",\"new_password\":\"another one\"}",
				 s->ada.password));
}

/* A mail token, as the job issues it. */
static const char *
mail_token(const struct scene *s, const char *purpose, const char *address)
{
	testdb_sql("INSERT INTO mail_tokens (user_id, purpose, email, account_email,"
		   " security_version, token_hash, expires_at) SELECT id, '%s', '%s', email,"
		   " security_version, sha256('secret'), now() + interval '1 hour'"
		   " FROM users WHERE id = '%s'",
		   purpose, address, s->ada.id);
	return "secret";
}

static struct test_response
confirm_email(const struct scene *s)
{
	return post(NULL, P "/auth/verify-email",
		    arena_printf(t->arena, "{\"token\":\"%s\"}",
				 mail_token(s, "change", "new@example.com")));
}

static struct test_response
reset_password(const struct scene *s)
{
	return post(NULL, P "/auth/reset-password",
		    arena_printf(t->arena, "{\"token\":\"%s\",\"new_password\":\"another one\"}",
				 mail_token(s, "reset", s->ada.email)));
}

static struct test_response
delete_own(const struct scene *s)
{
	return call(t, "DELETE", P "/users/me", .token = s->ada.token);
}

static struct test_response
create_user(const struct scene *s)
{
	return post(s->owner.token, P "/users",
		    "{\"email\":\"new@example.com\",\"password\":\"another one\"}");
}

static struct test_response
change_user(const struct scene *s)
{
	return call(t, "PATCH", arena_printf(t->arena, P "/users/%s", s->ada.id),
		    .token = s->owner.token,
		    .json = "{\"role\":\"viewer\",\"password\":\"another one\","
			    "\"full_name\":\"N\",\"is_active\":false}");
}

static struct test_response
delete_user(const struct scene *s)
{
	return call(t, "DELETE", arena_printf(t->arena, P "/users/%s", s->ada.id),
		    .token = s->owner.token);
}

static struct test_response
create_gizmo(const struct scene *s)
{
	return post(s->ada.token, P "/gizmos", "{\"title\":\"Wax\"}");
}

static struct test_response
change_gizmo(const struct scene *s)
{
	return call(t, "PATCH", s->gizmo, .token = s->ada.token,
		    .json = "{\"status\":\"archived\"}", .header = "HTTP_IF_MATCH=*");
}

static struct test_response
delete_gizmo(const struct scene *s)
{
	return call(t, "DELETE", s->gizmo, .token = s->ada.token);
}

/* A client that got no response repeats the request with the same key. */
static struct test_response
create_with_key(const struct scene *s)
{
	struct test_response a = { 0 };

	for (int try = 0; try < 2 && a.status != 201; try++)
		a = call(t, "POST", P "/gizmos", .token = s->ada.token, .json = "{\"title\":\"X\"}",
			 .header = "HTTP_IDEMPOTENCY_KEY=k");
	return a;
}

static struct test_response
change_version(const struct scene *s)
{
	struct test_response a = call(t, "GET", P "/users/me", .token = s->ada.token);

	return call(
	    t, "PATCH", P "/users/me", .token = s->ada.token, .json = "{\"full_name\":\"N\"}",
	    .header = arena_printf(t->arena, "HTTP_IF_MATCH=%s",
				   a.status == 200 ? response_header_value(&a, "ETag") : "*"));
}

static const struct act {
	const char *name;
	unsigned status;
	struct test_response (*run)(const struct scene *);
} acts[] = {
	{ "registration", 201, sign_up },
	{ "login", 200, log_in },
	{ "failed login", 401, fail_to_log_in },
	{ "refresh", 200, refresh },
	{ "reuse of a token", 401, reuse },
	{ "retry after a lost response", 200, retry_lost },
	{ "use of a revoked token", 401, use_revoked },
	{ "logout", 204, log_out },
	{ "logout of all", 204, log_out_all },
	{ "end of a session", 204, end_session },
	{ "change of profile", 200, change_profile },
	{ "confirmation of a session", 204, confirm_session },
	{ "change of password", 204, change_password },
	{ "confirmation of an address", 204, confirm_email },
	{ "reset of a password", 204, reset_password },
	{ "deletion of oneself", 204, delete_own },
	{ "creation of a user", 201, create_user },
	{ "change of a user", 200, change_user },
	{ "deletion of a user", 204, delete_user },
	{ "creation of a gizmo", 201, create_gizmo },
	{ "change of a gizmo", 200, change_gizmo },
	{ "deletion of a gizmo", 204, delete_gizmo },
	{ "creation with a key", 201, create_with_key },
	{ "change of a version", 200, change_version },
};

/* Runs the action with the connection broken before statement number `at`. False if it has fewer.
 * */
static bool
run_broken(const struct act *act, int at, const char *whole)
{
	struct scene s = set_up();
	const char *before = state();
	struct test_response a;
	bool done;

	sent = 0;
	kill_at = at;
	a = act->run(&s);
	kill_at = 0;
	done = a.status == act->status;
	cr_expect(done || a.status == 503, "%s, broken before statement %d: %u %s", act->name, at,
		  a.status, a.body);
	cr_expect_str_eq(state(), done ? whole : before, "%s, broken before statement %d: %u",
			 act->name, at, a.status);
	return sent >= at;
}

Test(crash, an_act_is_there_as_a_whole_or_not_at_all)
{
	for (size_t i = 0; i < COUNT(acts); i++) {
		struct scene s = set_up();
		const char *before = state(), *whole;
		struct test_response a;
		int at = 1;

		sent = 0;
		a = acts[i].run(&s);
		cr_assert_eq(a.status, acts[i].status, "%s: %s", acts[i].name, a.body);
		whole = state();
		cr_assert_str_neq(before, whole, "%s changes nothing", acts[i].name);
		cr_assert_geq(sent, 2, "%s", acts[i].name);
		while (run_broken(&acts[i], at, whole) && at < STATEMENTS_MAX)
			at++;
		cr_expect_lt(at, STATEMENTS_MAX, "%s", acts[i].name);
	}
}
