/* E-mails: recipients, limits, content, retention. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/testdb.h"

#include "app/settings.h"
#include "features/mail/mail.h"
#include "features/users/users.h"

#define P "/api/v1"

static struct test *t;

static void
begin(void)
{
	t = test_begin();
	mail_settings.dir = "/nonexistent";
	settings.app_url = "https://app.example.com";
	settings.require_verified_email = true;
}

TestSuite(mails, .init = begin, .fini = test_end);

static struct test_response
post(const char *path, const char *token, const char *json)
{
	return call(t, "POST", arena_printf(t->arena, P "%s", path), .token = token, .json = json);
}

static struct test_response
change_email(const struct account *who, const char *email)
{
	return call(t, "PATCH", P "/users/me", .token = who->token,
		    .json = arena_printf(t->arena, "{\"email\":\"%s\",\"current_password\":\"%s\"}",
					 email, who->password));
}

static struct test_response
register_account(const char *email)
{
	return post(
	    "/auth/register", NULL,
	    arena_printf(t->arena, "{\"email\":\"%s\",\"password\":\"correct horse\"}", email));
}

/* "template count, …" of the e-mails to an address, "" if there are none. */
static const char *
mails_to(const char *address)
{
	const char *text =
	    testdb_sql("SELECT string_agg(template || ' ' || n, ', ' ORDER BY template)"
		       " FROM (SELECT template, count(*) AS n FROM mails"
		       " WHERE lower(recipient) = lower('%s') GROUP BY 1) AS m",
		       address);

	return text ? text : "";
}

static void
verify_all(void)
{
	testdb_sql("UPDATE users SET email_verified_at = now()");
}

/* ---- limits */

Test(mails, one_address_gets_five_of_a_kind_in_an_hour)
{
	struct account ada = make_user(t), bob = make_user(t);

	mail_settings.rate_limit = (struct rate) { 5, 3600 };
	verify_all();
	for (int i = 0; i < 20; i++) {
		const struct account *who = i % 4 < 2 ? &ada : &bob;

		cr_expect_eq(
		    change_email(who, i % 2 ? "Eve@example.net" : "mallory@example.net").status,
		    200);
	}
	cr_expect_str_eq(mails_to("eve@example.net"), "change_email 5");
	cr_expect_str_eq(mails_to("mallory@example.net"), "change_email 5");
	cr_expect_str_eq(mails_to(ada.email), "email_change_requested 5");
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM jobs WHERE kind = 'send_mail'"), "20");
	testdb_sql("UPDATE mails SET created_at = created_at - interval '1 hour'");
	testdb_sql("DELETE FROM mail_tokens");
	change_email(&ada, "eve@example.net");
	cr_expect_str_eq(mails_to("eve@example.net"), "change_email 6");
}

Test(mails, registrations_send_five_to_one_address)
{
	mail_settings.rate_limit = (struct rate) { 5, 3600 };
	make_user(t, .email = "ada@example.com");
	verify_all();
	for (int i = 0; i < 8; i++)
		cr_expect_eq(register_account("ada@example.com").status, 201);
	cr_expect_str_eq(mails_to("ada@example.com"), "already_registered 5");
}

Test(mails, five_requests_for_another_address_in_an_hour)
{
	struct account ada = make_user(t), bob = make_user(t);
	struct test_response a;

	users_settings.email_change_rate_limit = (struct rate) { 5, 3600 };
	for (int i = 0; i < 5; i++) {
		a = change_email(&ada, arena_printf(t->arena, "eve-%d@example.net", i));
		cr_expect_eq(a.status, 200);
	}
	a = change_email(&ada, "eve@example.net");
	expect_problem(&a, 429, "rate_limited");
	cr_expect_str_eq(response_header_value(&a, "RateLimit-Policy"),
			 "\"email_change\";q=5;w=3600");
	cr_expect_eq(
	    call(t, "PATCH", P "/users/me", .token = ada.token, .json = "{\"full_name\":\"Ada\"}")
		.status,
	    200);
	cr_expect_eq(change_email(&bob, "eve@example.net").status, 200);
}

Test(mails, requests_for_another_address_count_for_the_client_too)
{
	struct account ada = make_user(t);
	struct test_response a;

	settings.auth_recovery_ip_rate_limit = (struct rate) { 2, 60 };
	cr_expect_eq(change_email(&ada, "eve@example.net").status, 200);
	a = post("/auth/forgot-password", NULL, "{\"email\":\"x@example.net\"}");
	cr_expect_eq(a.status, 204);
	a = change_email(&ada, "eve@example.net");
	expect_problem(&a, 429, "rate_limited");
}

/* ---- recipients */

Test(mails, an_unverified_address_gets_no_notice)
{
	struct account ada = make_user(t);
	const char *json = arena_printf(
	    t->arena, "{\"current_password\":\"%s\",\"new_password\":\"another password\"}",
	    ada.password);

	change_email(&ada, "eve@example.net");
	cr_expect_eq(post("/users/me/change-password", ada.token, json).status, 204);
	cr_expect_str_eq(mails_to(ada.email), "");
	cr_expect_str_eq(mails_to("eve@example.net"), "change_email 1");
	settings.require_verified_email = false;
	ada.password = "another password";
	cr_expect_eq(change_email(&ada, "eve@example.net").status, 200);
	cr_expect_str_eq(mails_to(ada.email), "");
}

