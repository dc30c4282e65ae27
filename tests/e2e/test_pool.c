/* The processes: start, load, crashes, reload, stop. Each test has its own pool. */
#include <criterion/criterion.h>

#include "app/clock.h"
#include "e2e/pool_client.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>

#define SETTINGS(...) ((const char *const[]) { __VA_ARGS__, NULL })

static struct pool pool;
static struct pool_response response;

static void
set_up(void)
{
	pool = pool_new();
}

static void
tear_down(void)
{
	pool_free(&pool);
}

TestSuite(pool, .init = set_up, .fini = tear_down, .timeout = 180);

static void
write_settings(const char *text)
{
	FILE *out = fopen(pool.settings, "w");

	cr_assert_not_null(out);
	fputs(text, out);
	cr_assert_eq(fclose(out), 0);
}

static void
reload(const char *expected, unsigned times)
{
	kill(pool.pid, SIGHUP);
	pool_wait_logged(&pool, expected, times);
}

static int
send_request(const char *uri)
{
	struct bytes *b = calloc(1, sizeof(*b));
	int fd = dial(&pool);

	cr_assert(fd >= 0);
	put_request(b, "GET", uri, NULL);
	cr_assert_eq(send(fd, b->data, b->len, MSG_NOSIGNAL), (ssize_t)b->len);
	free(b);
	return fd;
}

static void
expect_response(int fd, unsigned status)
{
	cr_assert(read_response(fd, &response), "cut off");
	cr_assert_eq(response.status, status, "%s", response.text);
	close(fd);
}

/* ---- responses */

Test(pool, responses)
{
	pool_start(&pool, SETTINGS("WORKERS=2"), NULL);
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	cr_expect_not_null(strstr(response.text, "\r\nContent-Type: application/json\r\n"));
	cr_expect_not_null(strstr(response.text, "\r\nX-Request-ID: "));
	expect_status(&pool, "GET", "/nowhere", NULL, 404, &response);
	expect_status(&pool, "POST", "/back", "some bytes", 200, &response);
	cr_expect_not_null(strstr(response.text, "\r\n\r\nsome bytes"));
	cr_expect_eq(pool_stop(&pool), 0);
	cr_expect_neq(access(pool.socket, F_OK), 0, "the socket is still there");
}

Test(pool, head_has_a_length_and_no_body)
{
	pool_start(&pool, NULL, NULL);
	expect_status(&pool, "HEAD", "/much?n=1000", NULL, 200, &response);
	cr_expect_not_null(strstr(response.text, "\r\nContent-Length: 1000\r\n"));
	cr_expect_eq(strcmp(response.text + response.len - 4, "\r\n\r\n"), 0);
}

Test(pool, carries_large_bodies_both_ways)
{
	static char body[300001];

	memset(body, 'x', sizeof(body) - 1);
	pool_start(&pool, NULL, NULL);
	expect_status(&pool, "POST", "/about", body, 200, &response);
	cr_expect_eq(response_number(&response, "body"), 300000);
	expect_status(&pool, "POST", "/back", body, 200, &response);
	cr_expect_gt(response.total, 300000);
	expect_status(&pool, "GET", "/much?n=5000000", NULL, 200, &response);
	cr_expect_gt(response.total, 5000000);
}

Test(pool, rejects_a_body_over_the_limit)
{
	static char body[5001];

	memset(body, 'x', sizeof(body) - 1);
	pool_start(&pool, SETTINGS("MAX_BODY_BYTES=5000", "WORKERS=1"), NULL);
	expect_status(&pool, "POST", "/about", body, 200, &response);
	body[4999] = 'y';
	expect_status(&pool, "POST", "/about", body, 200, &response);
	write_settings("MAX_BODY_BYTES=4999\n");
	pool_stop(&pool);
	pool_start(&pool, SETTINGS("MAX_BODY_BYTES=4999", "WORKERS=1"), NULL);
	expect_status(&pool, "POST", "/back", body, 413, &response);
	cr_expect_not_null(strstr(response.text, "\"code\":\"payload_too_large\""));
}

Test(pool, a_request_that_exhausts_its_memory_is_503)
{
	pool_start(&pool, SETTINGS("WORKERS=1"), NULL);
	expect_status(&pool, "GET", "/memory", NULL, 503, &response);
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	cr_expect_eq(pool_logged(&pool, " exited"), 0);
}

/* ---- metrics */

/* The value of `name` in /metrics; -1 if it is missing. */
static long
measured(const char *name)
{
	const char *at;

	expect_status(&pool, "GET", "/metrics", NULL, 200, &response);
	at = strstr(response.text, name);
	return at && at[strlen(name)] == ' ' ? strtol(at + strlen(name) + 1, NULL, 10) : -1;
}

static void
wait_measured(const char *name, long wanted)
{
	long got = -1;

	for (int i = 0; i < 1000 && (got = measured(name)) != wanted; i++)
		usleep(10000);
	cr_expect_eq(got, wanted, "%s: %s", name, response.text);
}

#define ABOUT "http_requests_total{method=\"GET\",route=\"/about\",status=\"200\"}"

