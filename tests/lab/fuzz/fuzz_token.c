/* Access tokens, unchanged and correctly signed with any header and claims. Input: header, newline,
 * claims. */
#include "fuzz.h"

#include "app/clock.h"
#include "app/ids.h"
#include "app/secret.h"
#include "app/settings.h"
#include "app/token.h"

enum { TEXT_SIZE = 1 << 20 };

static const char *
sign(struct ctx *c, const char *header, const char *claims)
{
	struct buf token = buf_new(c->arena, TEXT_SIZE);
	unsigned char mac[SHA256_SIZE];
	const char *key = settings.jwt_secret_key;

	buf_base64url(&token, header, strlen(header));
	buf_char(&token, '.');
	buf_base64url(&token, claims, strlen(claims));
	hmac_sha256(key, strlen(key), token.data, token.len, mac);
	buf_char(&token, '.');
	buf_base64url(&token, mac, sizeof(mac));
	return buf_done(&token);
}

void
fuzz(struct ctx *c, const char *bytes, size_t len)
{
	int64_t now = clock_now() / 1000000, skew = settings.clock_skew_seconds;
	char *header = fuzz_text(c, bytes, len), *claims;
	struct claims read;
	enum error e;

	HOLDS(token_verify(c, header, &read) == E_INVALID_TOKEN);
	claims = fuzz_cut(header, '\n');
	e = token_verify(c, sign(c, header, claims), &read);
	HOLDS(e == OK || e == E_INVALID_TOKEN || e == E_TOKEN_EXPIRED);
	HOLDS(e == E_INVALID_TOKEN || !json_check(claims, strlen(claims)));
	if (e)
		return;

	HOLDS(uuid_valid(read.sub) && uuid_valid(read.sid) && read.role);
	HOLDS(read.iat <= now + skew + 1 && read.exp > now - skew - 1);
}
