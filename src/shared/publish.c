/* Changes an epoch in the segments of all other pools on this host, for changes by commands, jobs or
 * a second pool. The segments are found in /proc, as open files of processes of this program. It
 * must run as the same user as the pools, or as root. */
#include "shared/shared_priv.h"

#include "app/ids.h"
#include "app/log.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

/* The file name of the program that the process runs, even if an upgrade has replaced the file.
 * False if the process is not accessible. */
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

/* The process must own the file: any user can run a program of this name that opens files of other
 * users. */
static bool
may_be_segment(const struct stat *st, uid_t owner)
{
	return S_ISREG(st->st_mode) && st->st_uid == owner &&
	       st->st_size >= (off_t)sizeof(struct segment) && !is_own(st);
}

/* Opens a segment for writing; -1 if the file is not one. O_PATH ensures that the checked file is
 * opened, since the process can replace its descriptor at any time. */
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

/* Writes a random number, so that concurrent writers need no read-modify-write. Uses pwrite, since
 * the owner could truncate a mapped file. */
static void
invalidate_file(int folder, const char *file, uid_t owner, size_t at)
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
invalidate_process(const char *process, size_t at)
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
			invalidate_file(dirfd(files), entry->d_name, st.st_uid, at);
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
			invalidate_process(entry->d_name, at);
	}
	closedir(processes);
}
