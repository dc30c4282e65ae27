/* Access tokens: what is signed is accepted, and every other token is refused. The hostile
 * ones are made here by hand, with the right key where that is the point. */
#include <criterion/criterion.h>

#include "app/buf.h"
#include "app/clock.h"
#include "app/ids.h"
#include "app/settings.h"
#include "app/token.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define SUB    "01936f5e-0000-7000-8000-000000000001"
#define SID    "01936f5e-0000-7000-8000-000000000002"
#define KEY    "0123456789abcdef0123456789abcdef"
#define HEADER "{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}"

static struct ctx ctx = { .request_id = "test" };
static int64_t now;

static void
set_up(void)
{
	ctx.arena = arena_new(1 << 20);
	now = clock_now() / 1000000;
	settings.jwt_secret_key = KEY;
	settings.jwt_algorithm = "HS256";
	settings.jwt_issuer = "issuer";
	settings.jwt_audience = "audience";
	settings.clock_skew_seconds = 30;
}

static void
tear_down(void)
{
	arena_free(ctx.arena);
}

TestSuite(token, .init = set_up, .fini = tear_down);

/* header.payload.HMAC(key), each part in base64url. */
static const char *
forge(const char *header, const char *payload, const EVP_MD *method, const char *key)
{
	struct buf b = buf_new(ctx.arena, 1 << 16);
	unsigned char mac[64];
	unsigned len = 0;

	buf_base64url(&b, header, strlen(header));
	buf_char(&b, '.');
	buf_base64url(&b, payload, strlen(payload));
	cr_assert(
	    HMAC(method, key, (int)strlen(key), (const unsigned char *)b.data, b.len, mac, &len));
	buf_char(&b, '.');
	buf_base64url(&b, mac, len);
	return buf_done(&b);
}

/* The claims of a good token; each argument is the JSON of its member. */
static const char *
payload(const char *iss, const char *aud, const char *sub, const char *times)
{
	return arena_printf(ctx.arena,
			    "{\"iss\":%s,\"aud\":%s,\"sub\":%s,\"sid\":\"" SID "\","
			    "\"role\":\"member\",\"jti\":\"x\",%s}",
			    iss, aud, sub, times);
}

static const char *
times(int64_t iat, int64_t nbf, int64_t expires)
{
	return arena_printf(ctx.arena, "\"iat\":%" PRId64 ",\"nbf\":%" PRId64 ",\"exp\":%" PRId64,
			    iat, nbf, expires);
}

static const char *
good_times(void)
{
	return times(now, now, now + 60);
}

static enum error
verify(const char *token)
{
	struct claims claims;

	failure_clear(&ctx);
	return token_verify(&ctx, token, &claims);
}

static enum error
verify_payload(const char *text)
{
	return verify(forge(HEADER, text, EVP_sha256(), KEY));
}

static enum error
verify_header(const char *header)
{
	return verify(forge(header,
			    payload("\"issuer\"", "\"audience\"", "\"" SUB "\"", good_times()),
			    EVP_sha256(), KEY));
}

static const char *
sign(void)
{
	struct claims claims = {
		.sub = SUB, .sid = SID, .role = "member", .iat = now, .exp = now + 900
	};
	const char *token = NULL;

	cr_assert_eq(token_sign(&ctx, &claims, &token), OK);
	return token;
}

Test(token, a_signed_one_comes_back)
{
	struct claims claims = { 0 };

	cr_assert_eq(token_verify(&ctx, sign(), &claims), OK);
	cr_expect_str_eq(claims.sub, SUB);
	cr_expect_str_eq(claims.sid, SID);
	cr_expect_str_eq(claims.role, "member");
	cr_expect_eq(claims.iat, now);
	cr_expect_eq(claims.exp, now + 900);
}

Test(token, the_forger_of_these_tests_makes_good_ones)
{
	cr_expect_eq(verify_header(HEADER), OK);
}

Test(token, two_of_the_same_moment_differ)
{
	cr_expect_str_neq(sign(), sign());
}

