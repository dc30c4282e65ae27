/*
 * The hand-written peer, for these routes only. It verifies the token, runs one prepared statement
 * that also checks the ownership, and prints the result. It routes with a few strcmp(); it has no
 * list parameters, log, timeouts, deadline or session checks, and one response for all errors.
 *
 * DATABASE_URL, JWT_SECRET_KEY, JWT_ISSUER and JWT_AUDIENCE come from the environment; the socket is
 * fd 0.
 */
#include <crypt.h>
#include <fcgiapp.h>
#include <json-c/json.h>
#include <libpq-fe.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COLUMNS "id, owner_id, title, description, status, created_at, updated_at"
#define FOUND                                                                                      \
	"(SELECT items.*, ((ts_rank(search, (SELECT websearch_to_tsquery('english', $1)))"         \
	" + ts_rank(search, (SELECT search_query($1)), 1) / 100) * 1000000)::bigint AS rank"       \
	" FROM items WHERE search @@ search_query($1) AND owner_id = $2 LIMIT 10000) AS found"

enum { FIND, LIST, CREATE, ACCOUNT, SESSION, PREPARED };

static const char *const sql[PREPARED] = {
	[FIND] = "SELECT " COLUMNS " FROM items WHERE id = $1 AND owner_id = $2",
	[LIST] = "SELECT " COLUMNS ", (SELECT count(*) FROM items WHERE owner_id = $1) FROM items"
		 " WHERE owner_id = $1 ORDER BY created_at DESC, id DESC LIMIT 20",
	[CREATE] = "INSERT INTO items (owner_id, title, description) VALUES ($1, $2, $3)"
		   " RETURNING " COLUMNS,
	[ACCOUNT] = "SELECT id, role, password_hash FROM users"
		    " WHERE lower(email) = lower($1) AND is_active",
	[SESSION] = "WITH seen AS (UPDATE users SET last_login_at = now() WHERE id = $1),"
		    " made AS (INSERT INTO sessions (user_id, expires_at, user_agent)"
		    " VALUES ($1, now() + interval '30 days', $2) RETURNING id),"
		    " token AS (INSERT INTO refresh_tokens (session_id, token_hash, expires_at)"
		    " SELECT id, $3, now() + interval '30 days' FROM made) SELECT id FROM made",
};

/* Not prepared, so that it is planned for the words, as in the service. */
static const char search_sql[] = "SELECT " COLUMNS ", (SELECT count(*) FROM " FOUND ") FROM " FOUND
				 " ORDER BY rank DESC, id DESC LIMIT 20";

static const char *key, *issuer, *audience;
static char body[1 << 20];

/* Appends a JSON string. */
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
put_member(char *at, const char *name, const PGresult *rows, int row, int column)
{
	at = stpcpy(at, name);
	if (PQgetisnull(rows, row, column))
		return stpcpy(at, "null");
	return put_text(at, PQgetvalue(rows, row, column));
}

/* Converts 2026-11-20 15:08:41.2183+00 to 2026-11-20T15:08:41.218300Z. */
static char *
put_time(char *at, const char *name, const PGresult *rows, int row, int column)
{
	char text[] = "0000-00-00T00:00:00.000000Z";
	const char *value = PQgetvalue(rows, row, column);

	memcpy(text, value, 10);
	memcpy(text + 11, value + 11, strcspn(value + 11, "+"));
	at = stpcpy(at, name);
	return put_text(at, text);
}

static char *
put_item(char *at, const PGresult *rows, int row)
{
	at = put_member(at, "{\"id\":", rows, row, 0);
	at = put_member(at, ",\"owner_id\":", rows, row, 1);
	at = put_member(at, ",\"title\":", rows, row, 2);
	at = put_member(at, ",\"description\":", rows, row, 3);
	at = put_member(at, ",\"status\":", rows, row, 4);
	at = put_time(at, ",\"created_at\":", rows, row, 5);
	at = put_time(at, ",\"updated_at\":", rows, row, 6);
	*at++ = '}';
	return at;
}

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static unsigned char values_of[256]; /* of the letters */

/* Decodes `len` letters of base64url and appends a NUL. Returns the number of bytes. */
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

/* Verifies header.payload.signature with HMAC-SHA-256, and iss, aud and exp; sets `sub` to the user.
 * Not with libjwt, which rejects tokens of type at+jwt (RFC 9068). */
