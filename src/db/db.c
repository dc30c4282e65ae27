/* Runs statements and converts their rows. */
#include "db_priv.h"

#include "app/clock.h"
#include "app/log.h"
#include "app/metrics.h"
#include "app/secret.h"
#include "app/settings.h"
#include "app/text.h"

const char *
p_int(struct ctx *c, int64_t value)
{
	return arena_printf(c->arena, "%" PRId64, value);
}

const char *
p_bool(bool value)
{
	return value ? "true" : "false";
}

const char *
p_int_or_null(struct ctx *c, const int64_t *value)
{
	return value ? p_int(c, *value) : NULL;
}

const char *
p_bool_or_null(const bool *value)
{
	return value ? p_bool(*value) : NULL;
}

const char *
p_array(struct ctx *c, const char *const *values)
{
	struct buf b = buf_new(c->arena, SIZE_MAX / 4);

	if (!values)
		return NULL;

	for (size_t i = 0; values[i]; i++) {
		buf_text(&b, i ? "\",\"" : "{\"");
		for (const char *at = values[i]; *at; at++) {
			if (*at == '"' || *at == '\\')
				buf_char(&b, '\\');
			buf_char(&b, *at);
		}
	}
	buf_text(&b, values[0] ? "\"}" : "{}");
	return b.data;
}

const char *
p_bytes(struct ctx *c, const void *data, size_t len)
{
	char *text = arena_alloc(c->arena, 2 * len + 3);

	hex_write(stpcpy(text, "\\x"), data, len);
	return text;
}

const char *
p_digest(struct ctx *c, const char *text)
{
	unsigned char digest[SHA256_SIZE];

	sha256(text, strlen(text), digest);
	return p_bytes(c, digest, sizeof(digest));
}

static void
deallocate(struct db *db, struct statement *s)
{
	char command[256];

	snprintf(command, sizeof(command), "DEALLOCATE \"%s\"", s->name);
	PQclear(PQexec(db->conn, command));
	s->state = STATEMENT_NEW;
}

/* Sets `*prepared`. If that is false, returns the result for db_lost() and db_fail_result(). */
static PGresult *
prepare(struct db *db, struct statement *s, bool *prepared)
{
	PGresult *result = NULL;

	if (s->state == STATEMENT_STALE)
		deallocate(db, s);
	if (PQsendPrepare(db->conn, s->name, s->sql, 0, NULL))
		result = db_wait(db, db_timeout());
	*prepared = PQresultStatus(result) == PGRES_COMMAND_OK;
	if (!*prepared)
		return result;

	PQclear(result);
	s->state = STATEMENT_PREPARED;
	return NULL;
}

static int
send_statement(struct db *db, const struct statement *s, struct db_params p)
{
	if (settings.db_prepared && s->state == STATEMENT_PREPARED)
		return PQsendQueryPrepared(db->conn, s->name, p.n, p.values + 1, NULL, NULL, 0);
	return PQsendQueryParams(db->conn, s->sql, p.n, NULL, p.values + 1, NULL, NULL, 0);
}

static bool
send_command(struct db *db, const char *sql)
{
	return !sql || PQsendQueryParams(db->conn, sql, 0, NULL, NULL, NULL, NULL, 0);
}

/* Sends BEGIN with the first statement of a transaction, and COMMIT with that of
 * db_exec_and_commit(); each saves one round trip. Returns the first error, else the last result. */
static PGresult *
send_around(struct db *db, const struct statement *s, struct db_params p)
{
	const char *before = db->begin, *after = db->ending ? "COMMIT" : NULL;
	PGresult *result = NULL;
	int n = 1 + !!before + !!after;

	if (PQenterPipelineMode(db->conn) && send_command(db, before) && send_statement(db, s, p) &&
	    send_command(db, after) && PQpipelineSync(db->conn)) {
		result = db_wait(db, db_timeout());
		for (int i = 1; i < n && result; i++) {
			PGresult *next = db_wait(db, db_timeout());
			bool keep = next && result_is_error(result);

			PQclear(keep ? next : result);
			result = keep ? result : next;
		}
		PQclear(result ? db_wait(db, db_timeout()) : NULL);
	}
	db->begin = NULL;
	if (PQexitPipelineMode(db->conn))
		return result;

	PQclear(result);
	return NULL;
}

/* Sets `*sent` if the server may have begun to run the statement. */
static PGresult *
try_once(struct db *db, struct statement *s, bool by_values, struct db_params p, bool *sent)
{
	bool prepared = settings.db_prepared && !by_values;
	PGresult *result;

	*sent = false;
	if (prepared && s->state != STATEMENT_PREPARED) {
		result = prepare(db, s, &prepared);
		if (!prepared)
			return result;
	}

	*sent = true;
	if (db->begin || db->ending)
		return send_around(db, s, p);
	return send_statement(db, s, p) ? db_wait(db, db_timeout()) : NULL;
}