Test(pool, counters_survive_workers_and_reloads)
{
	long before;
	int fd;

	pool_start(&pool, SETTINGS("WORKERS=2"), NULL);
	for (int i = 0; i < 20; i++)
		expect_status(&pool, "GET", "/about", NULL, 200, &response);
	before = measured("\n" ABOUT);
	cr_expect_geq(before, 20);
	wait_measured("\nworkers", 2);
	cr_expect_eq(measured("\nworker_restarts_total"), 0);
	wait_measured("\nhttp_requests_in_progress", 1);
	fd = send_request("/sleep?n=1000");
	wait_measured("\nhttp_requests_in_progress", 2);
	expect_response(fd, 200);

	for (int i = 0; i < 3; i++)
		ask_for(&pool, "GET", "/crash", NULL, &response);
	pool_wait_logged(&pool, "exited on signal 9", 3);
	cr_expect_eq(measured("\n" ABOUT), before);
	wait_measured("\nworker_restarts_total", 3);

	reload("pool reloaded", 1);
	cr_expect_eq(measured("\n" ABOUT), before);
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	cr_expect_eq(measured("\n" ABOUT), before + 1);
}

Test(pool, counters_survive_a_reload_with_more_workers)
{
	pool_start(&pool, NULL, NULL);
	expect_status(&pool, "GET", "/nowhere", NULL, 404, &response);
	write_settings("WORKERS=40\n");
	reload("pool reloaded: 40 workers", 1);
	cr_expect_eq(measured("route=\"unmatched\",status=\"404\"}"), 1);
	cr_expect_eq(measured("\nworkers"), 40);
	expect_status(&pool, "GET", "/nowhere", NULL, 404, &response);
	cr_expect_eq(measured("route=\"unmatched\",status=\"404\"}"), 2);
}

Test(pool, a_response_at_the_deadline_is_counted)
{
	pool_start(&pool, SETTINGS("WORKERS=2", "REQUEST_TIMEOUT_SECONDS=1"), NULL);
	expect_status(&pool, "GET", "/sleep?n=30000", NULL, 503, &response);
	pool_wait_logged(&pool, "this worker exits", 1);
	cr_expect_eq(measured("route=\"/sleep\",status=\"503\"}"), 1);
}

/* ---- password hashing */

enum { BURST = 16, TOO_MANY = 60, PLACES = 32 };

static int burst[TOO_MANY];

static void
send_burst(size_t n)
{
	struct bytes *b = calloc(1, sizeof(*b));

	put_request(b, "POST", "/hash", NULL);
	for (size_t i = 0; i < n; i++) {
		burst[i] = dial(&pool);
		cr_assert(burst[i] >= 0);
		cr_assert_eq(send(burst[i], b->data, b->len, MSG_NOSIGNAL), (ssize_t)b->len);
	}
	free(b);
}

