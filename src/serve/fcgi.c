/*
 * The worker: accepts one connection at a time, and closes it after the response, since a FastCGI
 * connection that is kept open would occupy a worker.
 *
 *	 web server ------ FastCGI records ------> fcgi_parser.c     limits time and size,
 *	     ^                                      |         |      checks all lengths
 *	     |                               PARAMS |         | STDIN
 *	     |                                      v         |
 *	     |                                fcgi_decode.c   |      libfcgi, on a connection
 *	     |                                      |         |      of the worker to itself
 *	     |                          environment |         | body
 *	     |                                      v         v
 *	fcgi_response.c <------- response ------- app_handle()
 *
 * Each process that may open the socket can send anything, and nothing that it sends may end a
 * worker. libfcgi waits without limit for the rest of a request, accepts any number and size of
 * parameters, and overflows if their lengths are wrong. So it sees only what the parser has accepted.
 *
 * libfcgi cannot decode bytes in memory: FCGX_Accept_r() accepts a connection and reads from it.
 * Therefore, each worker has a connection to itself, which libfcgi accepts once and keeps. A response
 * from libfcgi would arrive there, in pieces of 8 KB, so fcgi_response.c encodes it instead.
 */
#include "serve_priv.h"

#include "app/clock.h"
#include "app/db.h"
#include "app/hash_queue.h"
#include "app/http.h"
#include "app/ids.h"
#include "app/log.h"
#include "app/settings.h"
#include "shared/shared_priv.h"

#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

enum {
	SILENT_SECONDS = 5,   /* longest pause while receiving a request */
	RECEIVE_SECONDS = 15, /* to receive a request; at most half of its deadline */
	DRAIN_SECONDS = 2,    /* to serve the backlog when the worker stops */
	LINGER_SECONDS = 2,   /* to read the rest of an incomplete request after its response */
	READ_SIZE = 64 * 1024,
	ARENA_BASE = 64 * 1024 * 1024,
};

/* What the worker does after the current request: continue; serve the backlog and exit; exit. */
enum worker_stop { STOP_NONE, STOP_DRAIN, STOP_NOW };

/* A request that waits for its turn to hash while its worker serves others. */
struct parked {
	struct parked *next;
	int fd;
	bool broken;
	struct fcgi_parser fcgi_parser; /* the request as received */
	struct hash_ticket hash;
	struct limit_tally limits;
	int64_t began;
};

static struct fcgi_worker {
	const struct app *app;
	int listener, epoll, signals;
	struct worker_slot *slot, spare_slot;
	int64_t began; /* when the current request was received */
	struct fcgi_parser fcgi_parser;
	struct parked *parked; /* in order of arrival */
	struct arena *arena;
	struct db *db;
	int64_t requests_left;
	enum worker_stop stop;
} w;

/* ---- receiving a request */

enum received { RECEIVED, RECEIVED_PART, RECEIVED_NOTHING };

/* Waits until `fd` is readable. False: timed out. */
static bool
wait_readable(int fd, int64_t until)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t left = until - clock_monotonic();
	int rc;

	if (left > SILENT_SECONDS * (int64_t)1000000)
		left = SILENT_SECONDS * (int64_t)1000000;
	if (left <= 0)
		return false;

	rc = poll(&p, 1, (int)(left / 1000) + 1);
	return rc > 0 || (rc < 0 && errno == EINTR);
}

static int64_t
receive_until(void)
{
	int64_t seconds = settings.request_timeout_seconds;

	return clock_monotonic() +
	       (seconds < 2 * RECEIVE_SECONDS ? seconds * 500000 : RECEIVE_SECONDS * 1000000LL);
}

/* Receives a whole request. RECEIVED_PART: the body is incomplete. */
static enum received
receive(int fd)
{
	static unsigned char bytes[READ_SIZE];
	int64_t until = receive_until();
	enum fcgi_parser_state state = PARSER_MORE;

	fcgi_parser_start(&w.fcgi_parser, (size_t)settings.max_body_bytes);
	while (state == PARSER_MORE) {
		ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

		if (n > 0 && clock_monotonic() < until) {
			state = fcgi_parser_feed(&w.fcgi_parser, bytes, (size_t)n);
		} else if (n > 0 || (n < 0 && errno == EAGAIN && !wait_readable(fd, until))) {
			log_warn(NULL, "timed out reading a request");
			return w.fcgi_parser.phase == AT_STDIN ? RECEIVED_PART : RECEIVED_NOTHING;
		} else if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
			return RECEIVED_NOTHING;
		}
	}
	if (state == PARSER_BAD)
		log_warn(NULL, "rejected a FastCGI request: %s", w.fcgi_parser.err);
	return state == PARSER_DONE ? RECEIVED : RECEIVED_NOTHING;
}

