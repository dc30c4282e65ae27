/* The files of db/migrations, built into the binary, and how they are read. */
#ifndef APP_MIGRATE_PRIV_H
#define APP_MIGRATE_PRIV_H

#include "app/db.h"

struct migration_file {
	const char *name; /* "20261121090000_users.sql" */
	const char *text; /* all of the file */
};

/* In the order of their names; ends with { 0 }. The build makes it. */
extern const struct migration_file migration_files[];

/* One part of a file: what follows `-- migrate:up` or `-- migrate:down`. */
struct migration_part {
	const char *text;
	unsigned line;       /* of the file, where it begins */
	bool no_transaction; /* `transaction:false` stands behind the marker */
};

/* migrate_file.c: false where the file has no such part; `marker` is "up" or "down". */
bool migration_part(struct arena *, const char *file, const char *marker,
		    struct migration_part *out) MUST_CHECK;

/* The digits that a file's name begins with; NULL where there are none. */
const char *migration_version(struct arena *, const char *name);

/* migrate_lock.c: takes the lock of this database and schema for the session, and says on
 * `out` who holds it meanwhile. E_CONFLICT behind a pooler that shares sessions. */
enum error migrate_lock(struct ctx *, FILE *out) MUST_CHECK;

/* migrate_index.c: drops the invalid indexes that an interrupted attempt at this part left
 * behind. */
enum error migrate_drop_invalid(struct ctx *, const struct migration_part *, FILE *out) MUST_CHECK;

/* E_CONFLICT where an index of this part is invalid. */
enum error migrate_check_indexes(struct ctx *, const char *file,
				 const struct migration_part *) MUST_CHECK;

extern const struct query migrate_queries[], migrate_lock_queries[], migrate_index_queries[];

#endif
