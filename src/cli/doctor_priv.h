/* What the files of `doctor` share. */
#ifndef APP_DOCTOR_PRIV_H
#define APP_DOCTOR_PRIV_H

#include "app/base.h"

enum state { STATE_FAULT, STATE_WARNING, STATE_OK, STATE_UNKNOWN };

/* Written to a pipe in one piece. */
struct finding {
	enum state state;
	char text[400], hint[400];
};

struct plan {
	const char *url;  /* where the web server answers */
	const char *site; /* its site file, or NULL */
};
extern struct plan doctor_plan;

/* One row a check; each runs in a process of its own, all at once. */
struct check {
	const char *name;
	void (*run)(struct finding *);
};
extern const struct check doctor_checks[];

void finding_set(struct finding *, enum state, const char *hint, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* Through the web server, as a client. */
void check_web(struct finding *);
void check_body_limit(struct finding *);

/* Whether somebody takes connections at scheme://user:password@host:port/…; `port` where it
 * names none. `host` gets the name. */
bool url_responds(const char *url, const char *port, char host[256]);

#endif