Test(token, every_algorithm_of_the_settings_works)
{
	static const char *const names[] = { "HS256", "HS384", "HS512" };

	for (size_t i = 0; i < COUNT(names); i++) {
		settings.jwt_algorithm = names[i];
		cr_expect_eq(verify(sign()), OK, "%s", names[i]);
	}
}

Test(token, another_algorithm_is_refused_though_the_key_is_right)
{
	const char *body = payload("\"issuer\"", "\"audience\"", "\"" SUB "\"", good_times());

	cr_expect_eq(
	    verify(forge("{\"alg\":\"HS512\",\"typ\":\"at+jwt\"}", body, EVP_sha512(), KEY)),
	    E_INVALID_TOKEN);
	settings.jwt_algorithm = "HS512";
	cr_expect_eq(
	    verify(forge("{\"alg\":\"HS512\",\"typ\":\"at+jwt\"}", body, EVP_sha512(), KEY)), OK);
	cr_expect_eq(verify(forge(HEADER, body, EVP_sha256(), KEY)), E_INVALID_TOKEN);
}

Test(token, no_signature_is_no_token)
{
	static const char *const algorithms[] = { "none", "None", "NONE", "" };
	const char *body = payload("\"issuer\"", "\"audience\"", "\"" SUB "\"", good_times());

	for (size_t i = 0; i < COUNT(algorithms); i++) {
		const char *header =
		    arena_printf(ctx.arena, "{\"alg\":\"%s\",\"typ\":\"at+jwt\"}", algorithms[i]);
		char *token = arena_text(ctx.arena, forge(header, body, EVP_sha256(), KEY));

		cr_expect_eq(verify(token), E_INVALID_TOKEN);
		strrchr(token, '.')[1] = '\0';
		cr_expect_eq(verify(token), E_INVALID_TOKEN);
	}
}

Test(token, a_signature_by_another_key_is_refused)
{
	const char *body = payload("\"issuer\"", "\"audience\"", "\"" SUB "\"", good_times());
	const char *token = sign();

	cr_expect_eq(verify(forge(HEADER, body, EVP_sha256(), "0123456789abcdef0123456789abcdeF")),
		     E_INVALID_TOKEN);
	cr_expect_eq(verify(forge(HEADER, body, EVP_sha256(), "")), E_INVALID_TOKEN);
	settings.jwt_secret_key = "another key of thirty-two bytes!";
	cr_expect_eq(verify(token), E_INVALID_TOKEN);
}

Test(token, no_token_is_good_without_a_key)
{
	struct claims claims = { .sub = SUB, .sid = SID, .role = "member", .iat = now, .exp = now };
	const char *token = sign();

	settings.jwt_secret_key = "";
	cr_expect_neq(verify(token), OK);
	cr_expect_neq(token_sign(&ctx, &claims, &token), OK);
}

/* A changed letter changes at least one bit that was signed, or of the signature; only
 * the last letter of a part may hold bits that mean nothing. */
Test(token, every_changed_letter_is_noticed)
{
	const char *token = sign();

	for (size_t i = 0; token[i]; i++) {
		char *changed = arena_text(ctx.arena, token);

		if (changed[i] == '.' || changed[i + 1] == '.' || !changed[i + 1])
			continue;
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		cr_expect_eq(verify(changed), E_INVALID_TOKEN, "letter %zu", i);
	}
}

Test(token, only_three_parts_of_base64url_are_a_token)
{
	const char *token = sign();
	const char *hostile[] = {
		"",
		".",
		"..",
		"...",
		"a",
		"a.b",
		"a.b.",
		".b.c",
		"a..c",
		"a.b.c.d",
		"a.b.c",
		"null",
		"a b.c.d",
		"%00.%00.%00",
		arena_printf(ctx.arena, "%s.", token),
		arena_printf(ctx.arena, "%s.x", token),
		arena_printf(ctx.arena, " %s", token),
		arena_printf(ctx.arena, "%s ", token),
		arena_printf(ctx.arena, "%s=", token),
		arena_printf(ctx.arena, "%s\n", token),
		arena_printf(ctx.arena, "Bearer %s", token),
		arena_printf(ctx.arena, "%s, %s", token, token),
	};

	for (size_t i = 0; i < COUNT(hostile); i++)
		cr_expect_eq(verify(hostile[i]), E_INVALID_TOKEN, "%s", hostile[i]);
}

