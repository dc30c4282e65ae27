/*
 * Writes log lines to standard error without blocking. O_NONBLOCK is a property of the open file,
 * which other processes share (a terminal, 2>&1), so it is never set on standard error. Pipes and
 * terminals are reopened with it; send(2) has a flag; files do not block. A pipe of another user
 * cannot be reopened, but splice(2) has a flag too.
 */
#include "log_priv.h"

#include "app/log.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { PIPE_CAPACITY = 1 << 20 }; /* the limit of an unprivileged process: pipe(7) */

static ssize_t
write_plain(const char *data, size_t len)
{
	return write(STDERR_FILENO, data, len);
}

static ssize_t (*write_line)(const char *data, size_t len) = write_plain;
static bool never_block, torn;
static struct stat target; /* the file for which write_line was chosen */
static int own_fd = -1, relay[2] = { -1, -1 };
static pid_t relay_owner;

static ssize_t
write_socket(const char *data, size_t len)
{
	return send(STDERR_FILENO, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static ssize_t
write_own(const char *data, size_t len)
{
	return write(own_fd, data, len);
}

/* For a terminal of another user. With several writers this may block briefly, since poll() does
 * not reserve space, but it never blocks on a stopped terminal. */
static ssize_t
write_polled(const char *data, size_t len)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && p.revents & POLLOUT ? write_plain(data, len) : -1;
}

/* The relay pipe belongs to one process: after fork(), a new one is made. */
static bool
have_relay(void)
{
	if (relay_owner == getpid())
		return true;

	for (size_t i = 0; i < COUNT(relay); i++) {
		if (relay[i] >= 0)
			close(relay[i]);
		relay[i] = -1;
	}
	if (pipe2(relay, O_CLOEXEC | O_NONBLOCK) != 0)
		return false;

	relay_owner = getpid();
	return true;
}

static ssize_t
write_spliced(const char *data, size_t len)
{
	ssize_t n;

	if (!have_relay() || write(relay[1], data, len) != (ssize_t)len)
		return -1;

	n = splice(relay[0], NULL, STDERR_FILENO, NULL, len, SPLICE_F_NONBLOCK);
	if (n != (ssize_t)len)
		relay_owner = 0; /* discards the rest in the pipe */
	return n;
}

static void
choose_writer(mode_t mode)
{
	if (own_fd >= 0)
		close(own_fd);
	own_fd = -1;
	write_line = S_ISSOCK(mode) ? write_socket : write_plain;
	if (!S_ISFIFO(mode) && !S_ISCHR(mode))
		return;

	own_fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_APPEND | O_CLOEXEC);
	if (own_fd >= 0)
		write_line = write_own;
	else
		write_line = S_ISFIFO(mode) ? write_spliced : write_polled;
	if (S_ISFIFO(mode) && fcntl(STDERR_FILENO, F_GETPIPE_SZ) < PIPE_CAPACITY)
		fcntl(STDERR_FILENO, F_SETPIPE_SZ, PIPE_CAPACITY);
}

/* Standard error may have been replaced since the last line. */
static void
check_target(void)
{
	struct stat now;

	if (fstat(STDERR_FILENO, &now) != 0 ||
	    (now.st_dev == target.st_dev && now.st_ino == target.st_ino))
		return;

	target = now;
	choose_writer(now.st_mode);
}

bool
log_output(const char *data, size_t len)
{
	ssize_t n;

	if (never_block)
		check_target();
	if (torn && write_line("\n", 1) != 1)
		return false;

	n = write_line(data, len);
	torn = n > 0 && (size_t)n < len;
	return n == (ssize_t)len;
}

/* ---- stderr, for libraries and messages about settings */

static ssize_t
write_stream(void *cookie UNUSED, const char *data, size_t len)
{
	if (!log_output(data, len))
		log_count_dropped(1);
	return (ssize_t)len;
}

void
log_never_block(void)
{
	FILE *stream;

	if (never_block)
		return;

	never_block = true;
	stream = fopencookie(NULL, "w", (cookie_io_functions_t) { .write = write_stream });
	if (!stream)
		return;

	setvbuf(stream, NULL, _IOLBF, BUFSIZ);
	stderr = stream;
}
