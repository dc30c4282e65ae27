/*
 * Migrations: the SQL files of db/migrations/, compiled into the binary. Format and table are
 * those of dbmate, so both tools work on a database. Each step is reported to `out`.
 */
#ifndef APP_MIGRATE_H
#define APP_MIGRATE_H

#include "app/ctx.h"

struct table;

/* Applies the pending migrations, each in a transaction of its own. Waits while another process
 * migrates. E_CONFLICT, without any change, if the file of an applied migration has changed; also
 * at a file with a line that begins with `-- DECIDE`. */
enum error migrate_up(struct ctx *, FILE *out) MUST_CHECK;

/* Reverts the last `n` applied migrations with their `-- migrate:down` parts. */
enum error migrate_down(struct ctx *, int64_t n, FILE *out) MUST_CHECK;

/* Prints each migration and its state: applied, pending, changed (its file has changed since it
 * was applied) or unknown (applied, but not in this binary). */
enum error migrate_status(struct ctx *, bool json, FILE *out) MUST_CHECK;

/* Creates an empty migration in db/migrations/ of the working directory. */
enum error migrate_new(struct ctx *, const char *name, FILE *out) MUST_CHECK;

/* Compares the database with the rows of `tables` (ends with NULL), and writes a migration to
 * db/migrations/ that adapts the database. What the rows cannot tell is a comment `-- DECIDE`, at
 * which migrate_up() refuses the file. Without differences, writes no file. E_CONFLICT while a
 * migration is pending. */
enum error migrate_autogenerate(struct ctx *, const struct table *const *tables, const char *name,
				FILE *out) MUST_CHECK;

/* Counts the pending migrations. */
enum error migrate_pending(struct ctx *, int64_t *n) MUST_CHECK;

#endif