Test(token, an_endless_one_is_refused)
{
	char *token = arena_alloc(ctx.arena, 100001);

	memset(token, 'A', 100000);
	cr_expect_eq(verify(token), E_INVALID_TOKEN);
	token[10] = token[50000] = '.';
	cr_expect_eq(verify(token), E_INVALID_TOKEN);
}

Test(token, the_header_may_say_nothing_but_algorithm_and_type)
{
	static const char *const hostile[] = {
		"{}",
		"[]",
		"null",
		"\"HS256\"",
		"{\"alg\":\"HS256\"}",
		"{\"typ\":\"at+jwt\"}",
		"{\"alg\":\"HS256\",\"typ\":\"JWT\"}",
		"{\"alg\":\"HS256\",\"typ\":\"\"}",
		"{\"alg\":\"HS256\",\"typ\":null}",
		"{\"alg\":\"hs256\",\"typ\":\"at+jwt\"}",
		"{\"alg\":[\"HS256\"],\"typ\":\"at+jwt\"}",
		"{\"alg\":\"HS256\",\"alg\":\"HS256\",\"typ\":\"at+jwt\"}",
		"{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"1\"}",
		"{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"../../dev/null\"}",
		"{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"jku\":\"http://example.com/\"}",
		"{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"crit\":[\"exp\"]}",
		"{\"alg\":\"HS256\",\"typ\":\"at+jwt\"} x",
		"{\"alg\":\"HS256\",\"typ\":\"at+jwt\"",
	};

	for (size_t i = 0; i < COUNT(hostile); i++)
		cr_expect_eq(verify_header(hostile[i]), E_INVALID_TOKEN, "%s", hostile[i]);
}

Test(token, the_type_is_a_media_type)
{
	cr_expect_eq(verify_header("{\"typ\":\"application/at+jwt\",\"alg\":\"HS256\"}"), OK);
	cr_expect_eq(verify_header("{\"alg\": \"HS256\", \"typ\": \"AT+JWT\"}"), OK);
}

