/* Parses and creates migration files. */
#include "migrate_priv.h"

#include "app/migrate.h"
#include "app/print.h"

#include <dirent.h>

#define FOLDER "db/migrations"

enum { VERSION_DIGITS = 14, VERSION_MAX = 18, NAME_MAX_LENGTH = 100 };

/* Returns the text after "-- migrate:", or NULL if the line is not a marker. */
static const char *
marker_of(const char *line)
{
	static const char prefix[] = "migrate:";

	if (strncmp(line, "--", 2) != 0)
		return NULL;

	line += 2 + strspn(line + 2, " \t");
	return strncmp(line, prefix, strlen(prefix)) == 0 ? line + strlen(prefix) : NULL;
}

/* Whether the text begins with the word. */
static bool
starts_with_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	return strncmp(text, word, len) == 0 && (!text[len] || strchr(" \t\r\n", text[len]));
}

static const char *
next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
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
	const char *start = NULL, *line = file;

	for (unsigned number = 1; *line; line = next_line(line), number++) {
		const char *word = marker_of(line);

		if (word && start)
			break;
		if (!word || !starts_with_word(word, marker))
			continue;
		start = next_line(line);
		out->line = number + 1;
		out->no_transaction = line_has(line, "transaction:false");
	}
	if (!start)
		return false;

	out->text = arena_text_n(a, start, (size_t)(line - start));
	return true;
}

unsigned
migration_undecided(const char *file)
{
	static const char mark[] = "-- DECIDE";
	unsigned number = 1;

	for (const char *line = file; *line; line = next_line(line), number++)
		if (strncmp(line, mark, strlen(mark)) == 0)
			return number;
	return 0;
}

const char *
migration_version(struct arena *a, const char *name)
{
	size_t digits = strspn(name, "0123456789");

	return digits ? arena_text_n(a, name, digits) : NULL;
}

/* Returns the highest version in the folder; -1: no folder. */
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

/* Returns the current time as 20261121090000. */
static int64_t
version_now(void)
{
	char digits[VERSION_DIGITS + 1];
	time_t now = time(NULL);
	struct tm utc;

	strftime(digits, sizeof(digits), "%Y%m%d%H%M%S", gmtime_r(&now, &utc));
	return strtoll(digits, NULL, 10);
}

static enum error
write_file(struct ctx *c, const char *path, const char *text)
{
	FILE *f = fopen(path, "wxe");

	if (!f)
		return fail(c, E_INTERNAL, "cannot create %s: %s", path, strerror(errno));

	fputs(text, f);
	if (fclose(f) != 0)
		return fail(c, E_INTERNAL, "cannot write %s: %s", path, strerror(errno));

	return OK;
}

enum error
migration_write(struct ctx *c, const char *name, const char *text, FILE *out)
{
	int64_t newest = newest_version(), version = version_now();
	const char *path;
	enum error e;

	if (!*name || strlen(name) > NAME_MAX_LENGTH ||
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")])
		return fail(c, E_BAD_REQUEST,
			    "invalid name: expected lower-case letters, digits and _, such as"
			    " add_colour_to_items");
	if (newest < 0)
		return fail(c, E_BAD_REQUEST,
			    "there is no " FOLDER " here: run this in the root of the source tree");

	if (version <= newest)
		version = newest + 1;
	path = arena_printf(c->arena, FOLDER "/%" PRId64 "_%s.sql", version, name);
	e = write_file(c, path, text);
	if (e)
		return e;

	print(out, "%s\n", path);
	return OK;
}

enum error
migrate_new(struct ctx *c, const char *name, FILE *out)
{
	/* Without the DECIDE line, a running `up --watch` would apply the empty file. */
	return migration_write(c, name,
			       "-- migrate:up\n\n"
			       "-- DECIDE: write the statements, then delete this line.\n\n"
			       "-- migrate:down\n\n",
			       out);
}
