/* Refresh tokens: which uses are retries, which are thefts, and how long a session can last. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/crowd.h"
#include "support/testdb.h"

#include "app/settings.h"
#include "app/token.h"
#include "features/auth/auth_priv.h"
#include "features/sessions/sessions.h"

#define P "/api/v1"

TEST_SUITE(refresh);

enum { LETTERS = 26, CROWD = 8, ROUNDS = 4, DAY = 86400 };

static const char *
sign_in(const struct account *user)
{
	struct test_response a = call_login(t, user->email, user->password);

	cr_assert_eq(a.status, 200, "%s", a.body);
	return response_text(&a, "refresh_token");
}

/* Makes every token appear issued and used that much earlier. */
static void
age_tokens(const char *interval)
{
	testdb_sql("UPDATE refresh_tokens SET spent_at = spent_at - interval '%s',"
		   " created_at = created_at - interval '%s'",
		   interval, interval);
}

static const char *
count_retries(const struct account *user)
{
	return testdb_sql("SELECT count(*) FROM audit_events WHERE action = 'authn_token_retry'"
			  " AND outcome = 'success' AND detail ->> 'user_id' = '%s'",
			  user->id);
}

/* Uses one token: "A>B" is accepted and issues B, "A!" ends the session, "A-" finds it ended,
 * "~" is the end of the grace period and "@" three weeks. */
static void
run_step(const char *sequence, const char *step, const char *tokens[LETTERS])
{
	struct test_response a;

	if (*step == '~' || *step == '@') {
		age_tokens(*step == '~' ? "11 seconds" : "21 days");
		return;
	}
	a = call_refresh(t, tokens[*step - 'A']);
	if (step[1] == '>') {
		cr_assert_eq(a.status, 200, "%s: %s: %s", sequence, step, a.body);
		tokens[step[2] - 'A'] = response_text(&a, "refresh_token");
		return;
	}
	cr_assert_eq(a.status, 401, "%s: %s: %s", sequence, step, a.body);
	cr_assert_str_eq(response_code(&a), step[1] == '!' ? "token_reused" : "invalid_token",
			 "%s: %s", sequence, step);
}

Test(refresh, retries_and_thefts_are_distinguished)
{
	static const struct {
		const char *sequence, *retries;
		bool ended;
	} rows[] = {
		{ "A>B B>C C>D", "0", false },
		{ "A>B ~ B>C @ C>D", "0", false },
		/* in the grace period */
		{ "A>B A>C", "1", false },
		{ "A>B A>C ~ B>D C>E D>F E>G", "1", false },
		{ "A>B A>C @ B>D C>E", "1", false },
		{ "A>B B>C A>D D>E C>F", "1", false },
		{ "A>B A>C A>D A>E", "3", false },
		/* a lost response */
		{ "A>B ~ A>C C>D", "1", false },
		{ "A>B @ A>C C>D", "1", false },
		{ "A>B ~ A>C ~ A>D @ A>E E>F", "3", false },
		{ "A>B B>C ~ B>D D>E", "1", false },
		{ "A>B A>C ~ A>D D>E", "2", false },
		{ "A>B ~ A>C C>D D>E ~ C! E-", "1", true },
		{ "A>B ~ A>C ~ C>D ~ C>E E>F", "2", false },
		/* a revoked successor */
		{ "A>B ~ A>C B! C- A-", "1", true },
		{ "A>B ~ A>C C>D B! D-", "1", true },
		{ "A>B ~ A>C A>D C! D-", "2", true },
		{ "A>B A>C ~ A>D B! D-", "2", true },
		{ "A>B A>C ~ A>D C! D-", "2", true },
		{ "A>B ~ A>C C>D C>E ~ B! D- E-", "2", true },
		/* a theft */
		{ "A>B B>C ~ A! C- A- B-", "0", true },
		{ "A>B B>C ~ C>D ~ A! D-", "0", true },
		{ "A>B A>C C>D ~ A! B- D-", "1", true },
		{ "A>B A>C B>D ~ A! C- D-", "1", true },
		{ "A>B ~ A>C C>D ~ A! D-", "1", true },
		{ "A>B @ B>C @ A! C-", "0", true },
	};

	auth_settings.refresh_rate_limit.n = 0;
	auth_settings.login_rate_limit.n = auth_settings.login_ip_rate_limit.n = 0;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct account ada = make_user(t);
		const char *tokens[LETTERS] = { sign_in(&ada) }, *other = sign_in(&ada);

		for (const char *step = rows[i].sequence; *step; step += strspn(step, " ")) {
			run_step(rows[i].sequence, step, tokens);
			step += strcspn(step, " ");
		}
		cr_expect_str_eq(count_retries(&ada), rows[i].retries, "%s", rows[i].sequence);
		cr_expect_str_eq(testdb_sql("SELECT count(*) FROM sessions WHERE user_id = '%s'"
					    " AND ended_at IS NOT NULL",
					    ada.id),
				 rows[i].ended ? "1" : "0", "%s", rows[i].sequence);
		cr_expect_eq(call_refresh(t, other).status, 200, "%s: the other session",
			     rows[i].sequence);
	}
}

