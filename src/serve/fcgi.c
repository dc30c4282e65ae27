/* The worker: takes one connection after the other, reads the request behind the guard,
 * lets libfcgi decode it and encode the answer, and closes. */
#include "serve_priv.h"

#include "app/clock.h"
#include "app/db.h"
#include "app/hash_queue.h"
#include "app/http.h"
#include "app/ids.h"
#include "app/log.h"
#include "app/settings.h"
#include "shared/shared_priv.h"

#include <fcgiapp.h>
#include <fastcgi.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
	SILENT_SECONDS = 5,   /* a web server that stops in the middle of a request */
	RECEIVE_SECONDS = 15, /* a whole request; never more than half of its deadline */
	DRAIN_SECONDS = 2,    /* for who waits in the backlog when we stop */
	READ_SIZE = 64 * 1024,
	ARENA_BASE = 64 * 1024 * 1024,
};

/* From the most patient: how it goes on after the request in hand. */
enum stop { STOP_NOT, STOP_DRAIN, STOP_NOW };

/* A request that waits for its turn to hash, so that its worker can serve others. */
struct parked {
	struct parked *next;
	int fd;
	bool broken;
	struct fcgi_parser fcgi_parser; /* the request as received */
	struct hash_ticket hash;
	struct limit_tally limits;
	int64_t began;
};

static struct worker {
	int listener, epoll, signals;
	int request_file; /* where libfcgi reads a request that the guard has passed */
	struct worker_slot *slot, spare_slot;
	int64_t began; /* when the current request was received */
	struct fcgi_parser fcgi_parser;
	struct parked *parked; /* in order of arrival */
	struct arena *arena;
	struct db *db;
	FCGX_Request fcgx;
	int64_t requests_left;
	enum stop stop;
} w;

/* ---- a request comes in */

enum received { RECEIVED, RECEIVED_PART, RECEIVED_NOTHING };

/* Waits until there is something to read. False: not in time. */
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

/* Reads until the guard has a whole request. One that stops in its body is a part. */
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
			log_warn(NULL, "a request did not come in time");
			return w.fcgi_parser.phase == AT_STDIN ? RECEIVED_PART : RECEIVED_NOTHING;
		} else if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
			return RECEIVED_NOTHING;
		}
	}
	if (state == PARSER_BAD)
		log_warn(NULL, "refused what came to the FastCGI socket: %s", w.fcgi_parser.why);
	return state == PARSER_DONE ? RECEIVED : RECEIVED_NOTHING;
}

/* Whether the web server has hung up: its client is gone, so nobody waits. */
static bool
is_gone(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	return poll(&p, 1, 0) > 0;
}

/* ---- libfcgi decodes it */

enum { PIECE = 32 * 1024, RECORDS_MAX = PARSER_PARAMS_BYTES / PIECE + 4 };

/* The records of a request: a header and a content each. */
struct wire {
	unsigned char headers[RECORDS_MAX][FCGI_HEADER_LEN];
	struct iovec parts[2 * RECORDS_MAX];
	size_t n, total;
};

static void
put_record(struct wire *r, unsigned type, void *content, size_t len)
{
	unsigned char *header = r->headers[r->n];

	put_record_header(header, type, w.fcgi_parser.id, len);
	r->parts[2 * r->n] = (struct iovec) { header, FCGI_HEADER_LEN };
	r->parts[2 * r->n + 1] = (struct iovec) { content, len };
	r->total += FCGI_HEADER_LEN + len;
	r->n++;
}

/* Writes the request as the most harmless web server would send it, without a body. */
static bool
write_request(void)
{
	unsigned char begin[8] = { 0, FCGI_RESPONDER };
	struct wire r; /* not zeroed: it is long */
	size_t len;

	r.n = r.total = 0;
	put_record(&r, FCGI_BEGIN_REQUEST, begin, sizeof(begin));
	for (size_t at = 0; at < w.fcgi_parser.params_len; at += len) {
		len = w.fcgi_parser.params_len - at;
		len = len < PIECE ? len : PIECE;
		put_record(&r, FCGI_PARAMS, w.fcgi_parser.params + at, len);
	}
	put_record(&r, FCGI_PARAMS, NULL, 0);
	put_record(&r, FCGI_STDIN, NULL, 0);
	return pwritev(w.request_file, r.parts, (int)(2 * r.n), 0) == (ssize_t)r.total &&
	       lseek(w.request_file, 0, SEEK_SET) == 0;
}

