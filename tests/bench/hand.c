/*
 * What `GET items/{id}` is measured against: a program written for that route alone. It
 * verifies the token, runs one prepared SELECT that sees to the ownership, and prints.
 * No router, no validation, no log, no time-outs, no deadline, no session to end.
 *
 * Takes DATABASE_URL and JWT_SECRET_KEY from the environment, the socket as fd 0.
 */
#include <fcgiapp.h>
#include <jwt.h>
#include <libpq-fe.h>
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

static void
answer(FCGX_Request *r, PGconn *db, const unsigned char *key, int key_len)
{
	static char body[64 * 1024];
	const char *authorization = FCGX_GetParam("HTTP_AUTHORIZATION", r->envp);
	const char *uri = FCGX_GetParam("REQUEST_URI", r->envp);
	const char *id = uri ? strrchr(uri, '/') : NULL;
	const char *values[2];
	PGresult *row;
	jwt_t *jwt;
	char *at = body;

	if (!authorization || !id || strncmp(authorization, "Bearer ", 7) != 0 ||
	    jwt_decode(&jwt, authorization + 7, key, key_len) != 0) {
		FCGX_PutS("Status: 401 Unauthorized\r\n\r\n", r->out);
		return;
	}
	if (jwt_get_alg(jwt) != JWT_ALG_HS256 || jwt_get_grant_int(jwt, "exp") < time(NULL)) {
		FCGX_PutS("Status: 401 Unauthorized\r\n\r\n", r->out);
		jwt_free(jwt);
		return;
	}
	values[0] = id + 1;
	values[1] = jwt_get_grant(jwt, "sub");
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
	jwt_free(jwt);
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
	PQclear(PQexec(db, "SET TimeZone = 'UTC'"));
	PQclear(PQprepare(db, "find", sql, 2, NULL));
	FCGX_Init();
	FCGX_InitRequest(&r, 0, 0);
	while (FCGX_Accept_r(&r) >= 0)
		answer(&r, db, (const unsigned char *)key, (int)strlen(key));
	return 0;
}