/* Whether the web server has closed the connection because its client has disconnected. */
static bool
client_is_gone(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	return poll(&p, 1, 0) > 0;
}

/* ---- the response */

/* Whether CONTENT_LENGTH differs from the length of the body. Empty or 0: not checked. */
static bool
is_length_wrong(void)
{
	const char *text = decoder_param("CONTENT_LENGTH");
	unsigned long long length;
	char *end;

	if (!text || strcmp(text, "0") == 0)
		return false;

	errno = 0;
	length = strtoull(text, &end, 10);
	return errno || *end || *text < '0' || *text > '9' || length != w.fcgi_parser.body_len;
}

/* Keeps the request and its connection for later. */
static void
park(const struct request *req, int fd, bool broken)
{
	struct parked *p = calloc(1, sizeof(*p)), **end = &w.parked;

	if (!p) {
		hash_leave(&req->ctx->hash);
		close(fd);
		return;
	}

	while (*end)
		end = &(*end)->next;
	*p = (struct parked) {
		.fd = fd,
		.broken = broken,
		.fcgi_parser = w.fcgi_parser,
		.hash = req->ctx->hash,
		.limits = req->limits,
		.began = w.began,
	};
	*end = p;
	w.fcgi_parser = (struct fcgi_parser) { 0 };
}

/* Removes white space around header values (RFC 9110, section 5.5): nginx keeps tabs. */
static void
trim_headers(char **envp)
{
	for (; *envp; envp++) {
		char *value = strncmp(*envp, "HTTP_", 5) == 0 ? strchr(*envp, '=') : NULL;
		size_t blanks, len;

		if (!value++)
			continue;
		blanks = strspn(value, " \t");
		len = strlen(value + blanks);
		while (len && strchr(" \t", value[blanks + len - 1]))
			len--;
		memmove(value, value + blanks, len);
		value[len] = '\0';
	}
}

/* Closes the connection. If the web server is still sending a request that is `broken`, this could
 * destroy the response, so reads the rest first. */
static void
close_connection(int fd, bool broken)
{
	int64_t until = clock_monotonic() + LINGER_SECONDS * (int64_t)1000000;
	char ignored[4096];

	if (broken && shutdown(fd, SHUT_WR) == 0) {
		while (wait_readable(fd, until) && read(fd, ignored, sizeof(ignored)) > 0)
			continue;
	}
	close(fd);
}

/* `envp`: the decoded parameters. `from`: the parked request, or NULL for a new one. */
static void
respond(int fd, char **envp, bool broken, const struct parked *from)
{
	struct ctx c = {
		.app = w.app,
		.arena = w.arena,
		.db = w.db,
		.request_id = "none",
		.ip = decoder_param("REMOTE_ADDR"),
		.user_agent = decoder_param("HTTP_USER_AGENT"),
		.can_park = true,
	};
	struct request req = {
		.ctx = &c,
		.method_text = decoder_param("REQUEST_METHOD"),
		.uri = decoder_param("REQUEST_URI"),
		.env = (const char *const *)envp,
		.body = w.fcgi_parser.body,
		.body_len = w.fcgi_parser.body_len,
		.body_too_large = w.fcgi_parser.body_too_large,
		.body_broken = !w.fcgi_parser.body_too_large && (broken || is_length_wrong()),
	};

	trim_headers(envp);
	if (from) {
		c.hash = from->hash;
		req.limits = from->limits;
		req.resumed = true;
		req.began = from->began;
	}
	if (!req.method_text)
		req.method_text = "";
	if (!req.uri)
		req.uri = "";
	if (!req.body)
		req.body = "";
	deadline_identify(w.fcgi_parser.id, &req);
	app_handle(&req);
	deadline_responding();
	if (c.parked) {
		park(&req, fd, broken);
	} else {
		hash_leave(&c.hash);
		respond_fcgi(fd, w.fcgi_parser.id, &req);
		close_connection(fd, broken);
	}
	decoder_finish();
	deadline_identify(0, NULL);
}

