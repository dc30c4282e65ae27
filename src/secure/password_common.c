/* Looks up common passwords in the built-in list and in PASSWORD_LIST_FILE. Both consist of sorted
 * lines and are searched by bisection, which reads only a few pages. */
#include "password_priv.h"

#include "app/settings.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { LINE_MAX_BYTES = 512, ORDER_BYTES = 64 * 1024 };

/* A list in memory (fd -1), or in a file. */
struct list_text {
	const char *data;
	int fd;
	size_t size;
};

/* Reads the bytes from `at`, at most the length of a line. Returns their number. */
static size_t
peek(const struct list_text *list, size_t at, char out[LINE_MAX_BYTES])
{
	size_t left = list->size - at, len = left < LINE_MAX_BYTES ? left : LINE_MAX_BYTES;
	ssize_t got;

	if (list->fd < 0) {
		memcpy(out, list->data + at, len);
		return len;
	}
	got = pread(list->fd, out, len, (off_t)at);
	return got < 0 ? 0 : (size_t)got;
}

/* Compares a line with a word, as memcmp() does. */
static int
compare_line(const char *line, size_t len, const char *word, size_t word_len)
{
	int order = memcmp(line, word, len < word_len ? len : word_len);

	if (order)
		return order;
	return len == word_len ? 0 : len < word_len ? -1 : 1;
}

/* The lines that may match start between `low` and `high`. The line at `low` is compared directly,
 * since the search for a newline would skip it. */
static bool
list_contains(const struct list_text *list, const char *word)
{
	char line[LINE_MAX_BYTES];
	size_t low = 0, high = list->size, middle, start, len, got;
	const char *newline;
	int order;

	while (low < high) {
		middle = low + (high - low) / 2;
		start = low;
		if (middle > low) {
			got = peek(list, middle - 1, line);
			newline = memchr(line, '\n', got);
			if (!newline && middle - 1 + got < list->size)
				return false;
			start = newline ? middle + (size_t)(newline - line) : high;
		}
		if (start >= high) {
			high = middle;
			continue;
		}
		got = peek(list, start, line);
		newline = memchr(line, '\n', got);
		len = newline ? (size_t)(newline - line) : got;
		order = compare_line(line, len, word, strlen(word));
		if (order == 0)
			return true;
		if (order < 0)
			low = start + len + 1;
		else
			high = middle > low ? middle : low;
	}
	return false;
}

/* The list of PASSWORD_LIST_FILE, opened once in each process; empty if there is none. */
static const struct list_text *
custom_list(void)
{
	static struct list_text own;
	static bool opened;
	struct stat info;

	if (opened)
		return &own;

	opened = true;
	own.fd = *settings.password_list_file
		     ? open(settings.password_list_file, O_RDONLY | O_CLOEXEC)
		     : -1;
	if (own.fd >= 0 && fstat(own.fd, &info) == 0 && S_ISREG(info.st_mode))
		own.size = (size_t)info.st_size;
	return &own;
}

bool
password_is_common(const char *password)
{
	const struct list_text built_in = { password_list, -1, password_list_size };
	char word[LINE_MAX_BYTES];
	size_t len = strlen(password);
	bool found;

	if (len >= sizeof(word))
		return false;

	for (size_t i = 0; i <= len; i++)
		word[i] = password[i] >= 'A' && password[i] <= 'Z' ? (char)(password[i] | 0x20)
								   : password[i];
	found = list_contains(&built_in, word) || list_contains(custom_list(), word);
	explicit_bzero(word, sizeof(word));
	return found;
}

/* Checks the first lines. Returns NULL or the error. */
static const char *
check_lines(const char *text, size_t len)
{
	const char *line = text, *before = NULL, *end;
	size_t before_len = 0, n;

	for (; (end = memchr(line, '\n', len - (size_t)(line - text))); line = end + 1) {
		n = (size_t)(end - line);
		for (size_t i = 0; i < n; i++) {
			if (line[i] >= 'A' && line[i] <= 'Z')
				return "has upper-case letters";
		}
		if (before && compare_line(before, before_len, line, n) > 0)
			return "is not sorted";
		before = line;
		before_len = n;
	}
	return before || len == 0 ? NULL : "has no lines";
}

const char *
password_list_check(struct arena *a)
{
	const char *path = settings.password_list_file, *err = NULL;
	struct stat info;
	char *text;
	ssize_t got;
	int fd;

	if (!*path)
		return NULL;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return arena_printf(a, "PASSWORD_LIST_FILE: cannot read %s: %s\n", path,
				    strerror(errno));
	text = arena_alloc(a, ORDER_BYTES);
	got = read(fd, text, ORDER_BYTES);
	if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
		err = "is not a regular file";
	else
		err = got < 0 ? strerror(errno) : check_lines(text, (size_t)got);
	close(fd);
	return err ? arena_printf(a,
				  "PASSWORD_LIST_FILE: %s %s: it must have one password a line, "
				  "sorted by: tr A-Z a-z <LIST | LC_ALL=C sort -u\n",
				  path, err)
		   : NULL;
}
