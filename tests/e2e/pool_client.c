/* The FastCGI client side, and starting and stopping a pool. */
#include <criterion/criterion.h>

#include "e2e/pool_client.h"

#include <fastcgi.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { TIMEOUT_MS = 30000, ARGS_MAX = 20, THREADS_MAX = 16 };

static void
nap(void)
{
	poll(NULL, 0, 5);
}

/* ---- the pool */

struct pool
pool_new(void)
{
	struct pool p = { .directory = "/tmp/pool-XXXXXX" };

	cr_assert_not_null(mkdtemp(p.directory));
	snprintf(p.socket, sizeof(p.socket), "%s/socket", p.directory);
	snprintf(p.log, sizeof(p.log), "%s/log", p.directory);
	snprintf(p.program, sizeof(p.program), "%s/program", p.directory);
	snprintf(p.settings, sizeof(p.settings), "%s/settings", p.directory);
	pool_install(&p, "tests/e2e/pool_app");
	return p;
}

static void
run_and_wait(const char *const *args)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		execvp(args[0], (char *const *)args);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	cr_assert_eq(status, 0, "%s failed", args[0]);
}

void
pool_install(struct pool *p, const char *program)
{
	char fresh[128];

	snprintf(fresh, sizeof(fresh), "%s.new", p->program);
	run_and_wait((const char *const[]) { "cp", program, fresh, NULL });
	cr_assert_eq(rename(fresh, p->program), 0);
}

static NORETURN void
become_pool(const struct pool *p, const char *const *given, const char *const *command, bool single)
{
	const char *args[ARGS_MAX];
	char own[128];
	size_t n = 0;
	int log = open(p->log, O_WRONLY | O_CREAT | O_APPEND, 0600);

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* exits with a failing test */
	dup2(log, STDERR_FILENO);
	if (p->port)
		snprintf(own, sizeof(own), "LISTEN=127.0.0.1:%u", p->port);
	else
		snprintf(own, sizeof(own), "LISTEN=unix:%s", p->socket);
	if (!command)
		putenv(own);
	setenv("DATABASE_URL", "host=/nowhere", 1);
	setenv("JWT_SECRET_KEY", "a key that the tests alone use, long enough", 1);
	setenv("ENV_FILE", p->settings, 1);
	setenv("LOG_FORMAT", "json", 1);
	setenv("LOG_LEVEL", "debug", 1);
	setenv("METRICS_ALLOW", "*", 1);
	for (; given && *given; given++)
		putenv((char *)(uintptr_t)*given);
	for (; command && *command; command++)
		args[n++] = *command;
	args[n++] = p->program;
	args[n++] = "serve";
	if (single)
		args[n++] = "--single";
	args[n] = NULL;
	execvp(args[0], (char *const *)args);
	_exit(127);
}

static void
wait_for_response(struct pool *p)
{
	static struct pool_response response;
	int status = 0;

	for (int waited = 0; waited < TIMEOUT_MS; waited += 5) {
		if (ask_for(p, "GET", "/about", NULL, &response))
			return;
		/* Status 0: a program such as spawn-fcgi that only starts others. */
		if (p->pid && waitpid(p->pid, &status, WNOHANG) == p->pid)
			p->pid = 0;
		cr_assert_eq(status, 0, "the pool did not start");
		nap();
	}
	cr_assert_fail("the pool does not respond");
}

static void
start(struct pool *p, const char *const *given, const char *const *command, bool single)
{
	int settings = open(p->settings, O_WRONLY | O_CREAT, 0600);

	close(settings);
	p->pid = fork();
	cr_assert(p->pid >= 0);
	if (p->pid == 0)
		become_pool(p, given, command, single);
	wait_for_response(p);
}

void
pool_start(struct pool *p, const char *const *given, const char *const *command)
{
	start(p, given, command, false);
}

void
pool_start_single(struct pool *p, const char *const *given, const char *const *command)
{
	start(p, given, command, true);
}

int
pool_stop(struct pool *p)
{
	int status = -1;

	kill(p->pid, SIGTERM);
	for (int waited = 0; waited < TIMEOUT_MS; waited += 5) {
		if (waitpid(p->pid, &status, WNOHANG) == p->pid) {
			p->pid = 0;
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		}
		nap();
	}
	cr_assert_fail("the pool does not stop");
	return -1;
}