static void
respond_too_large(int fd)
{
	char id[UUID_TEXT_SIZE];
	struct problem plain = {
		.status = 431,
		.title = "Request Header Fields Too Large",
		.code = "bad_request",
		.detail = "The request header is too large.",
		.request_id = id,
	};

	uuid_new(id);
	log_warn(NULL, "rejected request %s: its parameters are too long or too many", id);
	respond_plainly(fd, w.fcgi_parser.id, &plain);
	measure_request(&(struct request) { 0 }, plain.status, CAUSE_NONE, 0);
	close(fd);
}

static void
respond_undecoded(int fd)
{
	log_error(NULL, "libfcgi rejected a request; this worker exits");
	close(fd);
	w.stop = STOP_NOW;
}

/* Whether the worker has reached MAX_REQUESTS or MAX_WORKER_MIB. */
static bool
is_exhausted(void)
{
	enum { CHECK_EVERY = 16 };
	struct rusage usage;

	if (w.requests_left > 0 && --w.requests_left == 0)
		return true;
	if (settings.max_worker_mib == 0 || w.slot->requests % CHECK_EVERY ||
	    getrusage(RUSAGE_SELF, &usage) != 0 || usage.ru_maxrss / 1024 < settings.max_worker_mib)
		return false;

	log_warn(NULL, "this worker used %ld MiB (MAX_WORKER_MIB=%" PRId64 ") and exits",
		 usage.ru_maxrss / 1024, settings.max_worker_mib);
	return true;
}

static void
begin_request(int fd, int64_t began)
{
	int64_t seconds = settings.request_timeout_seconds - (clock_monotonic() - began) / 1000000;

	seconds = seconds > 1 ? seconds : 1;
	w.began = began;
	deadline_start(fd, (unsigned)seconds);
	w.slot->busy_until = clock_monotonic() + seconds * 1000000;
}

static void
end_request(void)
{
	deadline_stop();
	fcgi_parser_finish(&w.fcgi_parser);
	arena_recycle(w.arena, w.fcgi_parser.body_len);
	w.slot->busy_until = 0;
	w.slot->requests++;
	if (is_exhausted())
		w.stop = STOP_NOW;
}

static void
serve_connection(int fd)
{
	enum received received;
	char **envp = NULL;

	begin_request(fd, clock_monotonic());
	received = receive(fd);
	if (received == RECEIVED_NOTHING || client_is_gone(fd))
		close(fd);
	else if (w.fcgi_parser.params_too_large)
		respond_too_large(fd);
	else if (!(envp = decoder_read(&w.fcgi_parser)))
		respond_undecoded(fd);
	else
		respond(fd, envp, received == RECEIVED_PART, NULL);
	end_request();
}

/* Runs the first parked request again if it is its turn, or if it has waited too long. */
static void
resume(void)
{
	struct parked *p = w.parked;
	enum hash_turn turn = p ? hash_turn(&p->hash) : HASH_WAIT;
	char **envp = NULL;

	if (turn == HASH_WAIT)
		return;

	w.parked = p->next;
	fcgi_parser_free(&w.fcgi_parser);
	w.fcgi_parser = p->fcgi_parser;
	begin_request(p->fd, p->began);
	if (client_is_gone(p->fd)) {
		hash_leave(&p->hash);
		close(p->fd);
	} else if (!(envp = decoder_read(&w.fcgi_parser))) {
		hash_leave(&p->hash);
		respond_undecoded(p->fd);
	} else {
		respond(p->fd, envp, p->broken, p);
	}
	end_request();
	free(p);
}

/* ---- accepting connections */

/* Accepts and serves one connection. False: none is waiting. */
static bool
serve_next(void)
{
	int fd = accept4(w.listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0) {
		serve_connection(fd);
		return true;
	}
	if (errno == EINTR || errno == ECONNABORTED)
		return true;
	if (errno == EINVAL || errno == EBADF) {
		w.stop = STOP_NOW; /* the socket is shut down and its backlog is empty */
	} else if (errno != EAGAIN) {
		log_error(NULL, "cannot accept a connection: %s", strerror(errno));
		poll(NULL, 0, 100);
	}
	return false;
}

