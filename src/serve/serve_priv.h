/* What the files of this folder share. */
#ifndef APP_SERVE_PRIV_H
#define APP_SERVE_PRIV_H

#include "app/pool.h"
#include "app/serve.h"

#include <sys/types.h>

/* ---- fcgi_parser.c: what the web server sends, checked byte by byte before libfcgi sees it */

enum {
	PARSER_PARAMS_BYTES = 128 * 1024, /* all names and values of a request */
	PARSER_PARAMS_MAX = 500,          /* how many of them */
};

enum fcgi_parser_state {
	PARSER_MORE, /* the request is not complete */
	PARSER_DONE,
	PARSER_BAD, /* no request that we serve; `why` tells */
};

struct fcgi_parser {
	size_t max_body;

	/* What came: `params` is the sum of the PARAMS records, checked; `body` that of
	 * the STDIN records, never NULL, ends with a NUL that is not counted. */
	unsigned id; /* of the request, on the wire */
	unsigned char *params;
	size_t params_len;
	bool params_too_large; /* too long or too many; then they are not checked */
	char *body;
	size_t body_len;
	bool body_too_large; /* and then it is not complete */
	const char *why;

	/* Where in the stream we are, and what is not yet a whole record. */
	enum { AT_BEGIN, AT_PARAMS, AT_STDIN, AT_END } phase;
	unsigned char *record;
	size_t record_len;
	size_t body_size;
};

/* Frees the buffers of a request that are large; the others are kept for the next one. */
void fcgi_parser_finish(struct fcgi_parser *);
/* Ready for a request. */
void fcgi_parser_start(struct fcgi_parser *, size_t max_body);
enum fcgi_parser_state fcgi_parser_feed(struct fcgi_parser *, const void *bytes,
					size_t len) MUST_CHECK;
void fcgi_parser_free(struct fcgi_parser *);

/* ---- deadline.c: the end of a request that takes too long */

struct request;

/* To be called once. At its deadline a request is answered with 503, if nothing of an
 * answer was sent yet, and the process ends. */
void deadline_init(void);

/* The request on that connection began; when the process ends is counted from here. */
void deadline_start(int fd, unsigned seconds);

/* Its number on the wire, and what is known of it: from now on it can be answered. */
void deadline_identify(unsigned id, const struct request *);

/* Its answer is on the way: too late for another. */
void deadline_responding(void);

void deadline_stop(void);

/* ---- plain_response.c */

/* Writes a whole answer of problem+json, doing only what a signal handler may do. */
struct plain_response {
	unsigned status;
	const char *title, *code, *detail, *request_id; /* plain words: nothing is escaped */
	bool retry;                                     /* with Retry-After */
};
void respond_plainly(int fd, unsigned id, const struct plain_response *);

/* The eight bytes before the content of a FastCGI record. */
void put_record_header(unsigned char *out, unsigned type, unsigned id, size_t len);

/* ---- fcgi.c: the worker */

/* Serves requests from the listening socket until told to leave; returns the exit status.
 * In a pool `parent` is who hears SIGUSR1 when it is ready; 0: there is none. */
int worker_run(int listener, pid_t parent);

/* ---- listen.c: the listening socket */

struct listener {
	int fd;
	bool own;       /* opened by us, not passed to us */
	char name[160]; /* for people: "unix:/run/api.sock" */
};

/* Takes the socket that was passed (LISTEN_FDS, or descriptor 0), else opens LISTEN.
 * Returns NULL, or what is wrong, for a person. */
const char *listener_take(struct listener *) MUST_CHECK;

/* Whether LISTEN can be understood: NULL, or what is wrong. */
const char *listener_check(void) MUST_CHECK;

/* Nobody can connect any more; who has is still served. For an own one alone. */
void listener_shut(struct listener *);

/* ---- notify.c: what systemd is told */

void notify(const char *state);

/* Microseconds between two signs of life that systemd wants; 0: none. */
int64_t notify_watchdog(void);

/* ---- reload.c: a new binary under the same process id */

/* The processes that the pool had before an exec. */
struct inheritance {
	struct listener listener;
	int shared_fd; /* or -1 */
	pid_t *workers;
	size_t nworkers;
};

/* Remembers the command line. To be called first. */
void reload_init(void);

/* True in the process that only tries out whether binary and settings are good. */
bool reload_is_check(void);

/* Starts that process; -1 if it cannot. Exit status 0 means good. */
pid_t reload_check(void);

/* Becomes the new binary. Returns only where that fails. */
void reload_exec(const struct inheritance *);

/* What the binary before us left; false: nothing. */
bool reload_inherit(struct inheritance *);

/* ---- serve.c */

/* No memory of ours, with its secrets, in a core file. */
void forbid_cores(void);

#endif
