/*
 * Migrations: the SQL files of db/migrations/, compiled into the binary. Format and table are
 * those of dbmate, so both tools work on a database. Each step is reported to `out`.
 */
#ifndef APP_MIGRATE_H
#define APP_MIGRATE_H

#include "app/ctx.h"

/* Applies the pending migrations, each in a transaction of its own. Waits while another process
 * migrates. E_CONFLICT, without any change, if the file of an applied migration has changed. */
enum error migrate_up(struct ctx *, FILE *out) MUST_CHECK;

/* Reverts the last `n` applied migrations with their `-- migrate:down` parts. */
enum error migrate_down(struct ctx *, int64_t n, FILE *out) MUST_CHECK;

/* Prints each migration and its state: applied, pending, changed (its file has changed since it
 * was applied) or unknown (applied, but not in this binary). */
enum error migrate_status(struct ctx *, bool json, FILE *out) MUST_CHECK;

/* Creates an empty migration in db/migrations/ of the working directory. */
enum error migrate_new(struct ctx *, const char *name, FILE *out) MUST_CHECK;

/* Counts the pending migrations. */
enum error migrate_pending(struct ctx *, int64_t *n) MUST_CHECK;

#endif
