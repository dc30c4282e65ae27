/* Access tokens. libjwt handles only the claims: libjwt 1.10 supports no typ other than JWT, and lets
 * the header of a token choose how it is verified. So header and signature are handled here. */
#include "app/token.h"

#include "app/buf.h"
#include "app/clock.h"
#include "app/ids.h"
#include "app/keys.h"
#include "app/schema.h"
#include "app/settings.h"

#include <jwt.h>

enum { TOKEN_MAX = 4096 };

static const char token_type[] = "at+jwt";

/* The members of a header. A token with any other (jku, jwk, x5u, crit) is rejected. */
struct token_header {
	const char *alg, *typ;
	const char *kid; /* NULL: the key that signs now */
};

static const struct field header_fields[] = {
	{ TEXT(struct token_header, alg), .flags = F_CREATE | F_REQUIRED },
	{ TEXT(struct token_header, typ), .flags = F_CREATE | F_REQUIRED },
	{ TEXT(struct token_header, kid), .flags = F_CREATE },
};
static const struct schema header_schema =
    SCHEMA("TokenHeader", struct token_header, header_fields);

static void
release_jwt(void *jwt)
{
	jwt_free(jwt);
}

/* An empty set of claims, or NULL. */
static jwt_t *
new_claims(struct ctx *c)
{
	jwt_t *jwt;

	if (jwt_new(&jwt))
		return NULL;
	arena_defer(c->arena, release_jwt, jwt);
	return jwt;
}

/* A claim (NULL: all claims) as JSON without white space; "" if there is none. */
static const char *
claims_json(struct ctx *c, jwt_t *jwt, const char *name)
{
	char *text = jwt_get_grants_json(jwt, name);

	if (!text)
		return "";
	arena_defer(c->arena, free, text);
	return text;
}

static bool
set_claims(jwt_t *jwt, const struct claims *claims)
{
	char jti[UUID_TEXT_SIZE];

	uuid_new(jti);
	return !jwt_add_grant(jwt, "iss", settings.jwt_issuer) &&
	       !jwt_add_grant(jwt, "aud", settings.jwt_audience) &&
	       !jwt_add_grant(jwt, "sub", claims->sub) && !jwt_add_grant(jwt, "sid", claims->sid) &&
	       !jwt_add_grant(jwt, "role", claims->role) && !jwt_add_grant(jwt, "jti", jti) &&
	       !jwt_add_grant_int(jwt, "iat", (long)claims->iat) &&
	       !jwt_add_grant_int(jwt, "nbf", (long)claims->iat) &&
	       !jwt_add_grant_int(jwt, "exp", (long)claims->exp);
}

enum error
token_sign(struct ctx *c, const struct claims *claims, const char **token)
{
	const struct key *key = keys_signing();
	struct buf text = buf_new(c->arena, TOKEN_MAX), signature = buf_new(c->arena, TOKEN_MAX);
	const char *header, *payload;
	jwt_t *jwt = new_claims(c);

	if (!key || !jwt || !set_claims(jwt, claims))
		return fail(c, E_INTERNAL, NULL);

	header = arena_printf(c->arena, "{\"alg\":\"%s\",\"typ\":\"%s\",\"kid\":\"%s\"}",
			      key->algorithm, token_type, key->id);
	payload = claims_json(c, jwt, NULL);
	buf_base64url(&text, header, strlen(header));
	buf_char(&text, '.');
	buf_base64url(&text, payload, strlen(payload));
	if (!key_sign(key, &signature, text.data, text.len))
		return fail(c, E_INTERNAL, NULL);

	buf_char(&text, '.');
	buf_text(&text, signature.data);
	*token = buf_done(&text);
	return *token ? OK : fail(c, E_INTERNAL, NULL);
}

/* The parts of a token, by position and length. */
enum part_name { HEADER, PAYLOAD, SIGNATURE, PARTS };

struct part {
	const char *text;
	size_t len;
};

/* Splits a token into three nonempty parts of at most TOKEN_MAX bytes in total. */
static bool
split_token(const char *token, struct part parts[PARTS])
{
	if (strnlen(token, TOKEN_MAX + 1) > TOKEN_MAX)
		return false;

	for (size_t i = 0; i < PARTS; i++) {
		parts[i] = (struct part) { token, strcspn(token, ".") };
		token += parts[i].len;
		if (!parts[i].len || *token != (i < SIGNATURE ? '.' : '\0'))
			return false;
		token++;
	}
	return true;
}

/* Decodes a part and appends a NUL. NULL: it is not base64url. */
static const char *
decode_part(struct ctx *c, struct part part, size_t *len)
{
	char *out = arena_alloc(c->arena, part.len + 1);

	return base64url_read(part.text, part.len, out, len) ? out : NULL;
}

