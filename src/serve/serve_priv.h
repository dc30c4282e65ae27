/* Shared by the files of this folder. */
#ifndef APP_SERVE_PRIV_H
#define APP_SERVE_PRIV_H

#include "app/pool.h"
#include "app/serve.h"

#include <sys/types.h>

/* ---- fcgi_parser.c: checks what the web server sends before libfcgi reads it */

enum {
	PARSER_PARAMS_BYTES = 128 * 1024, /* all names and values of a request */
	PARSER_PARAMS_MAX = 500,          /* number of parameters */
};

enum fcgi_parser_state {
	PARSER_MORE, /* the request is incomplete */
	PARSER_DONE,
	PARSER_BAD, /* not a valid request; the reason is in `err` */
};

struct fcgi_parser {
	size_t max_body;

	/* The request: `params` has the contents of the PARAMS records, checked; `body` those of the
	 * STDIN records, not NULL after PARSER_DONE, with a NUL that body_len does not count. */
	unsigned id; /* the FastCGI request id */
	unsigned char *params;
	size_t params_len;
	bool params_too_large; /* too long or too many; they are not checked then */
	char *body;
	size_t body_len;
	bool body_too_large; /* the body is incomplete then */
	const char *err;     /* a literal */

	/* The position in the stream, and the start of an incomplete record. */
	enum { AT_BEGIN, AT_PARAMS, AT_STDIN, AT_END } phase;
	unsigned char *record;
	size_t record_len;
	size_t body_size;
};

/* Prepares for a request. Keeps the buffers of the previous one. */
void fcgi_parser_start(struct fcgi_parser *, size_t max_body);

/* Parses further bytes of the request. */
enum fcgi_parser_state fcgi_parser_feed(struct fcgi_parser *, const void *bytes,
					size_t len) MUST_CHECK;

/* Frees the body of a request if it is large. */
void fcgi_parser_finish(struct fcgi_parser *);

/* Frees all buffers. */
void fcgi_parser_free(struct fcgi_parser *);

/* ---- fcgi_decode.c: libfcgi decodes the parameters */

/* Call it once per process. False, with errno: the worker cannot start. */
bool decoder_open(void) MUST_CHECK;
void decoder_close(void);

/* Decodes the parameters of a request that the parser has accepted. Returns them as NAME=value, valid
 * until decoder_finish(), or NULL if libfcgi failed; the decoder cannot be used any more then. */
char **decoder_read(const struct fcgi_parser *) MUST_CHECK;

/* The value of a parameter of the current request; NULL if it is absent or empty. */
const char *decoder_param(const char *name);

void decoder_finish(void);

/* ---- deadline.c: the deadline of a request */

struct problem;
struct request;

/* Call it once per process. At the deadline of a request, the handler sends a 503, unless the
 * response has been started, and the process exits with EXIT_OVERRUN. */
void deadline_init(void);

/* Starts the time of a request on the connection `fd`. */
void deadline_start(int fd, unsigned seconds);

/* Sets the FastCGI request id and the request, so that a 503 can be sent. */
void deadline_identify(unsigned id, const struct request *);

/* The response is about to be sent: no 503 from now on. */
void deadline_responding(void);

/* The request is finished. */
void deadline_stop(void);

/* ---- fcgi_response.c: responses. `id` is the FastCGI request id. */

/* Writes the response of the pipeline. */
void respond_fcgi(int fd, unsigned id, const struct request *);

/* Writes a complete problem+json response. Async-signal-safe. */
void respond_plainly(int fd, unsigned id, const struct problem *);

/* Writes the header of a FastCGI record, eight bytes. */
void put_record_header(unsigned char *to, unsigned type, unsigned id, size_t len);

/* ---- fcgi.c: the worker */

/* Serves requests until a signal stops it; returns the exit status. `parent` gets SIGUSR1 when the
 * worker is ready; 0: there is no parent. */
int worker_run(const struct app *, int listener, pid_t parent);

/* ---- listen.c: the listening socket */

struct listener {
	int fd;
	bool own; /* opened by this program, not inherited */
};

/* Uses an inherited socket (LISTEN_FDS, or descriptor 0) if there is one, else opens LISTEN.
 * Returns NULL or an error message (static memory). */
const char *listener_open(struct listener *) MUST_CHECK;

/* Refuses further connections; those in the backlog can still be accepted. Does nothing for an
 * inherited or TCP socket. */
void listener_shutdown(struct listener *);

/* ---- notify.c: notifications to systemd */

/* Sends a state such as "READY=1" (sd_notify(3)) if NOTIFY_SOCKET is set. */
void notify_systemd(const char *state);

/* The watchdog timeout of systemd in microseconds; 0: none. */
int64_t notify_watchdog(void);

/* ---- reload.c: a new binary under the same process id */

/* What a pool passes to the new binary. */
struct inheritance {
	struct listener listener;
	int shared_fd;  /* or -1 */
	pid_t *workers; /* from malloc(); NULL: out of memory */
	size_t nworkers;
};

/* Runs the command line with --check in a child process and waits for it. False: it failed, and has
 * written the reason to standard error. */
bool reload_check(char **argv) MUST_CHECK;

/* Executes the command line in this process. Returns only on failure, with errno. */
void reload_exec(char **argv, const struct inheritance *);

/* Takes over what the previous binary passed. False: nothing. */
bool reload_inherit(struct inheritance *);

/* ---- serve.c */

/* Prevents core files, which would contain secrets. */
void forbid_cores(void);

#endif
