/*
 * PostgreSQL. A statement is a row with a name and a literal, prepared once a
 * connection at its first use; values are parameters, always.
 *
 *	enum { INSERT, FIND };
 *	const struct query items_queries[] = {
 *		[FIND] = QUERY("items_find", &item_schema, "SELECT … WHERE id = $1"),
 *		{ 0 }
 *	};
 *	e = db_one(c, &items_queries[FIND], &item, id);
 *
 * A dead connection is found before a statement is sent, and replaced; E_UNAVAILABLE
 * when the database is away. A statement that may have reached the server is repeated
 * only where the row says .read_only and no transaction is open.
 */
#ifndef APP_DB_H
#define APP_DB_H

#include "app/ctx.h"
#include "app/schema.h"

struct query {
	const char *name; /* "items_find": in logs, metrics and pg_stat_statements */
	const char *sql;
	const struct schema *row; /* NULL: it returns no rows */
	bool read_only;           /* may be sent again when its connection broke */
	bool by_values; /* planned anew each time, for the values decide which index is good */
};

/* `"" text` keeps variables out: only a literal compiles. */
/* clang-format off */
#define QUERY(label, shape, text) { .name = label, .row = shape, .sql = "" text }
#define QUERY_READ(label, shape, text) \
	{ .name = label, .row = shape, .read_only = true, .sql = "" text }
/* clang-format on */

struct db_params {
	const char *const *values; /* [0] is not used; $1 is values[1]; NULL is SQL's NULL */
	int n;
};
#define DB_PARAMS(...)                                                                             \
	((struct db_params) { (const char *const[]) { NULL, ##__VA_ARGS__ },                       \
			      (int)COUNT(((const char *const[]) { NULL, ##__VA_ARGS__ })) - 1 })

/* Parameters that are not text. */
const char *p_int(struct ctx *, int64_t);
const char *p_bool(bool);
/* NULL where the pointer is. */
const char *p_int_or_null(struct ctx *, const int64_t *);
const char *p_bool_or_null(const bool *);
/* The value of a TYPE_ARRAY row; NULL stays NULL. */
const char *p_array(struct ctx *, const char *const *values);
/* Bytes as bytea: '\x…' */
const char *p_bytes(struct ctx *, const void *data, size_t len);
/* The SHA-256 of a text as bytea: what is kept of a token in its place. */
const char *p_digest(struct ctx *, const char *text);

/* Opens nothing yet: the first statement connects. `url` as in DATABASE_URL. */
struct db *db_new(const char *url);
void db_free(struct db *);

/* NULL, or a line for each of DATABASE_URL and MIGRATE_DATABASE_URL that libpq rejects. It names the
 * part that is wrong, never its value. */
const char *db_urls_check(struct arena *) MUST_CHECK;

/* The row of a statement that returns one number as `n`: db_one() stores it in an int64_t. */
extern const struct schema db_number_schema;

/* Exactly one row into `out`; E_NOT_FOUND where there is none. */
#define db_one(c, query, out, ...)      db_one_((c), (query), (out), DB_PARAMS(__VA_ARGS__))
/* All rows: an array in the arena. */
#define db_all(c, query, out, ...)      db_all_((c), (query), (out), DB_PARAMS(__VA_ARGS__))
/* No rows wanted; `changed` (NULL is fine) gets how many rows were touched. */
#define db_exec(c, query, changed, ...) db_exec_((c), (query), (changed), DB_PARAMS(__VA_ARGS__))
/* The same for what is about one row: E_NOT_FOUND where none was touched. */
#define db_exec_one(c, query, ...)      db_exec_one_((c), (query), DB_PARAMS(__VA_ARGS__))

enum error db_one_(struct ctx *, const struct query *, void *out, struct db_params) MUST_CHECK;
enum error db_all_(struct ctx *, const struct query *, struct records *out,
		   struct db_params) MUST_CHECK;
enum error db_exec_(struct ctx *, const struct query *, int64_t *changed,
		    struct db_params) MUST_CHECK;
enum error db_exec_one_(struct ctx *, const struct query *, struct db_params) MUST_CHECK;

/* A transaction ends with its outcome: `return db_finish(c, e);` commits where e is OK,
 * else rolls back and returns e. They nest: only the outermost pair counts, and an inner
 * failure dooms it. db_finish is due also where db_begin failed. */
enum error db_begin(struct ctx *) MUST_CHECK;
enum error db_finish(struct ctx *, enum error e) MUST_CHECK;

/* Keeps a statement for the end of the open transaction, where it runs together with COMMIT:
 * one way to the server for both. How many rows it touches nobody learns; what it must not
 * allow, a constraint has to refuse. */
#define db_exec_and_commit(c, query, ...) db_exec_and_commit_((c), (query), DB_PARAMS(__VA_ARGS__))
void db_exec_and_commit_(struct ctx *, const struct query *, struct db_params);

/* Runs `act(c, arg)` between db_begin and db_finish, and again (at most 3 times, with
 * jitter) where it failed by serialization or deadlock (SQLSTATE 40001, 40P01). */
enum error db_transaction(struct ctx *, enum error (*act)(struct ctx *, void *),
			  void *arg) MUST_CHECK;

/* The same with one sight of the data from begin to end (REPEATABLE READ): what it changes is
 * what it saw, for where somebody else changed a row in between it runs again. */
enum error db_repeatable_read(struct ctx *, enum error (*act)(struct ctx *, void *),
			      void *arg) MUST_CHECK;

/* Whether the open transaction can only be rolled back any more. */
bool db_aborted(const struct ctx *);

/* Whoever remembers that thing ("session", "0193…") has to look anew: bumps its generation
 * (shared.h) when the open transaction ends, at once where there is none. The texts live as
 * long as the arena. */
void cache_invalidate(struct ctx *, const char *kind, const char *id);

/* What happened in the last statement of this ctx that failed: the constraint that was
 * hit, "" where none. So a repository turns users_email_key into E_EMAIL_TAKEN. */
const char *db_constraint(const struct ctx *);

/* PostgreSQL's message about the last connection or statement that failed, and a hint; "" if there
 * is none. For operators, never for clients: they name hosts and roles (no passwords). */
const char *db_reason(const struct ctx *);
const char *db_hint(const struct ctx *);

/* Notices (LISTEN, NOTIFY). Hears the channel, a literal, from now on; a connection that was
 * replaced must be told again, which costs nothing where it was not. */
enum error db_listen(struct ctx *, const char *channel) MUST_CHECK;

/* The text of the next notice that has come, or NULL: then wait until db_descriptor() can
 * be read. */
const char *db_notification(struct ctx *);

/* Readable where a notice came or the connection ended; -1: not connected. */
int db_descriptor(const struct db *);

/* Ends whatever a unit of work left open: an unfinished transaction is rolled back. The
 * pipeline calls it after each request. */
void db_reset(struct db *);

/* Whether a pooler gives the transactions of one connection different sessions of the server, as
 * PgBouncer does in transaction mode. Opens a second connection through any pooler. */
enum error db_pooled(struct ctx *, bool *pooled) MUST_CHECK;

/* The database, server and role of the connection, for people: "database shop on localhost,
 * port 5432, as role shop_owner". */
enum error db_target(struct ctx *, const char **text) MUST_CHECK;

struct db_ping {
	int64_t latency; /* microseconds */
	bool read_only;  /* a standby, or default_transaction_read_only is on */
};

/* Checks that the server responds within a second, or within 3 seconds if a connection must be
 * opened first. `read_only` is what a new session would see: one that was read-only before is
 * replaced. */
enum error db_ping(struct ctx *, struct db_ping *out) MUST_CHECK;

#endif
