/*
 * Migrations: the SQL files of db/migrations/, built into the binary, in dbmate's form and
 * with its table, so that either tool works. `out` gets a line for each thing done.
 */
#ifndef APP_MIGRATE_H
#define APP_MIGRATE_H

#include "app/ctx.h"

/* Applies what is not applied yet, one transaction a file; waits for another one that is
 * at it. E_CONFLICT, and nothing done, where an applied file was changed since. */
enum error migrate_up(struct ctx *, FILE *out) MUST_CHECK;

/* Takes the newest `n` back, by their `-- migrate:down` parts. */
enum error migrate_down(struct ctx *, int64_t n, FILE *out) MUST_CHECK;

/* Prints every migration and its state: applied, pending, changed (its file differs from
 * what was applied) or unknown (applied, but no file of this binary). */
enum error migrate_status(struct ctx *, bool json, FILE *out) MUST_CHECK;

/* Writes an empty one into db/migrations/ of the working directory. */
enum error migrate_new(struct ctx *, const char *name, FILE *out) MUST_CHECK;

/* How many are not applied. */
enum error migrate_pending(struct ctx *, int64_t *n) MUST_CHECK;

#endif
