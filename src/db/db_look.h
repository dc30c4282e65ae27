/* How the database looks from here: for `doctor`. */
#ifndef DB_LOOK_H
#define DB_LOOK_H

#include "app/db.h"

struct db_look {
	const char *version, *role;
	int64_t now;           /* its clock: microseconds since 1970 */
	int64_t connections;   /* so many it takes from all */
	int64_t forbidden;     /* tables that this role may not read */
	bool superuser, owner; /* of tables: more than the application should be */
	bool standby;          /* it is in recovery */
	const char *invalid;   /* indexes that an interrupted build left behind, or "" */
};

extern const struct query db_look_queries[];

enum error db_look(struct ctx *, struct db_look *out) MUST_CHECK;

#endif
