/* Registration, sign-in, sign-out and their tokens. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/crowd.h"
#include "support/hash_places.h"
#include "support/testdb.h"

#include "app/clock.h"
#include "app/ids.h"
#include "app/settings.h"
#include "app/shared.h"
#include "app/token.h"
#include "features/auth/auth_priv.h"
#include "features/sessions/sessions.h"

#include <sys/mman.h>

#define P "/api/v1"

TEST_SUITE(auth);

static struct test_response
post(const char *path, const char *json)
{
	return call(t, "POST", path, .json = json);
}

static struct test_response
me(const char *token)
{
	return call(t, "GET", P "/users/me", .token = token);
}

/* The tokens of a new session. */
static struct tokens
sign_in(const struct account *user)
{
	struct test_response a = call_login(t, user->email, user->password);

	cr_assert_eq(a.status, 200, "%s", a.body);
	return (struct tokens) {
		.access_token = response_text(&a, "access_token"),
		.refresh_token = response_text(&a, "refresh_token"),
	};
}

static struct test_response
send_refresh_token(const char *path, const char *token)
{
	return post(path, arena_printf(t->arena, "{\"refresh_token\":\"%s\"}", token));
}

static struct test_response
logout(const char *token)
{
	return send_refresh_token(P "/auth/logout", token);
}

static struct claims
claims_of(const char *access_token)
{
	struct claims claims = { 0 };

	cr_assert_eq(token_verify(t->ctx, access_token, &claims), OK);
	return claims;
}

/* Makes every used token appear to have been used that long ago. */
static void
age_spent_tokens(int seconds)
{
	testdb_sql("UPDATE refresh_tokens SET spent_at = spent_at - %d * interval '1 second'",
		   seconds);
}

/* --- register --- */

Test(auth, a_stranger_makes_an_account)
{
	struct test_response a = post(
	    P "/auth/register", "{\"email\":\" Ada@Example.com \",\"password\":\"correct horse\","
				"\"full_name\":\"Ada Lovelace\"}");

	cr_assert_eq(a.status, 201, "%s", a.body);
	cr_expect_eq(response_count(&a, ""), 8);
	cr_expect_str_eq(response_text(&a, "email"), "Ada@Example.com");
	cr_expect_str_eq(response_text(&a, "full_name"), "Ada Lovelace");
	cr_expect_str_eq(response_text(&a, "role"), "member");
	cr_expect(response_bool(&a, "is_active"));
	cr_expect(response_is_null(&a, "last_login_at"));
	cr_expect_str_eq(response_header_value(&a, "Location"),
			 arena_printf(t->arena, P "/users/%s", response_text(&a, "id")));
	cr_expect_null(strstr(a.body, "correct horse"));
	cr_expect_str_eq(testdb_sql("SELECT left(password_hash, 3) FROM users"), "$y$");
	cr_expect_eq(call_login(t, "ada@example.com", "correct horse").status, 200);
}

Test(auth, the_name_may_be_left_out_or_null)
{
	struct test_response a = post(
	    P "/auth/register", "{\"email\":\"a@example.com\",\"password\":\"correct horse\"}");
	struct test_response b =
	    post(P "/auth/register", "{\"email\":\"b@example.com\",\"password\":\"correct horse\","
				     "\"full_name\":null}");

	cr_assert_eq(a.status, 201);
	cr_assert_eq(b.status, 201);
	cr_expect(response_is_null(&a, "full_name"));
	cr_expect(response_is_null(&b, "full_name"));
}

Test(auth, an_address_has_one_account_whatever_its_capitals)
{
	struct test_response a;

	make_user(t, .email = "Ada@example.com");
	a = post(P "/auth/register",
		 "{\"email\":\"aDA@EXAMPLE.com\",\"password\":\"correct horse\"}");
	expect_problem(&a, 409, "email_taken");
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM users"), "1");
}

/* A registration with every member that the schema accepts. */
static struct test_response
register_in_full(const char *email)
{
	struct buf b = buf_new(t->arena, 4096);

	buf_char(&b, '{');
	for (size_t i = 0; i < registration_schema.nfields; i++) {
		const struct field *f = &registration_schema.fields[i];

		if (f->flags & F_CREATE)
			buf_json(&b, "%s:%s,", f->name, f->type == TYPE_EMAIL ? email : f->example);
	}
	buf_json(&b, "}");
	return post(P "/auth/register", buf_done(&b));
}

/* A copy of the text with each `word` replaced. */
static const char *
replace(const char *text, const char *word, const char *name)
{
	struct buf b = buf_new(t->arena, 16 * 1024);
	const char *at;

	for (; (at = strstr(text, word)); text = at + strlen(word)) {
		buf_put(&b, text, (size_t)(at - text));
		buf_text(&b, name);
	}
	buf_text(&b, text);
	return buf_done(&b);
}

/* Status, headers and body as text, without the values that differ between accounts. */
static const char *
all_of(const struct test_response *a, const char *email)
{
	struct buf b = buf_new(t->arena, 16 * 1024);
	const char *text;

	buf_printf(&b, "%u %s %zu\n", a->status, a->media_type, a->len);
	for (size_t i = 0; i < a->nheaders; i++)
		buf_printf(&b, "%s: %s\n", a->headers[i].name, a->headers[i].value);
	buf_printf(&b, "\n%s", a->body);
	text = replace(buf_done(&b), response_text(a, "id"), "ID");
	text = replace(text, response_text(a, "created_at"), "CREATED");
	text = replace(text, response_text(a, "updated_at"), "UPDATED");
	text = replace(text, response_header_value(a, "X-Request-ID"), "REQUEST");
	return replace(text, email, "EMAIL");
}

Test(auth, the_response_does_not_reveal_that_an_address_is_registered)
{
	struct test_response first, second, shortened;

	settings.require_verified_email = true;
	settings.app_url = "https://app.example.com";
	make_user(t, .email = "Ada@example.com", .role = "admin", .inactive = true,
		  .full_name = "Somebody Else");
	testdb_sql("UPDATE users SET email_verified_at = now()");
	first = register_in_full("eve@example.com");
	second = register_in_full("ada@example.com");
	cr_assert_eq(first.status, 201, "%s", first.body);
	cr_expect_str_eq(all_of(&first, "eve@example.com"), all_of(&second, "ada@example.com"));
	shortened = post(P "/auth/register",
			 "{\"email\":\"ada@example.com\",\"password\":\"correct horse\"}");
	cr_expect(response_is_null(&shortened, "full_name"));
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM users"), "2");
	cr_expect_str_eq(testdb_sql("SELECT string_agg(recipient || ' ' || template, ', '"
				    " ORDER BY id) FROM mails"),
			 "eve@example.com verify_email, Ada@example.com already_registered,"
			 " Ada@example.com already_registered");
}