Test(token, issuer_and_audience_are_ours)
{
	static const struct {
		const char *iss, *aud, *sub;
		enum error wanted;
	} rows[] = {
		{ "\"issuer\"", "[\"audience\"]", "\"" SUB "\"", OK },
		{ "\"issuer\"", "[\"a\",\"audience\",\"b\"]", "\"" SUB "\"", OK },
		{ "\"issue\"", "\"audience\"", "\"" SUB "\"", E_INVALID_TOKEN },
		{ "\"issuer2\"", "\"audience\"", "\"" SUB "\"", E_INVALID_TOKEN },
		{ "null", "\"audience\"", "\"" SUB "\"", E_INVALID_TOKEN },
		{ "[\"issuer\"]", "\"audience\"", "\"" SUB "\"", E_INVALID_TOKEN },
		{ "\"issuer\"", "\"audienc\"", "\"" SUB "\"", E_INVALID_TOKEN },
		{ "\"issuer\"", "\"Audience\"", "\"" SUB "\"", E_INVALID_TOKEN },
		{ "\"issuer\"", "[]", "\"" SUB "\"", E_INVALID_TOKEN },
		{ "\"issuer\"", "null", "\"" SUB "\"", E_INVALID_TOKEN },
		{ "\"issuer\"", "[[\"audience\"]]", "\"" SUB "\"", E_INVALID_TOKEN },
		{ "\"issuer\"", "[\"x\\\"audience\",\"y\"]", "\"" SUB "\"", E_INVALID_TOKEN },
		{ "\"issuer\"", "{\"audience\":\"audience\"}", "\"" SUB "\"", E_INVALID_TOKEN },
		{ "\"issuer\"", "\"audience\"", "\"1\"", E_INVALID_TOKEN },
		{ "\"issuer\"", "\"audience\"", "1", E_INVALID_TOKEN },
		{ "\"issuer\"", "\"audience\"", "null", E_INVALID_TOKEN },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		cr_expect_eq(
		    verify_payload(payload(rows[i].iss, rows[i].aud, rows[i].sub, good_times())),
		    rows[i].wanted, "row %zu", i);
}

Test(token, every_claim_is_required)
{
	static const char *const names[] = {
		"iss", "aud", "sub", "sid", "role", "iat", "nbf", "exp"
	};
	const char *all = payload("\"issuer\"", "\"audience\"", "\"" SUB "\"", good_times());

	cr_assert_eq(verify_payload(all), OK);
	for (size_t i = 0; i < COUNT(names); i++) {
		char *less = arena_text(ctx.arena, all);
		char *at = strstr(less, arena_printf(ctx.arena, "\"%s\"", names[i]));

		at[1] = '_';
		cr_expect_eq(verify_payload(less), E_INVALID_TOKEN, "%s", names[i]);
	}
	cr_expect_eq(verify_payload("{}"), E_INVALID_TOKEN);
	cr_expect_eq(verify_payload("[]"), E_INVALID_TOKEN);
	cr_expect_eq(verify_payload("no JSON"), E_INVALID_TOKEN);
}

Test(token, times_are_held_against_the_clock_with_a_leeway)
{
	const struct {
		int64_t iat, nbf, expires;
		enum error wanted;
	} rows[] = {
		{ -900, -900, -25, OK },
		{ -900, -900, -31, E_TOKEN_EXPIRED },
		{ -900, -900, -100000, E_TOKEN_EXPIRED },
		{ 25, 25, 60, OK },
		{ 40, 0, 60, E_INVALID_TOKEN },
		{ 0, 40, 60, E_INVALID_TOKEN },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *text =
		    times(now + rows[i].iat, now + rows[i].nbf, now + rows[i].expires);

		cr_expect_eq(
		    verify_payload(payload("\"issuer\"", "\"audience\"", "\"" SUB "\"", text)),
		    rows[i].wanted, "row %zu", i);
	}
}

Test(token, a_time_is_a_whole_number)
{
	static const char *const values[] = {
		"\"9999999999\"",         "9999999999.5", "1e10", "-1", "null", "true", "[]", "{}",
		"99999999999999999999999"
	};

	for (size_t i = 0; i < COUNT(values); i++) {
		const char *text =
		    arena_printf(ctx.arena, "\"iat\":1,\"nbf\":1,\"exp\":%s", values[i]);

		cr_expect_eq(
		    verify_payload(payload("\"issuer\"", "\"audience\"", "\"" SUB "\"", text)),
		    E_INVALID_TOKEN, "%s", values[i]);
	}
}

Test(token, an_expired_forgery_is_a_forgery)
{
	const char *text = times(now - 900, now - 900, now - 800);

	cr_expect_eq(
	    verify(forge(HEADER, payload("\"issuer\"", "\"audience\"", "\"" SUB "\"", text),
			 EVP_sha256(), "another key of thirty-two bytes!")),
	    E_INVALID_TOKEN);
}

/* Names that JSON has to escape are still compared as they are. */
Test(token, an_odd_issuer_and_audience_work)
{
	const char *token;

	settings.jwt_issuer = "https://example.com/\"a\\b\"";
	settings.jwt_audience = "\xc3\xa9/\"q\"\\";
	token = sign();
	cr_expect_eq(verify(token), OK);
	settings.jwt_audience = "\xc3\xa9/\"q\"";
	cr_expect_eq(verify(token), E_INVALID_TOKEN);
}
