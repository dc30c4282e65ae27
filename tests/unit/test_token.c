/* Access tokens: signed tokens are accepted, all others are rejected. Invalid tokens are built by hand,
 * with the right key where necessary. */
#include <criterion/criterion.h>

#include "app/buf.h"
#include "app/clock.h"
#include "app/ids.h"
#include "app/keys.h"
#include "app/settings.h"
#include "app/token.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#define SUB    "01936f5e-0000-7000-8000-000000000001"
#define SID    "01936f5e-0000-7000-8000-000000000002"
#define KEY    "0123456789abcdef0123456789abcdef"
#define HEADER "{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}"

static struct ctx ctx = { .request_id = "test" };
static int64_t now;

/* Loads the keys again after a change of settings, as a new process would. */
static void
reload(void)
{
	const char *err = keys_load(ctx.arena);

	cr_assert_null(err, "%s", err);
}

static void
set_up(void)
{
	ctx.arena = arena_new(1 << 24);
	now = clock_now() / 1000000;
	settings.jwt_secret_key = KEY;
	settings.jwt_algorithm = "HS256";
	settings.jwt_issuer = "issuer";
	settings.jwt_audience = "audience";
	settings.clock_skew_seconds = 30;
	settings.jwt_private_key_file = settings.jwt_keys_dir = "";
	settings.jwt_previous_secret_key = "";
	reload();
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

/* The claims of a valid token; each argument is the JSON of its member. */
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

Test(token, a_signed_token_is_accepted)
{
	struct claims claims = { 0 };

	cr_assert_eq(token_verify(&ctx, sign(), &claims), OK);
	cr_expect_str_eq(claims.sub, SUB);
	cr_expect_str_eq(claims.sid, SID);
	cr_expect_str_eq(claims.role, "member");
	cr_expect_eq(claims.iat, now);
	cr_expect_eq(claims.exp, now + 900);
}

Test(token, tokens_built_by_hand_are_valid)
{
	cr_expect_eq(verify_header(HEADER), OK);
}

Test(token, tokens_of_the_same_second_differ)
{
	cr_expect_str_neq(sign(), sign());
}

Test(token, another_algorithm_is_rejected_even_with_the_right_key)
{
	const char *body = payload("\"issuer\"", "\"audience\"", "\"" SUB "\"", good_times());

	cr_expect_eq(
	    verify(forge("{\"alg\":\"HS512\",\"typ\":\"at+jwt\"}", body, EVP_sha512(), KEY)),
	    E_INVALID_TOKEN);
	cr_expect_eq(
	    verify(forge("{\"alg\":\"HS384\",\"typ\":\"at+jwt\"}", body, EVP_sha384(), KEY)),
	    E_INVALID_TOKEN);
	cr_expect_eq(verify(forge(HEADER, body, EVP_sha256(), KEY)), OK);
}

Test(token, a_token_without_signature_is_rejected)
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

Test(token, a_signature_by_another_key_is_rejected)
{
	const char *body = payload("\"issuer\"", "\"audience\"", "\"" SUB "\"", good_times());
	const char *token = sign();

	cr_expect_eq(verify(forge(HEADER, body, EVP_sha256(), "0123456789abcdef0123456789abcdeF")),
		     E_INVALID_TOKEN);
	cr_expect_eq(verify(forge(HEADER, body, EVP_sha256(), "")), E_INVALID_TOKEN);
	settings.jwt_secret_key = "another key of thirty-two bytes!";
	reload();
	cr_expect_eq(verify(token), E_INVALID_TOKEN);
}

Test(token, without_a_key_no_token_is_valid)
{
	struct claims claims = { .sub = SUB, .sid = SID, .role = "member", .iat = now, .exp = now };
	const char *token = sign();

	settings.jwt_secret_key = "";
	cr_expect_not_null(keys_load(ctx.arena));
	cr_expect_neq(verify(token), OK);
	cr_expect_neq(token_sign(&ctx, &claims, &token), OK);
}

/* Including unused bits in the last character of a part. */
Test(token, every_changed_character_is_detected)
{
	const char *token = sign();

	for (size_t i = 0; token[i]; i++) {
		char *changed = arena_text(ctx.arena, token);

		if (changed[i] == '.')
			continue;
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		cr_expect_eq(verify(changed), E_INVALID_TOKEN, "character %zu", i);
		changed[i] = (char)(token[i] + 1);
		cr_expect_eq(verify(changed), E_INVALID_TOKEN, "character %zu", i);
	}
}

Test(token, a_shortened_token_is_rejected)
{
	const char *token = sign();

	for (size_t i = 0; token[i]; i++)
		cr_expect_eq(verify(arena_text_n(ctx.arena, token, i)), E_INVALID_TOKEN, "%zu", i);
}

Test(token, a_token_has_three_parts_of_base64url)
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

Test(token, a_very_long_token_is_rejected)
{
	char *token = arena_alloc(ctx.arena, 100001);

	memset(token, 'A', 100000);
	cr_expect_eq(verify(token), E_INVALID_TOKEN);
	token[10] = token[50000] = '.';
	cr_expect_eq(verify(token), E_INVALID_TOKEN);
}

Test(token, the_header_has_only_algorithm_type_and_key)
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
		"{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"\"}",
		"{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":null}",
		"{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":0}",
		"{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"' OR 1=1 --\"}",
		"{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"/etc/passwd\"}",
		"{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"x5u\":\"http://example.com/\"}",
		"{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"x5c\":[\"AAAA\"]}",
		"{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AA\"}}",
		"{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"b64\":false}",
		"{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"zip\":\"DEF\"}",
		"{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"cty\":\"JWT\"}",
		"{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"iss\":\"issuer\"}",
		"{\"alg\":\"HS256\",\"typ\":\"refresh+jwt\"}",
		"{\"alg\":\"HS256\",\"typ\":\"id_token\"}",
		"{\"alg\":\"HS256\\u0000\",\"typ\":\"at+jwt\"}",
		"{\"alg\":\"HS256 \",\"typ\":\"at+jwt\"}",
		"{\"alg\":\"HS\",\"typ\":\"at+jwt\"}",
		"{\"alg\":\"RS256\",\"typ\":\"at+jwt\"}",
		"{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}",
		"{\"alg\":\"PS256\",\"typ\":\"at+jwt\"}",
		"{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\"}",
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

