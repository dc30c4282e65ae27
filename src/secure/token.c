/* Access tokens, by libjwt. It checks the signature and nothing else: form, algorithm and
 * claims are ours to check, and the token's own header decides none of it. */
#include "app/token.h"

#include "app/buf.h"
#include "app/clock.h"
#include "app/ids.h"
#include "app/schema.h"
#include "app/settings.h"

#include <jwt.h>

enum { TOKEN_MAX = 4096, KEY_MIN = 32, HEADER_MAX = 512 };

static const char token_type[] = "at+jwt";

/* All that a header may say; a member besides (jku, x5u, crit) refuses the token. */
struct token_header {
	const char *alg, *typ;
};

static const struct field header_fields[] = {
	{ TEXT(struct token_header, alg), .flags = F_CREATE | F_REQUIRED },
	{ TEXT(struct token_header, typ), .flags = F_CREATE | F_REQUIRED },
};
static const struct schema header_schema =
    SCHEMA("TokenHeader", struct token_header, header_fields);

static void
release_jwt(void *jwt)
{
	jwt_free(jwt);
}

static const unsigned char *
signing_key(int *len)
{
	*len = (int)strlen(settings.jwt_secret_key);
	return (const unsigned char *)settings.jwt_secret_key;
}

static bool
fill(jwt_t *jwt, const struct claims *claims)
{
	char jti[UUID_TEXT_SIZE];
	const unsigned char *key;
	int len;

	uuid_new(jti);
	key = signing_key(&len);
	return len >= KEY_MIN && !jwt_add_header(jwt, "typ", token_type) &&
	       !jwt_add_grant(jwt, "iss", settings.jwt_issuer) &&
	       !jwt_add_grant(jwt, "aud", settings.jwt_audience) &&
	       !jwt_add_grant(jwt, "sub", claims->sub) && !jwt_add_grant(jwt, "sid", claims->sid) &&
	       !jwt_add_grant(jwt, "role", claims->role) && !jwt_add_grant(jwt, "jti", jti) &&
	       !jwt_add_grant_int(jwt, "iat", (long)claims->iat) &&
	       !jwt_add_grant_int(jwt, "nbf", (long)claims->iat) &&
	       !jwt_add_grant_int(jwt, "exp", (long)claims->exp) &&
	       !jwt_set_alg(jwt, jwt_str_alg(settings.jwt_algorithm), key, len);
}

enum error
token_sign(struct ctx *c, const struct claims *claims, const char **token)
{
	jwt_t *jwt;
	char *text;

	if (jwt_new(&jwt))
		return fail(c, E_INTERNAL, NULL);
	arena_defer(c->arena, release_jwt, jwt);

	if (!fill(jwt, claims))
		return fail(c, E_INTERNAL, NULL);

	text = jwt_encode_str(jwt);
	if (!text)
		return fail(c, E_INTERNAL, NULL);
	arena_defer(c->arena, free, text);

	*token = text;
	return OK;
}

/* The value of a letter of base64url, or -1. */
static int
letter_value(char letter)
{
	if (letter >= 'A' && letter <= 'Z')
		return letter - 'A';
	if (letter >= 'a' && letter <= 'z')
		return letter - 'a' + 26;
	if (letter >= '0' && letter <= '9')
		return letter - '0' + 52;
	if (letter == '-')
		return 62;
	return letter == '_' ? 63 : -1;
}

/* Three parts of base64url, none empty, and no more than TOKEN_MAX in all. `*first` gets
 * the length of the first. */
static bool
well_formed(const char *token, size_t *first)
{
	size_t len = strnlen(token, TOKEN_MAX + 1), dots = 0, part = 0;

	*first = 0;
	if (len > TOKEN_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (token[i] == '.' && part > 0) {
			if (dots++ == 0)
				*first = i;
			part = 0;
		} else if (letter_value(token[i]) >= 0) {
			part++;
		} else {
			return false;
		}
	}
	return dots == 2 && part > 0;
}

