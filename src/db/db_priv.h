/*
 * Internal interfaces of src/db. A `struct db` is one connection: opened by the first statement,
 * closed when it breaks, reopened by the next unit of work.
 */
#ifndef APP_DB_PRIV_H
#define APP_DB_PRIV_H

#include "app/db.h"

#include <libpq-fe.h>

/* The column of a list's page with the total number of rows. */
#define LIST_TOTAL "list_total"

enum {
	CONSTRAINT_SIZE = 64, /* a name in PostgreSQL is at most 63 bytes */
	REASON_SIZE = 400,
};

enum { STATEMENT_SLOTS = 2048 };

enum statement_state {
	STATEMENT_NEW,      /* not prepared */
	STATEMENT_PREPARED, /* prepared on the server */
	STATEMENT_STALE,    /* prepared, but must be deallocated and prepared again */
};

/* A statement of this connection. */
struct statement {
	const char *name, *sql;
	enum statement_state state;
};

/* A cache entry that the open transaction invalidates. */
struct cache_change {
	const char *kind, *id;
	struct cache_change *next;
};

struct db {
	char *url;
	PGconn *conn; /* NULL while closed */
	bool checked; /* known to be alive in this unit of work */
	bool listens; /* LISTEN was sent */
	bool renew;   /* reconnect once no transaction is open (sqlstate.def) */
	int64_t opened_at;

	/* The statements of this connection: a hash table by name. */
	struct arena *memory;
	struct statement *slots[STATEMENT_SLOTS];
	size_t nstatements;

	/* Backoff: do not connect before `retry_at` (clock_monotonic()). */
	unsigned failures;
	int64_t retry_at;

	unsigned depth;           /* of nested db_begin() */
	enum error aborted;       /* error of the failed open transaction, or OK */
	enum cause aborted_cause; /* of a 503 */
	bool retry;               /* the transaction may succeed if it is run again */
	const char *begin;        /* a BEGIN to be sent with the first statement, or NULL */
	const struct query *last; /* deferred by db_exec_and_commit(), or NULL */
	struct db_params last_params;
	bool ending; /* send COMMIT with the next statement */
	struct cache_change *changes;

	char constraint[CONSTRAINT_SIZE];
	char reason[REASON_SIZE]; /* db_reason() */
};

/* db_conn.c: opens the connection, or checks that the open one is alive. */
enum error db_connect(struct ctx *) MUST_CHECK;
/* Closes the connection and aborts the open transaction. */
void db_close(struct db *);
/* Fails with that cause and sets Retry-After. */
enum error db_unavailable(struct ctx *, enum cause) MUST_CHECK;
/* db_transaction.c: marks the open transaction as failed with that error, unless it already is. */
void db_abort(struct db *, enum error, enum cause);
/* Fails with the error of the aborted transaction. */
enum error db_fail_aborted(struct ctx *);
/* Waits for the result of the statement that was sent: the first error, else the last result. NULL
 * after the timeout (milliseconds; negative: none). */
PGresult *db_wait(struct db *, int timeout_ms);
/* Makes the arena own the result (or NULL). */
void db_defer_clear(struct ctx *, PGresult *);
/* Returns the longest wait for a statement: the server's timeout plus 2 s, in milliseconds. */
int db_timeout(void);
/* Whether the connection broke, so that the outcome of the statement is unknown. */
bool db_lost(const struct db *, const PGresult *);
/* Runs one or more statements without parameters. The arena owns the result (`out` may be
 * NULL). */
enum error db_command(struct ctx *, const char *name, const char *sql, int timeout_ms,
		      PGresult **out) MUST_CHECK;

/* db_reason.c: stores a message for db_reason(). */
void db_note_reason(struct db *, const char *text);
/* Stores libpq's message about a broken connection. */
void db_note_loss(struct db *);

/* db_statement.c: the maximum number of prepared statements of a connection, since each uses
 * memory of the server. Tests lower it. */
extern size_t statements_max;
/* Finds or adds the connection's entry for a query. */
struct statement *statement_get(struct db *, const struct query *);
/* Removes all entries, after the server has deallocated the statements. */
void statements_clear(struct db *);

/* db_error.c: fails with the error for a result's SQLSTATE (sqlstate.def), logs it, and aborts the
 * open transaction. */
enum error db_fail_result(struct ctx *, const char *name, const PGresult *) MUST_CHECK;
bool result_is_error(const PGresult *);
/* Whether the server ended the session with this error. */
bool result_is_fatal(const PGresult *);
bool sqlstate_is(const PGresult *, const char *code);

/* A result and its schema. The arena owns it, so it remains valid while further statements run or
 * the connection is replaced. */
struct rows {
	const char *name; /* of the statement, for log messages */
	const struct schema *schema;
	PGresult *result;
};

/* db.c: runs a query. The arena owns the result. */
enum error db_exec_rows(struct ctx *, const struct query *, struct db_params,
			struct rows *) MUST_CHECK;
/* Fills `out` (row->size bytes, zeroed) from row number `at`. */
enum error rows_scan(struct ctx *, const struct rows *, int at, void *out) MUST_CHECK;
/* Converts the first `n` rows to an array in the arena. */
enum error rows_scan_all(struct ctx *, const struct rows *, size_t n, struct records *) MUST_CHECK;

#endif