/* libfcgi takes an open connection for one that it accepted before, and reads from it:
 * here our file, which it cannot wait for. The answer then goes to the real one. */
static bool
decode(int fd)
{
	if (!write_request())
		return false;

	w.fcgx.ipcFd = w.request_file;
	w.fcgx.keepConnection = 1;
	FCGX_Detach(&w.fcgx);
	if (FCGX_Accept_r(&w.fcgx) != 0) {
		w.request_file = -1; /* it has closed that */
		return false;
	}

	w.fcgx.ipcFd = fd;
	w.fcgx.keepConnection = 0;
	return true;
}

/* A body must be as long as announced; nothing, or 0, announces nothing. */
static bool
is_length_wrong(void)
{
	const char *text = FCGX_GetParam("CONTENT_LENGTH", w.fcgx.envp);
	unsigned long long length;
	char *end;

	if (!text || !*text || strcmp(text, "0") == 0)
		return false;

	errno = 0;
	length = strtoull(text, &end, 10);
	return errno || *end || *text < '0' || *text > '9' || length != w.fcgi_parser.body_len;
}

/* ---- the answer */

static const char *
reason(unsigned status)
{
	static const struct {
		unsigned status;
		const char *text;
	} reasons[] = {
		{ 200, "OK" },         { 201, "Created" },   { 202, "Accepted" },
		{ 204, "No Content" }, { 303, "See Other" }, { 304, "Not Modified" },
	};

	for (size_t i = 0; i < COUNT(reasons); i++) {
		if (reasons[i].status == status)
			return reasons[i].text;
	}
	for (enum error e = OK + 1; e < ERROR_COUNT; e++) {
		if (error_info(e)->status == status)
			return error_info(e)->title;
	}
	return "Unknown";
}

static void
put(const char *text)
{
	FCGX_PutStr(text, (int)strlen(text), w.fcgx.out);
}

static void
put_header(const char *name, const char *value)
{
	put(name);
	put(": ");
	put(value);
	put("\r\n");
}

/* libfcgi gathers all of it and writes with FCGX_Finish_r: once, up to 8 KB. */
static void
put_response(const struct request *req)
{
	const struct response *response = &req->response;
	bool has_body = response->status != 204 && response->status != 304;
	char number[96];

	snprintf(number, sizeof(number), "%u %s", response->status, reason(response->status));
	put_header("Status", number);
	if (response->media_type)
		put_header("Content-Type", response->media_type);
	if (has_body) {
		snprintf(number, sizeof(number), "%zu", response->len);
		put_header("Content-Length", number);
	}
	for (size_t i = 0; i < response->nheaders; i++)
		put_header(response->headers[i].name, response->headers[i].value);
	put("\r\n");
	if (has_body && response->len && strcmp(req->method_text, "HEAD") != 0)
		FCGX_PutStr(response->body, (int)response->len, w.fcgx.out);
}

static const char *
param(const char *name)
{
	const char *value = FCGX_GetParam(name, w.fcgx.envp);

	return value && *value ? value : NULL;
}

/* Keeps the request for later, and its connection open. libfcgi ends a request by writing a
 * response, which goes to the file. */
