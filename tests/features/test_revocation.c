/* Ending all sessions of an account, and mail tokens. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/testdb.h"

#include "features/mail/mail.h"

#include "app/command.h"
#include "app/settings.h"
#include "features/sessions/sessions.h"
#include "features/users/users_priv.h"

#include <sys/wait.h>

#define P "/api/v1"

static struct test *t;

static void
begin(void)
{
	t = test_begin();
	mail_settings.dir = "/nonexistent";
	settings.app_url = "https://app.example.com";
	settings.session_cache_seconds = 300;
}

TestSuite(revocation, .init = begin, .fini = test_end, .timeout = 300);

static struct test_response
post(const char *path, const char *token, const char *json)
{
	return call(t, "POST", arena_printf(t->arena, P "%s", path), .token = token, .json = json);
}

/* {"name":"value",…} of texts without quotes. */
static const char *
members(const char *name, const char *value, const char *name2, const char *value2)
{
	if (!name2)
		return arena_printf(t->arena, "{\"%s\":\"%s\"}", name, value);
	return arena_printf(t->arena, "{\"%s\":\"%s\",\"%s\":\"%s\"}", name, value, name2, value2);
}

/* The token of the latest e-mail to the address, "" if there is none. */
static const char *
mailed_token(const char *address, const char *template)
{
	const char *token =
	    testdb_sql("SELECT substring(body from '#token=([A-Za-z0-9_-]+)') FROM mails"
		       " WHERE recipient = '%s' AND template = '%s' ORDER BY id DESC LIMIT 1",
		       address, template);

	return token ? token : "";
}

static const char *
count_mails(const char *address, const char *template)
{
	return testdb_sql("SELECT count(*) FROM mails WHERE recipient = '%s' AND template = '%s'",
			  address, template);
}

/* Makes the rows older, so that the limit of one a minute does not apply. */
static void
pass_a_minute(void)
{
	testdb_sql("UPDATE mail_tokens SET created_at = created_at - interval '61 seconds'");
}

/* Requests an e-mail without signing in, and runs the job. */
static const char *
request_mail(const struct account *user, const char *path, const char *purpose,
	     const char *template)
{
	const struct {
		const char *purpose, *email;
	} args = { purpose, user->email };

	cr_assert_eq(post(path, NULL, members("email", user->email, NULL, NULL)).status, 204);
	testdb_sql("DELETE FROM jobs");
	run_job(t, "recovery_mail", &args);
	return mailed_token(user->email, template);
}

static const char *
request_reset(const struct account *user)
{
	return request_mail(user, "/auth/forgot-password", "reset", "reset_password");
}

static const char *
request_verification(const struct account *user)
{
	return request_mail(user, "/auth/resend-verification", "verify", "verify_email");
}

static const char *
request_change(const struct account *user, const char *address)
{
	struct test_response a =
	    call(t, "PATCH", P "/users/me", .token = user->token,
		 .json = members("email", address, "current_password", user->password));

	cr_assert_eq(a.status, 200, "%s", a.body);
	return mailed_token(address, "change_email");
}

static const char *
create_key(const struct account *user)
{
	struct test_response a =
	    post("/api-keys", user->token, "{\"name\":\"backup\",\"scopes\":[\"jobs:read\"]}");

	cr_assert_eq(a.status, 201, "%s", a.body);
	return response_text(&a, "key");
}

static unsigned
verify(const char *token)
{
	return post("/auth/verify-email", NULL, members("token", token, NULL, NULL)).status;
}

static unsigned
reset(const char *token, const char *password)
{
	return post("/auth/reset-password", NULL, members("token", token, "new_password", password))
	    .status;
}

static unsigned
show_me(const char *token)
{
	return call(t, "GET", P "/users/me", .token = token).status;
}

static void
check_password(const struct account *user, const char *password, unsigned status)
{
	struct test_response a = call_login(t, user->email, password);

	cr_expect_eq(a.status, status, "%s", a.body);
}

/* --- each action against each pending credential --- */