/* Whether the statement must be prepared again, because a table has changed or a pooler has
 * switched servers. */
static bool
out_of_step(struct statement *s, const PGresult *result)
{
	if (sqlstate_is(result, "26000")) {
		s->state = STATEMENT_NEW;
		return true;
	}
	if (sqlstate_is(result, "42P05") ||
	    (sqlstate_is(result, "0A000") && s->state == STATEMENT_PREPARED)) {
		s->state = STATEMENT_STALE;
		return true;
	}
	return false;
}

/* All statements of a list share one series: "items_list", without filters and order. */
static void
measure(const struct query *q, int64_t took)
{
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(q->name, ":"), q->name);
	metric_observe(&metric_db_duration, took, name);
}

/* Slow statements are warnings, others debug messages. */
static void
log_statement(struct ctx *c, const struct query *q, int64_t took)
{
	bool slow = settings.db_slow_ms > 0 && took >= settings.db_slow_ms * 1000;
	struct log_field fields[] = {
		{ .name = "query", .text = q->name },
		{ .name = "duration", .number = took, .is = LOG_SECONDS },
		{ 0 },
	};

	log_write(slow ? LOG_WARN : LOG_DEBUG, c, fields, "%sstatement %s", slow ? "slow " : "",
		  q->name);
}

/* Handles a connection that broke during a statement. Returns OK if the statement may be
 * retried on a new one: it did not reach the server, or it only reads. */
static enum error
after_loss(struct ctx *c, const struct query *q, bool sent, bool *retry)
{
	struct db *db = c->db;

	*retry = *retry && db->depth == 0 && (!sent || q->read_only);
	db_note_loss(db);
	log_warn(c, "lost the database connection in statement %s: %s%s", q->name, db->reason,
		 *retry ? "; retrying" : "");
	db_close(db);
	return *retry ? OK : db_unavailable(c, CAUSE_DB_LOST);
}

/* Returns OK if the server responded, even with an error. */
static enum error
run_statement(struct ctx *c, const struct query *q, struct db_params p, struct rows *out)
{
	struct db *db = c->db;
	bool retry = true, sent;

	for (;;) {
		struct statement *s;
		PGresult *result;
		enum error e;

		e = db_connect(c);
		if (e)
			return e;

		arena_follow(db->memory, c->arena);
		s = statement_get(db, q);
		result = try_once(db, s, q->by_values, p, &sent);
		db_defer_clear(c, result);
		if (db_lost(db, result)) {
			e = after_loss(c, q, sent, &retry);
			if (e)
				return e;
		} else {
			bool stale = out_of_step(s, result);

			*out = (struct rows) { arena_text(c->arena, q->name), q->row, result };
			if (stale && db->depth > 0)
				db->retry = true;
			if (!stale || !retry || db->depth > 0)
				return OK;
		}
		retry = false;
	}
}

enum error
db_exec_rows(struct ctx *c, const struct query *q, struct db_params p, struct rows *out)
{
	int64_t start = clock_monotonic(), took;
	enum error e;

	if (c->db->aborted)
		return db_fail_aborted(c);

	e = run_statement(c, q, p, out);
	took = clock_monotonic() - start;
	measure(q, took);
	log_statement(c, q, took);
	if (e)
		return e;

	if (result_is_error(out->result))
		return db_fail_result(c, q->name, out->result);
	return OK;
}

enum error
db_one_(struct ctx *c, const struct query *q, void *out, struct db_params p)
{
	struct rows rows;
	enum error e;

	e = db_exec_rows(c, q, p, &rows);
	if (e)
		return e;

	if (PQntuples(rows.result) == 0)
		return fail(c, E_NOT_FOUND, NULL);
	if (PQntuples(rows.result) > 1) {
		log_error(c, "statement %s returned %d rows: expected one", q->name,
			  PQntuples(rows.result));
		return fail(c, E_INTERNAL, NULL);
	}

	return rows_scan(c, &rows, 0, out);
}

enum error
db_all_(struct ctx *c, const struct query *q, struct records *out, struct db_params p)
{
	struct rows rows;
	enum error e;

	e = db_exec_rows(c, q, p, &rows);
	if (e)
		return e;

	return rows_scan_all(c, &rows, (size_t)PQntuples(rows.result), out);
}

enum error
db_exec_(struct ctx *c, const struct query *q, int64_t *changed, struct db_params p)
{
	struct rows rows;
	enum error e;

	e = db_exec_rows(c, q, p, &rows);
	if (e)
		return e;

	if (changed)
		*changed = strtoll(PQcmdTuples(rows.result), NULL, 10);
	return OK;
}

enum error
db_exec_one_(struct ctx *c, const struct query *q, struct db_params p)
{
	int64_t touched;
	enum error e;

	e = db_exec_(c, q, &touched, p);
	if (e)
		return e;

	return touched ? OK : fail(c, E_NOT_FOUND, NULL);
}