Test(token, issuer_and_audience_are_checked)
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
	cr_expect_eq(verify_payload(arena_printf(ctx.arena, "%.*s,\"exp\":9999999999}",
						 (int)strlen(all) - 1, all)),
		     E_INVALID_TOKEN, "a claim twice");
	cr_expect_eq(verify_payload("{}"), E_INVALID_TOKEN);
	cr_expect_eq(verify_payload("[]"), E_INVALID_TOKEN);
	cr_expect_eq(verify_payload("no JSON"), E_INVALID_TOKEN);
}

Test(token, times_are_checked_with_a_tolerance)
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

Test(token, a_time_is_an_integer)
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

Test(token, an_expired_forgery_is_invalid)
{
	const char *text = times(now - 900, now - 900, now - 800);

	cr_expect_eq(
	    verify(forge(HEADER, payload("\"issuer\"", "\"audience\"", "\"" SUB "\"", text),
			 EVP_sha256(), "another key of thirty-two bytes!")),
	    E_INVALID_TOKEN);
}

/* Names that need escaping in JSON are compared unescaped. */
Test(token, issuer_and_audience_with_special_characters)
{
	const char *token;

	settings.jwt_issuer = "https://example.com/\"a\\b\"";
	settings.jwt_audience = "\xc3\xa9/\"q\"\\";
	token = sign();
	cr_expect_eq(verify(token), OK);
	settings.jwt_audience = "\xc3\xa9/\"q\"";
	cr_expect_eq(verify(token), E_INVALID_TOKEN);
}

/* ---- key ids */

/* The header of a token as text. */
static const char *
header_of(const char *token)
{
	size_t len = strcspn(token, "."), have;
	char *padded = arena_alloc(ctx.arena, len + 8), *out = arena_alloc(ctx.arena, len + 8);

	for (size_t i = 0; i < len; i++)
		padded[i] = token[i] == '-' ? '+' : token[i] == '_' ? '/' : token[i];
	for (have = len; have % 4; have++)
		padded[have] = '=';
	cr_assert_gt(EVP_DecodeBlock((unsigned char *)out, (unsigned char *)padded, (int)have), 0);
	return out;
}