Test(refresh, without_a_grace_period_a_retry_revokes_at_once)
{
	struct account ada = make_user(t);
	const char *token = sign_in(&ada);
	struct test_response first, second, a;

	sessions_settings.reuse_grace_seconds = 0;
	first = call_refresh(t, token);
	second = call_refresh(t, token);
	cr_assert_eq(second.status, 200, "%s", second.body);
	a = call_refresh(t, response_text(&first, "refresh_token"));
	expect_problem(&a, 401, "token_reused");
	a = call_refresh(t, response_text(&second, "refresh_token"));
	expect_problem(&a, 401, "invalid_token");
}

Test(refresh, a_token_used_under_an_older_version_is_no_lost_response)
{
	struct account ada = make_user(t);
	const char *token = sign_in(&ada);
	struct test_response a = call_refresh(t, token);

	testdb_sql("UPDATE refresh_tokens SET parent_hash = NULL");
	age_tokens("11 seconds");
	a = call_refresh(t, token);
	expect_problem(&a, 401, "token_reused");
}

Test(refresh, the_event_of_a_retry_counts_the_revoked_tokens)
{
	struct account ada = make_user(t);
	const char *token = sign_in(&ada);

	cr_assert_eq(call_refresh(t, token).status, 200);
	cr_assert_eq(call_refresh(t, token).status, 200);
	age_tokens("11 seconds");
	cr_assert_eq(call_refresh(t, token).status, 200);
	cr_expect_str_eq(testdb_sql("SELECT string_agg(detail ->> 'revoked', ' ' ORDER BY id)"
				    " FROM audit_events WHERE action = 'authn_token_retry'"
				    " AND target = (SELECT id::text FROM sessions"
				    " WHERE ip IS NOT NULL) AND actor_id IS NULL"),
			 "0 2");
}

/* --- concurrent uses --- */

static enum error
refresh_one(struct ctx *c, int number UNUSED, void *token)
{
	struct tokens tokens;

	return auth_refresh(c, token, &tokens);
}

Test(refresh, concurrent_retries_of_a_lost_response_leave_one_token)
{
	struct account ada = make_user(t);
	const char *token = sign_in(&ada);
	const enum error *results;

	cr_assert_eq(call_refresh(t, token).status, 200);
	age_tokens("11 seconds");
	results = crowd_run(CROWD, refresh_one, (void *)token);
	cr_expect_eq(crowd_count(results, CROWD, OK), CROWD);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM refresh_tokens"
				    " WHERE spent_at IS NULL AND revoked_at IS NULL"),
			 "1");
	cr_expect_null(testdb_sql("SELECT 1 FROM sessions WHERE ended_at IS NOT NULL"));
}

/* Even numbers use the first token, odd ones the second. */
static enum error
refresh_either(struct ctx *c, int number, void *tokens)
{
	return refresh_one(c, number, ((char **)tokens)[number % 2]);
}

Test(refresh, a_late_reuse_and_its_successor_cannot_both_win)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct account ada = make_user(t);
		const char *pair[] = { sign_in(&ada), NULL };
		struct test_response a = call_refresh(t, pair[0]);
		const enum error *results;

		pair[1] = response_text(&a, "refresh_token");
		age_tokens("11 seconds");
		results = crowd_run(CROWD, refresh_either, pair);
		cr_expect_eq(crowd_count(results, CROWD, E_TOKEN_REUSED), 1);
		cr_expect_eq(crowd_count(results, CROWD, OK) +
				 crowd_count(results, CROWD, E_INVALID_TOKEN),
			     CROWD - 1);
		cr_expect_str_eq(testdb_sql("SELECT count(*) FROM sessions WHERE user_id = '%s'"
					    " AND ended_at IS NOT NULL",
					    ada.id),
				 "1");
	}
}

/* --- maximum lifetime of a session --- */

/* Signs in and backdates the session. */
static const char *
sign_in_earlier(const struct account *user, const char *ago)
{
	const char *token = sign_in(user);

	testdb_sql("UPDATE sessions SET created_at = created_at - interval '%s'"
		   " WHERE ip IS NOT NULL AND user_id = '%s'",
		   ago, user->id);
	return token;
}

/* Seconds until the session expires, as the list of sessions shows it. */
static int64_t
seconds_left(const struct account *user)
{
	struct test_response a = call(t, "GET", P "/auth/sessions", .token = user->token);
	bool first = response_is_null(&a, "items.1.ip"); /* the factory's session has no address */

	return strtoll(
	    testdb_sql("SELECT round(extract(epoch FROM '%s'::timestamptz - now()))",
		       response_text(&a, first ? "items.0.expires_at" : "items.1.expires_at")),
	    NULL, 10);
}

static void
expect_about(int64_t value, int64_t wanted, const char *what)
{
	cr_expect(value <= wanted && value > wanted - 60, "%s: %" PRId64 ", not %" PRId64, what,
		  value, wanted);
}

