/* Transactions. db_begin() and db_finish() nest; only the outermost pair begins and commits. */
#include "db_priv.h"

#include "app/clock.h"
#include "app/ids.h"
#include "app/log.h"
#include "app/shared.h"

enum { TRIES_MAX = 3, PAUSE_MS = 20, PING_MS = 1000 };

static const struct query set_name =
    QUERY("begin_trace", NULL, "SELECT FROM set_config('application_name', $1, true)");
static const struct query commit = QUERY("commit", NULL, "COMMIT");

/* Puts the trace id into application_name, so that pg_stat_activity and the server's log show it.
 * Without a trace, the round trip is saved. */
static enum error
set_trace_name(struct ctx *c)
{
	enum { TRACE_ID = 32 };
	struct rows rows;

	if (!c->traceparent)
		return OK;
	return db_exec_rows(c, &set_name,
			    DB_PARAMS(arena_printf(c->arena, PACKAGE " %.*s", TRACE_ID,
						   c->traceparent + strlen("00-"))),
			    &rows);
}

void
db_abort(struct db *db, enum error e, enum cause cause)
{
	if (db->aborted)
		return;

	db->aborted = e;
	db->aborted_cause = cause;
}

enum error
db_fail_aborted(struct ctx *c)
{
	struct db *db = c->db;

	if (c->failure.error != db->aborted)
		fail(c, db->aborted, NULL);
	c->failure.cause = db->aborted_cause;
	return db->aborted;
}

enum error
db_begin(struct ctx *c)
{
	struct db *db = c->db;
	enum error e;

	if (db->depth++ > 0)
		return db->aborted;

	db->retry = false;
	db->begin = "BEGIN";
	e = db_connect(c);
	db->aborted = OK; /* db_connect() may have replaced a broken connection */
	if (!e)
		e = set_trace_name(c);
	if (e)
		db_abort(db, e, c->failure.cause);
	return db->aborted;
}

bool
db_aborted(const struct ctx *c)
{
	return c->db->aborted;
}

static void
publish_change(const char *kind, const char *id)
{
	epoch_bump(kind, id);
	epoch_publish(kind, id);
}

void
cache_invalidate(struct ctx *c, const char *kind, const char *id)
{
	struct cache_change *cache_change;

	if (c->db->depth == 0) {
		publish_change(kind, id);
		return;
	}

	cache_change = ARENA_NEW(c->arena, struct cache_change);
	*cache_change = (struct cache_change) { kind, id, c->db->changes };
	c->db->changes = cache_change;
}

/* Also after a failure: the outcome of a lost COMMIT is unknown. */
static void
publish_changes(struct db *db)
{
	for (; db->changes; db->changes = db->changes->next)
		publish_change(db->changes->kind, db->changes->id);
}

static void
roll_back(struct db *db)
{
	PGresult *result = NULL;

	if (!db->conn || PQtransactionStatus(db->conn) == PQTRANS_IDLE)
		return;

	if (PQsendQuery(db->conn, "ROLLBACK"))
		result = db_wait(db, db_timeout());
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		db_close(db);
	PQclear(result);
}

void
db_exec_and_commit_(struct ctx *c, const struct query *q, struct db_params p)
{
	size_t size = ((size_t)p.n + 1) * sizeof(*p.values);

	c->db->last = q;
	c->db->last_params = (struct db_params) { arena_copy(c->arena, p.values, size), p.n };
}

/* PostgreSQL reports no error for the COMMIT of a failed transaction: the command tag is ROLLBACK. */
static enum error
commit_transaction(struct ctx *c)
{
	struct db *db = c->db;
	struct rows rows;
	enum error e;

	if (db->begin && !db->last) /* no statement was run */
		return OK;

	db->ending = db->last;
	e = db_exec_rows(c, db->last ? db->last : &commit, db->last ? db->last_params : DB_PARAMS(),
			 &rows);
	if (e)
		return e;

	if (strcmp(PQcmdStatus(rows.result), "COMMIT") != 0) {
		log_error(c, "a transaction was rolled back instead of committed");
		return fail(c, E_INTERNAL, NULL);
	}
	return OK;
}

static void
clear_transaction(struct db *db)
{
	db->depth = 0;
	db->aborted = OK;
	db->begin = NULL;
	db->last = NULL;
	db->ending = false;
}

enum error
db_finish(struct ctx *c, enum error e)
{
	struct db *db = c->db;

	if (e && !db->aborted)
		db->aborted = e;
	if (db->depth > 1) {
		db->depth--;
		return e;
	}

	if (!e)
		e = db->aborted;
	if (!e)
		e = commit_transaction(c);
	if (e)
		roll_back(db);
	if (e && c->failure.error != e)
		e = e == db->aborted ? db_fail_aborted(c) : fail(c, e, NULL);
	clear_transaction(db);
	publish_changes(db);
	return e;
}

/* Random, so that two transactions do not collide again: 10 to 30 ms at first, then longer. */
static void
pause_before(int try)
{
	struct timespec pause = { 0 };
	unsigned char r;

	random_bytes(&r, sizeof(r));
	pause.tv_nsec = (long)try * (PAUSE_MS * 1000000L / 2 + r * (PAUSE_MS * 1000000L / 256));
	nanosleep(&pause, NULL);
}

enum error
db_transaction(struct ctx *c, enum error (*work)(struct ctx *, void *), void *arg)
{
	bool outermost = c->db->depth == 0;
	enum error e;

	for (int try = 1;; try++) {
		e = db_begin(c);
		if (!e)
			e = work(c, arg);
		e = db_finish(c, e);
		if (!e || !outermost || !c->db->retry || try == TRIES_MAX)
			return e;

		log_info(c, "retrying a transaction after a conflict or a stale statement");
		failure_clear(c);
		pause_before(try);
	}
}

void
db_reset(struct db *db)
{
	if (!db)
		return;

	roll_back(db);
	clear_transaction(db);
	db->retry = false;
	db->checked = false;
	publish_changes(db);
	arena_follow(db->memory, NULL);
	db->constraint[0] = '\0';
}

static enum error
ping_once(struct ctx *c, bool *read_only)
{
	PGresult *result;
	enum error e;

	e = db_connect(c);
	if (!e)
		e = db_command(c, "ping", "SHOW transaction_read_only", PING_MS, &result);
	if (!e)
		*read_only = strcmp(PQgetvalue(result, 0, 0), "on") == 0;
	return e;
}

enum error
db_ping(struct ctx *c, struct db_ping *out)
{
	int64_t start = clock_monotonic();
	bool was_open = c->db->conn;
	enum error e;

	*out = (struct db_ping) { 0 };
	e = ping_once(c, &out->read_only);
	if (!e && out->read_only && was_open && c->db->depth == 0) {
		db_close(c->db);
		e = ping_once(c, &out->read_only);
	}
	out->latency = clock_monotonic() - start;
	return e;
}