static void
park(const struct request *req, int fd, bool broken)
{
	struct parked *p = calloc(1, sizeof(*p)), **end = &w.parked;

	w.fcgx.ipcFd = w.request_file;
	w.fcgx.keepConnection = 1;
	FCGX_Finish_r(&w.fcgx);
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

/* Removes the blanks around the values of headers (RFC 9110, 5.5): nginx leaves tabs there. */
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

/* `from` is the parked request, NULL for a new one. */
static void
respond(int fd, bool broken, const struct parked *from)
{
	struct ctx c = {
		.arena = w.arena,
		.db = w.db,
		.request_id = "none",
		.ip = param("REMOTE_ADDR"),
		.user_agent = param("HTTP_USER_AGENT"),
		.can_park = true,
	};
	struct request req = {
		.ctx = &c,
		.method_text = param("REQUEST_METHOD"),
		.uri = param("REQUEST_URI"),
		.env = (const char *const *)w.fcgx.envp,
		.body = w.fcgi_parser.body,
		.body_len = w.fcgi_parser.body_len,
		.body_too_large = w.fcgi_parser.body_too_large,
		.body_broken = !w.fcgi_parser.body_too_large && (broken || is_length_wrong()),
	};

	trim_headers(w.fcgx.envp);
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
		put_response(&req);
		FCGX_Finish_r(&w.fcgx);
	}
	deadline_identify(0, NULL);
}

static void
respond_too_large(int fd)
{
	char id[UUID_TEXT_SIZE];
	struct plain_response plain = {
		.status = 431,
		.title = "Request Header Fields Too Large",
		.code = "bad_request",
		.detail = "The header of the request is too long.",
		.request_id = id,
	};

	uuid_new(id);
	log_warn(NULL, "refused request %s: its parameters are too long or too many", id);
	respond_plainly(fd, w.fcgi_parser.id, &plain);
	measure_request(&(struct request) { 0 }, plain.status, CAUSE_NONE, 0);
	close(fd);
}

static void
respond_undecoded(int fd)
{
	log_error(NULL, "libfcgi refused a request; this worker ends");
	close(fd);
	w.stop = STOP_NOW;
}

/* Whether another worker should go on: this one has served long enough, or grown. */
static bool
is_worn(void)
{
	enum { LOOK_EVERY = 16 };
	struct rusage usage;

	if (w.requests_left > 0 && --w.requests_left == 0)
		return true;
	if (settings.max_worker_mib == 0 || w.slot->requests % LOOK_EVERY ||
	    getrusage(RUSAGE_SELF, &usage) != 0 || usage.ru_maxrss / 1024 < settings.max_worker_mib)
		return false;

	log_warn(NULL, "this worker took %ld MiB (MAX_WORKER_MIB=%" PRId64 ") and ends",
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
	if (is_worn())
		w.stop = STOP_NOW;
}

static void
serve_connection(int fd)
{
	enum received received;

	begin_request(fd, clock_monotonic());
	received = receive(fd);
	if (received == RECEIVED_NOTHING || is_gone(fd))
		close(fd);
	else if (w.fcgi_parser.params_too_large)
		respond_too_large(fd);
	else if (!decode(fd))
		respond_undecoded(fd);
	else
		respond(fd, received == RECEIVED_PART, NULL);
	end_request();
}

/* Runs the first parked request again, if it is its turn or has waited too long. */
static void
resume(void)
{
	struct parked *p = w.parked;
	enum hash_turn turn = p ? hash_turn(&p->hash) : HASH_WAIT;

	if (turn == HASH_WAIT)
		return;

	w.parked = p->next;
	fcgi_parser_free(&w.fcgi_parser);
	w.fcgi_parser = p->fcgi_parser;
	begin_request(p->fd, p->began);
	if (is_gone(p->fd)) {
		hash_leave(&p->hash);
		close(p->fd);
	} else if (!decode(p->fd)) {
		hash_leave(&p->hash);
		respond_undecoded(p->fd);
	} else {
		respond(p->fd, p->broken, p);
	}
	end_request();
	free(p);
}

/* ---- waiting for requests */

/* Accepts and serves one connection. False: there is none. */
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
		w.stop = STOP_NOW; /* shut down, and its backlog is empty */
	} else if (errno != EAGAIN) {
		log_error(NULL, "cannot accept a connection: %s", strerror(errno));
		poll(NULL, 0, 100);
	}
	return false;
}

