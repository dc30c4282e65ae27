/* The listening socket: inherited from the process that started this one, or opened here. */
#include "serve_priv.h"

#include "app/settings.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { FIRST_PASSED = 3, PATIENCE_MS = 2000 };

static char message[400];

static const char *listen_error(const char *format, ...) PRINTF_LIKE(1, 2);

static const char *
listen_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	return message;
}

static bool
is_listening(int fd)
{
	socklen_t size = sizeof(int);
	int listening = 0;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening;
}

/* Socket activation: sd_listen_fds(3). */
static bool
passed_by_systemd(void)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");

	return pid && n && strtol(pid, NULL, 10) == getpid() && strtol(n, NULL, 10) >= 1 &&
	       is_listening(FIRST_PASSED);
}

/* Moves the socket from descriptor 0, so that standard input is not a socket. */
static int
move_stdin(void)
{
	int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, FIRST_PASSED);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && null > STDIN_FILENO)
		dup2(null, STDIN_FILENO);
	if (null > STDIN_FILENO)
		close(null);
	return fd;
}

/* ---- the address */

struct listen_address {
	union {
		struct sockaddr any;
		struct sockaddr_un local;
		struct sockaddr_storage room;
	};
	socklen_t size;
};

/* Converts LISTEN: unix:/path, 127.0.0.1:9000 or [::1]:9000. The settings have checked its form. */
static const char *
read_address(struct listen_address *out)
{
	static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
					       .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	const char *text = settings.listen, *port = strrchr(text, ':');
	bool brackets = *text == '[';
	struct addrinfo *found;
	char host[64];

	*out = (struct listen_address) { .size = sizeof(out->local) };
	if (strncmp(text, "unix:", 5) == 0) {
		out->local.sun_family = AF_UNIX;
		snprintf(out->local.sun_path, sizeof(out->local.sun_path), "%s", text + 5);
		return NULL;
	}
	snprintf(host, sizeof(host), "%.*s", (int)(port ? port - text - 2 * brackets : 0),
		 text + brackets);
	if (!port || getaddrinfo(host, port + 1, &hints, &found) != 0)
		return listen_error("LISTEN=%s: this address cannot be used", settings.listen);

	memcpy(&out->room, found->ai_addr, found->ai_addrlen);
	out->size = found->ai_addrlen;
	freeaddrinfo(found);
	return NULL;
}

/* ---- opening the socket */

static bool
is_alive(const struct listen_address *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool refused = connect(fd, &address->any, address->size) != 0 &&
		       (errno == ECONNREFUSED || errno == ENOENT);

	close(fd);
	return !refused;
}

/* After a parent was killed, its workers need some time to exit. */
static bool
stays_alive(const struct listen_address *address)
{
	for (int i = 0; i < PATIENCE_MS / 50 && is_alive(address); i++)
		poll(NULL, 0, 50);
	return is_alive(address);
}

/* Removes the socket of a killed process, but no other file and no socket in use. */
static const char *
remove_stale(const struct listen_address *address)
{
	const char *path = address->local.sun_path;
	struct stat st;

	if (lstat(path, &st) != 0)
		return NULL;
	if (!S_ISSOCK(st.st_mode))
		return listen_error(
		    "LISTEN=unix:%s: a file with this name exists; remove it, or choose "
		    "another path",
		    path);
	if (stays_alive(address))
		return listen_error(
		    "LISTEN=unix:%s: another process listens on it; stop it, or choose "
		    "another path",
		    path);
	if (unlink(path) != 0 && errno != ENOENT)
		return listen_error("LISTEN=unix:%s: cannot remove the old socket: %s", path,
				    strerror(errno));
	return NULL;
}

/* Locks the directory, so that two starting processes do not remove each other's socket. */
static int
lock_directory(const char *path)
{
	size_t len = (size_t)(strrchr(path, '/') - path);
	char directory[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int fd;

	memcpy(directory, path, len);
	memcpy(directory + len, "/", 2);
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		flock(fd, LOCK_EX);
	return fd;
}

/* The kernel limits the backlog to net.core.somaxconn. */
static const char *
open_socket(const struct listen_address *address, int *fd)
{
	mode_t mask = umask(0117); /* mode 0660 from the start */
	const char *err = NULL;
	int on = 1;

	*fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0 || setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    bind(*fd, &address->any, address->size) != 0 || listen(*fd, INT_MAX) != 0)
		err = listen_error("LISTEN=%s: %s", settings.listen, strerror(errno));
	umask(mask);
	if (err && *fd >= 0)
		close(*fd);
	return err;
}

static const char *
open_unix(const struct listen_address *address, int *fd)
{
	int lock = lock_directory(address->local.sun_path);
	const char *err;

	if (lock < 0)
		return listen_error("LISTEN=%s: cannot open its directory: %s", settings.listen,
				    strerror(errno));

	err = remove_stale(address);
	if (!err)
		err = open_socket(address, fd);
	close(lock);
	return err;
}

static const char *
open_own(struct listener *l)
{
	struct listen_address address = { .size = 0 };
	const char *err;

	if (!*settings.listen)
		return "no socket to listen on: set LISTEN=unix:/path or address:port, or start "
		       "this program by spawn-fcgi or a systemd socket unit";

	l->own = true;
	err = read_address(&address);
	if (err)
		return err;

	return address.any.sa_family == AF_UNIX ? open_unix(&address, &l->fd)
						: open_socket(&address, &l->fd);
}

const char *
listener_open(struct listener *l)
{
	const char *err = NULL;

	*l = (struct listener) { .fd = -1 };
	if (passed_by_systemd())
		l->fd = FIRST_PASSED;
	else if (is_listening(STDIN_FILENO))
		l->fd = move_stdin();
	else
		err = open_own(l);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (err)
		return err;

	/* Several workers may wake for one connection; the others must not block in accept. */
	if (l->fd < 0 || fcntl(l->fd, F_SETFL, O_NONBLOCK) != 0 ||
	    fcntl(l->fd, F_SETFD, FD_CLOEXEC) != 0)
		return listen_error("cannot use the socket: %s", strerror(errno));
	return NULL;
}

void
listener_shutdown(struct listener *l)
{
	struct listen_address address = { .size = sizeof(address.room) };
	int lock;

	/* Shutting down a TCP socket would drop the connections in its backlog. After a reload, LISTEN
	 * may name another socket. */
	if (!l->own || getsockname(l->fd, &address.any, &address.size) != 0 ||
	    address.any.sa_family != AF_UNIX)
		return;

	shutdown(l->fd, SHUT_RD);
	/* Our socket is stale now. If the path is in use, another process has replaced it. */
	lock = lock_directory(address.local.sun_path);
	if (!is_alive(&address))
		unlink(address.local.sun_path);
	if (lock >= 0)
		close(lock);
}
