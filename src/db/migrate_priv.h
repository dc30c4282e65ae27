/* The files of db/migrations, built into the binary. */
#ifndef APP_MIGRATE_PRIV_H
#define APP_MIGRATE_PRIV_H

#include "app/base.h"

struct migration_file {
	const char *name; /* "20261121090000_users.sql" */
	const char *text; /* all of the file */
};

/* In the order of their names; ends with { 0 }. The build makes it. */
extern const struct migration_file migration_files[];

#endif