static const char *
header_with(const char *algorithm, const char *kid)
{
	return arena_printf(ctx.arena, "{\"alg\":\"%s\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}",
			    algorithm, kid);
}

static const char *
good_payload(void)
{
	return payload("\"issuer\"", "\"audience\"", "\"" SUB "\"", good_times());
}

Test(token, the_header_has_the_key_id)
{
	const char *header = header_of(sign());
	const struct key *key = keys_signing();

	cr_assert_not_null(key);
	cr_expect_str_eq(header, header_with("HS256", key->id));
	cr_expect_eq(verify_header(header), OK);
	cr_expect_eq(verify_header(HEADER), OK, "without kid, the signing key is used");
	cr_expect_null(strstr(KEY, key->id));
}

Test(token, a_previous_secret_still_verifies)
{
	const char *before = sign(), *header = header_of(before);

	settings.jwt_previous_secret_key = KEY;
	settings.jwt_secret_key = "another key of thirty-two bytes!";
	reload();
	cr_expect_eq(verify(before), OK);
	cr_expect_eq(verify(sign()), OK);
	cr_expect_str_neq(header_of(sign()), header);
	cr_expect_eq(verify(forge(HEADER, good_payload(), EVP_sha256(), KEY)), E_INVALID_TOKEN,
		     "without a kid only the key of now is tried");
	cr_expect_eq(verify(forge(header_of(sign()), good_payload(), EVP_sha256(), KEY)),
		     E_INVALID_TOKEN, "the kid of one key, the signature of another");

	settings.jwt_previous_secret_key = "";
	reload();
	cr_expect_eq(verify(before), E_INVALID_TOKEN);
}

Test(token, a_key_is_valid_for_one_algorithm)
{
	const char *id = arena_text(ctx.arena, keys_signing()->id);

	cr_expect_eq(verify(forge(header_with("HS512", id), good_payload(), EVP_sha512(), KEY)),
		     E_INVALID_TOKEN);
	cr_expect_eq(verify(forge(header_with("HS256", id), good_payload(), EVP_sha256(), KEY)),
		     OK);
}

/* ---- key pairs */

static char folder[] = "/tmp/token-XXXXXX";

/* A private key in a file of the folder, and its public key as text. */
static const char *
make_pair(const char *name, const char *type, const char **public_pem)
{
	const char *path = arena_printf(ctx.arena, "%s/%s", folder, name);
	EVP_PKEY *key = strcmp(type, "RSA") == 0
			    ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)
			    : EVP_PKEY_Q_keygen(NULL, NULL, "EC", type);
	FILE *f = fopen(path, "w");
	BIO *text = BIO_new(BIO_s_mem());
	char *data;
	long len;

	cr_assert(key && f && text);
	cr_assert(PEM_write_PKCS8PrivateKey(f, key, NULL, NULL, 0, NULL, NULL));
	fclose(f);
	cr_assert_eq(chmod(path, 0600), 0);
	cr_assert(PEM_write_bio_PUBKEY(text, key));
	len = BIO_get_mem_data(text, &data);
	*public_pem = arena_text_n(ctx.arena, data, (size_t)len);
	BIO_free(text);
	EVP_PKEY_free(key);
	return path;
}

static void
use_pair(const char *algorithm, const char *path)
{
	settings.jwt_algorithm = algorithm;
	settings.jwt_private_key_file = path;
	reload();
}

static void
with_folder(void)
{
	set_up();
	cr_assert_not_null(mkdtemp(folder));
}

static void
without_folder(void)
{
	static const char *const names[] = { "one", "one.pem", "two" };

	for (size_t i = 0; i < COUNT(names); i++)
		unlink(arena_printf(ctx.arena, "%s/%s", folder, names[i]));
	cr_expect_eq(rmdir(folder), 0);
	tear_down();
}

TestSuite(token_pair, .init = with_folder, .fini = without_folder);

/* Tokens that an attacker can build from the public key. */
static void
expect_no_confusion(const char *public_pem)
{
	const char *id = keys_signing()->id;
	const char *headers[] = { HEADER, header_with("HS256", id), header_with("none", id) };

	for (size_t i = 0; i < COUNT(headers); i++) {
		cr_expect_eq(verify(forge(headers[i], good_payload(), EVP_sha256(), public_pem)),
			     E_INVALID_TOKEN, "%s", headers[i]);
		cr_expect_eq(verify(forge(headers[i], good_payload(), EVP_sha256(), KEY)),
			     E_INVALID_TOKEN, "%s", headers[i]);
		cr_expect_eq(verify(forge(headers[i], good_payload(), EVP_sha256(), "")),
			     E_INVALID_TOKEN, "%s", headers[i]);
	}
}

