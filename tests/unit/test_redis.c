/* Redis, and its absence: each test has its own server. */
#define _GNU_SOURCE 1 /* unshare() */
#include <criterion/criterion.h>

#include "app/redis.h"

#include "app/clock.h"
#include "app/log.h"
#include "app/rate.h"
#include "app/settings.h"
#include "shared/shared_priv.h"
#include "support/redis_server.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { MAX_MS = 150, UNAVAILABLE = 201 };

static const struct rate five = { 5, 60 }, hour = { 10, 3600 };

static struct arena *arena;

static void
use(const char *text)
{
	static char copy[200];

	snprintf(copy, sizeof(copy), "%s", text);
	settings.redis_url = copy;
}

static void
begin(void)
{
	settings.log_level = "error";
	settings.log_format = "json";
	settings.app_name = "test";
	log_init();
	arena = arena_new(1 << 20);
	cr_assert_null(shared_open(NULL, 4));
	redis_server_begin();
}

static void
end(void)
{
	redis_server_end();
	arena_free(arena);
}

TestSuite(redis, .init = begin, .fini = end, .timeout = 60);

static struct rate_state
take(unsigned char key, struct rate rate)
{
	unsigned char bytes[HASH_SIZE] = { key };
	struct rate_state state;

	rate_take(bytes, rate, &state);
	return state;
}

/* The same in milliseconds. */
static int64_t
time_of_take(unsigned char key, struct rate rate, struct rate_state *state)
{
	int64_t start = clock_monotonic();

	*state = take(key, rate);
	return (clock_monotonic() - start) / 1000;
}

/* As another host, with its own segment and the same Redis. Returns how many of `n` attempts were
 * allowed. */
static int
take_as_host(unsigned char key, struct rate rate, int n)
{
	int passed = 0;

	if (shared_open(NULL, 4))
		return 200;
	for (int i = 0; i < n; i++)
		passed += !take(key, rate).refused;
	return passed;
}

static int
on_another_host(unsigned char key, struct rate rate, int n)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(take_as_host(key, rate, n));
	waitpid(pid, &status, 0);
	cr_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

Test(redis, agrees_with_the_local_count)
{
	struct rate_state state;

	for (int64_t left = 4; left >= 0; left--) {
		state = take(1, five);
		cr_expect_not(state.refused);
		cr_expect_eq(state.remaining, left);
		cr_expect_geq(state.wait, 11);
		cr_expect_leq(state.wait, 12);
	}
	state = take(1, five);
	cr_expect(state.refused);
	cr_expect_eq(state.remaining, 0);
	cr_expect_leq(state.wait, 12);
	cr_expect_not(take(2, five).refused);
}

Test(redis, two_hosts_share_the_count)
{
	cr_expect_eq(on_another_host(1, five, 3), 3);
	cr_expect_eq(take(1, five).remaining, 1);
	cr_expect_eq(on_another_host(1, five, 3), 1);
	cr_expect(take(1, five).refused);
}

Test(redis, rate_undo_undoes_an_attempt)
{
	unsigned char key[HASH_SIZE] = { 1 };
	struct rate_state state;

	for (int i = 0; i < 10; i++) {
		cr_expect_not(take(1, five).refused);
		rate_undo(key, five, &state);
	}
	cr_expect_eq(on_another_host(1, five, 6), 5);
}

/* Returns false if Redis did not respond to one of them in time. */
static bool
six_hosts_passed(unsigned char key, int *passed)
{
	bool responded = true;
	int status;

	*passed = 0;
	for (int i = 0; i < 6; i++) {
		if (fork() == 0) {
			int n = take_as_host(key, hour, 20);

			_exit(redis_ping() ? n : UNAVAILABLE);
		}
	}
	for (int i = 0; i < 6; i++) {
		cr_assert_neq(wait(&status), -1);
		cr_assert(WIFEXITED(status));
		responded = responded && WEXITSTATUS(status) != UNAVAILABLE;
		*passed += WEXITSTATUS(status);
	}
	return responded;
}

Test(redis, exact_for_many_processes)
{
	unsigned char key = 1;
	int passed;

	while (!six_hosts_passed(key, &passed)) /* on a busy machine */
		cr_assert_lt(key++, 50);
	cr_expect_eq(passed, 10);
}

