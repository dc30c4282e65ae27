/* Runs a pool of pool_app in a directory of its own, and is its FastCGI client. */
#ifndef TEST_POOL_CLIENT_H
#define TEST_POOL_CLIENT_H

#include "app/base.h"

#include <sys/types.h>

enum { RESPONSE_MAX = 64 * 1024, BYTES_MAX = 512 * 1024 };

struct pool {
	char directory[64], socket[96], log[96], program[96], settings[96];
	unsigned port; /* TCP port; 0: the Unix socket */
	pid_t pid;
};

/* Makes the directory and installs the program. Does not start it. */
struct pool pool_new(void);

/* Replaces the program of the pool, as an upgrade does. */
void pool_install(struct pool *, const char *program);

/* Starts the pool with settings ("NAME=value", up to NULL), and waits until it responds. The
 * command is a prefix such as "spawn-fcgi -n -s SOCKET --", or NULL. */
void pool_start(struct pool *, const char *const *settings, const char *const *command);

/* The same with `serve --single`. */
void pool_start_single(struct pool *, const char *const *settings, const char *const *command);

/* Sends TERM, waits, and returns the exit status. */
int pool_stop(struct pool *);

/* Kills the pool and removes the directory. */
void pool_free(struct pool *);

/* The number of lines of the log with this text. */
unsigned pool_logged(const struct pool *, const char *text);

/* Waits until `times` lines have the text; fails the test after 30 s. */
void pool_wait_logged(const struct pool *, const char *text, unsigned times);

/* A buffer of FastCGI records. */
struct bytes {
	unsigned char data[BYTES_MAX];
	size_t len;
};

void put_bytes(struct bytes *, const void *data, size_t len);
void put_record(struct bytes *, unsigned type, unsigned id, const void *content, size_t len);
void put_begin(struct bytes *, unsigned role);
void put_param(struct bytes *, const char *name, const char *value);

/* Appends a complete request. `body` may be NULL. */
void put_request(struct bytes *, const char *method, const char *uri, const char *body);

struct pool_response {
	bool complete; /* up to END_REQUEST */
	unsigned status;
	char text[RESPONSE_MAX]; /* contents of the STDOUT records: header and body */
	size_t len, total;       /* stored; in total */
};

/* Connects. -1: refused. */
int dial(const struct pool *);

/* Reads a complete response. False: it was cut off, or no byte arrived for 30 s. */
bool read_response(int fd, struct pool_response *);

/* Sends a request and reads the response. False: the connection was refused, or cut off. */
bool ask(const struct pool *, const struct bytes *, struct pool_response *);
bool ask_for(const struct pool *, const char *method, const char *uri, const char *body,
	     struct pool_response *);

/* The same; fails the test if the status differs. */
void expect_status(const struct pool *, const char *method, const char *uri, const char *body,
		   unsigned status, struct pool_response *);

/* The number of the member `name` in the JSON of the response. */
long response_number(const struct pool_response *, const char *name);

/* Sends requests in several threads until load_stop(). */
struct load;
struct counts {
	unsigned long responded, refused; /* status 200; connection refused */
	unsigned long failed;             /* all others */
};
struct load *load_start(const struct pool *, unsigned threads, const char *uri);
void load_wait(const struct load *, unsigned long responded);
struct counts load_stop(struct load *);

#endif
