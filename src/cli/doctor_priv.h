/* Internal interfaces of `doctor`. */
#ifndef APP_DOCTOR_PRIV_H
#define APP_DOCTOR_PRIV_H

#include "app/ctx.h"
#include "db/db_info.h"

enum state { STATE_FAULT, STATE_WARNING, STATE_OK, STATE_UNKNOWN };

struct doctor {
	const struct app *app;
	struct arena *arena; /* of the settings */
	const char *url;     /* of the web server */
	const char *log;     /* of the pool, or NULL */
	bool json;
	const char *check; /* name of the running check */
	size_t reports;
	int faults;
	struct ctx db_ctx;
	bool db_responds; /* check_database() found out */
	struct db_info db;
};

/* Prints the result of the running check. `hint`: what to do, or NULL. */
void report(struct doctor *, enum state, const char *hint, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* doctor_database.c */
void check_database(struct doctor *);
void check_migrations(struct doctor *);
void check_indexes(struct doctor *);
void check_pooler(struct doctor *);
void check_role(struct doctor *);
void check_connections(struct doctor *);
void check_clock(struct doctor *);

/* doctor_web.c: a request to the web server. */
void check_web(struct doctor *);

/* doctor_log.c: lists that were slow for want of an index. */
void check_orders(struct doctor *);

/* Whether a server accepts connections at scheme://user:password@host:port/…, with `port` as the
 * default port. Stores the host name in `host`. */
bool url_responds(const char *url, const char *port, char host[256]);

#endif
