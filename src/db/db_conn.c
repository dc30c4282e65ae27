/* The connection: opened on first use, checked before each unit of work, with a backoff while the
 * server is down. */
#include "db_priv.h"

#include "app/clock.h"
#include "app/log.h"
#include "app/metrics.h"
#include "app/settings.h"

#include <poll.h>

enum {
	MEMORY_MAX = 64 * 1024 * 1024,
	SECOND = 1000000,
	WAIT_FIRST = SECOND / 4, /* between attempts to connect, doubled after each failure … */
	WAIT_DOUBLINGS = 3,      /* … up to 2 s */
};

struct db *
db_new(const char *url)
{
	struct db *db = calloc(1, sizeof(*db));
	char *copy = strdup(url);

	if (!db || !copy) {
		fputs("out of memory\n", stderr);
		exit(EXIT_FAILURE);
	}

	db->url = copy;
	db->memory = arena_new(MEMORY_MAX);
	return db;
}

void
db_free(struct db *db)
{
	if (!db)
		return;

	PQfinish(db->conn);
	arena_free(db->memory);
	free(db->url);
	free(db);
}

void
db_close(struct db *db)
{
	PQfinish(db->conn);
	db->conn = NULL;
	db->checked = false;
	db->listens = false;
	db->renew = false;
	statements_clear(db);
	if (db->depth > 0)
		db_abort(db, E_UNAVAILABLE, CAUSE_DB_LOST);
}

enum error
db_unavailable(struct ctx *c, enum cause cause)
{
	int64_t wait = c->db->retry_at - clock_monotonic();

	metric_add(&metric_db_errors, 1, "08");
	fail_unavailable(c, cause, "the database is unavailable: try again in a moment");
	c->failure.retry_after = wait > SECOND ? 2 : 1;
	return c->failure.error;
}

static void
log_notice(void *arg UNUSED, const PGresult *notice)
{
	log_debug(NULL, "database: %s", PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY));
}

/* Appends a value for `options`, in which backslashes and spaces must be escaped. */
static void
put_option(struct buf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == ' ')
			buf_char(b, '\\');
		buf_char(b, *text);
	}
}

/* Returns the session's settings. Options of the URL come last and take precedence. */
static const char *
server_options(struct arena *a, const char *own)
{
	struct buf b = buf_new(a, 8192);
	const char *schema = settings.db_schema;

	buf_printf(&b,
		   "-c statement_timeout=%" PRId64 " -c lock_timeout=3000"
		   " -c idle_in_transaction_session_timeout=15000",
		   settings.db_statement_timeout_ms);
	if (schema && *schema) {
		buf_text(&b, " -c search_path=\"");
		for (const char *s = schema; *s; s++)
			put_option(&b, *s == '"' ? "\"\"" : (const char[]) { *s, '\0' });
		buf_char(&b, '"');
	}
	if (own && *own) {
		buf_char(&b, ' ');
		buf_text(&b, own);
	}
	return buf_done(&b);
}

/* Gets the `options` of the URL (NULL: none). False if the URL is invalid. libpq's message is not
 * used, because it may contain the password. */
static bool
url_options(struct arena *a, const char *url, const char **options)
{
	PQconninfoOption *parsed = PQconninfoParse(url, NULL);

	*options = NULL;
	if (!parsed)
		return false;

	for (PQconninfoOption *o = parsed; o->keyword; o++)
		if (strcmp(o->keyword, "options") == 0)
			*options = arena_text(a, o->val);
	PQconninfoFree(parsed);
	return true;
}

/* The URL overrides the parameters before "dbname", but not those after it. */
static PGconn *
open_connection(const char *url, const char *options)
{
	static const char *const names[] = {
		"connect_timeout",  "application_name",
		"keepalives_idle",  "keepalives_interval",
		"keepalives_count", "tcp_user_timeout",
		"dbname",           "client_encoding",
		"options",          NULL,
	};
	const char *values[COUNT(names)] = {
		"3", PACKAGE, "30", "10", "3", "10000", url, "UTF8", options, NULL,
	};

	/* libpq sends these in the startup packet, which poolers need; it has no keywords for
	 * them. */
	setenv("PGTZ", "UTC", 1);
	setenv("PGDATESTYLE", "ISO", 1);
	return PQconnectdbParams(names, values, 1);
}

