/* The state of the database, for `doctor`. */
#ifndef DB_INFO_H
#define DB_INFO_H

#include "app/db.h"

struct db_info {
	const char *version, *role;
	int64_t now;         /* its clock: microseconds since 1970 */
	int64_t connections; /* max_connections without the reserved ones */
	int64_t forbidden;   /* number of tables that the role may not read */
	bool superuser;      /* the role is a superuser */
	bool owner;          /* the role owns tables */
	bool standby;        /* the server is in recovery */
	const char *invalid; /* names of invalid indexes, left by interrupted builds, or "" */
};

extern const struct query db_info_queries[];

enum error db_info(struct ctx *, struct db_info *out) MUST_CHECK;

#endif