/* Registering an address and signing in with the password chosen for it must not reveal whether
 * the address had an account already. */
Test(auth, a_sign_in_does_not_reveal_whose_address_is_not_verified)
{
	static const char *const emails[] = { "eve@example.com", "ada@example.com",
					      "nobody@example.com" };
	const char *texts[COUNT(emails)];

	settings.require_verified_email = true;
	settings.app_url = "https://app.example.com";
	make_user(t, .email = "ada@example.com", .password = "the password of ada");
	testdb_sql("UPDATE users SET email_verified_at = now()");
	register_in_full("eve@example.com");
	register_in_full("ada@example.com");
	for (size_t i = 0; i < COUNT(emails); i++) {
		struct test_response a = call_login(t, emails[i], "correct horse battery staple");

		expect_problem(&a, 401, "invalid_credentials");
		texts[i] = replace(a.body, response_header_value(&a, "X-Request-ID"), "REQUEST");
		cr_expect_str_eq(texts[i], texts[0]);
	}
	cr_expect_str_eq(testdb_sql("SELECT string_agg(target, ' ' ORDER BY id) FROM audit_events"
				    " WHERE action = 'authn_login_fail'"),
			 "eve@example.com ada@example.com nobody@example.com");
}

Test(auth, registration_names_every_bad_field_at_once)
{
	struct test_response a = post(
	    P "/auth/register", "{\"email\":\"nobody\",\"password\":\"short\",\"full_name\":\"\","
				"\"role\":\"owner\",\"is_active\":true}");

	expect_fields(&a, "body email invalid_format", "body password too_short",
		      "body full_name too_short", "body role unknown_field",
		      "body is_active unknown_field");
	a = post(P "/auth/register", "{}");
	expect_fields(&a, "body email required", "body password required");
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM users"), "0");
}

static struct test_response
register_with(const char *password)
{
	return post(P "/auth/register",
		    arena_printf(t->arena, "{\"email\":\"ada@example.com\",\"password\":\"%s\"}",
				 password));
}

Test(auth, registration_holds_the_password_to_the_rules)
{
	struct buf wide = buf_new(t->arena, 4096);
	struct test_response a;

	a = register_with("ADA@example.com");
	expect_fields(&a, "body password invalid_choice");
	a = register_with("1234567");
	expect_fields(&a, "body password too_short");
	a = register_with(arena_printf(t->arena, "%0129d", 1));
	expect_fields(&a, "body password too_long");
	a = register_with("NUL in \\u0000 it, long enough");
	expect_problem(&a, 400, "malformed_json");
	for (int i = 0; i < 128; i++)
		buf_text(&wide, "\xf0\x9f\x98\x80");
	a = register_with(wide.data);
	expect_fields(&a, "body password too_long");
	cr_expect_not_null(strstr(a.body, "must have at most 511 bytes"), "%s", a.body);
	a = register_with(wide.data + 4);
	cr_expect_eq(a.status, 201, "127 characters of 4 bytes: %s", a.body);
	testdb_sql("DELETE FROM users");

	settings.password_min_length = 12;
	a = register_with("12345678901");
	expect_fields(&a, "body password too_short");
	a = register_with("12345.789.12");
	cr_expect_eq(a.status, 201, "%s", a.body);
}

Test(auth, registration_refuses_common_passwords)
{
	struct test_response a = register_with("Password123");

	expect_fields(&a, "body password invalid_choice");
	cr_expect_not_null(strstr(a.body, "is on the list of common passwords"), "%s", a.body);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM users"), "0");
}

Test(auth, a_hash_of_another_scheme_is_made_anew_at_the_next_sign_in)
{
	register_with("correct horse");
	settings.password_scheme = "bcrypt";
	settings.password_bcrypt_cost = 4;
	cr_expect_eq(call_login(t, "ada@example.com", "correct horse").status, 200);
	cr_expect_str_eq(testdb_sql("SELECT left(password_hash, 7) FROM users"), "$2b$04$");
	settings.password_bcrypt_cost = 5;
	cr_expect_eq(call_login(t, "ada@example.com", "wrong").status, 401);
	cr_expect_str_eq(testdb_sql("SELECT left(password_hash, 7) FROM users"), "$2b$04$");
	cr_expect_eq(call_login(t, "ada@example.com", "correct horse").status, 200);
	cr_expect_str_eq(testdb_sql("SELECT left(password_hash, 7) FROM users"), "$2b$05$");
	cr_expect_eq(call_login(t, "ada@example.com", "correct horse").status, 200);
}

Test(auth, registration_can_be_closed)
{
	struct test_response a;

	auth_settings.registration = "closed";
	a = register_with("correct horse");
	expect_problem(&a, 403, "forbidden");
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM users"), "0");
}

/* --- login --- */

Test(auth, a_login_gives_tokens_and_makes_a_session)
{
	struct account ada = make_user(t, .role = "admin");
	struct test_response a = call_login(t, ada.email, ada.password);
	struct claims claims;

	cr_assert_eq(a.status, 200, "%s", a.body);
	cr_expect_eq(response_count(&a, ""), 5);
	cr_expect_str_eq(response_text(&a, "token_type"), "bearer");
	cr_expect_eq(response_int(&a, "expires_in"), 900);
	cr_expect_eq(response_int(&a, "refresh_expires_in"), 2592000);
	cr_expect_eq(strlen(response_text(&a, "refresh_token")), 43);

	claims = claims_of(response_text(&a, "access_token"));
	cr_expect_str_eq(claims.sub, ada.id);
	cr_expect_str_eq(claims.role, "admin");
	cr_expect_eq(claims.exp - claims.iat, 900);
	cr_expect_str_eq(
	    testdb_sql("SELECT user_id FROM sessions WHERE id = '%s' AND ip = '192.0.2.1'"
		       " AND expires_at - created_at = interval '30 days'",
		       claims.sid),
	    ada.id);
	cr_expect_not_null(testdb_sql("SELECT 1 FROM users WHERE last_login_at IS NOT NULL"));
	cr_expect_eq(me(response_text(&a, "access_token")).status, 200);
}

Test(auth, the_lives_of_tokens_are_settings)
{
	struct account ada = make_user(t);
	struct test_response a;

	settings.access_token_expire_minutes = 2;
	sessions_settings.expire_days = 3;
	a = call_login(t, ada.email, ada.password);
	cr_expect_eq(response_int(&a, "expires_in"), 120);
	cr_expect_eq(response_int(&a, "refresh_expires_in"), 3 * 86400);
	cr_expect_not_null(testdb_sql("SELECT 1 FROM refresh_tokens"
				      " WHERE expires_at - created_at = interval '3 days'"));
}