static enum error
try_to_connect(struct ctx *c)
{
	struct db *db = c->db;
	const char *own, *hint;
	unsigned doublings;

	if (clock_monotonic() < db->retry_at)
		return db_unavailable(c, CAUSE_DB_BACKOFF);
	if (!url_options(c->arena, db->url, &own)) {
		db_note_reason(db, "the URL is not a PostgreSQL connection string");
		log_error(c, "DATABASE_URL is not a PostgreSQL connection string");
		return db_unavailable(c, CAUSE_SETTINGS);
	}

	db->conn = open_connection(db->url, server_options(c->arena, own));
	if (PQstatus(db->conn) == CONNECTION_OK) {
		PQsetNoticeReceiver(db->conn, log_notice, NULL);
		db->checked = true;
		db->opened_at = clock_monotonic();
		db->failures = 0;
		return OK;
	}

	db_note_loss(db);
	db_close(db);
	hint = db_hint(c);
	log_error(c, "cannot connect to the database: %s%s%s", db->reason, *hint ? "; hint: " : "",
		  hint);
	doublings = db->failures < WAIT_DOUBLINGS ? db->failures : WAIT_DOUBLINGS;
	db->failures++;
	db->retry_at = clock_monotonic() + ((int64_t)WAIT_FIRST << doublings);
	return db_unavailable(c, CAUSE_DB_CONNECT);
}

/* Between statements, the server sends only notifications. Any other readable data means that it
 * has closed the connection, which libpq reports only after the next statement was sent. */
static bool
alive(const struct db *db)
{
	struct pollfd p = { .fd = PQsocket(db->conn), .events = POLLIN | POLLRDHUP };

	while (PQstatus(db->conn) == CONNECTION_OK) {
		if (poll(&p, 1, 0) == 0)
			return true;
		if (!db->listens || !PQconsumeInput(db->conn))
			return false;
	}
	return false;
}

/* A read-only session is also replaced, at most once a second: the server may be writable now. */
static bool
is_outdated(const struct db *db)
{
	const char *read_only;

	if (!db->conn || PQtransactionStatus(db->conn) != PQTRANS_IDLE)
		return false;
	if (db->renew || db->checked)
		return db->renew;

	read_only = PQparameterStatus(db->conn, "default_transaction_read_only");
	return read_only && strcmp(read_only, "on") == 0 &&
	       clock_monotonic() - db->opened_at > SECOND;
}

enum error
db_connect(struct ctx *c)
{
	struct db *db = c->db;

	if (is_outdated(db))
		db_close(db);
	if (db->conn && (db->checked || alive(db))) {
		db->checked = true;
		return OK;
	}
	if (db->conn) {
		log_info(c, "the database closed the connection; reconnecting");
		db_close(db);
	}
	return try_to_connect(c);
}

int
db_timeout(void)
{
	int64_t ms = settings.db_statement_timeout_ms;

	return ms > 0 ? (int)ms + 2000 : -1;
}

/* Waits for a result or the end of the connection. False after the deadline (-1: none). */
static bool
await(PGconn *conn, int64_t deadline)
{
	while (PQisBusy(conn)) {
		struct pollfd p = { .fd = PQsocket(conn), .events = POLLIN };
		int64_t left = (deadline - clock_monotonic()) / 1000;
		int n = poll(&p, 1, deadline < 0 ? -1 : left > 0 ? (int)left : 0);

		if (n == 0)
			return false;
		if (n < 0 && errno == EINTR)
			continue;
		if (!PQconsumeInput(conn))
			return true;
	}
	return true;
}

static bool
is_copy(const PGresult *r)
{
	ExecStatusType status = PQresultStatus(r);

	return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

PGresult *
db_wait(struct db *db, int timeout_ms)
{
	int64_t deadline = timeout_ms < 0 ? -1 : clock_monotonic() + (int64_t)timeout_ms * 1000;
	PGresult *result = NULL, *next;

	for (;;) {
		if (!await(db->conn, deadline)) {
			PQclear(result);
			return NULL;
		}
		next = PQgetResult(db->conn);
		if (!next)
			return result;

		if (result && result_is_error(result)) {
			PQclear(next);
			continue;
		}
		PQclear(result);
		result = next;
		if (is_copy(result)) /* unsupported; PQgetResult() would return it repeatedly */
			return result;
	}
}

bool
db_lost(const struct db *db, const PGresult *result)
{
	if (!result || PQstatus(db->conn) != CONNECTION_OK)
		return true;
	if (!result_is_error(result))
		return false;

	return result_is_fatal(result) || sqlstate_is(result, "08") || sqlstate_is(result, "57P");
}

static void
clear_result(void *result)
{
	PQclear(result);
}

void
db_defer_clear(struct ctx *c, PGresult *result)
{
	if (result)
		arena_defer(c->arena, clear_result, result);
}

enum error
db_command(struct ctx *c, const char *name, const char *sql, int timeout_ms, PGresult **out)
{
	struct db *db = c->db;
	PGresult *result = NULL;

	if (PQsendQuery(db->conn, sql))
		result = db_wait(db, timeout_ms);
	db_defer_clear(c, result);
	if (db_lost(db, result)) {
		db_note_loss(db);
		log_error(c, "lost the database connection in %s: %s", name, db->reason);
		db_close(db);
		return db_unavailable(c, CAUSE_DB_LOST);
	}
	if (result_is_error(result))
		return db_fail_result(c, name, result);

	if (out)
		*out = result;
	return OK;
}
