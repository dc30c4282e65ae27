/* Starts and stops redis-server (Debian package redis-server). */
#include <criterion/criterion.h>

#include "support/redis_server.h"

#include "app/redis.h"
#include "app/settings.h"
#include "shared/shared_priv.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { TRIES = 1000 };

static char folder[40], url[100];
static pid_t server;

static void
pause_a_little(void)
{
	nanosleep(&(struct timespec) { .tv_nsec = 10000000 }, NULL);
}

static bool
has_program(void)
{
	const char *path = getenv("PATH");
	char file[4096];

	for (; path && *path; path += strcspn(path, ":"), path += *path == ':') {
		snprintf(file, sizeof(file), "%.*s/redis-server", (int)strcspn(path, ":"), path);
		if (access(file, X_OK) == 0)
			return true;
	}
	return false;
}

void
redis_server_start(const char *password)
{
	char path[100], log[100];

	snprintf(path, sizeof(path), "%s/redis.sock", folder);
	snprintf(log, sizeof(log), "%s/log", folder);
	server = fork();
	if (server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", path, "--dir",
		       folder, "--save", "", "--logfile", log, "--requirepass", password, NULL);
		_exit(127);
	}
}

void
redis_server_stop(void)
{
	if (server <= 0)
		return;

	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	server = 0;
}

void
redis_server_freeze(void)
{
	kill(server, SIGSTOP);
}

void
redis_server_thaw(void)
{
	kill(server, SIGCONT);
}

void
redis_server_wait(void)
{
	for (int i = 0; i < TRIES; i++) {
		shared->redis_pause = 0;
		if (redis_ping())
			return;
		pause_a_little();
	}
	cr_assert_fail("redis-server does not start");
}

void
redis_server_wait_socket(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	snprintf(to.sun_path, sizeof(to.sun_path), "%s/redis.sock", folder);
	for (int i = 0, rc = -1; i < TRIES && rc != 0; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		rc = connect(fd, (const struct sockaddr *)&to, sizeof(to));
		close(fd);
		pause_a_little();
	}
}

const char *
redis_server_folder(void)
{
	return folder;
}

void
redis_server_begin(void)
{
	if (!has_program())
		cr_skip_test("redis-server is not installed");

	signal(SIGPIPE, SIG_IGN);
	strncpy(folder, "/tmp/redis-XXXXXX", sizeof(folder) - 1);
	cr_assert_not_null(mkdtemp(folder));
	snprintf(url, sizeof(url), "unix://%s/redis.sock?db=3", folder);
	settings.redis_url = url;
	redis_server_start("");
	redis_server_wait();
}

void
redis_server_end(void)
{
	static const char *const files[] = { "log", "redis.sock", "resolv.conf" };
	char path[100];

	redis_server_stop();
	settings.redis_url = "";
	for (size_t i = 0; i < COUNT(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
		unlink(path);
	}
	rmdir(folder);
}
