/* A session-level advisory lock, so that only one process migrates at a time. */
#include "app/log.h"
#include "app/print.h"
#include "db/db_priv.h"
#include "migrate_priv.h"

enum { LOCK_PAUSE_MS = 100 };

struct holder {
	int64_t pid;
	const char *text;
	bool mine, idle;
};

static const struct field holder_fields[] = {
	{ INT(struct holder, pid) },
	{ TEXT(struct holder, text) },
	{ BOOL(struct holder, mine) },
	{ BOOL(struct holder, idle) },
};
static const struct schema holder_schema =
    SCHEMA("MigrationLockHolder", struct holder, holder_fields);

#define UTC "AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'"

/* PostgreSQL hides the details of other roles' sessions. */
const struct query migrate_lock_queries[] = {
	QUERY_READ("migrate_lock_holder", &holder_schema,
		   "SELECT l.pid::bigint AS pid, l.pid = pg_backend_pid() AS mine,"
		   " coalesce(a.state LIKE 'idle%', false) AS idle, concat_ws(', ',"
		   " 'process ' || l.pid, 'role ' || a.usename,"
		   " CASE WHEN a.backend_start IS NOT NULL THEN"
		   " 'from ' || coalesce(host(a.client_addr), 'a local socket') END,"
		   " 'application ' || nullif(a.application_name, ''),"
		   " 'connected since ' || to_char(a.backend_start " UTC ","
		   " a.state || ' since ' || to_char(a.state_change " UTC ") AS text"
		   " FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid"
		   " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2"
		   " AND l.database = (SELECT oid FROM pg_database"
		   " WHERE datname = current_database())"
		   " AND l.classid = hashtext('schema_migrations')::oid"
		   " AND l.objid = hashtext(coalesce(current_schema(), ''))::oid"),
	{ 0 },
};

static enum error
refuse_pooler(struct ctx *c)
{
	return fail(c, E_CONFLICT,
		    "this connection goes through a pooler that may use another session for each"
		    " transaction, but migrations need a session-level lock. Nothing was changed."
		    " Set MIGRATE_DATABASE_URL to PostgreSQL itself, or to a pooler in session"
		    " mode");
}

static enum error
try_lock(struct ctx *c, bool *locked)
{
	static const char sql[] = "SELECT pg_try_advisory_lock(hashtext('schema_migrations'),"
				  " hashtext(coalesce(current_schema(), '')))";
	PGresult *result;
	enum error e;

	e = db_connect(c);
	if (!e)
		e = db_command(c, "migrate_lock", sql, db_timeout(), &result);
	if (!e)
		*locked = strcmp(PQgetvalue(result, 0, 0), "t") == 0;
	return e;
}

/* Reports each holder once; `known` is the last one. */
static enum error
report_holder(struct ctx *c, int64_t *known, FILE *out)
{
	struct holder holder;
	enum error e;

	e = db_one(c, &migrate_lock_queries[0], &holder);
	if (e == E_NOT_FOUND) {
		failure_clear(c); /* the lock was released meanwhile */
		return OK;
	}
	if (e || holder.pid == *known)
		return e;

	*known = holder.pid;
	print(out, "waiting for another migration to end: %s\n", holder.text);
	if (holder.idle)
		print(out,
		      "  if it is an idle connection of a pooler, end it:"
		      " SELECT pg_terminate_backend(%" PRId64 ")\n",
		      holder.pid);
	fflush(out);
	return OK;
}

/* Fails unless the next statement runs in the session that holds the lock. */
static enum error
check_lock(struct ctx *c)
{
	struct holder holder;
	enum error e;

	e = db_one(c, &migrate_lock_queries[0], &holder);
	if (e && e != E_NOT_FOUND)
		return e;
	return !e && holder.mine ? OK : refuse_pooler(c);
}

/* Polls, because waiting in the server would block the holder's CREATE INDEX CONCURRENTLY. */
enum error
migrate_lock(struct ctx *c, FILE *out)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_MS * 1000000L };
	bool pooled = false, locked = false;
	int64_t known = 0;
	enum error e;

	e = db_pooled(c, &pooled);
	if (!e && pooled)
		e = refuse_pooler(c);
	while (!e) {
		e = try_lock(c, &locked);
		if (!e && locked)
			return check_lock(c);
		if (!e)
			e = report_holder(c, &known, out);
		nanosleep(&pause, NULL);
	}
	return e;
}