void
pool_free(struct pool *p)
{
	if (p->pid > 0) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
	}
	run_and_wait((const char *const[]) { "rm", "-rf", p->directory, NULL });
}

unsigned
pool_logged(const struct pool *p, const char *text)
{
	FILE *in = fopen(p->log, "r");
	char line[8192];
	unsigned n = 0;

	while (in && fgets(line, sizeof(line), in))
		n += strstr(line, text) != NULL;
	if (in)
		fclose(in);
	return n;
}

void
pool_wait_logged(const struct pool *p, const char *text, unsigned times)
{
	for (int waited = 0; waited < TIMEOUT_MS; waited += 5) {
		if (pool_logged(p, text) >= times)
			return;
		nap();
	}
	cr_assert_fail("not in the log: %s", text);
}

/* ---- records */

void
put_bytes(struct bytes *b, const void *data, size_t len)
{
	cr_assert(len <= sizeof(b->data) - b->len);
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

void
put_record(struct bytes *b, unsigned type, unsigned id, const void *content, size_t len)
{
	unsigned char header[FCGI_HEADER_LEN] = {
		FCGI_VERSION_1,    (unsigned char)type,       (unsigned char)(id >> 8),
		(unsigned char)id, (unsigned char)(len >> 8), (unsigned char)len
	};

	put_bytes(b, header, sizeof(header));
	if (len)
		put_bytes(b, content, len);
}

void
put_begin(struct bytes *b, unsigned role)
{
	put_record(b, FCGI_BEGIN_REQUEST, 1, (unsigned char[8]) { 0, (unsigned char)role }, 8);
}

static void
put_length(struct bytes *b, size_t len)
{
	unsigned char four[] = { (unsigned char)(0x80 | len >> 24), (unsigned char)(len >> 16),
				 (unsigned char)(len >> 8), (unsigned char)len };

	if (len < 0x80)
		put_bytes(b, &four[3], 1);
	else
		put_bytes(b, four, 4);
}

void
put_param(struct bytes *b, const char *name, const char *value)
{
	put_length(b, strlen(name));
	put_length(b, strlen(value));
	put_bytes(b, name, strlen(name));
	put_bytes(b, value, strlen(value));
}

static void
put_body(struct bytes *b, const char *body)
{
	size_t left = body ? strlen(body) : 0;

	while (left > 0) {
		size_t len = left < 65528 ? left : 65528;

		put_record(b, FCGI_STDIN, 1, body, len);
		body += len;
		left -= len;
	}
	put_record(b, FCGI_STDIN, 1, NULL, 0);
}

void
put_request(struct bytes *b, const char *method, const char *uri, const char *body)
{
	static _Thread_local struct bytes params;
	char length[24] = "";

	if (body)
		snprintf(length, sizeof(length), "%zu", strlen(body));
	params.len = 0;
	put_param(&params, "REQUEST_METHOD", method);
	put_param(&params, "REQUEST_URI", uri);
	put_param(&params, "CONTENT_LENGTH", length);
	put_param(&params, "REMOTE_ADDR", "192.0.2.1");
	put_begin(b, FCGI_RESPONDER);
	put_record(b, FCGI_PARAMS, 1, params.data, params.len);
	put_record(b, FCGI_PARAMS, 1, NULL, 0);
	put_body(b, body);
}

/* ---- requests */

static int
dial_unix(int fd, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return connect(fd, (struct sockaddr *)&address, sizeof(address));
}

static int
dial_tcp(int fd, unsigned port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return connect(fd, (struct sockaddr *)&address, sizeof(address));
}

int
dial(const struct pool *p)
{
	struct timeval timeout = { .tv_sec = TIMEOUT_MS / 1000 };
	int fd = socket(p->port ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert(fd >= 0);
	if ((p->port ? dial_tcp(fd, p->port) : dial_unix(fd, p->socket)) != 0) {
		close(fd);
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	return fd;
}

static bool
read_all(int fd, void *out, size_t len)
{
	char *at = out;

	while (len > 0) {
		ssize_t n = recv(fd, at, len, 0);

		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static void
append(struct pool_response *a, const unsigned char *content, size_t len)
{
	size_t room = sizeof(a->text) - 1 - a->len;

	a->total += len;
	len = len < room ? len : room;
	memcpy(a->text + a->len, content, len);
	a->len += len;
	a->text[a->len] = '\0';
}

bool
read_response(int fd, struct pool_response *a)
{
	unsigned char header[FCGI_HEADER_LEN];
	unsigned char content[65536 + 256];

	a->complete = false;
	a->status = 0;
	a->len = a->total = 0;
	a->text[0] = '\0';
	while (read_all(fd, header, sizeof(header))) {
		size_t len = (size_t)(header[4] << 8 | header[5]);

		if (!read_all(fd, content, len + header[6]))
			return false;
		if (header[1] == FCGI_STDOUT)
			append(a, content, len);
		if (header[1] != FCGI_END_REQUEST)
			continue;
		a->complete = sscanf(a->text, "Status: %u", &a->status) == 1;
		return a->complete;
	}
	return false;
}

bool
ask(const struct pool *p, const struct bytes *b, struct pool_response *a)
{
	int fd = dial(p);
	bool ok;

	if (fd < 0)
		return false;

	/* The server may respond before it has read everything. */
	(void)!send(fd, b->data, b->len, MSG_NOSIGNAL);
	ok = read_response(fd, a);
	close(fd);
	return ok;
}

bool
ask_for(const struct pool *p, const char *method, const char *uri, const char *body,
	struct pool_response *a)
{
	static _Thread_local struct bytes b;

	b.len = 0;
	put_request(&b, method, uri, body);
	return ask(p, &b, a);
}

void
expect_status(const struct pool *p, const char *method, const char *uri, const char *body,
	      unsigned status, struct pool_response *a)
{
	cr_assert(ask_for(p, method, uri, body, a), "%s %s: no response", method, uri);
	cr_assert_eq(a->status, status, "%s %s: %s", method, uri, a->text);
}

long
response_number(const struct pool_response *a, const char *name)
{
	char key[64];
	const char *at;

	snprintf(key, sizeof(key), "\"%s\":", name);
	at = strstr(a->text, key);
	cr_assert_not_null(at, "%s is not in %s", name, a->text);
	return strtol(at + strlen(key), NULL, 10);
}

/* ---- load */

struct load {
	const struct pool *pool;
	const char *uri;
	unsigned nthreads;
	pthread_t threads[THREADS_MAX];
	atomic_bool stop;
	atomic_ulong responded, refused, failed;
};

static void *
make_requests(void *arg)
{
	struct load *l = arg;
	struct pool_response *a = malloc(sizeof(*a));
	struct bytes *b = calloc(1, sizeof(*b));

	put_request(b, "GET", l->uri, NULL);
	while (!l->stop) {
		int fd = dial(l->pool);

		if (fd < 0) {
			l->refused++;
			nap();
			continue;
		}
		if (send(fd, b->data, b->len, MSG_NOSIGNAL) == (ssize_t)b->len &&
		    read_response(fd, a) && a->status == 200)
			l->responded++;
		else
			l->failed++;
		close(fd);
	}
	free(a);
	free(b);
	return NULL;
}

struct load *
load_start(const struct pool *p, unsigned threads, const char *uri)
{
	struct load *l = calloc(1, sizeof(*l));

	l->pool = p;
	l->uri = uri;
	l->nthreads = threads;
	for (unsigned i = 0; i < threads; i++)
		cr_assert_eq(pthread_create(&l->threads[i], NULL, make_requests, l), 0);
	return l;
}

void
load_wait(const struct load *l, unsigned long responded)
{
	for (int waited = 0; waited < TIMEOUT_MS; waited += 5) {
		if (l->responded >= responded)
			return;
		nap();
	}
	cr_assert_fail("fewer than %lu responses", responded);
}

struct counts
load_stop(struct load *l)
{
	struct counts counts;

	l->stop = true;
	for (unsigned i = 0; i < l->nthreads; i++)
		pthread_join(l->threads[i], NULL);
	counts = (struct counts) { l->responded, l->refused, l->failed };
	free(l);
	return counts;
}
