/* Sessions: listing, ending, effect in every worker with the next request. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/testdb.h"

#include "features/sessions/sessions.h"

#include "app/settings.h"
#include "app/shared.h"

#include <sys/socket.h>
#include <sys/wait.h>

#define P "/api/v1"

TEST_SUITE(sessions);

static struct test_response
ask(const char *method, const char *token, const char *path)
{
	return call(t, method, arena_printf(t->arena, P "%s", path), .token = token);
}

static struct test_response
tell(const char *method, const char *token, const char *path, const char *json)
{
	return call(t, method, arena_printf(t->arena, P "%s", path), .token = token, .json = json);
}

struct signed_in {
	const char *access_token, *refresh_token, *session_id;
};

static struct signed_in
sign_in(const struct account *user)
{
	struct test_response a = call_login(t, user->email, user->password);

	cr_assert_eq(a.status, 200, "%s", a.body);
	return (struct signed_in) {
		.access_token = response_text(&a, "access_token"),
		.refresh_token = response_text(&a, "refresh_token"),
		.session_id = testdb_sql("SELECT id FROM sessions WHERE user_id = '%s'"
					 " ORDER BY created_at DESC LIMIT 1",
					 user->id),
	};
}

Test(sessions, the_list_has_the_members_of_the_contract)
{
	struct account ada = make_user(t);
	struct test_response a = call_login(t, ada.email, ada.password);
	const char *token = response_text(&a, "access_token");

	testdb_sql("UPDATE sessions SET created_at = created_at - interval '1 hour'"
		   " WHERE id = '%s'",
		   ada.session_id);
	a = ask("GET", token, "/auth/sessions");
	cr_assert_eq(a.status, 200);
	cr_assert_eq(response_int(&a, "total"), 2);
	cr_expect_eq(response_count(&a, "items.0"), 7);
	cr_expect(response_bool(&a, "items.0.current"));
	cr_expect_str_eq(response_text(&a, "items.0.ip"), "192.0.2.1");
	cr_expect(response_is_null(&a, "items.0.user_agent"));
	cr_expect(!response_bool(&a, "items.1.current"));
	cr_expect_str_eq(response_text(&a, "items.1.id"), ada.session_id);
	cr_expect(response_is_null(&a, "items.1.ip"));
	response_text(&a, "items.1.created_at");
	response_text(&a, "items.1.last_used_at");
	response_text(&a, "items.1.expires_at");
}

Test(sessions, the_list_is_of_ones_own_that_live)
{
	struct account ada = make_user(t), eve = make_user(t, .role = "owner");
	struct signed_in ended = sign_in(&ada), expired = sign_in(&ada);
	struct test_response a;

	testdb_sql("UPDATE sessions SET ended_at = now() WHERE id = '%s'", ended.session_id);
	testdb_sql("UPDATE sessions SET expires_at = now() WHERE id = '%s'", expired.session_id);
	a = ask("GET", ada.token, "/auth/sessions");
	cr_assert_eq(response_int(&a, "total"), 1);
	cr_expect_str_eq(response_text(&a, "items.0.id"), ada.session_id);
	a = ask("GET", eve.token, "/auth/sessions");
	cr_expect_eq(response_int(&a, "total"), 1);
	a = call(t, "GET", P "/auth/sessions");
	expect_problem(&a, 401, "unauthenticated");
}

Test(sessions, one_of_them_can_be_ended)
{
	struct account ada = make_user(t, .role = "viewer");
	struct signed_in other = sign_in(&ada);
	struct test_response a;

	settings.session_cache_seconds = 300;
	cr_expect_eq(ask("GET", other.access_token, "/users/me").status, 200);
	a = ask("DELETE", ada.token, arena_printf(t->arena, "/auth/sessions/%s", other.session_id));
	cr_expect_eq(a.status, 204);
	a = ask("GET", other.access_token, "/users/me");
	expect_problem(&a, 401, "invalid_token");
	a = call_refresh(t, other.refresh_token);
	expect_problem(&a, 401, "invalid_token");
	cr_expect_eq(ask("GET", ada.token, "/users/me").status, 200);

	a = ask("DELETE", ada.token, arena_printf(t->arena, "/auth/sessions/%s", other.session_id));
	expect_problem(&a, 404, "not_found");
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM audit_events"
				    " WHERE action = 'session_ended' AND target = '%s'"
				    " AND actor_id = '%s'",
				    other.session_id, ada.id),
			 "1");
}

Test(sessions, capitals_of_the_id_make_no_difference)
{
	struct account ada = make_user(t);
	struct signed_in other = sign_in(&ada);
	char id[37];
	struct test_response a;

	settings.session_cache_seconds = 300;
	cr_expect_eq(ask("GET", other.access_token, "/users/me").status, 200);
	for (size_t i = 0; i < sizeof(id); i++)
		id[i] = other.session_id[i] >= 'a' ? (char)(other.session_id[i] - 32)
						   : other.session_id[i];
	cr_expect_eq(
	    ask("DELETE", ada.token, arena_printf(t->arena, "/auth/sessions/%s", id)).status, 204);
	a = ask("GET", other.access_token, "/users/me");
	expect_problem(&a, 401, "invalid_token");
}

Test(sessions, somebody_elses_cannot_be_ended)
{
	struct account ada = make_user(t), eve = make_user(t, .role = "owner");
	struct test_response a =
	    ask("DELETE", eve.token, arena_printf(t->arena, "/auth/sessions/%s", ada.session_id));

	expect_problem(&a, 404, "not_found");
	cr_expect_eq(ask("GET", ada.token, "/users/me").status, 200);
}

Test(sessions, the_one_that_asks_can_be_ended_too)
{
	struct account ada = make_user(t);
	struct test_response a =
	    ask("DELETE", ada.token, arena_printf(t->arena, "/auth/sessions/%s", ada.session_id));

	cr_expect_eq(a.status, 204);
	a = ask("GET", ada.token, "/users/me");
	expect_problem(&a, 401, "invalid_token");
}

Test(sessions, logout_all_ends_all_of_ones_own_and_no_other)
{
	struct account ada = make_user(t, .role = "viewer"), eve = make_user(t);
	struct signed_in other = sign_in(&ada);
	struct test_response a;

	settings.session_cache_seconds = 300;
	cr_expect_eq(ask("GET", other.access_token, "/users/me").status, 200);
	cr_expect_eq(ask("POST", ada.token, "/auth/logout-all").status, 204);
	a = ask("GET", ada.token, "/users/me");
	expect_problem(&a, 401, "invalid_token");
	a = ask("GET", other.access_token, "/users/me");
	expect_problem(&a, 401, "invalid_token");
	a = call_refresh(t, other.refresh_token);
	expect_problem(&a, 401, "invalid_token");
	cr_expect_eq(ask("GET", eve.token, "/users/me").status, 200);
	cr_expect_eq(sign_in(&ada).access_token != NULL, true, "one may come again");
	cr_expect_str_eq(testdb_sql("SELECT detail ->> 'sessions' FROM audit_events"
				    " WHERE action = 'session_ended' AND target = '%s'",
				    ada.id),
			 "2");
}

/* --- another worker --- */

