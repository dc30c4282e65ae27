/* How the database looks from here: for `doctor`. */
#ifndef DB_INFO_H
#define DB_INFO_H

#include "app/db.h"

struct db_info {
	const char *version, *role;
	int64_t now;           /* its clock: microseconds since 1970 */
	int64_t connections;   /* so many it takes from all */
	int64_t forbidden;     /* tables that this role may not read */
	bool superuser, owner; /* of tables: more than the application should be */
	bool standby;          /* it is in recovery */
	const char *invalid;   /* indexes that an interrupted build left behind, or "" */
};

extern const struct query db_info_queries[];

enum error db_info(struct ctx *, struct db_info *out) MUST_CHECK;

#endif
