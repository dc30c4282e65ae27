/*
 * PostgreSQL. A statement is a row with a name and an SQL literal, unless a table composes it
 * (app/table.h). Each connection prepares it on first use. Values are always parameters.
 *
 *	enum { COUNT_ALL };
 *	const struct query users_queries[] = {
 *		[COUNT_ALL] = QUERY("users_count", &db_number_schema, "SELECT count(*) AS n …"),
 *		{ 0 }
 *	};
 *	e = db_one(c, &users_queries[COUNT_ALL], &n);
 *
 * A broken connection is detected and replaced before a statement is sent. If the database is
 * down, calls return E_UNAVAILABLE. A statement that may have reached the server is retried
 * only if it is .read_only and no transaction is open.
 */
#ifndef APP_DB_H
#define APP_DB_H

#include "app/ctx.h"
#include "app/schema.h"

struct query {
	const char *name; /* "users_count": in logs, metrics and pg_stat_statements */
	const char *sql;
	const struct schema *row; /* NULL: returns no rows */
	bool read_only;           /* may be retried after a lost connection */
	bool by_values; /* not prepared, so that each plan depends on the parameter values */
	/* If .sql is NULL: composes it from .rows when a connection first uses the statement. The
	 * name must determine the text. */
	const char *(*compose)(struct arena *, const void *rows);
	const void *rows;
};

/* `"" text` compiles only if `text` is a literal. */
/* clang-format off */
#define QUERY(label, shape, text) { .name = label, .row = shape, .sql = "" text }
#define QUERY_READ(label, shape, text) \
	{ .name = label, .row = shape, .read_only = true, .sql = "" text }
/* clang-format on */