/* Another worker process: authenticates its token on request. */
struct worker {
	int pipe;
	pid_t pid;
};

static void
work(int pipe, const char *token)
{
	char byte;

	t->db = db_new(settings.database_url);
	while (read(pipe, &byte, 1) == 1) {
		unsigned status = call(t, "GET", P "/users/me", .token = token).status;

		if (write(pipe, &status, sizeof(status)) != sizeof(status))
			_exit(1);
	}
	_exit(0);
}

static struct worker
start_worker(const char *token)
{
	struct worker w;
	int pipes[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pipes), 0);
	w.pid = fork();
	if (w.pid == 0) {
		close(pipes[0]);
		work(pipes[1], token);
	}
	close(pipes[1]);
	w.pipe = pipes[0];
	return w;
}

static unsigned
ask_worker(const struct worker *w)
{
	unsigned status = 0;

	cr_assert_eq(write(w->pipe, "?", 1), 1);
	cr_assert_eq(read(w->pipe, &status, sizeof(status)), (ssize_t)sizeof(status));
	return status;
}

static void
end_worker(const struct worker *w)
{
	close(w->pipe);
	waitpid(w->pid, NULL, 0);
}

/* Actions on Ada's session by her other session or an owner. */
struct scene {
	struct account ada, owner;
	struct signed_in victim;
};