Test(refresh, no_refresh_extends_a_session_beyond_its_limit)
{
	static const struct {
		int64_t max_days;
		const char *ago;
		int64_t left, access; /* seconds; 0: refused */
	} rows[] = {
		{ 180, "179 days", DAY, 900 },      { 180, "149 days", 30 * DAY, 900 },
		{ 180, "170 days", 10 * DAY, 900 }, { 180, "179 days 23:55", 300, 300 },
		{ 180, "180 days", 0, 0 },          { 180, "400 days", 0, 0 },
		{ 20, "0 days", 20 * DAY, 900 },    { 0, "4000 days", 30 * DAY, 900 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct account ada = make_user(t);
		const char *token = sign_in_earlier(&ada, rows[i].ago);
		struct claims claims;
		struct test_response a;

		sessions_settings.max_days = rows[i].max_days;
		a = call_refresh(t, token);
		if (!rows[i].left) {
			expect_problem(&a, 401, "invalid_token");
			continue;
		}
		cr_assert_eq(a.status, 200, "%s: %s", rows[i].ago, a.body);
		expect_about(response_int(&a, "refresh_expires_in"), rows[i].left, rows[i].ago);
		expect_about(response_int(&a, "expires_in"), rows[i].access, rows[i].ago);
		expect_about(seconds_left(&ada), rows[i].left, rows[i].ago);
		cr_expect_null(
		    testdb_sql("SELECT 1 FROM refresh_tokens t JOIN sessions s"
			       " ON s.id = t.session_id"
			       " WHERE t.expires_at > s.expires_at AND spent_at IS NULL"));
		cr_assert_eq(token_verify(t->ctx, response_text(&a, "access_token"), &claims), OK);
		cr_expect_eq(claims.exp - claims.iat, response_int(&a, "expires_in"));
	}
}

Test(refresh, a_sign_in_observes_the_limit)
{
	struct account ada = make_user(t);
	struct claims claims;
	const char *token;
	int64_t expires_in;
	struct test_response a;

	sessions_settings.max_days = 1;
	a = call_login(t, ada.email, ada.password);
	cr_expect_eq(response_int(&a, "refresh_expires_in"), DAY);
	testdb_sql("UPDATE sessions SET created_at = created_at - interval '1 hour'"
		   " WHERE ip IS NOT NULL");
	expect_about(seconds_left(&ada), DAY, "the list");

	cr_assert_eq(auth_issue(t->ctx, ada.id, "member", 48, &token, &expires_in), OK);
	cr_expect_eq(expires_in, DAY);
	cr_assert_eq(token_verify(t->ctx, token, &claims), OK);
	cr_expect_eq(claims.exp - claims.iat, DAY);
	cr_expect_str_eq(testdb_sql("SELECT expires_at - created_at = interval '1 day'"
				    " FROM sessions WHERE id = '%s'",
				    claims.sid),
			 "t");
}

Test(refresh, a_lowered_limit_applies_to_old_sessions)
{
	struct account ada = make_user(t);
	struct test_response a;
	int64_t sessions, tokens;

	sign_in_earlier(&ada, "9 days");
	sessions_settings.max_days = 0;
	cr_assert_eq(sessions_prune(t->ctx, &sessions, &tokens), OK);
	expect_about(seconds_left(&ada), 30 * DAY, "without a limit");
	sessions_settings.max_days = 10;
	cr_assert_eq(sessions_prune(t->ctx, &sessions, &tokens), OK);
	cr_expect_eq(sessions, 0);
	expect_about(seconds_left(&ada), DAY, "with a limit of 10 days");
	sessions_settings.max_days = 5;
	cr_assert_eq(sessions_prune(t->ctx, &sessions, &tokens), OK);
	cr_expect_eq(sessions, 1);
	a = call(t, "GET", P "/auth/sessions", .token = ada.token);
	cr_expect_eq(response_int(&a, "total"), 1);
}

/* --- pruning --- */

/* A setting that was lowered lets a successor expire before the token that issued it. */
Test(refresh, a_used_successor_stays_as_long_as_its_parent)
{
	struct account ada = make_user(t);
	const char *token = sign_in(&ada);
	struct test_response used = call_refresh(t, token), unused = call_refresh(t, token), a;
	int64_t sessions, tokens;

	cr_assert_eq(unused.status, 200);
	cr_assert_eq(call_refresh(t, response_text(&used, "refresh_token")).status, 200);
	testdb_sql("UPDATE refresh_tokens SET expires_at = now() WHERE token_hash = sha256('%s')",
		   response_text(&used, "refresh_token"));
	cr_assert_eq(sessions_prune(t->ctx, &sessions, &tokens), OK);
	cr_expect_eq(tokens, 0);
	age_tokens("11 seconds");
	a = call_refresh(t, token);
	expect_problem(&a, 401, "token_reused");

	testdb_sql("UPDATE refresh_tokens SET expires_at = now()");
	cr_assert_eq(sessions_prune(t->ctx, &sessions, &tokens), OK);
	cr_expect_null(testdb_sql("SELECT 1 FROM refresh_tokens"));
}
