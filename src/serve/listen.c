/* The listening socket: passed to us by who started us, or opened by ourselves. */
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

static char wrong[400];

static const char *fault(const char *format, ...) PRINTF_LIKE(1, 2);

static const char *
fault(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(wrong, sizeof(wrong), format, args);
	va_end(args);
	return wrong;
}

static bool
is_listening(int fd)
{
	socklen_t size = sizeof(int);
	int listening = 0;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening;
}

/* systemd's protocol: sd_listen_fds(3). */
static bool
passed_by_systemd(void)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");

	return pid && n && strtol(pid, NULL, 10) == getpid() && strtol(n, NULL, 10) >= 1 &&
	       is_listening(FIRST_PASSED);
}

/* Moves descriptor 0 away: what reads standard input must not find a socket there. */
static int
take_stdin(void)
{
	int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, FIRST_PASSED);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && null > STDIN_FILENO)
		dup2(null, STDIN_FILENO);
	if (null > STDIN_FILENO)
		close(null);
	return fd;
}

/* ---- where to listen */

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_un local;
		struct sockaddr_storage room;
	};
	socklen_t size;
};

static const char *
unix_address(const char *path, struct address *out)
{
	struct sockaddr_un *address = &out->local;

	*out = (struct address) { .size = sizeof(*address) };
	address->sun_family = AF_UNIX;
	if (*path != '/')
		return fault("LISTEN=unix:%s: give an absolute path, as unix:/run/api.sock", path);
	if (strlen(path) >= sizeof(address->sun_path))
		return fault("LISTEN=unix:%s: the path is longer than %zu bytes", path,
			     sizeof(address->sun_path) - 1);

	memcpy(address->sun_path, path, strlen(path) + 1);
	return NULL;
}

/* "127.0.0.1:9000" or "[::1]:9000". */
static const char *
tcp_address(const char *text, struct address *out)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE };
	struct addrinfo *found;
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	char host[64];

	if (len > 2 && *text == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	} else if (memchr(text, ':', len)) {
		len = 0; /* IPv6 without brackets */
	}
	if (len > 0 && len < sizeof(host) && colon[1]) {
		memcpy(host, text, len);
		host[len] = '\0';
		if (getaddrinfo(host, colon + 1, &hints, &found) == 0) {
			memcpy(&out->room, found->ai_addr, found->ai_addrlen);
			out->size = found->ai_addrlen;
			freeaddrinfo(found);
			return NULL;
		}
	}
	return fault("LISTEN=%s: give unix:/path, or a numeric address and a port, as "
		     "127.0.0.1:9000 or [::1]:9000",
		     settings.listen);
}

static const char *
read_address(struct address *out)
{
	return strncmp(settings.listen, "unix:", 5) == 0 ? unix_address(settings.listen + 5, out)
							 : tcp_address(settings.listen, out);
}

const char *
listener_check(void)
{
	struct address address;

	return *settings.listen ? read_address(&address) : NULL;
}

/* ---- opening it */

static bool
is_alive(const struct address *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool refused = connect(fd, &address->any, address->size) != 0 &&
		       (errno == ECONNREFUSED || errno == ENOENT);

	close(fd);
	return !refused;
}

/* The workers of a parent that was killed need a moment to end. */
static bool
stays_alive(const struct address *address)
{
	for (int i = 0; i < PATIENCE_MS / 50 && is_alive(address); i++)
		poll(NULL, 0, 50);
	return is_alive(address);
}

/* Removes what a killed process left there, and nothing else. */
static const char *
remove_stale(const struct address *address)
{
	const char *path = address->local.sun_path;
	struct stat st;

	if (lstat(path, &st) != 0)
		return NULL;
	if (!S_ISSOCK(st.st_mode))
		return fault("LISTEN=unix:%s: there is a file of that name; remove it, or choose "
			     "another path",
			     path);
	if (stays_alive(address))
		return fault("LISTEN=unix:%s: another process listens there; stop it, or choose "
			     "another path",
			     path);
	if (unlink(path) != 0 && errno != ENOENT)
		return fault("LISTEN=unix:%s: cannot remove the old socket: %s", path,
			     strerror(errno));
	return NULL;
}

/* The directory, locked: two that start at once must not remove each other's socket. */
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

/* The kernel cuts the backlog to net.core.somaxconn. */
static const char *
open_socket(const struct address *address, int *fd)
{
	mode_t mask = umask(0117); /* mode 0660 from its first moment */
	const char *e = NULL;
	int on = 1;

	*fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0 || setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    bind(*fd, &address->any, address->size) != 0 || listen(*fd, INT_MAX) != 0)
		e = fault("LISTEN=%s: %s", settings.listen, strerror(errno));
	umask(mask);
	if (e && *fd >= 0)
		close(*fd);
	return e;
}

static const char *
open_unix(const struct address *address, int *fd)
{
	int lock = lock_directory(address->local.sun_path);
	const char *e;

	if (lock < 0)
		return fault("LISTEN=%s: its directory: %s", settings.listen, strerror(errno));

	e = remove_stale(address);
	if (!e)
		e = open_socket(address, fd);
	close(lock);
	return e;
}

static const char *
open_own(struct listener *l)
{
	struct address address = { .size = 0 };
	const char *e;

	if (!*settings.listen)
		return "no socket to listen on: set LISTEN=unix:/path or address:port, or start "
		       "it by spawn-fcgi or a systemd socket unit";

	l->own = true;
	snprintf(l->name, sizeof(l->name), "%s", settings.listen);
	e = read_address(&address);
	if (e)
		return e;

	return address.any.sa_family == AF_UNIX ? open_unix(&address, &l->fd)
						: open_socket(&address, &l->fd);
}

const char *
listener_take(struct listener *l)
{
	const char *e = NULL;

	*l = (struct listener) { .fd = -1, .name = "a socket that was passed" };
	if (passed_by_systemd())
		l->fd = FIRST_PASSED;
	else if (is_listening(STDIN_FILENO))
		l->fd = take_stdin();
	else
		e = open_own(l);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (e)
		return e;

	/* Several workers wake for one connection; all but one must not wait in accept. */
	if (l->fd < 0 || fcntl(l->fd, F_SETFL, O_NONBLOCK) != 0 ||
	    fcntl(l->fd, F_SETFD, FD_CLOEXEC) != 0)
		return fault("cannot use the socket: %s", strerror(errno));
	return NULL;
}

void
listener_shut(struct listener *l)
{
	struct address address;
	int lock;

	/* Of TCP this would throw away who waits in the backlog. */
	if (!l->own || strncmp(l->name, "unix:", 5) != 0 || unix_address(l->name + 5, &address))
		return;

	shutdown(l->fd, SHUT_RD);
	/* From now on ours is a stale one; one that is not is somebody else's. */
	lock = lock_directory(address.local.sun_path);
	if (!is_alive(&address))
		unlink(address.local.sun_path);
	if (lock >= 0)
		close(lock);
}