struct db_params {
	const char *const *values; /* $1 is values[1]; [0] is unused; NULL is an SQL NULL */
	int n;
};
#define DB_PARAMS(...)                                                                             \
	((struct db_params) { (const char *const[]) { NULL, ##__VA_ARGS__ },                       \
			      (int)COUNT(((const char *const[]) { NULL, ##__VA_ARGS__ })) - 1 })

/* Convert parameters that are not text. The results live in the ctx's arena. */
const char *p_int(struct ctx *, int64_t);
const char *p_bool(bool);
/* NULL if the pointer is NULL. */
const char *p_int_or_null(struct ctx *, const int64_t *);
const char *p_bool_or_null(const bool *);
/* A NULL-terminated array (TYPE_ARRAY); NULL for NULL. */
const char *p_array(struct ctx *, const char *const *values);
/* Bytes as bytea: '\x…' */
const char *p_bytes(struct ctx *, const void *data, size_t len);
/* The SHA-256 of a text as bytea: tokens are stored in this form. */
const char *p_digest(struct ctx *, const char *text);

/* Creates a handle. The first statement connects. `url` has the form of DATABASE_URL. */
struct db *db_new(const char *url);
void db_free(struct db *);

/* Checks DATABASE_URL and MIGRATE_DATABASE_URL. Returns NULL, or a line for each invalid one, which
 * names the invalid part but does not quote its value. */
const char *db_urls_check(struct arena *) MUST_CHECK;

/* For a statement that returns one number as `n`: db_one() stores it in an int64_t. */
extern const struct schema db_number_schema;

/* Runs a statement and stores its only row in `out`. E_NOT_FOUND if there is none; E_INTERNAL if
 * there are several. */
#define db_one(c, query, out, ...)      db_one_((c), (query), (out), DB_PARAMS(__VA_ARGS__))
/* Stores all rows in `out`, an array in the ctx's arena. */
#define db_all(c, query, out, ...)      db_all_((c), (query), (out), DB_PARAMS(__VA_ARGS__))
/* Ignores returned rows. Stores the number of affected rows in `changed`, unless it is NULL. */
#define db_exec(c, query, changed, ...) db_exec_((c), (query), (changed), DB_PARAMS(__VA_ARGS__))
/* The same; E_NOT_FOUND if no row was affected. */
#define db_exec_one(c, query, ...)      db_exec_one_((c), (query), DB_PARAMS(__VA_ARGS__))

enum error db_one_(struct ctx *, const struct query *, void *out, struct db_params) MUST_CHECK;
enum error db_all_(struct ctx *, const struct query *, struct records *out,
		   struct db_params) MUST_CHECK;
enum error db_exec_(struct ctx *, const struct query *, int64_t *changed,
		    struct db_params) MUST_CHECK;
enum error db_exec_one_(struct ctx *, const struct query *, struct db_params) MUST_CHECK;

/* Begin and end a transaction. `return db_finish(c, e);` commits if e is OK, else it rolls back
 * and returns e. Pairs nest: only the outermost one commits, and any inner error aborts it. Call
 * db_finish() also if db_begin() failed. */
enum error db_begin(struct ctx *) MUST_CHECK;
enum error db_finish(struct ctx *, enum error e) MUST_CHECK;

/* Defers a statement to the end of the open transaction, where it is sent together with COMMIT:
 * this saves a round trip. The row count is not reported; enforce invariants with a constraint. */
#define db_exec_and_commit(c, query, ...) db_exec_and_commit_((c), (query), DB_PARAMS(__VA_ARGS__))
void db_exec_and_commit_(struct ctx *, const struct query *, struct db_params);

/* Runs `work(c, arg)` in a transaction. After a serialization failure, a deadlock (SQLSTATE 40001,
 * 40P01) or a stale prepared statement, runs it again after a random delay, at most 3 times in
 * total; within an open transaction, runs it once. `work` must have no other side effects. */
enum error db_transaction(struct ctx *, enum error (*work)(struct ctx *, void *),
			  void *arg) MUST_CHECK;

/* Whether the open transaction has failed, so that it can only be rolled back. */
bool db_aborted(const struct ctx *);

/* Invalidates cached copies of (kind, id), such as ("session", "0193…"), when the open
 * transaction ends, or now if there is none: increments their epoch (app/shared.h). The strings
 * must live as long as the ctx's arena. */
void cache_invalidate(struct ctx *, const char *kind, const char *id);

/* Returns the constraint that the last failed statement violated, or "". With it, a repository
 * turns a violation of users_email_key into E_EMAIL_TAKEN. */
const char *db_constraint(const struct ctx *);

/* Return PostgreSQL's message about the last failed connection or statement, and a hint, or "".
 * For operators only: they name hosts and roles (but no passwords). */
const char *db_reason(const struct ctx *);
const char *db_hint(const struct ctx *);

/* Subscribes to a channel (LISTEN); `channel` must be a literal. Call it again before each wait:
 * it does nothing unless the connection was replaced. */
enum error db_listen(struct ctx *, const char *channel) MUST_CHECK;

/* Returns the payload of the next pending notification, or NULL if there is none; then wait until
 * db_descriptor() is readable. */
const char *db_notification(struct ctx *);

/* Returns the socket, which is readable after a notification or the end of the connection; -1 if
 * not connected. */
int db_descriptor(const struct db *);

/* Rolls back an unfinished transaction. Call it at the end of each unit of work; the pipeline
 * calls it after each request. */
void db_reset(struct db *);

/* Sets `pooled` if a pooler may run each transaction in a different server session, as PgBouncer
 * does in transaction mode. If the backend PID shows a pooler, opens a second connection to test it. */
enum error db_pooled(struct ctx *, bool *pooled) MUST_CHECK;

/* Describes the connection: "database shop on localhost, port 5432, as role shop_owner". */
enum error db_target(struct ctx *, const char **text) MUST_CHECK;

struct db_ping {
	int64_t latency; /* microseconds */
	bool read_only;  /* a standby, or default_transaction_read_only is on */
};

/* Checks that the server responds within a second, or within 3 seconds if it must connect first.
 * A read-only session is replaced, so `read_only` is the state of the server, not of an old
 * session. */
enum error db_ping(struct ctx *, struct db_ping *out) MUST_CHECK;

#endif