Test(auth, the_address_is_trimmed_and_its_capitals_do_not_count)
{
	struct account ada = make_user(t, .email = "Ada@Example.com");

	cr_expect_eq(call_login(t, "ADA@example.COM", ada.password).status, 200);
	cr_expect_eq(call_login(t, "  ada@example.com\\n", ada.password).status, 200);
}

Test(auth, both_paths_take_json_and_the_form)
{
	static const char *const paths[] = { P "/auth/login", P "/auth/token" };

	make_user(t, .email = "ada@example.com", .password = "a & b + 100%");
	for (size_t i = 0; i < COUNT(paths); i++) {
		struct test_response a =
		    post(paths[i], "{\"email\":\"ada@example.com\",\"password\":\"a & b + 100%\"}");
		struct test_response b =
		    call(t, "POST", paths[i],
			 .form = "username=ada%40example.com&password=a+%26+b+%2B+100%25");
		struct test_response c =
		    call(t, "POST", paths[i],
			 .form = "grant_type=password&username=ada@example.com&"
				 "password=a+%26+b+%2B+100%25&scope=&client_id=&"
				 "client_secret=x");

		cr_expect_eq(a.status, 200, "%s", a.body);
		cr_expect_eq(b.status, 200, "%s", b.body);
		cr_expect_eq(c.status, 200, "%s", c.body);
	}
}

Test(auth, each_form_of_login_has_its_own_names)
{
	struct test_response a =
	    post(P "/auth/login", "{\"username\":\"a@example.com\",\"password\":\"x\"}");

	expect_fields(&a, "body username unknown_field", "body email required");
	a = call(t, "POST", P "/auth/token", .form = "email=a%40example.com&password=x");
	expect_fields(&a, "body email unknown_field", "body username required");
	a = call(t, "POST", P "/auth/token",
		 .form = "grant_type=client_credentials&username=a%40example.com&password=x");
	expect_fields(&a, "body grant_type invalid_choice");
	a = call(t, "POST", P "/auth/token",
		 .form = "username=a%40example.com&username=b%40example.com&password=x");
	expect_fields(&a, "body username invalid_format");
	a = call(t, "POST", P "/auth/token", .form = "");
	expect_fields(&a, "body username required", "body password required");
	a = call(t, "POST", P "/auth/refresh", .form = "refresh_token=x");
	expect_problem(&a, 415, "unsupported_media_type");
}

static struct test_response
send_form(const char *path, const char *format, ...)
{
	char form[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(form, sizeof(form), format, args);
	va_end(args);
	return call(t, "POST", path, .form = form);
}

static struct test_response
refresh_by_form(const char *token)
{
	return send_form(P "/auth/token", "grant_type=refresh_token&refresh_token=%s", token);
}

Test(auth, the_token_endpoint_refreshes)
{
	static const char *const more[] = { "", "&scope=&client_id=web&client_secret=",
					    "&username=ada%40example.com&password=" };
	struct account ada = make_user(t);
	struct tokens tokens = sign_in(&ada);

	for (size_t i = 0; i < COUNT(more); i++) {
		struct test_response a =
		    send_form(P "/auth/token", "grant_type=refresh_token&refresh_token=%s%s",
			      tokens.refresh_token, more[i]);

		cr_assert_eq(a.status, 200, "%s: %s", more[i], a.body);
		cr_expect_eq(response_count(&a, ""), 5);
		cr_expect_str_eq(claims_of(response_text(&a, "access_token")).sid,
				 claims_of(tokens.access_token).sid);
		tokens.refresh_token = response_text(&a, "refresh_token");
		cr_expect_eq(me(response_text(&a, "access_token")).status, 200);
	}
}

/* RFC 6749, 3.2; requests-oauthlib sends allow_redirects=True. */
Test(auth, a_grant_with_unrecognized_parameters_is_accepted)
{
	struct account ada = make_user(t);
	struct tokens tokens = sign_in(&ada);
	struct test_response a = send_form(
	    P "/auth/token", "grant_type=refresh_token&refresh_token=%s&allow_redirects=True",
	    tokens.refresh_token);

	cr_expect_eq(a.status, 200, "%s", a.body);
	a = send_form(P "/auth/token", "audience=x&grant_type=password&username=%s&password=%s",
		      ada.email, ada.password);
	cr_expect_eq(a.status, 200, "%s", a.body);
	a = send_form(P "/auth/token", "audience=x&username=%s&password=%s", ada.email,
		      ada.password);
	expect_fields(&a, "body audience unknown_field");
	a = send_form(P "/auth/login", "audience=x&grant_type=password&username=%s&password=%s",
		      ada.email, ada.password);
	expect_fields(&a, "body audience unknown_field");
}

Test(auth, each_grant_has_its_own_members)
{
	struct account ada = make_user(t);
	struct tokens tokens = sign_in(&ada);
	struct test_response a;

	a = send_form(P "/auth/token", "grant_type=refresh_token");
	expect_fields(&a, "body refresh_token required");
	a = send_form(P "/auth/token", "refresh_token=%s", tokens.refresh_token);
	expect_fields(&a, "body username required", "body password required");
	a = send_form(P "/auth/token", "grant_type=password&refresh_token=%s&password=x",
		      tokens.refresh_token);
	expect_fields(&a, "body username required");
	a = send_form(P "/auth/login", "grant_type=refresh_token&refresh_token=%s",
		      tokens.refresh_token);
	expect_fields(&a, "body grant_type invalid_choice", "body refresh_token unknown_field",
		      "body username required", "body password required");
	cr_expect_eq(call_refresh(t, tokens.refresh_token).status, 200, "nothing used the token");
}

static void
expect_oauth(struct test_response a, unsigned status, const char *error)
{
	cr_expect_eq(a.status, status, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "error"), error, "%s", a.body);
	cr_expect_str_eq(response_header_value(&a, "Cache-Control"), "no-store");
}