static bool
has_response(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/* All hashes together take a second, the other requests a few milliseconds. */
Test(pool, a_burst_of_hashes_does_not_delay_other_requests)
{
	pool_start(&pool, SETTINGS("WORKERS=4", "PASSWORD_YESCRYPT_COST=6"), NULL);
	send_burst(BURST);
	for (int i = 0; i < 20; i++)
		expect_status(&pool, "GET", "/about", NULL, 200, &response);
	cr_expect_not(has_response(burst[BURST - 1]), "the last hash was not queued");
	for (size_t i = 0; i < BURST; i++)
		expect_response(burst[i], 200);
}

Test(pool, a_larger_burst_of_hashes_is_partly_refused)
{
	unsigned responded = 0, refused = 0;

	pool_start(&pool, SETTINGS("WORKERS=4", "PASSWORD_YESCRYPT_COST=6"), NULL);
	send_burst(TOO_MANY);
	for (size_t i = 0; i < TOO_MANY; i++) {
		cr_assert(read_response(burst[i], &response), "cut off");
		close(burst[i]);
		responded += response.status == 200;
		refused += response.status == 503 && strstr(response.text, "\r\nRetry-After: ") &&
			   strstr(response.text, "\"code\":\"overloaded\"");
	}
	cr_expect_eq(responded + refused, TOO_MANY);
	cr_expect_geq(responded, BURST);
	cr_expect_geq(refused, 1);
	cr_expect_eq(measured("\nunavailable_total{cause=\"hash_queue\"}"), refused);
}

Test(pool, requests_that_wait_to_hash_survive_a_reload_and_a_stop)
{
	pool_start(&pool, SETTINGS("WORKERS=2", "PASSWORD_YESCRYPT_COST=6"), NULL);
	send_burst(BURST);
	reload("pool reloaded", 1);
	for (size_t i = 0; i < BURST; i++)
		expect_response(burst[i], 200);

	send_burst(BURST);
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	cr_expect_eq(pool_stop(&pool), 0);
	for (size_t i = 0; i < BURST; i++)
		expect_response(burst[i], 200);
}

Test(pool, no_hash_for_a_disconnected_client)
{
	pool_start(&pool, SETTINGS("WORKERS=2", "PASSWORD_YESCRYPT_COST=9"), NULL);
	send_burst(BURST);
	for (size_t i = 1; i < BURST; i++)
		close(burst[i]);
	expect_response(burst[0], 200);
	wait_measured("http_requests_total{method=\"POST\",route=\"/hash\",status=\"200\"}", 1);
}

/* ---- changing the log level at run time */

static bool
is_logged(const char *uri, const char *text)
{
	unsigned before = pool_logged(&pool, text);

	expect_status(&pool, "GET", uri, NULL, 200, &response);
	return pool_logged(&pool, text) > before;
}

/* The signal may not have been handled yet. */
static void
wait_for_level(const char *uri, const char *text, bool wanted)
{
	bool got = !wanted;

	for (int i = 0; i < 1000 && (got = is_logged(uri, text)) != wanted; i++)
		usleep(10000);
	cr_expect_eq(got, wanted);
}

static int
set_level(const char *level, pid_t pid)
{
	char number[20];
	int status = -1;
	pid_t child;

	snprintf(number, sizeof(number), "%d", (int)pid);
	child = fork();
	if (child == 0) {
		execl(pool.program, pool.program, "log-level", level, "--pid", number, NULL);
		_exit(127);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Test(pool, the_log_level_changes_at_run_time)
{
	pool_start(&pool, SETTINGS("LOG_LEVEL=info", "WORKERS=2"), NULL);
	cr_expect_not(is_logged("/quiet", "a quiet word"));
	kill(pool.pid, SIGUSR2);
	wait_for_level("/quiet", "a quiet word", true);
	kill(pool.pid, SIGUSR2);
	wait_for_level("/quiet", "a quiet word", false);

	cr_expect_eq(set_level("debug", pool.pid), 0);
	wait_for_level("/quiet", "a quiet word", true);
	cr_expect_eq(sigqueue(pool.pid, SIGUSR2, (union sigval) { .sival_int = 1000 }), 0);
	cr_expect_eq(set_level("warn", pool.pid), 0);
	wait_for_level("/about", "\"message\":\"request\"", false);
	cr_expect_eq(set_level("default", pool.pid), 0);
	wait_for_level("/about", "\"message\":\"request\"", true);
	cr_expect_not(is_logged("/quiet", "a quiet word"));

	cr_expect_eq(set_level("debug", pool.pid), 0);
	wait_for_level("/quiet", "a quiet word", true);
	reload("pool reloaded", 1);
	wait_for_level("/quiet", "a quiet word", false);
}

static bool
runs(pid_t pid, const char *name)
{
	char path[40], exe[200];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	exe[n > 0 ? n : 0] = '\0';
	return strstr(exe, name) != NULL;
}

Test(pool, log_level_signals_only_a_pool)
{
	pid_t other = fork();
	int status;

	if (other == 0) {
		execlp("sleep", "sleep", "60", NULL);
		_exit(127);
	}
	while (!runs(other, "sleep")) /* before exec, it runs our program */
		usleep(1000);
	cr_expect_eq(set_level("debug", other), 1);
	cr_expect_eq(set_level("loud", other), 2);
	cr_expect_eq(waitpid(other, &status, WNOHANG), 0, "it was terminated");
	kill(other, SIGKILL);
	waitpid(other, &status, 0);
}

Test(pool, a_single_worker_changes_its_level)
{
	pool_start_single(&pool, SETTINGS("LOG_LEVEL=info"), NULL);
	cr_expect_eq(set_level("debug", pool.pid), 0);
	wait_for_level("/quiet", "a quiet word", true);
	kill(pool.pid, SIGUSR2);
	wait_for_level("/quiet", "a quiet word", false);
	cr_expect_eq(pool_stop(&pool), 0);
}

Test(pool, a_signal_to_the_whole_service_ends_no_worker)
{
	pool_start(&pool, SETTINGS("WORKERS=1"), NULL);
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	kill((pid_t)response_number(&response, "pid"), SIGUSR2);
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	cr_expect_eq(pool_logged(&pool, "exited on signal"), 0);
}

/* ---- a log whose reader is stalled */

/* Starts the pool with its log in a FIFO; returns the reading end. */
static int
start_with_fifo(void)
{
	int fd;

	cr_assert_eq(mkfifo(pool.log, 0600), 0);
	fd = open(pool.log, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	cr_assert_geq(fd, 0);
	pool_start(&pool, SETTINGS("WORKERS=2"), NULL);
	return fd;
}

Test(pool, an_unread_log_does_not_stop_the_pool)
{
	static char text[65536];
	struct counts counts;
	struct load *load;
	int64_t began;
	int log = start_with_fifo();
	bool reported = false;

	load = load_start(&pool, 3, "/about");
	load_wait(load, 6000);
	kill(pool.pid, SIGHUP);
	load_wait(load, 9000);
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	kill((pid_t)response_number(&response, "pid"), SIGKILL);
	load_wait(load, 12000);
	counts = load_stop(load);
	cr_expect_leq(counts.failed, 1);
	cr_expect_gt(measured("\nlog_lines_dropped_total"), 1000);

	while (read(log, text, sizeof(text)) > 0)
		continue;
	for (int i = 0; i < 3 && !reported; i++) {
		ssize_t n;

		expect_status(&pool, "GET", "/about", NULL, 200, &response);
		n = read(log, text, sizeof(text) - 1);
		text[n > 0 ? n : 0] = '\0';
		reported = strstr(text, "\"log_lines_dropped\":");
	}
	cr_expect(reported);

	load = load_start(&pool, 3, "/about");
	load_wait(load, 6000);
	load_stop(load);
	began = clock_monotonic();
	cr_expect_eq(pool_stop(&pool), 0);
	cr_expect_lt(clock_monotonic() - began, 5000000);
	close(log);
}

/* ---- crashes and deadlines */

Test(pool, a_killed_worker_fails_only_its_own_request)
{
	enum { KILLS = 10 };
	struct counts counts;
	struct load *load;

	pool_start(&pool, SETTINGS("WORKERS=4"), NULL);
	load = load_start(&pool, 3, "/about");
	for (unsigned i = 1; i <= KILLS; i++) {
		/* The worker that responds is alive; the load may keep it busy. */
		while (!ask_for(&pool, "GET", "/about", NULL, &response))
			continue;
		kill((pid_t)response_number(&response, "pid"), SIGKILL);
		pool_wait_logged(&pool, "exited on signal 9", i);
	}
	load_wait(load, 2000);
	counts = load_stop(load);
	cr_expect_leq(counts.failed, KILLS, "%lu failed", counts.failed);
	cr_expect_eq(counts.refused, 0);
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
}

Test(pool, a_crash_loses_one_request)
{
	pool_start(&pool, SETTINGS("WORKERS=1"), NULL);
	for (int i = 0; i < 3; i++) {
		cr_expect_not(ask_for(&pool, "GET", "/crash", NULL, &response));
		expect_status(&pool, "GET", "/about", NULL, 200, &response);
	}
}

/* The back-off after seven failed starts would be eleven seconds. */
Test(pool, a_worker_that_was_ready_is_replaced_at_once)
{
	int64_t began;

	pool_start(&pool, SETTINGS("WORKERS=1"), NULL);
	began = clock_monotonic();
	for (int i = 0; i < 8; i++) {
		while (!ask_for(&pool, "GET", "/about", NULL, &response))
			continue;
		kill((pid_t)response_number(&response, "pid"), SIGKILL);
	}
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	cr_expect_lt(clock_monotonic() - began, 5000000);
}

Test(pool, a_request_over_its_deadline_is_503)
{
	const char *id;
	int fd;

	pool_start(&pool, SETTINGS("WORKERS=2", "REQUEST_TIMEOUT_SECONDS=2"), NULL);
	fd = send_request("/sleep?n=60000");
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	expect_response(fd, 503);
	cr_expect_not_null(strstr(response.text, "Content-Type: application/problem+json\r\n"));
	cr_expect_not_null(strstr(response.text, "\"code\":\"unavailable\""));
	cr_expect_not_null(strstr(response.text, "\r\nRetry-After: "));
	id = strstr(response.text, "\r\nX-Request-ID: ");
	cr_assert_not_null(id);
	cr_expect_neq(strncmp(id + 16, "none", 4), 0);
	cr_expect_not_null(strstr(strstr(id, "\"request_id\":\""), (char[]) { id[16], '\0' }));
	pool_wait_logged(&pool, "took longer than REQUEST_TIMEOUT_SECONDS", 1);
	pool_wait_logged(&pool, "\"cause\":\"timeout\"", 1);
	for (int i = 0; i < 10; i++)
		expect_status(&pool, "GET", "/about", NULL, 200, &response);
}

Test(pool, a_deadline_counts_from_each_request)
{
	pool_start(&pool, SETTINGS("WORKERS=1", "REQUEST_TIMEOUT_SECONDS=3"), NULL);
	for (int i = 0; i < 3; i++)
		expect_status(&pool, "GET", "/sleep?n=1200", NULL, 200, &response);
	cr_expect_eq(pool_logged(&pool, " exited"), 0);
}

Test(pool, a_worker_that_ignores_its_deadline_is_killed)
{
	pool_start(&pool, SETTINGS("WORKERS=1", "REQUEST_TIMEOUT_SECONDS=2"), NULL);
	cr_expect_not(ask_for(&pool, "GET", "/deaf?n=60000", NULL, &response));
	pool_wait_logged(&pool, "hangs: killed", 1);
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
}

Test(pool, a_client_that_does_not_read_is_dropped)
{
	int fd;

	pool_start(&pool, SETTINGS("WORKERS=1", "REQUEST_TIMEOUT_SECONDS=2"), NULL);
	fd = send_request("/much?n=20000000");
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	close(fd);
}

Test(pool, a_request_whose_client_has_gone_is_dropped)
{
	int busy, gone;

	pool_start(&pool, SETTINGS("WORKERS=1"), NULL);
	busy = send_request("/sleep?n=300");
	gone = send_request("/abandoned");
	close(gone);
	expect_response(busy, 200);
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	cr_expect_eq(pool_logged(&pool, "abandoned"), 0);
}

Test(pool, workers_are_replaced_after_max_requests)
{
	struct counts counts;
	struct load *load;

	pool_start(&pool, SETTINGS("WORKERS=2", "MAX_REQUESTS=50"), NULL);
	load = load_start(&pool, 3, "/about");
	load_wait(load, 2000);
	counts = load_stop(load);
	cr_expect_eq(counts.failed, 0);
	cr_expect_eq(counts.refused, 0);
	cr_expect_geq(pool_logged(&pool, " exited"), 20);
}

Test(pool, a_worker_that_leaks_is_replaced)
{
	struct counts counts;
	struct load *load;

	pool_start(&pool, SETTINGS("WORKERS=2", "MAX_WORKER_MIB=64"), NULL);
	load = load_start(&pool, 3, "/leak?n=1000000");
	load_wait(load, 1000);
	counts = load_stop(load);
	cr_expect_eq(counts.failed, 0);
	cr_expect_eq(counts.refused, 0);
	cr_expect_geq(pool_logged(&pool, "(MAX_WORKER_MIB=64) and exits"), 8);
	cr_expect_leq(pool_logged(&pool, "(MAX_WORKER_MIB=64) and exits"), 1000 / 16);
}

Test(pool, workers_exit_with_their_parent)
{
	int ended = 0;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pool_start(&pool, SETTINGS("WORKERS=3"), NULL);
	kill(pool.pid, SIGKILL);
	while (wait(NULL) > 0)
		ended++;
	cr_expect_geq(ended, 2);
	pool.pid = 0;
}

/* ---- workers that do not respond */

static pid_t
stop_worker(void)
{
	pid_t pid;

	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	pid = (pid_t)response_number(&response, "pid");
	kill(pid, SIGSTOP);
	return pid;
}

Test(pool, a_stopped_worker_is_replaced)
{
	pool_start(&pool, SETTINGS("WORKERS=2"), NULL);
	stop_worker();
	pool_wait_logged(&pool, "is stopped: killed", 1);
	pool_wait_logged(&pool, "exited on signal 9", 1);
	for (int i = 0; i < 10; i++)
		expect_status(&pool, "GET", "/about", NULL, 200, &response);
	wait_measured("\nworkers", 2);
}

/* The new binary detects it too, though the stop was before. */
Test(pool, a_stopped_worker_does_not_delay_a_reload)
{
	pool_start(&pool, SETTINGS("WORKERS=2"), NULL);
	stop_worker();
	reload("pool reloaded", 1);
	cr_expect_eq(pool_logged(&pool, "is stopped: killed"), 1);
	wait_measured("\nworkers", 2);
}

Test(pool, a_worker_that_continues_is_kept)
{
	pid_t pid;

	pool_start(&pool, SETTINGS("WORKERS=2"), NULL);
	pid = stop_worker();
	usleep(1500000); /* the parent has seen the stop by then */
	kill(pid, SIGCONT);
	expect_status(&pool, "GET", "/sleep?n=10000", NULL, 200, &response);
	cr_expect_eq(kill(pid, 0), 0);
	cr_expect_eq(pool_logged(&pool, "is stopped"), 0);
}

/* ---- signals */

/* The last ones are reported by sanitizers themselves. */
static const int crashes[] = { SIGTRAP, SIGABRT, SIGSYS, SIGILL, SIGBUS, SIGFPE, SIGSEGV };
#ifdef __SANITIZE_ADDRESS__
enum { CRASHES = 3 };
#else
enum { CRASHES = COUNT(crashes) };
#endif

static bool
is_one_of(int number, const int *numbers, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (numbers[i] == number)
			return true;
	return false;
}

/* Signals that the pool must ignore silently, and those that it must log. */
Test(pool, no_signal_ends_the_parent_silently)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGKILL, SIGSTOP, SIGTSTP };
	static const int silent[] = { SIGPIPE, SIGXFSZ, SIGTTIN, SIGTTOU, SIGUSR1,
				      SIGUSR2, SIGCHLD, SIGCONT, SIGURG,  SIGWINCH };
	unsigned logged = 0;
	pid_t worker;

	pool_start(&pool, SETTINGS("WORKERS=1"), NULL);
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	worker = (pid_t)response_number(&response, "pid");
	for (int number = 1; number <= SIGRTMAX; number++) {
		if (number == 32 || number == 33 || is_one_of(number, ends, COUNT(ends)) ||
		    is_one_of(number, crashes, COUNT(crashes)))
			continue;
		cr_assert_eq(kill(pool.pid, number), 0, "signal %d terminated it", number);
		if (!is_one_of(number, silent, COUNT(silent)))
			pool_wait_logged(&pool, "ignored signal", ++logged);
		expect_status(&pool, "GET", "/about", NULL, 200, &response);
		cr_expect_eq((pid_t)response_number(&response, "pid"), worker, "signal %d", number);
	}
	cr_expect_eq(pool_stop(&pool), 0);
}

Test(pool, a_crash_of_the_parent_is_logged)
{
	for (size_t i = 0; i < CRASHES; i++) {
		int status = 0;

		pool_start(&pool, SETTINGS("WORKERS=1"), NULL);
		/* Workers of the previous pool may have responded. */
		pool_wait_logged(&pool, "workers is serving requests on", (unsigned)i + 1);
		kill(pool.pid, crashes[i]);
		waitpid(pool.pid, &status, 0);
		pool.pid = 0;
		cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == crashes[i], "signal %d",
			  crashes[i]);
		cr_expect_eq(pool_logged(&pool, "this process exits on signal"), i + 1);
	}
}

static void
expect_worker_ends(int number, const char *text, unsigned times)
{
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	kill((pid_t)response_number(&response, "pid"), number);
	pool_wait_logged(&pool, text, times);
}

Test(pool, no_signal_ends_a_worker_silently)
{
	static const int leave[] = { SIGTERM, SIGUSR1, SIGXCPU, SIGKILL, SIGSTOP, SIGTSTP };
	unsigned ended = 0;
	pid_t worker;

	pool_start(&pool, SETTINGS("WORKERS=1"), NULL);
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	worker = (pid_t)response_number(&response, "pid");
	for (int number = 1; number <= SIGRTMAX; number++) {
		if (number == 32 || number == 33 || is_one_of(number, leave, COUNT(leave)) ||
		    is_one_of(number, crashes, COUNT(crashes)))
			continue;
		kill(worker, number);
		expect_status(&pool, "GET", "/about", NULL, 200, &response);
		cr_expect_eq((pid_t)response_number(&response, "pid"), worker, "signal %d", number);
	}
	expect_worker_ends(SIGXCPU, "RLIMIT_CPU", 1);
	for (size_t i = 0; i < CRASHES; i++)
		expect_worker_ends(crashes[i], "exited on signal", ++ended);
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
}

Test(pool, no_signal_ends_a_single_worker_silently)
{
	static const int leave[] = { SIGTERM, SIGUSR1, SIGXCPU, SIGINT, SIGQUIT,
				     SIGHUP,  SIGKILL, SIGSTOP, SIGTSTP };
	int status = 0;

	pool_start_single(&pool, NULL, NULL);
	for (int number = 1; number <= SIGRTMAX; number++) {
		if (number == 32 || number == 33 || is_one_of(number, leave, COUNT(leave)) ||
		    is_one_of(number, crashes, COUNT(crashes)))
			continue;
		kill(pool.pid, number);
		expect_status(&pool, "GET", "/about", NULL, 200, &response);
	}
	kill(pool.pid, SIGSYS);
	waitpid(pool.pid, &status, 0);
	pool.pid = 0;
	cr_expect(WIFSIGNALED(status));
	cr_expect_eq(pool_logged(&pool, "this process exits on signal 31 (SIGSYS)"), 1);
}

/* RLIMIT_FSIZE: the log file may grow by 20 kB. */
Test(pool, a_log_file_that_may_not_grow_stops_nothing)
{
	const struct rlimit limit = { 64 << 20, RLIM_INFINITY };
	int log = open(pool.log, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	cr_assert_eq(ftruncate(log, (64 << 20) - 20000), 0);
	close(log);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	pool_start(&pool, SETTINGS("WORKERS=1"), NULL);
	for (int i = 0; i < 500; i++)
		expect_status(&pool, "GET", "/about", NULL, 200, &response);
	kill(pool.pid, SIGPROF); /* the parent would log a line about it */
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	cr_expect_gt(measured("\nlog_lines_dropped_total"), 100);
	cr_expect_eq(measured("\nworker_restarts_total"), 0);
	cr_expect_eq(pool_stop(&pool), 0);
}

/* ---- reload */

Test(pool, reloads_fail_no_request)
{
	struct counts counts;
	struct load *load;
	long before;

	pool_start(&pool, SETTINGS("WORKERS=3"), NULL);
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	before = response_number(&response, "pid");
	load = load_start(&pool, 3, "/about");
	for (unsigned i = 1; i <= 5; i++)
		reload("pool reloaded", i);
	for (unsigned i = 0; i < 5; i++)
		kill(pool.pid, SIGHUP);
	pool_wait_logged(&pool, "pool reloaded", 6);
	counts = load_stop(load);
	cr_expect_eq(counts.failed, 0, "%lu failed", counts.failed);
	cr_expect_eq(counts.refused, 0);
	cr_expect_gt(counts.responded, 0);
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	cr_expect_neq(response_number(&response, "pid"), before);
	cr_expect_eq(pool_stop(&pool), 0);
	cr_expect_neq(access(pool.socket, F_OK), 0, "the socket is still there");
}

Test(pool, a_reload_waits_for_running_requests)
{
	int fd;

	pool_start(&pool, SETTINGS("WORKERS=2"), NULL);
	fd = send_request("/sleep?n=1000");
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	reload("pool reloaded", 1);
	expect_response(fd, 200);
}

Test(pool, a_reload_loads_a_new_program)
{
	struct counts counts;
	struct load *load;

	pool_start(&pool, SETTINGS("WORKERS=2"), NULL);
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	cr_expect_not_null(strstr(response.text, "\"edition\":\"one\""));
	load = load_start(&pool, 2, "/about");
	pool_install(&pool, "tests/e2e/pool_app2");
	reload("pool reloaded", 1);
	counts = load_stop(load);
	cr_expect_eq(counts.failed + counts.refused, 0);
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	cr_expect_not_null(strstr(response.text, "\"edition\":\"two\""));
	cr_expect_eq(pool_stop(&pool), 0);
}

Test(pool, an_invalid_program_or_setting_is_not_loaded)
{
	pool_start(&pool, SETTINGS("WORKERS=2"), NULL);
	write_settings("APP_NAME=Old\n");
	reload("pool reloaded", 1);

	pool_install(&pool, "/bin/false");
	reload("not reloaded", 1);
	pool_install(&pool, "/dev/null");
	reload("not reloaded", 2);
	pool_install(&pool, "tests/e2e/pool_app2");
	write_settings("APP_NAME=New\nMAX_REQUESTS=many\n");
	reload("not reloaded", 3);
	cr_expect_geq(pool_logged(&pool, "MAX_REQUESTS"), 1, "the log has no reason");
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	cr_expect_not_null(strstr(response.text, "\"edition\":\"one\""));
	cr_expect_not_null(strstr(response.text, "\"name\":\"Old\""));

	write_settings("APP_NAME=New\nMAX_BODY_BYTES=2000\n");
	reload("pool reloaded", 2);
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	cr_expect_not_null(strstr(response.text, "\"name\":\"New\""));
	cr_expect_eq(response_number(&response, "max_body"), 2000);
}

Test(pool, a_program_that_hangs_is_not_loaded)
{
	char script[128];
	FILE *out;

	pool_start(&pool, SETTINGS("WORKERS=2"), NULL);
	snprintf(script, sizeof(script), "%s/hangs", pool.directory);
	out = fopen(script, "w");
	cr_assert_not_null(out);
	fputs("#!/bin/sh\nexec sleep 1000\n", out);
	fchmod(fileno(out), 0755);
	cr_assert_eq(fclose(out), 0);
	pool_install(&pool, script);
	kill(pool.pid, SIGHUP);
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	pool_wait_logged(&pool, "not reloaded", 1);
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	cr_expect_eq(pool_stop(&pool), 0);
}

Test(pool, a_reload_changes_the_number_of_workers)
{
	pool_start(&pool, NULL, NULL);
	write_settings("WORKERS=100\n");
	reload("pool reloaded: 100 workers", 1);
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	write_settings("WORKERS=1\n");
	reload("pool reloaded: 1 workers", 1);
	for (int i = 0; i < 20; i++)
		expect_status(&pool, "GET", "/about", NULL, 200, &response);
	cr_expect_eq(pool_stop(&pool), 0);
}

/* ---- stop */

Test(pool, a_stop_under_load_drops_no_request)
{
	struct counts counts;
	struct load *load;

	pool_start(&pool, SETTINGS("WORKERS=3"), NULL);
	load = load_start(&pool, 6, "/about");
	load_wait(load, 500);
	cr_expect_eq(pool_stop(&pool), 0);
	counts = load_stop(load);
	cr_expect_eq(counts.failed, 0, "%lu failed", counts.failed);
	cr_expect_gt(counts.responded, 0);
}

Test(pool, a_stop_serves_the_backlog)
{
	enum { WAITING = 30 };
	int running, waiting[WAITING];

	pool_start(&pool, SETTINGS("WORKERS=1"), NULL);
	running = send_request("/sleep?n=300");
	for (int i = 0; i < WAITING; i++)
		waiting[i] = send_request("/about");
	kill(pool.pid, SIGTERM);
	expect_response(running, 200);
	for (int i = 0; i < WAITING; i++) {
		expect_response(waiting[i], 200);
		cr_expect_not_null(strstr(response.text, "\"draining\":true"));
	}
	cr_expect_eq(pool_stop(&pool), 0);
}

Test(pool, a_terminal_interrupt_drops_no_request)
{
	char listen[128];
	int fd;

	snprintf(listen, sizeof(listen), "LISTEN=unix:%s", pool.socket);
	pool_start(&pool, SETTINGS("WORKERS=2", listen), SETTINGS("setsid"));
	fd = send_request("/sleep?n=300");
	kill(-pool.pid, SIGINT);
	expect_response(fd, 200);
	cr_expect_eq(pool_stop(&pool), 0);
}

/* ---- inherited sockets */

static bool
have(const char *program)
{
	char path[256];

	snprintf(path, sizeof(path), "/usr/bin/%s", program);
	return access(path, X_OK) == 0;
}

#define NEED(program)                                                                              \
	do {                                                                                       \
		if (!have(program))                                                                \
			cr_skip_test("%s is not installed", program);                              \
	} while (0)

static void
expect_service(void)
{
	struct counts counts;
	struct load *load = load_start(&pool, 2, "/about");

	load_wait(load, 100);
	kill(pool.pid, SIGHUP);
	pool_wait_logged(&pool, "pool reloaded", 1);
	pool_wait_logged(&pool, " exited", 4); /* the old workers and those of the reload */
	counts = load_stop(load);
	cr_expect_eq(counts.failed, 0);
	cr_expect_eq(counts.refused, 0);
	cr_expect_eq(pool_stop(&pool), 0);
}

Test(pool, works_under_spawn_fcgi)
{
	NEED("spawn-fcgi");
	pool_start(&pool, NULL, SETTINGS("spawn-fcgi", "-n", "-s", pool.socket, "--"));
	expect_service();
}

Test(pool, works_under_socket_activation)
{
	NEED("systemd-socket-activate");
	pool_start(&pool, NULL,
		   SETTINGS("systemd-socket-activate", "-l", pool.socket, "-E", "DATABASE_URL",
			    "-E", "JWT_SECRET_KEY", "-E", "ENV_FILE", "-E", "LOG_FORMAT", "-E",
			    "LOG_LEVEL"));
	expect_service();
}

Test(pool, works_with_the_socket_as_standard_input)
{
	NEED("systemd-socket-activate");
	pool_start(&pool, NULL,
		   SETTINGS("systemd-socket-activate", "--inetd", "-l", pool.socket, "-E",
			    "DATABASE_URL", "-E", "JWT_SECRET_KEY", "-E", "ENV_FILE", "-E",
			    "LOG_FORMAT", "-E", "LOG_LEVEL"));
	expect_service();
}

Test(pool, works_over_tcp)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&address, size), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	close(fd);
	pool.port = ntohs(address.sin_port);
	pool_start(&pool, NULL, NULL);
	expect_status(&pool, "GET", "/much?n=300000", NULL, 200, &response);
	expect_service();
}