static void
run_cli(const char *word, const char *word2, const char *word3, const char *word4)
{
	char path[100];
	pid_t pid = fork();

	if (pid == 0) {
		snprintf(path, sizeof(path), "%s/redis.sock", redis_server_folder());
		freopen("/dev/null", "w", stdout);
		execlp("redis-cli", "redis-cli", "-s", path, word, word2, word3, word4, NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

Test(redis, stores_binary_values)
{
	static const char bytes[] = "a\0b";
	const char *const keys[] = { "there", "not there" };
	struct redis_bytes out[2];

	cr_assert(redis_set("there", bytes, sizeof(bytes), 60));
	cr_assert(redis_get(arena, keys, 2, out));
	cr_expect_eq(out[0].len, sizeof(bytes));
	cr_expect_eq(memcmp(out[0].data, bytes, sizeof(bytes)), 0);
	cr_expect_null(out[1].data);
}

/* The value is not copied to the arena, whose limit would unwind the request. */
Test(redis, a_long_value_uses_no_memory_of_the_arena)
{
	const size_t len = 4 << 20;
	const char *const keys[] = { "long" };
	struct redis_bytes out[1];
	char *data = calloc(1, len);

	cr_assert_not_null(data);
	cr_assert(redis_set("long", data, len, 60));
	free(data);
	cr_assert(redis_get(arena, keys, 1, out));
	cr_expect_eq(out[0].len, len);
	cr_expect_lt(arena_used(arena), 1000);
}

static size_t
count_lines(FILE *log)
{
	char line[4096];
	size_t n = 0;

	rewind(log);
	while (fgets(line, sizeof(line), log))
		n++;
	return n;
}

/* For example, it is full: it responds, but counts nothing. */
Test(redis, rejections_are_logged_once)
{
	FILE *log = tmpfile();

	cr_assert_not_null(log);
	settings.log_level = "warn";
	log_init();
	run_cli("CONFIG", "SET", "maxmemory", "1");
	dup2(fileno(log), STDERR_FILENO);
	for (int64_t left = 4; left >= 0; left--)
		cr_expect_eq(take(1, five).remaining, left);
	cr_expect(take(1, five).refused);
	cr_expect_not(redis_set("x", "y", 1, 60));
	cr_expect_eq(count_lines(log), 1, "%zu lines", count_lines(log));
}

/* A server that gives the same reply to every command. Never returns. */
static NORETURN void
answer_with(int listener, const char *response)
{
	char request[4096];

	for (;;) {
		int fd = accept(listener, NULL, NULL);

		while (read(fd, request, sizeof(request)) > 0 &&
		       write(fd, response, strlen(response)) > 0)
			continue;
		close(fd);
	}
}

Test(redis, impossible_numbers_are_ignored)
{
	static const char *const replies[] = {
		"*2\r\n:1\r\n:-9223372036854775808\r\n",
		"*2\r\n:1\r\n:9223372036854775807\r\n",
		"*2\r\n:1\r\n$1\r\nx\r\n",
		"*1\r\n:1\r\n",
		":1\r\n",
		"what?\r\n",
	};

	for (size_t i = 0; i < COUNT(replies); i++) {
		struct sockaddr_un address = { .sun_family = AF_UNIX };
		int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		char url[200];
		pid_t pid;

		snprintf(address.sun_path, sizeof(address.sun_path), "%s/fake%zu",
			 redis_server_folder(), i);
		cr_assert_eq(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
		cr_assert_eq(listen(listener, 5), 0);
		pid = fork();
		if (pid == 0)
			answer_with(listener, replies[i]);
		close(listener);
		snprintf(url, sizeof(url), "unix://%s", address.sun_path);
		use(url);
		shared->redis_pause = 0;
		cr_expect_eq(on_another_host((unsigned char)(1 + i), five, 9), 5, "%s", replies[i]);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		unlink(address.sun_path);
	}
}

Test(redis, stopped_and_restarted)
{
	struct rate_state state;
	int64_t ms;

	cr_expect_eq(on_another_host(1, five, 2), 2);
	cr_expect_eq(take(1, five).remaining, 2);
	redis_server_stop();
	ms = time_of_take(1, five, &state);
	cr_expect_lt(ms, MAX_MS, "it took %d ms", (int)ms);
	cr_expect_eq(state.remaining, 3, "this host has counted two");
	ms = time_of_take(1, five, &state);
	cr_expect_lt(ms, 20, "it was called again: %d ms", (int)ms);
	cr_expect_eq(state.remaining, 2);
	cr_expect_neq(shared->redis_pause, 0);

	redis_server_start("");
	redis_server_wait();
	cr_expect_eq(take(1, five).remaining, 4, "a new Redis is empty");
	cr_expect_eq(on_another_host(1, five, 1), 1);
	cr_expect_eq(take(1, five).remaining, 2);
}

/* The connection is dead; the same call opens a new one. */
Test(redis, restarted_between_two_calls)
{
	take(1, five);
	redis_server_stop();
	redis_server_start("");
	redis_server_wait_socket();
	cr_expect_eq(take(1, five).remaining, 4, "a new Redis is empty");
	cr_expect_eq(shared->redis_pause, 0);
}

Test(redis, a_server_that_hangs_costs_one_call)
{
	struct rate_state state;
	int64_t ms;

	take(1, five);
	redis_server_freeze();
	ms = time_of_take(1, five, &state);
	cr_expect_lt(ms, MAX_MS, "it took %d ms", (int)ms);
	cr_expect_geq(ms, 20);
	cr_expect_not(state.refused);
	cr_expect_eq(state.remaining, 3);
	for (int i = 0; i < 10; i++) {
		ms = time_of_take(1, five, &state);
		cr_expect_lt(ms, 20, "it took %d ms", (int)ms);
	}
	cr_expect(state.refused);

	/* After the pause, one call is tried. */
	shared->redis_pause = 1;
	ms = time_of_take(2, five, &state);
	cr_expect_lt(ms, MAX_MS, "it took %d ms", (int)ms);
	cr_expect_gt(shared->redis_pause, 1);
	redis_server_thaw();
	redis_server_wait();
	cr_expect_eq(shared->redis_pause, 0);
}

Test(redis, an_unreachable_host)
{
	int64_t start = clock_monotonic(), ms;

	use("redis://192.0.2.1:6379");
	cr_expect_eq(on_another_host(1, five, 9), 5);
	ms = (clock_monotonic() - start) / 1000;
	cr_expect_lt(ms, MAX_MS, "it took %d ms", (int)ms);
}

/* A listening socket on a port of this host; 0: any port. */
static int
listen_on(int type, in_port_t *port)
{
	struct sockaddr_in here = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				    .sin_port = htons(*port) };
	socklen_t len = sizeof(here);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (bind(fd, (const struct sockaddr *)&here, len) != 0 ||
	    getsockname(fd, (struct sockaddr *)&here, &len) != 0)
		return -1;
	*port = ntohs(here.sin_port);
	return fd;
}

Test(redis, a_host_name_is_resolved)
{
	char url[60];
	in_port_t port = 0;
	int listener = listen_on(SOCK_STREAM, &port);
	pid_t pid;

	redis_server_stop();
	cr_assert_eq(listen(listener, 5), 0);
	pid = fork();
	if (pid == 0)
		answer_with(listener, "+PONG\r\n");
	snprintf(url, sizeof(url), "redis://localhost:%d", port);
	use(url);
	cr_expect(redis_ping());
	use("redis://localhost.invalid");
	shared->redis_pause = 0;
	cr_expect_eq(on_another_host(1, five, 9), 5);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* In its own network namespace, the name server never responds. */
static bool
silence_names(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	in_port_t port = 53;
	char path[100];
	FILE *file;
	int fd;

	if (unshare(CLONE_NEWNET | CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)) != 0)
		return false;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(path, sizeof(path), "%s/resolv.conf", redis_server_folder());
	file = fopen(path, "w");
	fputs("nameserver 127.0.0.1\n", file);
	fclose(file);
	return ioctl(fd, SIOCSIFFLAGS, &lo) == 0 && listen_on(SOCK_DGRAM, &port) >= 0 &&
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount(path, "/etc/resolv.conf", NULL, MS_BIND, NULL) == 0;
}

Test(redis, a_slow_name_server_delays_one_call)
{
	struct rate_state state;

	if (!silence_names())
		cr_skip_test("namespaces are not available");

	redis_server_stop();
	use("redis://redis.example.net");
	for (unsigned char key = 1; key < 4; key++) {
		int64_t ms = time_of_take(key, five, &state);

		cr_expect_lt(ms, MAX_MS, "it took %d ms", (int)ms);
		cr_expect_eq(state.remaining, 4);
		ms = time_of_take(key, five, &state);
		cr_expect_lt(ms, 20, "it was called again: %d ms", (int)ms);
		shared->redis_pause = 0;
	}
}

Test(redis, a_password)
{
	char with[200];

	redis_server_stop();
	redis_server_start("se/cr:et");
	snprintf(with, sizeof(with), "unix://:se%%2Fcr%%3Aet@%s/redis.sock", redis_server_folder());
	use(with);
	redis_server_wait();
	cr_expect_not(take(1, five).refused);
	cr_expect_eq(on_another_host(1, five, 9), 4);
}

Test(redis_url, is_checked)
{
	static const char *const good[] = {
		"",
		"memory://",
		"redis://localhost",
		"redis://localhost:6380/2",
		"redis://user:pass@10.0.0.1:6379/0",
		"redis://:pass@host",
		"redis://secret@host/",
		"redis://[::1]:6379/1",
		"redis://[::1]",
		"unix:///run/redis.sock",
		"unix://:p%40ss@/run/redis.sock?db=4",
		"redis://a@b:c:d@host:/",
		"unix:///run/a@b%2.sock?db=",
	};
	static const char *const bad[] = {
		"localhost:6379",       "rediss://host",       "redis://",
		"redis://:6379",        "redis://host:port",   "redis://host:70000",
		"redis://host/db",      "redis://host/-1",     "redis://[::1",
		"redis://[::1]x",       "redis://a%zz:b@host", "unix://run/redis.sock",
		"unix:///run?db=x",     "unix:///run?x=1",     "redis://a:b%00@host",
		"redis://host:6379/0x", "redis://host/10000",  "unix:///run?db=10000",
		"redis://[1",           "redis://[]",          "unix://redis.sock",
	};
	struct arena *a = arena_new(1 << 20);

	for (size_t i = 0; i < COUNT(good); i++) {
		settings.redis_url = good[i];
		cr_expect_null(redis_check(a), "%s", good[i]);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		const char *err;

		settings.redis_url = bad[i];
		err = redis_check(a);
		cr_assert_not_null(err, "%s", bad[i]);
		cr_expect(strncmp(err, "REDIS_URL: must be ", 19) == 0, "%s", err);
	}
	settings.redis_url = "memory://";
	cr_expect_not(redis_enabled());
	cr_expect_not(redis_ping());
	arena_free(a);
}