Test(auth, failed_sign_ins_have_an_oauth_error)
{
	static const char *const paths[] = { P "/auth/login", P "/auth/token" };
	struct account ada = make_user(t), eve = make_user(t, .inactive = true);
	struct test_response a;

	for (size_t i = 0; i < COUNT(paths); i++) {
		const char *path = paths[i];

		expect_oauth(send_form(path, "username=%s&password=wrong", ada.email), 401,
			     "invalid_grant");
		expect_oauth(send_form(path, "username=%s&password=%s", eve.email, eve.password),
			     401, "invalid_grant");
		expect_oauth(post(path, "{\"email\":\"a@example.com\",\"password\":\"x\"}"), 401,
			     "invalid_grant");
		expect_oauth(send_form(path, "username=%s", ada.email), 422, "invalid_request");
		expect_oauth(send_form(path, "username=nobody&password=x"), 422, "invalid_request");
		expect_oauth(send_form(path, "username=%%zz&password=x"), 400, "invalid_request");
		expect_oauth(post(path, "{"), 400, "invalid_request");
		expect_oauth(call(t, "POST", path, .body = "x", .type = "text/plain"), 415,
			     "invalid_request");
		expect_oauth(call(t, "POST", path, .json = "{}", .too_large = true), 413,
			     "invalid_request");
		expect_oauth(send_form(path, "grant_type=client_credentials&client_id=x"), 422,
			     "unsupported_grant_type");
		expect_oauth(send_form(path,
				       "grant_type=authorization_code&username=%s&password=%s",
				       ada.email, ada.password),
			     422, "unsupported_grant_type");
	}
	a = post(P "/auth/refresh", "{\"refresh_token\":\"x\"}");
	cr_expect(!response_has(&a, "error"));
}

Test(auth, failed_refreshes_have_an_oauth_error)
{
	struct account ada = make_user(t);
	struct tokens tokens = sign_in(&ada);
	struct test_response a;

	expect_oauth(send_form(P "/auth/token", "grant_type=refresh_token"), 422,
		     "invalid_request");
	expect_oauth(send_form(P "/auth/token", "grant_type=refresh_token&refresh_token=x"), 401,
		     "invalid_grant");
	sessions_settings.reuse_grace_seconds = 0;
	a = refresh_by_form(tokens.refresh_token);
	cr_assert_eq(call_refresh(t, response_text(&a, "refresh_token")).status, 200);
	a = refresh_by_form(tokens.refresh_token);
	expect_problem(&a, 401, "token_reused");
	expect_oauth(a, 401, "invalid_grant");
	a = refresh_by_form(tokens.refresh_token);
	expect_problem(&a, 401, "invalid_token");
	expect_oauth(a, 401, "invalid_grant");
}

/* A client that took one of these for the end of its session would sign the user out. */
Test(auth, temporary_failures_are_not_invalid_grants)
{
	struct account ada = make_user(t);
	struct db *db = t->ctx->db;
	struct tokens tokens;

	auth_settings.refresh_rate_limit = (struct rate) { 1, 60 };
	tokens = sign_in(&ada);
	cr_assert_eq(refresh_by_form(tokens.refresh_token).status, 200);
	expect_oauth(refresh_by_form(tokens.refresh_token), 429, "temporarily_unavailable");
	auth_settings.refresh_rate_limit.n = 0;
	t->db = t->ctx->db = db_new("host=/nowhere");
	expect_oauth(refresh_by_form(tokens.refresh_token), 503, "temporarily_unavailable");
	db_free(t->db);
	t->db = t->ctx->db = db;
}

/* Many users behind one address refresh; only sign-ins are limited by address. */
Test(auth, refreshes_at_the_token_endpoint_do_not_count_as_sign_ins)
{
	struct account ada = make_user(t);
	struct tokens tokens;
	struct test_response a;

	auth_settings.login_rate_limit = auth_settings.login_ip_rate_limit =
	    (struct rate) { 3, 60 };
	auth_settings.refresh_rate_limit = (struct rate) { 5, 60 };
	tokens = sign_in(&ada);
	for (int i = 0; i < 5; i++) {
		a = refresh_by_form(tokens.refresh_token);
		cr_assert_eq(a.status, 200, "%d: %s", i, a.body);
		cr_expect(strstr(response_header_value(&a, "RateLimit"), "\"refresh\""), "%s",
			  response_header_value(&a, "RateLimit"));
		tokens.refresh_token = response_text(&a, "refresh_token");
	}
	a = call_refresh(t, tokens.refresh_token);
	expect_problem(&a, 429, "rate_limited");
	a = send_form(P "/auth/token", "username=%s&password=%s", ada.email, ada.password);
	cr_expect_eq(a.status, 200, "%s", a.body);
	a = send_form(P "/auth/token", "username=%s&password=%s", ada.email, ada.password);
	cr_expect_eq(a.status, 200, "%s", a.body);
	a = send_form(P "/auth/token", "username=other%%40example.com&password=x");
	expect_problem(&a, 429, "rate_limited");
	a = call_login(t, "third@example.com", "x");
	expect_problem(&a, 429, "rate_limited");
}

Test(auth, the_document_names_the_token_endpoint)
{
	struct test_response a = call(t, "GET", "/openapi.json");
	static const char flow[] = "components.securitySchemes.oauth2.flows.password.";

	cr_expect_str_eq(response_text(&a, arena_printf(t->arena, "%stokenUrl", flow)),
			 P "/auth/token");
	cr_expect_str_eq(response_text(&a, arena_printf(t->arena, "%srefreshUrl", flow)),
			 P "/auth/token");
}

/* Except for the request id, the response must not reveal the reason. */
Test(auth, every_refused_login_looks_the_same)
{
	struct account ada = make_user(t), eve = make_user(t, .inactive = true);
	const struct test_response responses[] = {
		call_login(t, ada.email, "wrong password"),
		call_login(t, "nobody@example.com", ada.password),
		call_login(t, eve.email, eve.password),
		call_login(t, ada.email, ""),
		call_login(t, ada.email, arena_printf(t->arena, "%01000d", 1)),
	};
	const char *first = response_text(&responses[0], "detail");

	for (size_t i = 0; i < COUNT(responses); i++) {
		expect_problem(&responses[i], 401, "invalid_credentials");
		cr_expect_str_eq(response_text(&responses[i], "detail"), first);
		cr_expect_str_eq(response_header_value(&responses[i], "WWW-Authenticate"),
				 "Bearer");
	}
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM sessions"), "2", "the factory's own");
}

Test(auth, a_login_does_not_look_at_the_authorization_header)
{
	struct account ada = make_user(t), old = make_user(t, .token_expires_in = -1000);
	const char *json = arena_printf(t->arena, "{\"email\":\"%s\",\"password\":\"%s\"}",
					ada.email, ada.password);
	struct tokens tokens = sign_in(&ada);
	struct test_response a;

	a = call(t, "POST", P "/auth/token", .json = json,
		 .header = "HTTP_AUTHORIZATION=Basic Og==");
	cr_expect_eq(a.status, 200, "%s", a.body);
	a = call(t, "POST", P "/auth/refresh", .token = old.token,
		 .json =
		     arena_printf(t->arena, "{\"refresh_token\":\"%s\"}", tokens.refresh_token));
	cr_expect_eq(a.status, 200, "%s", a.body);
}