/* Ada with one of everything that can act for her, and an owner. */
struct scene {
	struct account ada, owner;
	const char *access, *refresh, *verification, *change, *reset, *key;
};

static struct scene
set_up(void)
{
	struct scene s;
	struct test_response a;

	settings.require_verified_email = false;
	s.owner = make_user(t, .role = "owner");
	s.ada = make_user(t);
	a = call_login(t, s.ada.email, s.ada.password);
	s.access = response_text(&a, "access_token");
	s.refresh = response_text(&a, "refresh_token");
	cr_assert_eq(show_me(s.access), 200); /* now it is cached */
	s.reset = request_reset(&s.ada);
	settings.require_verified_email = true;
	s.key = create_key(&s.ada);
	cr_assert_eq(show_me(s.key), 200);
	s.verification = request_verification(&s.ada);
	s.change = request_change(&s.ada, arena_printf(t->arena, "new-%s", s.ada.email));
	return s;
}

static bool
session_works(const struct scene *s)
{
	return show_me(s->access) == 200;
}

static bool
refresh_token_works(const struct scene *s)
{
	return call_refresh(t, s->refresh).status == 200;
}

static bool
verification_works(const struct scene *s)
{
	return verify(s->verification) == 204;
}

static bool
change_works(const struct scene *s)
{
	bool works = verify(s->change) == 204;
	const char *email = testdb_sql("SELECT email FROM users WHERE id = '%s'", s->ada.id);

	cr_expect_eq(strcmp(email, s->ada.email) != 0, works);
	return works;
}

static bool
reset_works(const struct scene *s)
{
	return reset(s->reset, "password of the thief") == 204;
}

static bool
key_works(const struct scene *s)
{
	return show_me(s->key) == 200;
}

static const struct pending {
	const char *name;
	bool (*works)(const struct scene *);
	bool is_key; /* ended by some of the actions only */
} pending[] = {
	{ "session", session_works },           { "refresh token", refresh_token_works },
	{ "verification", verification_works }, { "change of address", change_works },
	{ "reset link", reset_works },          { "API key", key_works, true },
};

static unsigned
log_out_all(const struct scene *s)
{
	return post("/auth/logout-all", s->ada.token, NULL).status;
}

static unsigned
change_password(const struct scene *s)
{
	return post("/users/me/change-password", s->ada.token,
		    members("current_password", s->ada.password, "new_password",
			    "a new good password"))
	    .status;
}

/* With a second link, so that the first one remains pending. */
static unsigned
reset_password(const struct scene *s)
{
	pass_a_minute();
	return reset(request_reset(&s->ada), "a new good password");
}

static unsigned
patch_user(const struct scene *s, const char *json)
{
	return call(t, "PATCH", arena_printf(t->arena, P "/users/%s", s->ada.id),
		    .token = s->owner.token, .json = json)
	    .status;
}

static unsigned
patch_password(const struct scene *s)
{
	return patch_user(s, "{\"password\":\"a new good password\"}");
}

static unsigned
patch_role(const struct scene *s)
{
	return patch_user(s, "{\"role\":\"viewer\"}");
}

static unsigned
patch_inactive(const struct scene *s)
{
	return patch_user(s, "{\"is_active\":false}");
}

/* As the command `user` does once it has read its arguments. */
static unsigned
command(const struct scene *s, const struct user_change *in, uint64_t which)
{
	struct ctx c = *t->ctx;
	struct user user;

	c.caller = (struct caller) { 0 };
	c.process = "cli";
	return users_change(&c, s->ada.id, in, which, &user) ? 1 : 0;
}

static unsigned
command_set_password(const struct scene *s)
{
	return command(s, &(struct user_change) { .password = "a new good password" },
		       USER_CHANGE(password));
}

static unsigned
command_set_role(const struct scene *s)
{
	return command(s, &(struct user_change) { .role = "viewer" }, USER_CHANGE(role));
}

static unsigned
command_deactivate(const struct scene *s)
{
	return command(s, &(struct user_change) { .is_active = false }, USER_CHANGE(is_active));
}