Test(mails, an_unverified_address_gets_only_its_verification)
{
	struct account ada = make_user(t, .email = "ada@example.com");
	const struct {
		const char *purpose, *email;
	} reset = { "reset", ada.email };

	run_job(t, "recovery_mail", &reset);
	cr_expect_str_eq(mails_to(ada.email), "verify_email 1");
	testdb_sql("UPDATE mail_tokens SET created_at = created_at - interval '61 seconds'");
	cr_expect_eq(register_account(ada.email).status, 201);
	cr_expect_str_eq(mails_to(ada.email), "verify_email 2");
	verify_all();
	run_job(t, "recovery_mail", &reset);
	cr_expect_str_eq(mails_to(ada.email), "reset_password 1, verify_email 2");
}

/* tests/e2e/test_work.c: long jobs in the default queue do not delay e-mails. */
Test(mails, have_a_queue_of_their_own)
{
	post("/auth/forgot-password", NULL, "{\"email\":\"ada@example.com\"}");
	register_account("ada@example.com");
	cr_expect_str_eq(testdb_sql("SELECT string_agg(kind || ' ' || queue, ', ' ORDER BY kind)"
				    " FROM jobs"),
			 "recovery_mail mail, send_mail mail");
}

/* ---- content */

static void
write_template(const char *name, const char *text)
{
	char folder[] = "/tmp/test_mails.XXXXXX";
	FILE *file;

	cr_assert(mkdtemp(folder));
	mail_settings.templates = arena_text(t->arena, folder);
	file = fopen(arena_printf(t->arena, "%s/%s.txt", folder, name), "w");
	cr_assert(file);
	fputs(text, file);
	fclose(file);
}

static void
remove_template(const char *name)
{
	unlink(arena_printf(t->arena, "%s/%s.txt", mail_settings.templates, name));
	rmdir(mail_settings.templates);
}

/* Subject, "|" and body of the digest by that template; NULL where it is rejected. */
static const char *
digest(const char *template, const struct mail_value *values)
{
	enum error e;

	write_template("digest", template);
	e = mail_enqueue(t->ctx, "ada@example.com", "digest", values);
	remove_template("digest");
	failure_clear(t->ctx);
	if (e) {
		cr_expect_eq(e, E_INTERNAL);
		return NULL;
	}
	return testdb_sql("WITH m AS (DELETE FROM mails RETURNING subject, body)"
			  " SELECT subject || '|' || body FROM m");
}

static const struct mail_value lamp[] = { { "title", "Lamp\r\nBcc: x" }, { "n", "1" }, { 0 } };
static const struct mail_value shade[] = { { "title", "{{name}}" }, { "name", "Shade" }, { 0 } };
static const struct mail_value *const two_rows[] = { lamp, shade, NULL };
static const struct mail_value *const no_rows[] = { NULL };
static const struct mail_value two[] = { { "name", "Ada" }, { "items", .rows = two_rows }, { 0 } };
static const struct mail_value none[] = { { "name", "Ada" }, { "items", .rows = no_rows }, { 0 } };

Test(mails, can_have_lists)
{
	static const char template[] = "Subject: For {{name}}\n\nNew:\n{{#each items}}\n"
				       "- {{title}} ({{name}})\n{{/each}}\nBye, {{name}}\n";

	cr_expect_str_eq(digest(template, two),
			 "For Ada|New:\n- LampBcc: x (Ada)\n- {{name}} (Shade)\nBye, Ada\n");
	cr_expect_str_eq(digest(template, none), "For Ada|New:\nBye, Ada\n");
	cr_expect_str_eq(
	    digest("Subject: {{#each items}}{{title}}, {{/each}}\n\n{{#each items}}{{/each}}.",
		   two),
	    "LampBcc: x, {{name}}, |.");
}

Test(mails, lists_with_mistakes_are_rejected)
{
	static const char *const bad[] = {
		"{{#each items}}- {{title}}",
		"{{#each items}}- {{n}}{{/each}}",
		"{{#each names}}x{{/each}}",
		"{{#each name}}x{{/each}}",
		"{{#each items}}{{#each items}}x{{/each}}{{/each}}",
		"{{#each items",
		"{{items}}",
		"{{/each}}",
		"{{title}}",
		"{{#each items}}{{title{{/each}}",
	};

	for (size_t i = 0; i < COUNT(bad); i++)
		cr_expect_null(digest(arena_printf(t->arena, "Subject: x\n\n%s", bad[i]), two),
			       "%s", bad[i]);
}

Test(mails, too_long_a_list_is_rejected)
{
	enum { ROWS = 20000 };
	const struct mail_value **rows =
	    arena_array(t->arena, ROWS + 1, sizeof(const struct mail_value *));
	const struct mail_value values[] = { { "items", .rows = rows }, { 0 } };

	for (size_t i = 0; i < ROWS; i++)
		rows[i] = lamp;
	cr_expect_null(digest("Subject: x\n\n{{#each items}}\n- {{title}}\n{{/each}}\n", values));
}

/* ---- retention */

Test(mails, are_pruned_after_a_week)
{
	testdb_sql("INSERT INTO mails (recipient, template, subject, body, created_at, sent_at)"
		   " SELECT 'ada@example.com', 'x', 'x', CASE WHEN n %% 2 = 0 THEN 'body' END,"
		   " now() - make_interval(days => n), CASE WHEN n %% 2 = 1 THEN now() END"
		   " FROM generate_series(4, 10) AS n");
	run_job(t, "prune_mails", NULL);
	cr_expect_str_eq(testdb_sql("SELECT string_agg((now()::date - created_at::date)::text, ' '"
				    " ORDER BY created_at DESC) FROM mails"),
			 "4 5 6");
}