Test(auth, a_hash_of_other_parameters_is_renewed_at_login)
{
	struct account ada = make_user(t);

	/* crypt(3) of "Hello world!", as another system made it. */
	testdb_sql(
	    "UPDATE users SET password_hash = '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMH"
	    "Wjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1'");
	cr_expect_eq(call_login(t, ada.email, "Hello World!").status, 401);
	cr_expect_str_eq(testdb_sql("SELECT left(password_hash, 3) FROM users"), "$6$");
	cr_expect_eq(call_login(t, ada.email, "Hello world!").status, 200);
	cr_expect_str_eq(testdb_sql("SELECT left(password_hash, 3) FROM users"), "$y$");
	cr_expect_eq(call_login(t, ada.email, "Hello world!").status, 200);
	cr_expect_eq(call_login(t, ada.email, "Hello World!").status, 401);
}

Test(auth, too_many_logins_at_once_are_sent_away)
{
	struct account ada = make_user(t);
	struct test_response a;

	hash_places_take();
	a = call_login(t, ada.email, ada.password);
	expect_problem(&a, 503, "overloaded");
	a = call_login(t, "nobody@example.com", "x");
	expect_problem(&a, 503, "overloaded");
	a = register_with("correct horse");
	expect_problem(&a, 503, "overloaded");
	hash_places_free();

	cr_expect_eq(call_login(t, ada.email, ada.password).status, 200);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM users"), "1");
}

/* --- authentication --- */

Test(auth, me_shows_the_caller_on_both_paths)
{
	struct account ada = make_user(t, .full_name = "Ada", .role = "viewer");
	struct test_response a = me(ada.token),
			     b = call(t, "GET", P "/auth/me", .token = ada.token);

	cr_assert_eq(a.status, 200, "%s", a.body);
	cr_expect_str_eq(response_text(&a, "id"), ada.id);
	cr_expect_str_eq(response_text(&a, "email"), ada.email);
	cr_expect_str_eq(response_text(&a, "full_name"), "Ada");
	cr_expect_str_eq(response_text(&a, "role"), "viewer");
	cr_expect_str_eq(a.body, b.body);
}

Test(auth, without_credentials_there_is_no_me)
{
	struct test_response a = me(NULL), b = call(t, "GET", P "/auth/me");

	expect_problem(&a, 401, "unauthenticated");
	cr_expect_str_eq(response_header_value(&a, "WWW-Authenticate"), "Bearer");
	expect_problem(&b, 401, "unauthenticated");
	a = call(t, "GET", P "/auth/me", .header = "HTTP_AUTHORIZATION=");
	expect_problem(&a, 401, "unauthenticated");
}

Test(auth, a_malformed_authorization_header_is_refused)
{
	struct account ada = make_user(t);
	const char *headers[] = {
		"Basic Og==",
		"Bearer",
		"Bearer ",
		"Bearer null",
		"Bearer a.b.c",
		"Digest x",
		ada.token,
		arena_printf(t->arena, "Bearer%s", ada.token),
		arena_printf(t->arena, "Bearer %s x", ada.token),
		arena_printf(t->arena, "Bearer %s, Bearer %s", ada.token, ada.token),
		arena_printf(t->arena, "Bearer \"%s\"", ada.token),
		arena_printf(t->arena, "Token %s", ada.token),
	};

	for (size_t i = 0; i < COUNT(headers); i++) {
		struct test_response a =
		    call(t, "GET", P "/users/me",
			 .header = arena_printf(t->arena, "HTTP_AUTHORIZATION=%s", headers[i]));

		cr_expect_str_eq(response_code(&a), "invalid_token", "%s", headers[i]);
		cr_expect_str_eq(response_header_value(&a, "WWW-Authenticate"),
				 "Bearer error=\"invalid_token\"");
	}
}

Test(auth, the_scheme_is_read_in_any_case)
{
	struct account ada = make_user(t);
	static const char *const schemes[] = { "bearer", "BEARER", "Bearer " };

	for (size_t i = 0; i < COUNT(schemes); i++) {
		struct test_response a =
		    call(t, "GET", P "/users/me",
			 .header = arena_printf(t->arena, "HTTP_AUTHORIZATION=%s %s", schemes[i],
						ada.token));

		cr_expect_eq(a.status, 200, "%s: %s", schemes[i], a.body);
	}
}

Test(auth, an_expired_access_token_says_so)
{
	struct account ada = make_user(t, .token_expires_in = -31),
		       bob = make_user(t, .token_expires_in = -25);
	struct test_response a = me(ada.token);

	expect_problem(&a, 401, "token_expired");
	cr_expect_eq(me(bob.token).status, 200, "within the leeway");
}

Test(auth, a_token_that_was_seen_before_still_expires)
{
	struct account ada = make_user(t, .token_expires_in = -25);
	struct test_response a;

	cr_expect_eq(me(ada.token).status, 200);
	settings.clock_skew_seconds = 0;
	a = me(ada.token);
	expect_problem(&a, 401, "token_expired");
}

static const char *
signed_for(const char *user_id, const char *session_id)
{
	int64_t now = clock_now() / 1000000;
	struct claims claims = {
		.sub = user_id, .sid = session_id, .role = "owner", .iat = now, .exp = now + 900
	};
	const char *token = NULL;

	cr_assert_eq(token_sign(t->ctx, &claims, &token), OK);
	return token;
}

Test(auth, a_signed_token_needs_a_session_and_its_owner)
{
	struct account ada = make_user(t), eve = make_user(t);
	char unknown[UUID_TEXT_SIZE];
	struct test_response a;

	uuid_new(unknown);
	a = me(signed_for(ada.id, unknown));
	expect_problem(&a, 401, "invalid_token");
	a = me(signed_for(unknown, ada.session_id));
	expect_problem(&a, 401, "invalid_token");
	a = me(signed_for(eve.id, ada.session_id));
	expect_problem(&a, 401, "invalid_token");
	cr_expect_eq(me(signed_for(ada.id, ada.session_id)).status, 200);
}

