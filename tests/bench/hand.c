/*
 * What `GET items/{id}` is measured against: a program written for that route alone. It
 * verifies the token, runs one prepared SELECT that sees to the ownership, and prints.
 * No router, no validation, no log, no time-outs, no deadline, no session to end.
 *
 * Takes DATABASE_URL and JWT_SECRET_KEY from the environment, the socket as fd 0.
 */
#include <fcgiapp.h>
#include <libpq-fe.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char sql[] = "SELECT id, owner_id, title, description, status, created_at, updated_at"
			  " FROM items WHERE id = $1 AND owner_id = $2";

/* A JSON string. */
static char *
put_text(char *at, const char *text)
{
	*at++ = '"';
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			*at++ = '\\';
		if ((unsigned char)*text < 0x20)
			at += snprintf(at, 7, "\\u%04x", *text);
		else
			*at++ = *text;
	}
	*at++ = '"';
	return at;
}

static char *
put_member(char *at, const char *name, const PGresult *row, int column)
{
	at = stpcpy(at, name);
	if (PQgetisnull(row, 0, column))
		return stpcpy(at, "null");
	return put_text(at, PQgetvalue(row, 0, column));
}

/* 2026-11-20 15:08:41.2183+00 becomes 2026-11-20T15:08:41.218300Z. */
static char *
put_time(char *at, const char *name, const PGresult *row, int column)
{
	char text[] = "0000-00-00T00:00:00.000000Z";
	const char *value = PQgetvalue(row, 0, column);

	memcpy(text, value, 10);
	memcpy(text + 11, value + 11, strcspn(value + 11, "+"));
	at = stpcpy(at, name);
	return put_text(at, text);
}

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static unsigned char values_of[256]; /* of the letters */

/* The bytes that `len` letters of base64url stand for, with a NUL behind them. */
static size_t
decode(const char *text, size_t len, char *out)
{
	unsigned bits = 0, have = 0;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 6 | values_of[(unsigned char)text[i]];
		have += 6;
		if (have >= 8)
			out[n++] = (char)(bits >> (have -= 8));
	}
	out[n] = '\0';
	return n;
}

/* Verifies header.payload.signature with HMAC-SHA-256 and looks at exp; `sub` is the user.
 * libjwt cannot: it refuses tokens of the type at+jwt (RFC 9068). */
static int
verify(const char *token, const char *key, char sub[37])
{
	static char payload[4096], signature[64];
	const char *first = strchr(token, '.'), *second = first ? strchr(first + 1, '.') : NULL;
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned mac_len;
	const char *at;

	if (!second || second - token > 4000 || strlen(second) != 44)
		return 0;
	HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)token,
	     (size_t)(second - token), mac, &mac_len);
	if (decode(second + 1, 43, signature) != mac_len || CRYPTO_memcmp(signature, mac, mac_len))
		return 0;

	decode(first + 1, (size_t)(second - first - 1), payload);
	at = strstr(payload, "\"exp\":");
	if (!at || strtoll(at + 6, NULL, 10) < time(NULL))
		return 0;
	at = strstr(payload, "\"sub\":\"");
	if (!at || strlen(at) < 44)
		return 0;
	memcpy(sub, at + 7, 36);
	sub[36] = '\0';
	return 1;
}

static void
answer(FCGX_Request *r, PGconn *db, const char *key)
{
	static char body[64 * 1024];
	const char *authorization = FCGX_GetParam("HTTP_AUTHORIZATION", r->envp);
	const char *uri = FCGX_GetParam("REQUEST_URI", r->envp);
	const char *id = uri ? strrchr(uri, '/') : NULL;
	char sub[37], *at = body;
	const char *values[2] = { NULL, sub };
	PGresult *row;

	if (!authorization || !id || strncmp(authorization, "Bearer ", 7) != 0 ||
	    !verify(authorization + 7, key, sub)) {
		FCGX_PutS("Status: 401 Unauthorized\r\n\r\n", r->out);
		return;
	}
	values[0] = id + 1;
	row = PQexecPrepared(db, "find", 2, values, NULL, NULL, 0);
	if (PQntuples(row) != 1) {
		FCGX_PutS("Status: 404 Not Found\r\n\r\n", r->out);
	} else {
		at = stpcpy(at, "Status: 200 OK\r\nContent-Type: application/json\r\n\r\n");
		at = put_member(at, "{\"id\":", row, 0);
		at = put_member(at, ",\"owner_id\":", row, 1);
		at = put_member(at, ",\"title\":", row, 2);
		at = put_member(at, ",\"description\":", row, 3);
		at = put_member(at, ",\"status\":", row, 4);
		at = put_time(at, ",\"created_at\":", row, 5);
		at = put_time(at, ",\"updated_at\":", row, 6);
		*at++ = '}';
		FCGX_PutStr(body, (int)(at - body), r->out);
	}
	PQclear(row);
}

int
main(void)
{
	const char *key = getenv("JWT_SECRET_KEY"), *url = getenv("DATABASE_URL");
	PGconn *db = PQconnectdb(url ? url : "");
	FCGX_Request r;

	if (!key || PQstatus(db) != CONNECTION_OK) {
		fputs("set DATABASE_URL and JWT_SECRET_KEY\n", stderr);
		return 1;
	}
	for (unsigned char i = 0; i < 64; i++)
		values_of[(unsigned char)letters[i]] = i;
	PQclear(PQexec(db, "SET TimeZone = 'UTC'"));
	PQclear(PQprepare(db, "find", sql, 2, NULL));
	FCGX_Init();
	FCGX_InitRequest(&r, 0, 0);
	while (FCGX_Accept_r(&r) >= 0)
		answer(&r, db, key);
	return 0;
}