static void
log_out(const struct scene *s)
{
	tell("POST", NULL, "/auth/logout",
	     arena_printf(t->arena, "{\"refresh_token\":\"%s\"}", s->victim.refresh_token));
}

static void
log_out_all(const struct scene *s)
{
	ask("POST", s->ada.token, "/auth/logout-all");
}

static void
end_it(const struct scene *s)
{
	ask("DELETE", s->ada.token,
	    arena_printf(t->arena, "/auth/sessions/%s", s->victim.session_id));
}

static void
reuse_token(const struct scene *s)
{
	struct test_response a;

	sessions_settings.reuse_grace_seconds = 0;
	a = call_refresh(t, s->victim.refresh_token);
	call_refresh(t, response_text(&a, "refresh_token"));
	call_refresh(t, s->victim.refresh_token);
}

static void
change_password(const struct scene *s)
{
	tell("POST", s->ada.token, "/users/me/change-password",
	     arena_printf(t->arena,
			  "{\"current_password\":\"%s\",\"new_password\":\"another one\"}",
			  s->ada.password));
}

static void
delete_own(const struct scene *s)
{
	ask("DELETE", s->ada.token, "/users/me");
}

static void
change_as_owner(const struct scene *s, const char *json)
{
	tell("PATCH", s->owner.token, arena_printf(t->arena, "/users/%s", s->ada.id), json);
}

static void
deactivate(const struct scene *s)
{
	change_as_owner(s, "{\"is_active\":false}");
}

static void
change_role(const struct scene *s)
{
	change_as_owner(s, "{\"role\":\"viewer\"}");
}

static void
set_password(const struct scene *s)
{
	change_as_owner(s, "{\"password\":\"another one\"}");
}

static void
delete_as_owner(const struct scene *s)
{
	ask("DELETE", s->owner.token, arena_printf(t->arena, "/users/%s", s->ada.id));
}

Test(sessions, what_ends_one_is_seen_by_every_worker_at_once)
{
	static const struct {
		const char *name;
		void (*act)(const struct scene *);
	} acts[] = {
		{ "logout", log_out },
		{ "logout-all", log_out_all },
		{ "end session", end_it },
		{ "token reuse", reuse_token },
		{ "password change", change_password },
		{ "deletion of one's own account", delete_own },
		{ "deactivation", deactivate },
		{ "change of role", change_role },
		{ "new password by an owner", set_password },
		{ "deletion by an owner", delete_as_owner },
	};

	cr_assert_null(shared_open(NULL, 4));
	settings.session_cache_seconds = 300;
	for (size_t i = 0; i < COUNT(acts); i++) {
		struct scene s = { .ada = make_user(t), .owner = make_user(t, .role = "owner") };
		struct worker w;

		s.victim = sign_in(&s.ada);
		w = start_worker(s.victim.access_token);
		cr_expect_eq(ask_worker(&w), 200, "%s: before", acts[i].name);
		acts[i].act(&s);
		cr_expect_eq(ask_worker(&w), 401, "%s: after", acts[i].name);
		cr_expect_eq(ask("GET", s.victim.access_token, "/users/me").status, 401, "%s: here",
			     acts[i].name);
		end_worker(&w);
	}
}