static const struct action {
	const char *name;
	enum sessions_end_reason reason;
	unsigned (*run)(const struct scene *);
	unsigned status;
	bool ends_keys;
} actions[] = {
	{ "logout-all", SESSIONS_LOGOUT_ALL, log_out_all, 204 },
	{ "change-password", SESSIONS_PASSWORD_CHANGE, change_password, 204 },
	{ "reset-password", SESSIONS_PASSWORD_RESET, reset_password, 204, .ends_keys = true },
	{ "PATCH password", SESSIONS_PASSWORD_SET, patch_password, 200 },
	{ "PATCH role", SESSIONS_ROLE_CHANGE, patch_role, 200 },
	{ "PATCH is_active", SESSIONS_DEACTIVATION, patch_inactive, 200 },
	{ "user set-password", SESSIONS_PASSWORD_SET, command_set_password, 0 },
	{ "user set-role", SESSIONS_ROLE_CHANGE, command_set_role, 0 },
	{ "user deactivate", SESSIONS_DEACTIVATION, command_deactivate, 0 },
};

Test(revocation, everything_pending_works_before)
{
	for (size_t i = 0; i < COUNT(pending); i++) {
		struct scene s = set_up();

		cr_expect(pending[i].works(&s), "%s", pending[i].name);
	}
}

Test(revocation, each_action_ends_each_pending_thing)
{
	for (size_t i = 0; i < COUNT(actions) * COUNT(pending); i++) {
		const struct action *action = &actions[i / COUNT(pending)];
		const struct pending *p = &pending[i % COUNT(pending)];
		struct scene s = set_up();

		cr_assert_eq(action->run(&s), action->status, "%s", action->name);
		/* Activation must not restore anything. */
		testdb_sql("UPDATE users SET is_active = true WHERE id = '%s'", s.ada.id);
		cr_expect_eq(p->works(&s), p->is_key && !action->ends_keys, "%s: %s", action->name,
			     p->name);
	}
}

/* The reasons in sessions.h and the subcommands of `user` are the complete list. */
Test(revocation, the_table_of_actions_is_complete)
{
	static const char harmless[] = " create list show activate delete ";
	bool seen[SESSIONS_END_REASONS] = { false };

	for (size_t i = 0; i < COUNT(actions); i++) {
		struct scene s = set_up();
		const char *reason;

		cr_assert_eq(actions[i].run(&s), actions[i].status, "%s", actions[i].name);
		reason = testdb_sql("SELECT detail ->> 'reason' FROM audit_events"
				    " WHERE action = 'session_ended' AND target = '%s'",
				    s.ada.id);
		cr_assert_str_eq(reason, sessions_end_words[actions[i].reason], "%s",
				 actions[i].name);
		seen[actions[i].reason] = true;
	}
	for (size_t i = 0; i < COUNT(seen); i++)
		cr_expect(seen[i], "no action ends sessions by %s", sessions_end_words[i]);

	for (const struct subcommand *s = users_commands[0].subcommands; s->form; s++) {
		int len = (int)strcspn(s->form, " ");
		const char *name = arena_printf(t->arena, "user %.*s", len, s->form);
		bool known =
		    strstr(harmless, arena_printf(t->arena, " %.*s ", len, s->form)) != NULL;

		for (size_t i = 0; i < COUNT(actions) && !known; i++)
			known = strcmp(actions[i].name, name) == 0;
		cr_expect(known, "%s: add it to the actions, or to the harmless ones", name);
	}
}

/* --- change of address --- */

Test(revocation, a_pending_change_is_void_once_the_address_changed_otherwise)
{
	struct scene s = set_up();

	settings.require_verified_email = false;
	request_change(&s.ada, "other@example.com");
	settings.require_verified_email = true;
	cr_expect_eq(verify(s.change), 401);
	cr_expect_eq(verify(s.verification), 401);
	cr_expect_eq(reset(s.reset, "another password"), 401);
}

Test(revocation, only_the_latest_requested_address_is_accepted)
{
	struct scene s = set_up();
	const char *latest = request_change(&s.ada, "latest@example.com");

	cr_expect_eq(verify(s.change), 401);
	cr_expect_eq(verify(latest), 204);
}