/* TERM and the like: once the backlog is empty. USR1: somebody else sees to that. */
static void
read_signal(void)
{
	struct signalfd_siginfo info;
	enum stop stop;

	if (read(w.signals, &info, sizeof(info)) != sizeof(info))
		return;

	if (info.ssi_signo == SIGUSR2) {
		shared_log_level(info.ssi_code == SI_QUEUE ? info.ssi_int : -1);
		return;
	}
	if (info.ssi_signo == SIGXCPU)
		log_warn(NULL, "this worker reached its limit of CPU time (RLIMIT_CPU) and ends");
	stop = info.ssi_signo == SIGUSR1 || info.ssi_signo == SIGXCPU ? STOP_NOW : STOP_DRAIN;
	if (stop > w.stop)
		w.stop = stop;
}

/* Who connected before we stop is served; a socket that others still fill has no end. */
static void
drain(void)
{
	int64_t until = clock_monotonic() + DRAIN_SECONDS * (int64_t)1000000;

	while (w.stop == STOP_DRAIN && clock_monotonic() < until && serve_next())
		continue;
}

/* The kernel wakes one worker for a connection. Who was woken serves it, even if it is
 * told to leave in the same moment: nobody else would know of it. */
static void
serve_until_stopped(void)
{
	while (w.stop == STOP_NOT) {
		struct epoll_event events[2];
		int n = epoll_wait(w.epoll, events, COUNT(events), w.parked ? HASH_LOOK_MS : -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == w.listener)
				serve_next();
		}
		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == w.signals)
				read_signal();
		}
		if (w.parked) {
			serve_next(); /* the kernel may have woken only this worker for it */
			resume();
		}
	}
	drain();
	while (w.parked) {
		poll(NULL, 0, HASH_LOOK_MS);
		resume();
	}
}

/* ---- begin and end of a worker */

static bool
watch(int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	return epoll_ctl(w.epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* About MAX_REQUESTS, so that workers that began together do not end together. */
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

/* One large request must not leave a large process. */
static void
limit_heap(void)
{
	mallopt(M_MMAP_THRESHOLD, 256 * 1024);
	mallopt(M_TRIM_THRESHOLD, 512 * 1024);
}

static bool
set_up(int listener, pid_t parent)
{
	sigset_t signals = signals_take(parent ? SIGNALS_WORKER : SIGNALS_SINGLE);

	/* Signals are read, so that none interrupts a request. */
	w = (struct worker) { .listener = listener, .requests_left = count_requests() };
	w.signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	limit_heap();
	if (FCGX_Init() != 0 || FCGX_InitRequest(&w.fcgx, -1, 0) != 0)
		return false;
	signal(SIGPIPE, SIG_IGN); /* libfcgi has taken that */

	w.slot = shared_slot_take();
	if (!w.slot && parent) {
		errno = EAGAIN; /* until old workers are gone */
		return false;
	}
	if (!w.slot)
		w.slot = &w.spare_slot;
	w.request_file = memfd_create("request", MFD_CLOEXEC);
	w.arena = arena_new(ARENA_BASE + 4 * (size_t)settings.max_body_bytes);
	w.db = db_new(settings.database_url);
	w.epoll = epoll_create1(EPOLL_CLOEXEC);
	deadline_init();
	return w.signals >= 0 && w.request_file >= 0 && w.epoll >= 0 &&
	       watch(listener, EPOLLIN | EPOLLEXCLUSIVE) && watch(w.signals, EPOLLIN);
}

static void
tear_down(void)
{
	FCGX_Free(&w.fcgx, 1);
	db_free(w.db);
	arena_free(w.arena);
	fcgi_parser_free(&w.fcgi_parser);
	shared_release(getpid());
}

int
worker_run(int listener, pid_t parent)
{
	if (!set_up(listener, parent)) {
		log_error(NULL, "cannot start a worker: %s", strerror(errno));
		return EXIT_FAILURE;
	}

	w.slot->ready = true;
	if (parent)
		kill(parent, SIGUSR1);
	serve_until_stopped();
	tear_down();
	return EXIT_SUCCESS;
}