static int
verify(const char *token, char sub[37])
{
	static char payload[4096], signature[64];
	const char *first = strchr(token, '.'), *second = first ? strchr(first + 1, '.') : NULL;
	unsigned char mac[EVP_MAX_MD_SIZE];
	char wanted[256];
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
	snprintf(wanted, sizeof(wanted), "\"iss\":\"%s\"", issuer);
	if (!strstr(payload, wanted))
		return 0;
	snprintf(wanted, sizeof(wanted), "\"aud\":\"%s\"", audience);
	if (!strstr(payload, wanted))
		return 0;
	at = strstr(payload, "\"sub\":\"");
	if (!at || strlen(at) < 44)
		return 0;
	memcpy(sub, at + 7, 36);
	sub[36] = '\0';
	return 1;
}

/* Appends `len` bytes as base64url. */
static char *
encode(char *at, const void *data, size_t len)
{
	const unsigned char *bytes = data;
	unsigned bits = 0, have = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | bytes[i];
		for (have += 8; have >= 6;)
			*at++ = letters[bits >> (have -= 6) & 63];
	}
	if (have)
		*at++ = letters[bits << (6 - have) & 63];
	*at = '\0';
	return at;
}

#define JSON "Content-Type: application/json\r\n"

static void
say(FCGX_Request *r, const char *status)
{
	FCGX_FPrintF(r->out, "Status: %s\r\n\r\n", status);
}

static PGresult *
run(PGconn *db, int statement, int n, const char *const *values)
{
	char name[2] = { (char)('0' + statement), '\0' };

	return PQexecPrepared(db, name, n, values, NULL, NULL, 0);
}

static void
show(FCGX_Request *r, PGconn *db, const char *id, const char *owner)
{
	PGresult *rows = run(db, FIND, 2, (const char *[]) { id, owner });
	char *at = stpcpy(body, "Status: 200 OK\r\n" JSON "\r\n");

	if (PQntuples(rows) == 1)
		FCGX_PutStr(body, (int)(put_item(at, rows, 0) - body), r->out);
	else
		say(r, "404 Not Found");
	PQclear(rows);
}

static void
list(FCGX_Request *r, PGresult *rows)
{
	char *at = stpcpy(body, "Status: 200 OK\r\n" JSON "\r\n{\"items\":[");
	int n = PQntuples(rows);

	for (int i = 0; i < n; i++) {
		if (i)
			*at++ = ',';
		at = put_item(at, rows, i);
	}
	at += sprintf(at, "],\"total\":%s,\"limit\":20,\"offset\":0,\"next_cursor\":null}",
		      n ? PQgetvalue(rows, 0, 7) : "0");
	FCGX_PutStr(body, (int)(at - body), r->out);
	PQclear(rows);
}

/* The body of the request; NULL if it is not JSON. */
static json_object *
read_json(FCGX_Request *r)
{
	int n = FCGX_GetStr(body, sizeof(body) - 1, r->in);

	body[n] = '\0';
	return json_tokener_parse(body);
}

static const char *
member(json_object *o, const char *name)
{
	json_object *value = json_object_object_get(o, name);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

/* The number of characters in UTF-8. */
static size_t
length(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

static void
create(FCGX_Request *r, PGconn *db, const char *owner)
{
	json_object *o = read_json(r);
	const char *title = member(o, "title"), *description = member(o, "description");
	PGresult *rows;
	char *at;

	if (!title || !*title || length(title) > 200 ||
	    (description && length(description) > 5000)) {
		say(r, "422 Unprocessable Content");
	} else {
		rows = run(db, CREATE, 3, (const char *[]) { owner, title, description });
		at = body + sprintf(body,
				    "Status: 201 Created\r\n" JSON
				    "Location: /api/v1/items/%s\r\n\r\n",
				    PQgetvalue(rows, 0, 0));
		FCGX_PutStr(body, (int)(put_item(at, rows, 0) - body), r->out);
		PQclear(rows);
	}
	json_object_put(o);
}

/* Creates an access token (HS256). */
static void
sign(char *token, const char *user, const char *session, const char *role)
{
	static const char header[] = "{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}";
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned mac_len;
	char payload[1024], *at;
	long long now = time(NULL);
	int n = snprintf(payload, sizeof(payload),
			 "{\"sub\":\"%s\",\"sid\":\"%s\",\"role\":\"%s\",\"iss\":\"%s\","
			 "\"aud\":\"%s\",\"iat\":%lld,\"exp\":%lld}",
			 user, session, role, issuer, audience, now, now + 900);

	at = encode(token, header, sizeof(header) - 1);
	*at++ = '.';
	at = encode(at, payload, (size_t)n);
	HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)token,
	     (size_t)(at - token), mac, &mac_len);
	*at++ = '.';
	encode(at, mac, mac_len);
}