/* Changes to the account or session take effect with the next request. */
Test(auth, what_lives_in_the_database_counts)
{
	static const char *const acts[] = {
		"UPDATE users SET is_active = false WHERE id =",
		"DELETE FROM users WHERE id =",
		"UPDATE sessions SET ended_at = now() WHERE user_id =",
		"UPDATE sessions SET expires_at = now() WHERE user_id =",
		"DELETE FROM sessions WHERE user_id =",
	};

	settings.session_cache_seconds = 0;
	for (size_t i = 0; i < COUNT(acts); i++) {
		struct account ada = make_user(t);
		struct tokens tokens = sign_in(&ada);
		struct test_response a;

		cr_expect_eq(me(tokens.access_token).status, 200);
		testdb_sql("%s '%s'", acts[i], ada.id);
		a = me(tokens.access_token);
		expect_problem(&a, 401, "invalid_token");
		a = call_refresh(t, tokens.refresh_token);
		expect_problem(&a, 401, "invalid_token");
		cr_expect_eq(logout(tokens.refresh_token).status, 204);
	}
}

static enum role
role_of(const struct account *user)
{
	t->ctx->caller = (struct caller) { 0 };
	cr_assert_eq(auth_identify(t->ctx, user->token), OK);
	cr_expect_str_eq(t->ctx->caller.user_id, user->id);
	cr_expect_str_eq(t->ctx->caller.session_id, user->session_id);
	cr_expect_null(t->ctx->caller.api_key_id);
	return t->ctx->caller.role;
}

Test(auth, the_role_is_that_of_the_account_and_not_of_the_token)
{
	struct account ada = make_user(t, .role = "admin");

	settings.session_cache_seconds = 0;
	cr_expect_eq(role_of(&ada), ROLE_ADMIN);
	testdb_sql("UPDATE users SET role = 'viewer'");
	cr_expect_eq(role_of(&ada), ROLE_VIEWER);
}

Test(auth, a_worker_remembers_a_session_until_its_generation_changes)
{
	struct account ada = make_user(t, .role = "admin");

	settings.session_cache_seconds = 300;
	cr_expect_eq(role_of(&ada), ROLE_ADMIN);
	testdb_sql("UPDATE users SET role = 'viewer'");
	cr_expect_eq(role_of(&ada), ROLE_ADMIN, "another host would see no more than this");
	epoch_bump("user", ada.id);
	cr_expect_eq(role_of(&ada), ROLE_VIEWER);

	testdb_sql("UPDATE users SET role = 'member'");
	cr_expect_eq(role_of(&ada), ROLE_VIEWER);
	epoch_bump("session", ada.session_id);
	cr_expect_eq(role_of(&ada), ROLE_MEMBER);
}

Test(auth, what_a_worker_remembers_needs_no_database)
{
	struct account ada = make_user(t), bob = make_user(t);
	struct ctx c = { .arena = t->arena, .request_id = "test" };

	settings.session_cache_seconds = 300;
	cr_assert_eq(auth_identify(t->ctx, ada.token), OK);
	c.db = db_new("host=/nowhere");
	cr_expect_eq(auth_identify(&c, ada.token), OK);
	cr_expect_eq(auth_identify(&c, bob.token), E_UNAVAILABLE);
	db_free(c.db);
}

/* --- refresh --- */

Test(auth, a_refresh_token_turns_into_new_tokens_of_its_session)
{
	struct account ada = make_user(t);
	struct tokens tokens = sign_in(&ada);
	struct claims first = claims_of(tokens.access_token), second;
	struct test_response a;

	testdb_sql("UPDATE users SET role = 'admin'");
	testdb_sql(
	    "UPDATE sessions SET last_used_at = '2026-01-01', expires_at = now() + interval '1h'");
	a = call_refresh(t, tokens.refresh_token);
	cr_assert_eq(a.status, 200, "%s", a.body);
	cr_expect_eq(response_count(&a, ""), 5);
	cr_expect_eq(response_int(&a, "refresh_expires_in"), 2592000);
	cr_expect_str_neq(response_text(&a, "refresh_token"), tokens.refresh_token);
	cr_expect_str_neq(response_text(&a, "access_token"), tokens.access_token);

	second = claims_of(response_text(&a, "access_token"));
	cr_expect_str_eq(second.sub, ada.id);
	cr_expect_str_eq(second.sid, first.sid);
	cr_expect_str_eq(second.role, "admin");
	cr_expect_not_null(testdb_sql("SELECT 1 FROM sessions WHERE id = '%s'"
				      " AND last_used_at > now() - interval '1h'"
				      " AND expires_at > now() + interval '29 days'",
				      first.sid));
	cr_expect_eq(me(tokens.access_token).status, 200, "the old access token lives on");
	cr_expect_eq(call_refresh(t, response_text(&a, "refresh_token")).status, 200);
}

Test(auth, the_database_holds_no_refresh_token)
{
	struct account ada = make_user(t);
	struct tokens tokens = sign_in(&ada);

	cr_expect_not_null(testdb_sql(
	    "SELECT 1 FROM refresh_tokens WHERE token_hash = sha256('%s')", tokens.refresh_token));
	cr_expect_null(
	    testdb_sql("SELECT 1 FROM refresh_tokens, sessions, users"
		       " WHERE strpos(refresh_tokens::text || sessions::text || users::text,"
		       " '%s') > 0",
		       tokens.refresh_token));
}

Test(auth, a_lost_answer_can_be_asked_for_again)
{
	struct account ada = make_user(t);
	struct tokens tokens = sign_in(&ada);
	struct test_response first = call_refresh(t, tokens.refresh_token), again, late;

	age_spent_tokens(9);
	again = call_refresh(t, tokens.refresh_token);
	cr_assert_eq(again.status, 200, "%s", again.body);
	cr_expect_str_neq(response_text(&again, "refresh_token"),
			  response_text(&first, "refresh_token"));
	cr_expect_str_eq(claims_of(response_text(&again, "access_token")).sid,
			 claims_of(tokens.access_token).sid);

	/* Both issued tokens remain valid, however late they are used. */
	testdb_sql("UPDATE refresh_tokens SET created_at = created_at - interval '1 day',"
		   " spent_at = spent_at - interval '1 day'");
	cr_expect_eq(call_refresh(t, response_text(&first, "refresh_token")).status, 200);
	late = call_refresh(t, response_text(&again, "refresh_token"));
	cr_expect_eq(late.status, 200, "%s", late.body);
}

Test(auth, asking_again_does_not_prolong_the_grace)
{
	struct account ada = make_user(t);
	struct tokens tokens = sign_in(&ada);
	struct test_response a;

	cr_expect_eq(call_refresh(t, tokens.refresh_token).status, 200);
	age_spent_tokens(9);
	a = call_refresh(t, tokens.refresh_token);
	cr_assert_eq(a.status, 200);
	cr_expect_eq(call_refresh(t, response_text(&a, "refresh_token")).status, 200);
	age_spent_tokens(2);
	a = call_refresh(t, tokens.refresh_token);
	expect_problem(&a, 401, "token_reused");
}

