/* Starts a pool of pool_app in a directory of its own and talks FastCGI to it. */
#ifndef TEST_POOL_CLIENT_H
#define TEST_POOL_CLIENT_H

#include "app/base.h"

#include <sys/types.h>

enum { RESPONSE_MAX = 64 * 1024, BYTES_MAX = 512 * 1024 };

struct pool {
	char directory[64], socket[96], log[96], program[96], settings[96];
	unsigned port; /* of TCP, where not 0 */
	pid_t pid;
};

/* A directory with the program in it; nothing runs yet. */
struct pool pool_new(void);

/* Puts a program in the place of the pool's, as an upgrade does. */
void pool_install(struct pool *, const char *program);

/* Starts it, with settings ("NAME=value") up to NULL, and waits until it answers. The
 * command is a prefix as "spawn-fcgi -n -s SOCKET --", or NULL. */
void pool_start(struct pool *, const char *const *settings, const char *const *command);

/* The same with `serve --single`. */
void pool_start_single(struct pool *, const char *const *settings, const char *const *command);

/* Sends TERM, waits, and returns the exit status. */
int pool_stop(struct pool *);

/* Removes all of it. */
void pool_free(struct pool *);

/* How often the text is in the pool's log. */
unsigned pool_logged(const struct pool *, const char *text);

/* Waits until the text is in the log so often; fails the test after half a minute. */
void pool_wait_logged(const struct pool *, const char *text, unsigned times);

/* FastCGI records, gathered. */
struct bytes {
	unsigned char data[BYTES_MAX];
	size_t len;
};

void put_bytes(struct bytes *, const void *data, size_t len);
void put_record(struct bytes *, unsigned type, unsigned id, const void *content, size_t len);
void put_begin(struct bytes *, unsigned role);
void put_param(struct bytes *, const char *name, const char *value);

/* A whole request. `body` may be NULL. */
void put_request(struct bytes *, const char *method, const char *uri, const char *body);

struct pool_response {
	bool complete; /* up to END_REQUEST */
	unsigned status;
	char text[RESPONSE_MAX]; /* of all STDOUT records: head and body */
	size_t len, total;       /* kept, and in all */
};

/* Connects; -1 where nobody listens. */
int dial(const struct pool *);

/* Reads until the end of the answer. False: cut off, or half a minute without a byte. */
bool read_answer(int fd, struct pool_response *);

/* Sends a whole request and reads the answer. False: not connected, or cut off. */
bool ask(const struct pool *, const struct bytes *, struct pool_response *);
bool ask_for(const struct pool *, const char *method, const char *uri, const char *body,
	     struct pool_response *);

/* The same, and fails the test unless the status is that. */
void expect_status(const struct pool *, const char *method, const char *uri, const char *body,
		   unsigned status, struct pool_response *);

/* The number after "name": in the answer's JSON. */
long answer_number(const struct pool_response *, const char *name);

/* Requests by several threads at once until load_stop(). */
struct load;
struct counts {
	unsigned long responded, refused; /* complete with 200; could not connect */
	unsigned long failed;             /* all else */
};
struct load *load_start(const struct pool *, unsigned threads, const char *uri);
void load_wait(const struct load *, unsigned long responded);
struct counts load_stop(struct load *);

#endif
