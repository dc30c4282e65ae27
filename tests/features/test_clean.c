/* The pruning jobs delete what has expired, and nothing else. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/testdb.h"

#include "app/clock.h"

TEST_SUITE(clean);

/* Its user agent serves as its name. */
static void
add_session(const struct account *who, const char *name, const char *expires, const char *ended)
{
	testdb_sql("INSERT INTO sessions (user_id, user_agent, expires_at, ended_at)"
		   " VALUES ('%s', '%s', now() + interval '%s', now() + %s)",
		   who->id, name, expires, ended ? ended : "NULL");
}

static void
add_token(const struct account *who, const char *expires, bool spent)
{
	testdb_sql("INSERT INTO refresh_tokens (session_id, token_hash, expires_at, spent_at)"
		   " VALUES ('%s', sha256(uuid_v7()::text::bytea), now() + interval '%s', %s)",
		   who->session_id, expires, spent ? "now() - interval '9 days'" : "NULL");
}

Test(clean, removes_answers_of_yesterday)
{
	struct account ada = make_user(t);

	testdb_sql(
	    "INSERT INTO idempotency_keys (user_id, hash, fingerprint, status, body, created_at)"
	    " SELECT '%s', uuid_v7(), uuid_v7(), 201, '{}',"
	    " now() - n * interval '1 hour' FROM generate_series(1, 6000) AS n",
	    ada.id);
	run_job(t, "clean_replays", NULL);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM idempotency_keys"), "23");
}

Test(clean, removes_sessions_that_are_over)
{
	struct account ada = make_user(t);

	add_session(&ada, "lives", "1 day", NULL);
	add_session(&ada, "ended", "1 day", "interval '-2 days'");
	add_session(&ada, "expired", "-2 days", NULL);
	run_job(t, "clean_sessions", NULL);
	cr_expect_str_eq(testdb_sql("SELECT string_agg(user_agent, ', ' ORDER BY user_agent)"
				    " FROM sessions"),
			 "lives");
}

Test(clean, keeps_spent_tokens_until_they_expire)
{
	struct account ada = make_user(t);

	add_token(&ada, "1 day", true);
	add_token(&ada, "-1 hour", true);
	add_token(&ada, "-1 hour", false);
	run_job(t, "clean_sessions", NULL);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM refresh_tokens"), "1");
}

Test(clean, removes_more_than_a_batch)
{
	struct account ada = make_user(t);

	testdb_sql("INSERT INTO sessions (user_id, expires_at)"
		   " SELECT '%s', now() - interval '9 days' FROM generate_series(1, 5500)",
		   ada.id);
	run_job(t, "clean_sessions", NULL);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM sessions"), "1");
}

Test(clean, removes_old_jobs)
{
	testdb_sql("INSERT INTO jobs (kind, queue, status, finished_at)"
		   " SELECT 'x', 'y', 'succeeded', now() - interval '9 days'"
		   " FROM generate_series(1, 1500)");
	run_job(t, "prune_jobs", NULL);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM jobs"), "0");
}
