/* Bumps a generation in the segments of all other pools on this host: those that a command or a job
 * has no part in, and those of a second pool. They are found in /proc, as files that processes of
 * this program have open, so there is nothing to configure: it needs only to run as the same user
 * as the pools, or as root. Done when it returns. */
#include "shared/shared_priv.h"

#include "app/ids.h"
#include "app/log.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

/* The last component of the program that the process runs; the file may have been replaced by an
 * upgrade since. False if it may not be seen. */
static bool
program_of(const char *process, char out[NAME_MAX + 1])
{
	static const char deleted[] = " (deleted)";
	char link[64], path[PATH_MAX], *name;
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/%.20s/exe", process);
	len = readlink(link, path, sizeof(path) - 1);
	if (len <= 0)
		return false;

	path[len] = '\0';
	name = strrchr(path, '/');
	snprintf(out, NAME_MAX + 1, "%.*s", NAME_MAX, name ? name + 1 : path);
	len = (ssize_t)strlen(out) - (ssize_t)strlen(deleted);
	if (len > 0 && strcmp(out + len, deleted) == 0)
		out[len] = '\0';
	return true;
}

static bool
is_own(const struct stat *st)
{
	struct stat own;

	return shared_fd() >= 0 && fstat(shared_fd(), &own) == 0 && own.st_dev == st->st_dev &&
	       own.st_ino == st->st_ino;
}

/* Any user can run a program of this name that refers to files of others, so the process must own
 * the file. */
static bool
may_be_segment(const struct stat *st, uid_t owner)
{
	return S_ISREG(st->st_mode) && st->st_uid == owner &&
	       st->st_size >= (off_t)sizeof(struct segment) && !is_own(st);
}

/* Opens it for writing; -1 if it is none. The process can replace its descriptor at any time, so
 * the file that is opened is the one that was examined. */
static int
open_segment(int folder, const char *file, uid_t owner)
{
	struct stat st;
	char path[64];
	int seen, fd = -1;

	if (fstatat(folder, file, &st, 0) != 0 || !may_be_segment(&st, owner))
		return -1;

	seen = openat(folder, file, O_PATH | O_CLOEXEC);
	if (seen < 0)
		return -1;

	if (fstat(seen, &st) == 0 && may_be_segment(&st, owner)) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", seen);
		fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	}
	close(seen);
	return fd;
}

/* Only if the file is a segment of this layout. By pwrite, since the owner could truncate a mapped
 * file. A random number, so that concurrent writers need no read-modify-write. */
static void
renew(int folder, const char *file, uid_t owner, size_t at)
{
	int fd = open_segment(folder, file, owner);
	uint64_t layout = 0, value;

	if (fd < 0)
		return;

	random_bytes(&value, sizeof(value));
	if (pread(fd, &layout, sizeof(layout), 0) == sizeof(layout) && shared_is_layout(layout) &&
	    pwrite(fd, &value, sizeof(value), (off_t)at) != sizeof(value))
		log_warn(NULL, "cannot invalidate the cache of a pool: %s", strerror(errno));
	close(fd);
}

static void
renew_all_of(const char *process, size_t at)
{
	char path[64];
	struct dirent *entry;
	struct stat st;
	DIR *files;

	snprintf(path, sizeof(path), "/proc/%.20s/fd", process);
	files = opendir(path);
	if (!files)
		return;

	if (fstat(dirfd(files), &st) != 0)
		st.st_uid = (uid_t)-1;
	while ((entry = readdir(files))) {
		if (isdigit((unsigned char)*entry->d_name))
			renew(dirfd(files), entry->d_name, st.st_uid, at);
	}
	closedir(files);
}

void
epoch_publish(const char *kind, const char *id)
{
	size_t at = epoch_offset(kind, id);
	char own[NAME_MAX + 1], its[NAME_MAX + 1];
	struct dirent *entry;
	DIR *processes;

	if (!program_of("self", own))
		return;

	processes = opendir("/proc");
	if (!processes)
		return;

	while ((entry = readdir(processes))) {
		if (isdigit((unsigned char)*entry->d_name) && program_of(entry->d_name, its) &&
		    strcmp(its, own) == 0)
			renew_all_of(entry->d_name, at);
	}
	closedir(processes);
}