/* USR2 sets the log level. USR1 and XCPU: exit without serving the backlog, which is left to other
 * workers. TERM and others: serve the backlog, then exit. */
static void
worker_read_signal(void)
{
	struct signalfd_siginfo info;
	enum worker_stop stop;

	if (read(w.signals, &info, sizeof(info)) != sizeof(info))
		return;

	if (info.ssi_signo == SIGUSR2) {
		shared_log_level(info.ssi_code == SI_QUEUE ? info.ssi_int : -1);
		return;
	}
	if (info.ssi_signo == SIGXCPU)
		log_warn(NULL, "this worker reached its limit of CPU time (RLIMIT_CPU) and exits");
	stop = info.ssi_signo == SIGUSR1 || info.ssi_signo == SIGXCPU ? STOP_NOW : STOP_DRAIN;
	if (stop > w.stop)
		w.stop = stop;
}

/* Serves the backlog. Limited in time, because other processes may share the socket. */
static void
drain(void)
{
	int64_t until = clock_monotonic() + DRAIN_SECONDS * (int64_t)1000000;

	while (w.stop == STOP_DRAIN && clock_monotonic() < until && serve_next())
		continue;
}

/* The kernel wakes one worker for each connection. That worker must serve it even if a signal stops
 * it at the same time: no other worker is woken. */
static void
serve_until_stopped(void)
{
	while (w.stop == STOP_NONE) {
		struct epoll_event events[2];
		int n = epoll_wait(w.epoll, events, COUNT(events), w.parked ? HASH_POLL_MS : -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == w.listener)
				serve_next();
		}
		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == w.signals)
				worker_read_signal();
		}
		if (w.parked) {
			serve_next(); /* the kernel may have woken only this worker for it */
			resume();
		}
	}
	drain();
	while (w.parked) {
		poll(NULL, 0, HASH_POLL_MS);
		resume();
	}
}

/* ---- start and end of a worker */

static bool
worker_watch(int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	return epoll_ctl(w.epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* MAX_REQUESTS with a random deviation of 10%, so that workers are not all replaced at once. */
static int64_t
count_requests(void)
{
	int64_t about = settings.max_requests;
	uint32_t random;

	if (about == 0)
		return 0;

	random_bytes(&random, sizeof(random));
	return about - about / 10 + (int64_t)(random % (uint64_t)(about / 5 + 1));
}

/* Makes malloc return the memory of large requests to the system. */
static void
limit_heap(void)
{
	mallopt(M_MMAP_THRESHOLD, 256 * 1024);
	mallopt(M_TRIM_THRESHOLD, 512 * 1024);
}

static bool
worker_set_up(const struct app *app, int listener, pid_t parent)
{
	sigset_t signals = signals_init(parent ? SIGNALS_WORKER : SIGNALS_SINGLE);

	/* Signals are read from a descriptor, so that none interrupts a request. */
	w = (struct fcgi_worker) { .app = app,
				   .listener = listener,
				   .requests_left = count_requests() };
	w.signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	limit_heap();
	if (!decoder_open())
		return false;

	w.slot = shared_slot_take();
	if (!w.slot && parent) {
		errno = EAGAIN; /* no slot is free until old workers have exited */
		return false;
	}
	if (!w.slot)
		w.slot = &w.spare_slot;
	w.arena = arena_new(ARENA_BASE + 4 * (size_t)settings.max_body_bytes);
	w.db = db_new(settings.database_url);
	w.epoll = epoll_create1(EPOLL_CLOEXEC);
	deadline_init();
	return w.signals >= 0 && w.epoll >= 0 && worker_watch(listener, EPOLLIN | EPOLLEXCLUSIVE) &&
	       worker_watch(w.signals, EPOLLIN);
}

static void
worker_tear_down(void)
{
	decoder_close();
	db_free(w.db);
	arena_free(w.arena);
	fcgi_parser_free(&w.fcgi_parser);
	shared_release(getpid());
}

int
worker_run(const struct app *app, int listener, pid_t parent)
{
	if (!worker_set_up(app, listener, parent)) {
		log_error(NULL, "cannot start a worker: %s", strerror(errno));
		return EXIT_FAILURE;
	}

	w.slot->ready = true;
	if (parent)
		kill(parent, SIGUSR1);
	serve_until_stopped();
	worker_tear_down();
	return EXIT_SUCCESS;
}
