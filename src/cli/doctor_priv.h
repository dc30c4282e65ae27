/* Internal interfaces of `doctor`. */
#ifndef APP_DOCTOR_PRIV_H
#define APP_DOCTOR_PRIV_H

#include "app/base.h"

enum state { STATE_FAULT, STATE_WARNING, STATE_OK, STATE_UNKNOWN };

/* The result of a check. Smaller than PIPE_BUF, so that it is written atomically. */
struct finding {
	enum state state;
	char text[400], hint[400];
};

struct plan {
	const char *url;  /* of the web server */
	const char *site; /* its site file, or NULL */
	const char *log;  /* the program's log, or NULL */
};
extern struct plan doctor_plan;

/* A check. Each runs in a process of its own, all in parallel. */
struct check {
	const char *name;
	void (*run)(struct finding *);
};
extern const struct check doctor_checks[];

void finding_set(struct finding *, enum state, const char *hint, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* doctor_web.c: checks by requests to the web server. */
void check_web(struct finding *);
void check_body_limit(struct finding *);

/* doctor_log.c: lists that were slow for want of an index. */
void check_orders(struct finding *);

/* Whether a server accepts connections at scheme://user:password@host:port/…, with `port` as the
 * default port. Stores the host name in `host`. */
bool url_responds(const char *url, const char *port, char host[256]);

#endif