Test(revocation, the_old_address_is_notified_of_the_request_and_of_the_change)
{
	struct scene s = set_up();

	testdb_sql("UPDATE users SET email_verified_at = now()");
	s.change = request_change(&s.ada, "other@example.com");
	cr_expect_str_eq(count_mails(s.ada.email, "email_change_requested"), "1");
	cr_expect_str_eq(count_mails(s.ada.email, "email_changed"), "0");
	request_change(&s.ada, "other@example.com");
	cr_expect_str_eq(count_mails(s.ada.email, "email_change_requested"), "1", "once a minute");
	cr_expect_eq(verify(s.change), 204);
	cr_expect_str_eq(count_mails(s.ada.email, "email_changed"), "1");
}

/* Whether another transaction waits for this connection's transaction. */
static bool
is_waited_for(void)
{
	return testdb_sql("SELECT 1 FROM pg_locks WHERE NOT granted"
			  " AND transactionid = pg_current_xact_id()::xid") != NULL;
}

/* Runs `sql` in a transaction that is still open when the request comes in, which has to wait for
 * it. */
static void
expect_after(const char *sql, const char *method, const char *path, const char *token,
	     const char *json, unsigned expected)
{
	int status;
	pid_t pid;

	testdb_sql("BEGIN");
	testdb_sql("%s", sql);
	pid = fork();
	if (pid == 0) {
		t->ctx->db = t->db = db_new(settings.database_url);
		_exit(call(t, method, path, .token = token, .json = json).status != expected);
	}
	while (!is_waited_for())
		cr_assert_eq(waitpid(pid, &status, WNOHANG), 0, "it does not wait");
	testdb_sql("COMMIT");
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(status, 0);
}

static void
expect_refused_after(const char *sql, const char *method, const char *path, const char *token,
		     const char *json)
{
	expect_after(sql, method, path, token, json, 401);
}

/* The password is reset between its check and the change: the change must not happen. */
static void
expect_no_race(bool verified)
{
	struct account ada = make_user(t);

	settings.require_verified_email = verified;
	expect_refused_after(
	    arena_printf(t->arena, "UPDATE users SET password_hash = '!' WHERE id = '%s'", ada.id),
	    "PATCH", P "/users/me", ada.token,
	    members("email", "thief@example.com", "current_password", ada.password));
	cr_expect_str_eq(testdb_sql("SELECT email FROM users WHERE id = '%s'", ada.id), ada.email);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM mail_tokens"), "0");
}

Test(revocation, an_address_changed_in_between_does_not_come_back_without_the_password)
{
	struct account ada = make_user(t);

	expect_after(
	    arena_printf(t->arena, "UPDATE users SET email = 'new@example.com' WHERE id = '%s'",
			 ada.id),
	    "PATCH", P "/users/me", ada.token, members("email", ada.email, "full_name", "A"), 422);
	cr_expect_str_eq(testdb_sql("SELECT email FROM users WHERE id = '%s'", ada.id),
			 "new@example.com");
}

Test(revocation, a_reset_in_between_stops_a_change_of_address)
{
	expect_no_race(false);
	expect_no_race(true);
}

/* --- links --- */

Test(revocation, five_links_coexist_and_each_works_once)
{
	struct account ada = make_user(t);
	const char *links[6];

	for (size_t i = 0; i < COUNT(links); i++) {
		links[i] = request_verification(&ada);
		pass_a_minute();
	}
	cr_expect_str_eq(links[5], links[4], "a sixth one is not sent");
	for (size_t i = 0; i < 5; i++) {
		cr_expect_eq(verify(links[i]), 204, "link %zu", i);
		cr_expect_eq(verify(links[i]), 401, "link %zu again", i);
		testdb_sql("UPDATE users SET email_verified_at = NULL");
	}
}