Test(auth, a_spent_token_ends_its_session_and_no_other)
{
	struct account ada = make_user(t);
	struct tokens tokens = sign_in(&ada), other = sign_in(&ada);
	struct test_response next = call_refresh(t, tokens.refresh_token), a;

	cr_expect_eq(me(response_text(&next, "access_token")).status, 200);
	next = call_refresh(t, response_text(&next, "refresh_token"));
	cr_assert_eq(next.status, 200);
	age_spent_tokens(11);
	a = call_refresh(t, tokens.refresh_token);
	expect_problem(&a, 401, "token_reused");

	a = me(response_text(&next, "access_token"));
	expect_problem(&a, 401, "invalid_token");
	a = me(tokens.access_token);
	expect_problem(&a, 401, "invalid_token");
	a = call_refresh(t, response_text(&next, "refresh_token"));
	expect_problem(&a, 401, "invalid_token");
	a = call_refresh(t, tokens.refresh_token);
	expect_problem(&a, 401, "invalid_token");

	cr_expect_eq(me(other.access_token).status, 200);
	cr_expect_eq(call_refresh(t, other.refresh_token).status, 200);
}

Test(auth, without_grace_a_use_after_that_of_the_successor_is_reuse)
{
	struct account ada = make_user(t);
	struct tokens tokens = sign_in(&ada);
	struct test_response a;

	sessions_settings.reuse_grace_seconds = 0;
	a = call_refresh(t, tokens.refresh_token);
	cr_assert_eq(a.status, 200);
	cr_expect_eq(call_refresh(t, response_text(&a, "refresh_token")).status, 200);
	a = call_refresh(t, tokens.refresh_token);
	expect_problem(&a, 401, "token_reused");
}

Test(auth, a_refresh_token_that_is_none_is_refused)
{
	struct account ada = make_user(t);
	struct tokens tokens = sign_in(&ada);
	const char *hostile[] = { "", "x", tokens.access_token, "' OR 1=1 --", "\\u00e9" };
	struct test_response a;

	for (size_t i = 0; i < COUNT(hostile); i++) {
		a = call_refresh(t, hostile[i]);
		cr_expect_str_eq(response_code(&a), "invalid_token", "%s: %s", hostile[i], a.body);
	}
	a = post(P "/auth/refresh", "{\"refresh_token\":17}");
	expect_fields(&a, "body refresh_token invalid_type");
	a = post(P "/auth/refresh", "{\"refresh_token\":null}");
	expect_fields(&a, "body refresh_token not_null");
	a = post(P "/auth/refresh", "{}");
	expect_fields(&a, "body refresh_token required");
	a = me(tokens.refresh_token);
	expect_problem(&a, 401, "invalid_token");
}

Test(auth, an_expired_refresh_token_is_refused_and_ends_nothing)
{
	struct account ada = make_user(t);
	struct tokens tokens = sign_in(&ada);
	struct test_response a;

	testdb_sql("UPDATE refresh_tokens SET expires_at = now()");
	a = call_refresh(t, tokens.refresh_token);
	expect_problem(&a, 401, "invalid_token");
	cr_expect_null(testdb_sql("SELECT 1 FROM sessions WHERE ended_at IS NOT NULL"));
	cr_expect_null(testdb_sql("SELECT 1 FROM refresh_tokens WHERE spent_at IS NOT NULL"));
}

/* --- logout --- */

Test(auth, a_logout_ends_the_session_at_once)
{
	struct account ada = make_user(t);
	struct tokens tokens = sign_in(&ada), other = sign_in(&ada);
	struct test_response a;

	settings.session_cache_seconds = 300;
	cr_expect_eq(me(tokens.access_token).status, 200);
	cr_expect_eq(me(other.access_token).status, 200);
	a = logout(tokens.refresh_token);
	cr_expect_eq(a.status, 204);

	a = me(tokens.access_token);
	expect_problem(&a, 401, "invalid_token");
	a = call_refresh(t, tokens.refresh_token);
	expect_problem(&a, 401, "invalid_token");
	cr_expect_eq(logout(tokens.refresh_token).status, 204, "twice is as good as once");
	cr_expect_eq(me(other.access_token).status, 200);
}

Test(auth, a_spent_token_still_logs_out)
{
	struct account ada = make_user(t);
	struct tokens tokens = sign_in(&ada);
	struct test_response next = call_refresh(t, tokens.refresh_token), a;

	cr_expect_eq(logout(tokens.refresh_token).status, 204);
	a = call_refresh(t, response_text(&next, "refresh_token"));
	expect_problem(&a, 401, "invalid_token");
}

Test(auth, any_string_logs_out)
{
	static const char *const strings[] = { "", "x", "\\ud83d\\ude00", "' OR 1=1 --" };
	struct account ada = make_user(t);
	struct test_response a;

	for (size_t i = 0; i < COUNT(strings); i++)
		cr_expect_eq(logout(strings[i]).status, 204, "%s", strings[i]);
	a = post(P "/auth/logout", "{\"refresh_token\":[]}");
	expect_fields(&a, "body refresh_token invalid_type");
	a = post(P "/auth/logout", "");
	expect_problem(&a, 400, "malformed_json");
	cr_expect_eq(me(ada.token).status, 200);
}

/* --- concurrency --- */

enum { CROWD = 8, TOKEN_TEXT = 64 };

/* Shared by the processes: the token that all use, and the response to each. */
struct race {
	const char *token;
	char next[CROWD][TOKEN_TEXT];
};

static enum error
refresh_one(struct ctx *c, int number, void *arg)
{
	struct race *race = arg;
	struct tokens tokens;
	enum error e = auth_refresh(c, race->token, &tokens);

	if (!e)
		snprintf(race->next[number], TOKEN_TEXT, "%s", tokens.refresh_token);
	return e;
}

static struct race *
refresh_at_once(const char *token)
{
	struct race *race =
	    mmap(NULL, sizeof(*race), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(race, MAP_FAILED);
	race->token = token;
	cr_expect_eq(crowd_count(crowd_run(CROWD, refresh_one, race), CROWD, OK), CROWD);
	return race;
}

Test(auth, concurrent_refreshes_share_one_session)
{
	struct account ada = make_user(t);
	struct race *race = refresh_at_once(sign_in(&ada).refresh_token);

	cr_expect_str_eq(testdb_sql("SELECT count(DISTINCT session_id) FROM refresh_tokens"), "1");
	cr_expect_null(testdb_sql("SELECT 1 FROM sessions WHERE ended_at IS NOT NULL"));
	for (size_t i = 0; i < CROWD; i++)
		cr_expect_eq(call_refresh(t, race->next[i]).status, 200, "token %zu", i);
}

Test(auth, concurrent_refreshes_without_grace_leave_one_token)
{
	struct account ada = make_user(t);

	sessions_settings.reuse_grace_seconds = 0;
	refresh_at_once(sign_in(&ada).refresh_token);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM refresh_tokens"
				    " WHERE spent_at IS NULL AND revoked_at IS NULL"),
			 "1");
	cr_expect_str_eq(testdb_sql("SELECT count(DISTINCT session_id) FROM refresh_tokens"), "1");
}