/* ---- one worker without a parent */

Test(pool, a_single_worker_serves_and_stops)
{
	int running, waiting;

	pool_start_single(&pool, SETTINGS("REQUEST_TIMEOUT_SECONDS=2"), NULL);
	running = send_request("/sleep?n=300");
	waiting = send_request("/about");
	kill(pool.pid, SIGTERM);
	expect_response(running, 200);
	expect_response(waiting, 200);
	cr_expect_eq(pool_stop(&pool), 0);
}

Test(pool, a_single_worker_enforces_its_deadline)
{
	int status = 0;

	pool_start_single(&pool, SETTINGS("REQUEST_TIMEOUT_SECONDS=1"), NULL);
	expect_status(&pool, "GET", "/sleep?n=60000", NULL, 503, &response);
	waitpid(pool.pid, &status, 0);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) != 0);
	pool.pid = 0;
}

Test(pool, single_workers_share_a_segment)
{
	char file[128];
	struct stat st;

	NEED("spawn-fcgi");
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* spawn-fcgi does not wait for them */
	snprintf(file, sizeof(file), "SHM_FILE=%s/segment", pool.directory);
	pool_start_single(&pool, SETTINGS(file),
			  SETTINGS("spawn-fcgi", "-F", "3", "-s", pool.socket, "--"));
	if (pool.pid)
		waitpid(pool.pid, NULL, 0);
	pool.pid = 0;
	cr_assert_eq(stat(strchr(file, '/'), &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0600);
	cr_expect_gt(st.st_size, 65536 * 8);
	for (int left = 3; left > 0; left--) {
		pid_t pid;

		expect_status(&pool, "GET", "/about", NULL, 200, &response);
		pid = (pid_t)response_number(&response, "pid");
		kill(pid, SIGTERM);
		cr_expect_eq(waitpid(pid, NULL, 0), pid);
	}
	cr_expect_lt(dial(&pool), 0);
}

/* ---- the socket file */

static int
run_serve(const char *option, const char *const *settings)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		for (; *settings; settings++)
			putenv((char *)(uintptr_t)*settings);
		setenv("DATABASE_URL", "host=/nowhere", 1);
		setenv("JWT_SECRET_KEY", "a key that the tests alone use, long enough", 1);
		freopen(pool.log, "a", stderr);
		freopen("/dev/null", "r", stdin);
		execl(pool.program, pool.program, "serve", option, NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Test(pool, a_socket_in_use_is_not_taken)
{
	char listen[128];

	snprintf(listen, sizeof(listen), "LISTEN=unix:%s", pool.socket);
	pool_start(&pool, NULL, NULL);
	cr_expect_eq(run_serve(NULL, SETTINGS(listen)), 1);
	cr_expect_eq(pool_logged(&pool, "another process listens on it"), 1);
	expect_status(&pool, "GET", "/about", NULL, 200, &response);
	cr_expect_eq(pool_stop(&pool), 0);
}

Test(pool, a_stale_socket_is_replaced)
{
	struct stat st;

	pool_start(&pool, NULL, NULL);
	kill(pool.pid, SIGKILL);
	waitpid(pool.pid, NULL, 0);
	cr_expect_eq(access(pool.socket, F_OK), 0);
	pool_start(&pool, NULL, NULL); /* the old workers may still respond */
	pool_wait_logged(&pool, "workers is serving requests on", 2);
	cr_assert_eq(stat(pool.socket, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0660);
	cr_expect_eq(pool_stop(&pool), 0);
}

Test(pool, invalid_addresses_prevent_the_start)
{
	static const char *const addresses[] = {
		"LISTEN=unix:relative", "LISTEN=9000",      "LISTEN=localhost:9000",
		"LISTEN=127.0.0.1",     "LISTEN=::1:9000",  "LISTEN=127.0.0.1:no",
		"LISTEN=unix:/tmp",     "LISTEN=[::1]9000", "LISTEN=127.0.0.1:",
	};

	for (size_t i = 0; i < COUNT(addresses); i++) {
		cr_expect_eq(run_serve(NULL, SETTINGS(addresses[i])), 1, "%s", addresses[i]);
		cr_expect_geq(pool_logged(&pool, addresses[i]), 1, "%s", addresses[i]);
	}
}

Test(pool, a_check_opens_no_socket)
{
	char listen[128];

	snprintf(listen, sizeof(listen), "LISTEN=unix:%s", pool.socket);
	cr_expect_eq(run_serve("--check", SETTINGS(listen)), 0);
	cr_expect_eq(run_serve("--check", SETTINGS(listen, "WORKERS=many")), 1);
	cr_expect_eq(pool_logged(&pool, "WORKERS"), 1);
	cr_expect_eq(run_serve("--check", SETTINGS("LISTEN=unix:relative")), 1);
	cr_expect_eq(pool_logged(&pool, "must have an absolute path"), 1);
	cr_expect_neq(access(pool.socket, F_OK), 0);
}

/* ---- systemd */

static void
expect_notification(int fd, const char *expected)
{
	char text[256];
	ssize_t n;

	do {
		n = recv(fd, text, sizeof(text) - 1, 0);
		cr_assert_geq(n, 0, "no notification; expected %s", expected);
		text[n] = '\0';
	} while (strstr(text, "WATCHDOG") && !strstr(expected, "WATCHDOG"));
	cr_assert_str_eq(text, expected);
}

Test(pool, notifies_systemd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval timeout = { .tv_sec = 10 };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char where[128];

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", pool.directory);
	snprintf(where, sizeof(where), "NOTIFY_SOCKET=%s", address.sun_path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));

	pool_start(&pool, SETTINGS(where, "WATCHDOG_USEC=300000"), NULL);
	expect_notification(fd, "READY=1");
	expect_notification(fd, "WATCHDOG=1");
	expect_notification(fd, "WATCHDOG=1");
	kill(pool.pid, SIGHUP);
	expect_notification(fd, "RELOADING=1");
	expect_notification(fd, "READY=1");
	expect_notification(fd, "WATCHDOG=1");
	kill(pool.pid, SIGTERM);
	expect_notification(fd, "STOPPING=1");
	cr_expect_eq(pool_stop(&pool), 0);
}

Test(pool, writes_its_process_id)
{
	char setting[128], text[32] = "";
	FILE *in;

	snprintf(setting, sizeof(setting), "PID_FILE=%s/pid", pool.directory);
	pool_start(&pool, SETTINGS(setting), NULL);
	in = fopen(strchr(setting, '/'), "r");
	cr_assert_not_null(in);
	cr_assert_not_null(fgets(text, sizeof(text), in));
	fclose(in);
	cr_expect_eq(strtol(text, NULL, 10), pool.pid);
	cr_expect_eq(pool_stop(&pool), 0);
	cr_expect_neq(access(strchr(setting, '/'), F_OK), 0);
}