Test(revocation, a_strangers_request_leaves_earlier_links_valid)
{
	struct account ada = make_user(t);
	const char *first = request_reset(&ada);

	cr_expect_str_eq(request_reset(&ada), first, "not within a minute");
	for (int i = 0; i < 10; i++) {
		pass_a_minute();
		request_reset(&ada);
	}
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM mail_tokens"), "5");
	cr_expect_eq(reset(first, "a new good password"), 204);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM mail_tokens"), "0");
	check_password(&ada, "a new good password", 200);
}

Test(revocation, expired_links_are_pruned)
{
	struct account ada = make_user(t), eve = make_user(t);

	request_reset(&ada);
	testdb_sql("UPDATE mail_tokens SET expires_at = now()");
	request_reset(&eve);
	run_job(t, "prune_mail_tokens", NULL);
	cr_expect_str_eq(testdb_sql("SELECT string_agg(email, ' ') FROM mail_tokens"), eve.email);
}

/* --- API keys --- */

static const char *
deleted_keys(const struct account *user)
{
	return testdb_sql("SELECT string_agg(detail ->> 'reason', ' ') FROM audit_events"
			  " WHERE action = 'api_key_deleted' AND actor_id = '%s'",
			  user->id);
}

Test(revocation, a_reset_by_mail_deletes_and_audits_api_keys)
{
	struct account ada = make_user(t), eve = make_user(t);
	const char *key = create_key(&ada), *second = create_key(&ada), *other = create_key(&eve);

	cr_expect_eq(show_me(key), 200);
	cr_expect_eq(reset(request_reset(&ada), "a new good password"), 204);
	cr_expect_eq(show_me(key), 401);
	cr_expect_eq(show_me(second), 401);
	cr_expect_eq(show_me(other), 200);
	cr_expect_str_eq(deleted_keys(&ada), "password_reset password_reset");
}

Test(revocation, the_first_verification_deletes_and_audits_api_keys)
{
	struct account ada = make_user(t);
	const char *key = create_key(&ada);

	cr_expect_eq(show_me(key), 200);
	cr_expect_eq(verify(request_verification(&ada)), 204);
	cr_expect_eq(show_me(key), 401);
	cr_expect_str_eq(deleted_keys(&ada), "email_verified");
}

Test(revocation, a_later_verification_leaves_api_keys_alone)
{
	struct account ada = make_user(t);
	const char *key;

	settings.require_verified_email = true;
	cr_assert_eq(verify(request_verification(&ada)), 204);
	key = create_key(&ada);
	cr_expect_eq(verify(request_change(&ada, "new@example.com")), 204);
	cr_expect_eq(show_me(key), 200);
}

Test(revocation, no_key_is_created_while_all_sessions_end)
{
	struct account ada = make_user(t);

	expect_refused_after(
	    arena_printf(t->arena, "UPDATE sessions SET ended_at = now() WHERE user_id = '%s'",
			 ada.id),
	    "POST", P "/api-keys", ada.token, "{\"name\":\"backup\",\"scopes\":[\"jobs:read\"]}");
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM api_keys"), "0");
}

Test(revocation, an_account_exceeds_no_limit_of_keys_by_concurrent_requests)
{
	struct account ada = make_user(t);
	const char *insert =
	    arena_printf(t->arena,
			 "SELECT FROM users WHERE id = '%s' FOR NO KEY UPDATE;"
			 " INSERT INTO api_keys (user_id, name, scopes, prefix, key_hash)"
			 " SELECT '%s', 'k', '{gizmos:read}', 'p' || n, sha256(n::text::bytea)"
			 " FROM generate_series(1, 100) AS n",
			 ada.id, ada.id);

	expect_after(insert, "POST", P "/api-keys", ada.token,
		     "{\"name\":\"one more\",\"scopes\":[\"gizmos:read\"]}", 409);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM api_keys"), "100");
}

