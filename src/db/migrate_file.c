/* Reads and writes files of migrations. */
#include "migrate_priv.h"

#include "app/clock.h"
#include "app/migrate.h"

#include <dirent.h>
#include <fcntl.h>

#define FOLDER "db/migrations"

enum { VERSION_DIGITS = 14, VERSION_MAX = 18, NAME_MAX_LENGTH = 100 };

static const char *
skip_blanks(const char *s)
{
	return s + strspn(s, " \t");
}

/* What stands behind "-- migrate:" in a line, or NULL where the line is no marker. */
static const char *
marker_of(const char *line)
{
	static const char prefix[] = "migrate:";

	if (strncmp(line, "--", 2) != 0)
		return NULL;

	line = skip_blanks(line + 2);
	return strncmp(line, prefix, strlen(prefix)) == 0 ? line + strlen(prefix) : NULL;
}

static bool
is_word_end(char c)
{
	return c == '\0' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const char *
next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

static const char *
find_marker(const char *line, unsigned *number)
{
	while (*line && !marker_of(line)) {
		line = next_line(line);
		(*number)++;
	}
	return *line ? line : NULL;
}

static bool
line_has(const char *line, const char *word)
{
	const char *at = strstr(line, word);

	return at && at < line + strcspn(line, "\n");
}

bool
migration_part(struct arena *a, const char *file, const char *marker, struct migration_part *out)
{
	size_t len = strlen(marker);
	unsigned number = 1;
	const char *line = find_marker(file, &number), *word;

	while (line && (word = marker_of(line))) {
		const char *start = next_line(line), *end;

		number++;
		out->line = number;
		out->no_transaction = line_has(line, "transaction:false");
		end = find_marker(start, &number);
		if (strncmp(word, marker, len) == 0 && is_word_end(word[len])) {
			out->text =
			    arena_text_n(a, start, end ? (size_t)(end - start) : strlen(start));
			return true;
		}
		line = end;
	}
	return false;
}

const char *
migration_version(struct arena *a, const char *name)
{
	size_t digits = strspn(name, "0123456789");

	return digits ? arena_text_n(a, name, digits) : NULL;
}

/* The largest version in the folder, so that a new one comes after it; -1: no folder. */
static int64_t
newest_version(void)
{
	DIR *dir = opendir(FOLDER);
	struct dirent *entry;
	int64_t newest = 0;

	if (!dir)
		return -1;

	while ((entry = readdir(dir))) {
		size_t digits = strspn(entry->d_name, "0123456789");
		int64_t version = digits <= VERSION_MAX ? strtoll(entry->d_name, NULL, 10) : 0;

		if (version > newest)
			newest = version;
	}
	closedir(dir);
	return newest;
}

/* 20261121090000, of the present second. */
static int64_t
version_now(void)
{
	char text[CLOCK_TEXT_SIZE], digits[VERSION_DIGITS + 1] = "";
	size_t n = 0;

	clock_text(clock_now(), text);
	for (const char *p = text; *p && n < VERSION_DIGITS; p++)
		if (*p >= '0' && *p <= '9')
			digits[n++] = *p;
	return strtoll(digits, NULL, 10);
}

static enum error
write_empty(struct ctx *c, const char *path)
{
	static const char text[] = "-- migrate:up\n\n\n-- migrate:down\n\n";
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	bool written;

	if (fd < 0)
		return fail(c, E_INTERNAL, "cannot make %s: %s", path, strerror(errno));

	written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	if (close(fd) != 0 || !written)
		return fail(c, E_INTERNAL, "cannot write %s: %s", path, strerror(errno));

	return OK;
}

enum error
migrate_new(struct ctx *c, const char *name, FILE *out)
{
	int64_t newest = newest_version(), version = version_now();
	const char *path;
	enum error e;

	if (!*name || strlen(name) > NAME_MAX_LENGTH ||
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")])
		return fail(
		    c, E_BAD_REQUEST,
		    "a name has lower-case letters, digits and _ alone: add_colour_to_items");
	if (newest < 0)
		return fail(c, E_BAD_REQUEST,
			    "there is no " FOLDER
			    " here: run it where the source's Makefile.am is");

	if (version <= newest)
		version = newest + 1;
	path = arena_printf(c->arena, FOLDER "/%" PRId64 "_%s.sql", version, name);
	e = write_empty(c, path);
	if (e)
		return e;

	fprintf(out, "%s\n", path);
	return OK;
}