static void
enter(FCGX_Request *r, PGconn *db, const char *user, const char *role)
{
	unsigned char secret[32], hash[SHA256_DIGEST_LENGTH];
	const char *agent = FCGX_GetParam("HTTP_USER_AGENT", r->envp);
	char refresh[64], hex[3 + 2 * sizeof(hash)], token[2048];
	PGresult *rows;

	RAND_bytes(secret, sizeof(secret));
	encode(refresh, secret, sizeof(secret));
	SHA256((const unsigned char *)refresh, strlen(refresh), hash);
	strcpy(hex, "\\x");
	for (size_t i = 0; i < sizeof(hash); i++)
		sprintf(hex + 2 + 2 * i, "%02x", hash[i]);
	rows = run(db, SESSION, 3, (const char *[]) { user, agent, hex });
	sign(token, user, PQgetvalue(rows, 0, 0), role);
	FCGX_FPrintF(r->out,
		     "Status: 200 OK\r\n" JSON "\r\n{\"access_token\":\"%s\","
		     "\"refresh_token\":\"%s\",\"token_type\":\"bearer\",\"expires_in\":900,"
		     "\"refresh_expires_in\":2592000}",
		     token, refresh);
	PQclear(rows);
}

static void
login(FCGX_Request *r, PGconn *db)
{
	static struct crypt_data memory;
	json_object *o = read_json(r);
	const char *email = member(o, "email"), *password = member(o, "password"), *hash, *got;
	PGresult *rows = run(db, ACCOUNT, 1, &email);

	hash = PQntuples(rows) == 1 ? PQgetvalue(rows, 0, 2) : "*";
	got = password ? crypt_r(password, hash, &memory) : NULL;
	if (got && strlen(got) == strlen(hash) && CRYPTO_memcmp(got, hash, strlen(hash)) == 0)
		enter(r, db, PQgetvalue(rows, 0, 0), PQgetvalue(rows, 0, 1));
	else
		say(r, "401 Unauthorized");
	PQclear(rows);
	json_object_put(o);
}

static void
response(FCGX_Request *r, PGconn *db)
{
	static const char items[] = "/api/v1/items", search[] = "/api/v1/items/search?q=";
	const char *authorization = FCGX_GetParam("HTTP_AUTHORIZATION", r->envp);
	const char *uri = FCGX_GetParam("REQUEST_URI", r->envp);
	const char *method = FCGX_GetParam("REQUEST_METHOD", r->envp);
	char sub[37];

	if (strcmp(uri, "/api/v1/auth/login") == 0)
		login(r, db);
	else if (!authorization || strncmp(authorization, "Bearer ", 7) != 0 ||
		 !verify(authorization + 7, sub))
		say(r, "401 Unauthorized");
	else if (strcmp(uri, items) == 0 && strcmp(method, "POST") == 0)
		create(r, db, sub);
	else if (strcmp(uri, items) == 0)
		list(r, run(db, LIST, 1, (const char *[]) { sub }));
	else if (strncmp(uri, search, strlen(search)) == 0)
		list(r,
		     PQexecParams(db, search_sql, 2, NULL,
				  (const char *[]) { uri + strlen(search), sub }, NULL, NULL, 0));
	else
		show(r, db, uri + sizeof(items), sub);
}

int
main(void)
{
	const char *url = getenv("DATABASE_URL");
	PGconn *db = PQconnectdb(url ? url : "");
	FCGX_Request r;

	key = getenv("JWT_SECRET_KEY");
	issuer = getenv("JWT_ISSUER");
	audience = getenv("JWT_AUDIENCE");
	if (!key || !issuer || !audience || PQstatus(db) != CONNECTION_OK) {
		fputs("set DATABASE_URL, JWT_SECRET_KEY, JWT_ISSUER and JWT_AUDIENCE\n", stderr);
		return 1;
	}
	for (unsigned char i = 0; i < 64; i++)
		values_of[(unsigned char)letters[i]] = i;
	PQclear(PQexec(db, "SET TimeZone = 'UTC'"));
	for (int i = 0; i < PREPARED; i++)
		PQclear(PQprepare(db, (char[]) { (char)('0' + i), '\0' }, sql[i], 0, NULL));
	FCGX_Init();
	FCGX_InitRequest(&r, 0, 0);
	while (FCGX_Accept_r(&r) >= 0)
		response(&r, db);
	return 0;
}