/* The session was live when its password was checked. */
Test(revocation, a_session_that_is_being_ended_changes_neither_address_nor_password)
{
	struct account ada = make_user(t);
	const char *log_out_all =
	    arena_printf(t->arena,
			 "UPDATE users SET security_version = security_version + 1"
			 " WHERE id = '%s'; UPDATE sessions SET ended_at = now()",
			 ada.id);
	const char *hash = testdb_sql("SELECT password_hash FROM users");

	settings.require_verified_email = true;
	expect_refused_after(
	    log_out_all, "PATCH", P "/users/me", ada.token,
	    members("email", "thief@example.com", "current_password", ada.password));
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM mail_tokens"), "0");
	testdb_sql("UPDATE sessions SET ended_at = NULL");
	expect_refused_after(
	    log_out_all, "POST", P "/users/me/change-password", ada.token,
	    members("current_password", ada.password, "new_password", "password of the thief"));
	cr_expect_str_eq(testdb_sql("SELECT password_hash FROM users"), hash);
}

/* --- an address that several people register --- */

static const char *
register_with(const char *email, const char *password)
{
	cr_assert_eq(
	    post("/auth/register", NULL, members("email", email, "password", password)).status,
	    201);
	return mailed_token(email, "verify_email");
}

/* Whatever the order, and although only one link was sent: neither password counts, and the owner
 * of the mailbox sets one. */
Test(revocation, an_address_registered_twice_has_no_password)
{
	static const char first[] = "a good password", second[] = "another good password";
	const char *email = "ada@example.com", *link;
	const struct {
		const char *purpose, *email;
	} args = { "reset", email };

	settings.require_verified_email = true;
	link = register_with(email, first);
	register_with(email, second);
	cr_expect_eq(verify(link), 204);
	cr_expect_eq(call_login(t, email, first).status, 401);
	cr_expect_eq(call_login(t, email, second).status, 401);
	cr_expect_str_eq(testdb_sql("SELECT detail ->> 'by' FROM audit_events"
				    " WHERE action = 'authn_password_change'"),
			 "registration");

	run_job(t, "recovery_mail", &args);
	cr_expect_eq(post("/auth/reset-password", NULL,
			  members("token", mailed_token(email, "reset_password"), "new_password",
				  "the password of the owner"))
			 .status,
		     204);
	cr_expect_eq(call_login(t, email, "the password of the owner").status, 200);
}

/* The same if the verification was sent again. */
Test(revocation, a_verification_sent_again_restores_no_password)
{
	static const char first[] = "a good password", second[] = "another good password";
	const char *email = "ada@example.com";
	const struct {
		const char *purpose, *email;
	} args = { "verify", email };

	settings.require_verified_email = true;
	register_with(email, first);
	register_with(email, second);
	pass_a_minute();
	run_job(t, "recovery_mail", &args);
	cr_expect_eq(verify(mailed_token(email, "verify_email")), 204);
	cr_expect_eq(call_login(t, email, first).status, 401);
	cr_expect_eq(call_login(t, email, second).status, 401);
}

/* A stranger's registrations use up the links that may be sent. */
Test(revocation, no_registration_of_a_stranger_is_verified_by_the_owner)
{
	static const char thief[] = "password of the thief";
	const char *email = "ada@example.com", *link = NULL;

	settings.require_verified_email = true;
	for (int i = 0; i < 6; i++) {
		link = register_with(email, thief);
		pass_a_minute();
	}
	register_with(email, "a good password");
	cr_expect_eq(verify(link), 204);
	cr_expect_eq(call_login(t, email, thief).status, 401);
	cr_expect_eq(call_login(t, email, "a good password").status, 401);
}

/* An account that was used before its address had to be verified keeps its password. */
Test(revocation, an_account_in_use_is_not_registered_again)
{
	struct account ada = make_user(t, .email = "ada@example.com");
	struct account bob = make_user(t, .email = "bob@example.com", .role = "admin");

	testdb_sql("UPDATE users SET last_login_at = now() WHERE id = '%s'", ada.id);
	settings.require_verified_email = true;
	cr_expect_eq(verify(register_with(ada.email, "password of the thief")), 204);
	cr_expect_eq(verify(register_with(bob.email, "password of the thief")), 204);
	cr_expect_eq(call_login(t, ada.email, ada.password).status, 200);
	cr_expect_eq(call_login(t, bob.email, bob.password).status, 200);
}
