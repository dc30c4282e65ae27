/* Reads files. */
#include "app/file.h"

#include <fcntl.h>
#include <sys/stat.h>

char *
file_read(struct arena *a, const char *path, bool *open_to_all)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat info = { 0 };
	size_t len = 0;
	ssize_t got;
	char *text;

	if (fd < 0)
		return NULL;

	text = arena_alloc(a, FILE_MAX + 2);
	do {
		got = read(fd, text + len, FILE_MAX + 1 - len);
		if (got > 0)
			len += (size_t)got;
	} while (got > 0 && len <= FILE_MAX);
	if (open_to_all)
		*open_to_all = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_mode & 07;
	close(fd);
	if (len > FILE_MAX)
		errno = EFBIG;
	else if (got >= 0 && strlen(text) < len)
		errno = EILSEQ; /* a NUL byte: UTF-16 or binary data */
	else if (got >= 0)
		return text;
	return NULL;
}