/* The key that the header names, if it is ours and for this algorithm, or NULL. */
static const struct key *
find_header_key(struct ctx *c, struct part part)
{
	struct token_header header;
	const char *json;
	uint64_t given;
	size_t len;

	json = decode_part(c, part, &len);
	if (!json || schema_read(c, &header_schema, SCHEMA_CREATE, json, len, &header, &given))
		return NULL;
	if (strcasecmp(header.typ, token_type) != 0 &&
	    strcasecmp(header.typ, "application/at+jwt") != 0)
		return NULL;
	return keys_find(header.alg, header.kid);
}

static bool
signature_matches(struct ctx *c, const char *token, struct part signature, const struct key *key)
{
	size_t len;
	const char *bytes = decode_part(c, signature, &len);

	return bytes && key_verify(key, token, (size_t)(signature.text - token) - 1, bytes, len);
}

static jwt_t *
read_claims(struct ctx *c, struct part part)
{
	jwt_t *jwt = new_claims(c);
	const char *json;
	struct json_scan scan; /* duplicate keys are rejected by the library */
	size_t len;

	json = decode_part(c, part, &len);
	if (!jwt || !json || json_scan(json, len, &scan) || jwt_add_grants_json(jwt, json))
		return NULL;
	return jwt;
}

static bool
claim_is(jwt_t *jwt, const char *name, const char *value)
{
	const char *have = jwt_get_grant(jwt, name);

	return have && strcmp(have, value) == 0;
}

/* A claim that is a UUID, or NULL. */
static const char *
claim_uuid(jwt_t *jwt, const char *name)
{
	const char *text = jwt_get_grant(jwt, name);

	return text && uuid_valid(text) ? text : NULL;
}

/* Seconds since 1970: an integer of at most 15 digits, not a string. */
static bool
claim_seconds(struct ctx *c, jwt_t *jwt, const char *name, int64_t *seconds)
{
	const char *text = claims_json(c, jwt, name);
	size_t len = strspn(text, "0123456789");

	if (len == 0 || len > 15 || text[len])
		return false;
	*seconds = strtoll(text, NULL, 10);
	return true;
}

/* The position after the JSON string at `p`. */
static const char *
string_end(const char *p)
{
	for (p++; *p != '"'; p++)
		p += *p == '\\';
	return p + 1;
}

/* Whether `aud` is our audience, or an array that contains it. */
static bool
audience_matches(struct ctx *c, jwt_t *jwt)
{
	const char *p = claims_json(c, jwt, "aud"), *end;
	struct buf expected = buf_new(c->arena, TOKEN_MAX);

	buf_json_text(&expected, settings.jwt_audience);
	if (*p == '[')
		p++;
	while (*p == '"') {
		end = string_end(p);
		if ((size_t)(end - p) == expected.len &&
		    memcmp(p, expected.data, expected.len) == 0)
			return true;
		p = *end == ',' ? end + 1 : end;
	}
	return false;
}

static enum error
check_times(struct ctx *c, jwt_t *jwt, struct claims *claims)
{
	int64_t now = clock_now() / 1000000, skew = settings.clock_skew_seconds, nbf;

	if (!claim_seconds(c, jwt, "exp", &claims->exp) ||
	    !claim_seconds(c, jwt, "iat", &claims->iat) || !claim_seconds(c, jwt, "nbf", &nbf))
		return E_INVALID_TOKEN;
	if (claims->iat > now + skew || nbf > now + skew)
		return E_INVALID_TOKEN;
	if (now >= claims->exp + skew)
		return E_TOKEN_EXPIRED;
	return OK;
}

static enum error
check_claims(struct ctx *c, jwt_t *jwt, struct claims *claims)
{
	if (!claim_is(jwt, "iss", settings.jwt_issuer) || !audience_matches(c, jwt))
		return E_INVALID_TOKEN;

	claims->sub = claim_uuid(jwt, "sub");
	claims->sid = claim_uuid(jwt, "sid");
	claims->role = jwt_get_grant(jwt, "role");
	if (!claims->sub || !claims->sid || !claims->role)
		return E_INVALID_TOKEN;

	return check_times(c, jwt, claims);
}

static enum error
check_token(struct ctx *c, const char *token, struct claims *claims)
{
	struct part parts[PARTS];
	const struct key *key;
	jwt_t *jwt;

	key = split_token(token, parts) ? find_header_key(c, parts[HEADER]) : NULL;
	if (!key || !signature_matches(c, token, parts[SIGNATURE], key))
		return E_INVALID_TOKEN;

	jwt = read_claims(c, parts[PAYLOAD]);
	return jwt ? check_claims(c, jwt, claims) : E_INVALID_TOKEN;
}

enum error
token_verify(struct ctx *c, const char *token, struct claims *claims)
{
	enum error e = check_token(c, token, claims);

	return e ? fail(c, e, NULL) : OK;
}
