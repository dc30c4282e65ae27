/*
 * What the files of src/db/ know of each other. A `struct db` is one connection: opened by
 * the first statement, closed when it breaks, opened again by the next unit of work.
 */
#ifndef APP_DB_PRIV_H
#define APP_DB_PRIV_H

#include "app/db.h"

#include <libpq-fe.h>

/* The column in which a page of a list carries the number of all rows. */
#define LIST_TOTAL "list_total"

enum {
	CONSTRAINT_SIZE = 64, /* a name in PostgreSQL is at most 63 bytes */
	REASON_SIZE = 400,
};

enum { STATEMENT_SLOTS = 2048 };

enum statement_state {
	STATEMENT_NEW,      /* the server does not know it */
	STATEMENT_PREPARED, /* it does */
	STATEMENT_STALE,    /* it does, but must forget it first */
};

/* A statement as this connection knows it. */
struct statement {
	const char *name, *sql;
	enum statement_state state;
};

/* What the open transaction changed of what workers may remember. */
struct cache_change {
	const char *kind, *id;
	struct cache_change *next;
};

struct db {
	char *url;
	PGconn *conn; /* NULL while closed */
	bool checked; /* looked at since this unit of work began */
	bool listens; /* it was told to hear a channel */
	bool renew;   /* to be replaced once no transaction is open (sqlstate.def) */
	int64_t opened_at;

	/* Statements of this connection, found by a hash of their names; emptied with it. */
	struct arena *memory;
	struct statement *slots[STATEMENT_SLOTS];
	size_t nstatements;

	/* No try to connect before `retry_at`, on the monotonic clock. */
	unsigned failures;
	int64_t retry_at;

	unsigned depth;           /* of open db_begin */
	enum error aborted;       /* what must become of the open transaction; OK: it may commit */
	enum cause aborted_cause; /* of a 503 */
	bool retry;               /* it may succeed if it is run again */
	const char *begin;        /* its BEGIN, until that goes out with the first statement */
	const struct query *last; /* what db_exec_and_commit() kept for its end, or NULL … */
	struct db_params last_params;
	bool ending; /* … which now goes out with COMMIT */
	struct cache_change *changes;

	char constraint[CONSTRAINT_SIZE];
	char reason[REASON_SIZE]; /* db_reason() */
};

/* db_conn.c: opens the connection, or looks whether the open one still lives. */
enum error db_connect(struct ctx *) MUST_CHECK;
/* Closes it, and dooms the open transaction. */
void db_close(struct db *);
/* Fails with that cause and sets Retry-After. */
enum error db_unavailable(struct ctx *, enum cause) MUST_CHECK;
/* db_transaction.c: the open transaction fails with that error, unless it failed before. */
void db_abort(struct db *, enum error, enum cause);
/* Fails with the error of that transaction. */
enum error db_fail_aborted(struct ctx *);
/* What came of the statement that was sent: the first error, else the last result. NULL
 * where the time ran out (milliseconds; negative: never). */
PGresult *db_wait(struct db *, int timeout_ms);
/* Gives the result (or NULL) to the arena. */
void db_defer_clear(struct ctx *, PGresult *);
/* Longest wait for a statement: the server's own limit and a bit more. */
int db_timeout(void);
/* Whether the connection broke, so that nobody knows what came of the statement. */
bool db_lost(const struct db *, const PGresult *);
/* Runs SQL without parameters (also several statements); the result, never lost, belongs to
 * the arena. */
enum error db_command(struct ctx *, const char *name, const char *sql, int timeout_ms,
		      PGresult **out) MUST_CHECK;

/* db_reason.c: keeps a message for db_reason(). */
void db_note_reason(struct db *, const char *text);
/* The message of a connection that broke. */
void db_note_loss(struct db *);

/* db_statement.c: the maximum of prepared statements of a connection, since each takes memory in
 * the server too; tests lower it. */
extern size_t statements_max;
/* The connection's entry for a query. */
struct statement *statement_get(struct db *, const struct query *);
/* Forgets them all, as the server has. */
void statements_clear(struct db *);

/* db_error.c: turns a result that is an error into ours, logs it as its row says, and dooms
 * the open transaction. */
enum error db_fail_result(struct ctx *, const char *name, const PGresult *) MUST_CHECK;
bool result_is_error(const PGresult *);
/* The server ended the session with this error. */
bool result_is_fatal(const PGresult *);
bool sqlstate_is(const PGresult *, const char *code);

/* A result and what scans it. It belongs to the arena and points into no cache, so it stays
 * valid while further statements run and the connection is replaced. */
struct rows {
	const char *name; /* of the statement, for the log */
	const struct schema *schema;
	PGresult *result;
};

/* db.c: runs a query. The result belongs to the arena. */
enum error db_exec_rows(struct ctx *, const struct query *, struct db_params,
			struct rows *) MUST_CHECK;
/* Fills `out` (row->size bytes, zeroed) from row number `at`. */
enum error rows_scan(struct ctx *, const struct rows *, int at, void *out) MUST_CHECK;
/* Fills an array in the arena from the first `n`. */
enum error rows_scan_all(struct ctx *, const struct rows *, size_t n, struct records *) MUST_CHECK;

#endif