static enum error
register_one(struct ctx *c, int number UNUSED, void *email)
{
	struct registration in = { .email = email, .password = "correct horse" };
	struct user user;

	return auth_register(c, &in, &user);
}

Test(auth, concurrent_registrations_create_one_account)
{
	char email[] = "ada@example.com";
	const enum error *results = crowd_run(CROWD, register_one, email);

	cr_expect_eq(crowd_count(results, CROWD, OK), 1);
	cr_expect_eq(crowd_count(results, CROWD, E_EMAIL_TAKEN), CROWD - 1);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM users"), "1");
}

/* --- seed --- */

static enum error
seed(void)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	enum error e;

	failure_clear(t->ctx);
	e = users_feature.seed(t->ctx, out);
	fclose(out);
	cr_expect(e || len > 0, "it says what it did");
	free(text);
	return e;
}

Test(auth, seed_makes_the_first_owner_once)
{
	settings.first_admin_email = "first@example.com";
	settings.first_admin_password = "first password";
	cr_expect_eq(seed(), OK);
	cr_expect_str_eq(testdb_sql("SELECT role FROM users WHERE email = 'first@example.com'"),
			 "owner");
	cr_expect_eq(call_login(t, "first@example.com", "first password").status, 200);

	settings.first_admin_password = "another password";
	cr_expect_eq(seed(), OK);
	cr_expect_eq(call_login(t, "first@example.com", "first password").status, 200);
	settings.first_admin_email = "second@example.com";
	cr_expect_eq(seed(), OK);
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM users"), "1");
}

Test(auth, seed_leaves_an_account_as_it_is)
{
	make_user(t, .email = "first@example.com", .role = "viewer");
	settings.first_admin_email = "FIRST@example.com";
	settings.first_admin_password = "first password";
	cr_expect_eq(seed(), OK);
	cr_expect_str_eq(testdb_sql("SELECT role FROM users"), "viewer");
	cr_expect_eq(call_login(t, "first@example.com", "first password").status, 401);
}

Test(auth, seed_makes_nobody_of_bad_settings)
{
	settings.first_admin_password = "";
	cr_expect_eq(seed(), OK);
	settings.first_admin_password = "short";
	cr_expect_eq(seed(), E_VALIDATION);
	cr_expect_not_null(strstr(t->ctx->failure.detail, "FIRST_ADMIN_PASSWORD"));
	settings.first_admin_password = "first password";
	settings.first_admin_email = "nobody";
	cr_expect_eq(seed(), E_VALIDATION);
	cr_expect_not_null(strstr(t->ctx->failure.detail, "FIRST_ADMIN_EMAIL"));
	cr_expect_str_eq(testdb_sql("SELECT count(*) FROM users"), "0");
}

/* --- the caller --- */

Test(auth, a_web_server_is_told_who_is_calling)
{
	struct account ada = make_user(t, .role = "admin");
	struct test_response a = call(t, "GET", P "/auth/check", .token = ada.token);

	cr_expect_eq(a.status, 204);
	cr_expect_str_eq(response_header_value(&a, "X-User-Id"), ada.id);
	cr_expect_str_eq(response_header_value(&a, "X-User-Role"), "admin");
	cr_expect_str_eq(response_header_value(&a, "X-Session-Id"), ada.session_id);
	a = call(t, "GET", P "/auth/check");
	expect_problem(&a, 401, "unauthenticated");
	cr_expect_null(response_header_value(&a, "X-User-Id"));
}

/* --- pruning --- */

Test(auth, cleaning_up_removes_what_is_over_and_nothing_else)
{
	struct account ada = make_user(t), bob = make_user(t);
	struct tokens live = sign_in(&ada), over = sign_in(&ada), idle = sign_in(&ada);
	int64_t sessions, tokens;
	struct test_response next, a;

	cr_expect_eq(logout(over.refresh_token).status, 204);
	testdb_sql("UPDATE sessions SET expires_at = now() WHERE id = '%s'", bob.session_id);
	next = call_refresh(t, live.refresh_token);
	cr_assert_eq(call_refresh(t, response_text(&next, "refresh_token")).status, 200);
	cr_expect_eq(sessions_prune(t->ctx, &sessions, &tokens), OK);
	cr_expect_eq(sessions, 2);
	cr_expect_eq(tokens, 0);
	cr_expect_eq(me(live.access_token).status, 200);

	testdb_sql("UPDATE refresh_tokens SET expires_at = now() WHERE token_hash = sha256('%s')",
		   idle.refresh_token);
	cr_expect_eq(sessions_prune(t->ctx, &sessions, &tokens), OK);
	cr_expect_eq(sessions, 0);
	cr_expect_eq(tokens, 1);

	/* The used one was kept, so its reuse is still detected. */
	sessions_settings.reuse_grace_seconds = 0;
	a = call_refresh(t, live.refresh_token);
	expect_problem(&a, 401, "token_reused");
}

Test(auth, a_token_for_development_is_a_session_without_refresh)
{
	struct account ada = make_user(t, .role = "admin");
	struct claims claims;
	const char *token;
	int64_t expires_in;
	struct test_response a;

	cr_assert_eq(auth_issue(t->ctx, ada.id, "admin", 3, &token, &expires_in), OK);
	cr_expect_eq(expires_in, 3 * 3600);
	claims = claims_of(token);
	cr_expect_eq(claims.exp - claims.iat, 3 * 3600);
	cr_expect_eq(me(token).status, 200);
	cr_expect_not_null(
	    testdb_sql("SELECT 1 FROM sessions WHERE id = '%s' AND expires_at"
		       " BETWEEN now() + interval '179 min' AND now() + interval '3h'",
		       claims.sid));
	cr_expect_null(testdb_sql("SELECT 1 FROM refresh_tokens"));
	testdb_sql("UPDATE sessions SET ended_at = now() WHERE id = '%s'", claims.sid);
	settings.session_cache_seconds = 0;
	a = me(token);
	expect_problem(&a, 401, "invalid_token");
}