/* Decodes well-formed base64url; the bits left over at the end are dropped. */
static size_t
decode(const char *text, size_t len, char *out)
{
	unsigned bits = 0, have = 0;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		bits = (bits << 6 | (unsigned)letter_value(text[i])) & 0xffff;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		out[n++] = (char)(bits >> have & 0xff);
	}
	return n;
}

static bool
header_fits(struct ctx *c, const char *token, size_t len)
{
	struct token_header header;
	char json[HEADER_MAX];
	uint64_t given;

	if (len > sizeof(json))
		return false;
	if (schema_read(c, &header_schema, SCHEMA_CREATE, json, decode(token, len, json), &header,
			&given))
		return false;
	return strcmp(header.alg, settings.jwt_algorithm) == 0 &&
	       (strcasecmp(header.typ, token_type) == 0 ||
		strcasecmp(header.typ, "application/at+jwt") == 0);
}

/* The claim as JSON without blanks, "" where the token has none of that name. */
static const char *
claim_json(struct ctx *c, jwt_t *jwt, const char *name)
{
	char *text = jwt_get_grants_json(jwt, name);

	if (!text)
		return "";
	arena_defer(c->arena, free, text);
	return text;
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

/* Seconds since 1970: a whole number of at most 15 digits, never one in a string. */
static bool
claim_seconds(struct ctx *c, jwt_t *jwt, const char *name, int64_t *seconds)
{
	const char *text = claim_json(c, jwt, name);
	size_t len = strspn(text, "0123456789");

	if (len == 0 || len > 15 || text[len])
		return false;
	*seconds = strtoll(text, NULL, 10);
	return true;
}

/* Past the closing quote of the JSON string at `p`. */
static const char *
string_end(const char *p)
{
	for (p++; *p != '"'; p++)
		p += *p == '\\';
	return p + 1;
}

/* Whether `aud` is our audience, or an array of texts with it. */
static bool
audience_fits(struct ctx *c, jwt_t *jwt)
{
	const char *p = claim_json(c, jwt, "aud"), *end;
	struct buf ours = buf_new(c->arena, TOKEN_MAX);

	buf_json_text(&ours, settings.jwt_audience);
	if (*p == '[')
		p++;
	while (*p == '"') {
		end = string_end(p);
		if ((size_t)(end - p) == ours.len && memcmp(p, ours.data, ours.len) == 0)
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
	if (!claim_is(jwt, "iss", settings.jwt_issuer) || !audience_fits(c, jwt))
		return E_INVALID_TOKEN;

	claims->sub = claim_uuid(jwt, "sub");
	claims->sid = claim_uuid(jwt, "sid");
	claims->role = jwt_get_grant(jwt, "role");
	if (!claims->sub || !claims->sid || !claims->role)
		return E_INVALID_TOKEN;

	return check_times(c, jwt, claims);
}

static enum error
verify(struct ctx *c, const char *token, struct claims *claims)
{
	const unsigned char *key;
	jwt_t *jwt;
	size_t header;
	int len;

	if (!well_formed(token, &header) || !header_fits(c, token, header))
		return E_INVALID_TOKEN;

	key = signing_key(&len);
	if (len < KEY_MIN) /* with an empty key libjwt would accept anything */
		return E_INTERNAL;
	if (jwt_decode(&jwt, token, key, len))
		return E_INVALID_TOKEN;
	arena_defer(c->arena, release_jwt, jwt);

	if (jwt_get_alg(jwt) != jwt_str_alg(settings.jwt_algorithm))
		return E_INVALID_TOKEN;
	return check_claims(c, jwt, claims);
}

enum error
token_verify(struct ctx *c, const char *token, struct claims *claims)
{
	enum error e = verify(c, token, claims);

	if (e == E_TOKEN_EXPIRED)
		return fail(c, e, "the access token has expired");
	if (e)
		return fail(c, e, e == E_INVALID_TOKEN ? "the access token is not valid" : NULL);
	return OK;
}