static void
expect_every_letter_counts(const char *token)
{
	for (size_t i = 0; token[i]; i += 7) {
		char *changed = arena_text(ctx.arena, token);

		changed[i] = changed[i] == 'x' ? 'y' : 'x';
		cr_expect_eq(verify(changed), E_INVALID_TOKEN, "character %zu", i);
	}
	for (size_t n = strlen(token) - 1; token[n] != '.'; n -= 1)
		cr_expect_eq(verify(arena_text_n(ctx.arena, token, n)), E_INVALID_TOKEN, "%zu", n);
}

Test(token_pair, only_the_rsa_key_signs)
{
	const char *public_pem, *token;

	use_pair("RS256", make_pair("one", "RSA", &public_pem));
	token = sign();
	cr_expect_eq(verify(token), OK);
	cr_expect_str_eq(header_of(token), header_with("RS256", keys_signing()->id));
	expect_every_letter_counts(token);
	expect_no_confusion(public_pem);
}

Test(token_pair, only_the_ec_key_signs)
{
	const char *public_pem, *token;

	use_pair("ES256", make_pair("one", "P-256", &public_pem));
	for (int i = 0; i < 50; i++)
		cr_expect_eq(verify(sign()), OK);
	token = sign();
	cr_expect_str_eq(header_of(token), header_with("ES256", keys_signing()->id));
	expect_every_letter_counts(token);
	expect_no_confusion(public_pem);
}

/* A signature of zeros would be valid for any text if it were not rejected (CVE-2022-21449). */
Test(token_pair, an_ec_signature_of_zeros_is_rejected)
{
	unsigned char zeros[64] = { 0 };
	const char *public_pem, *token;
	struct buf forged = buf_new(ctx.arena, 4096);

	use_pair("ES256", make_pair("one", "P-256", &public_pem));
	token = sign();
	buf_put(&forged, token, (size_t)(strrchr(token, '.') - token) + 1);
	buf_base64url(&forged, zeros, sizeof(zeros));
	cr_expect_eq(verify(forged.data), E_INVALID_TOKEN);
}

Test(token_pair, a_token_of_another_pair_is_rejected)
{
	const char *public_pem, *stolen, *kid;
	char *swapped;

	use_pair("ES256", make_pair("one", "P-256", &public_pem));
	stolen = sign();
	kid = arena_text(ctx.arena, keys_signing()->id);
	use_pair("ES256", make_pair("two", "P-256", &public_pem));
	cr_expect_str_neq(kid, keys_signing()->id);
	cr_expect_eq(verify(stolen), E_INVALID_TOKEN);

	swapped = arena_text(ctx.arena, sign());
	strrchr(swapped, '.')[0] = '\0';
	cr_expect_eq(verify(arena_printf(ctx.arena, "%s%s", swapped, strrchr(stolen, '.'))),
		     E_INVALID_TOKEN);
}

Test(token_pair, a_previous_pair_in_the_folder_still_verifies)
{
	const char *public_pem, *before;

	use_pair("ES256", make_pair("one.pem", "P-256", &public_pem));
	before = sign();
	settings.jwt_keys_dir = folder;
	use_pair("ES256", make_pair("two", "P-256", &public_pem));
	cr_expect_eq(verify(before), OK);
	cr_expect_eq(verify(sign()), OK);
	cr_expect_str_neq(header_of(sign()), header_of(before));
}

Test(token_pair, from_a_secret_to_a_pair_without_signing_out)
{
	const char *public_pem, *before = sign();

	settings.jwt_previous_secret_key = KEY;
	use_pair("ES256", make_pair("one", "P-256", &public_pem));
	cr_expect_eq(verify(before), OK);
	cr_expect_eq(verify(sign()), OK);
	cr_expect_eq(verify(forge(HEADER, good_payload(), EVP_sha256(), KEY)), E_INVALID_TOKEN,
		     "without a kid only the key of now is tried");
}
