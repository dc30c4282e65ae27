/* Parses the `.env` file. */
#include "settings_priv.h"

#include "app/file.h"

enum { NAME_SHOWN_MAX = 40 };

/* Any other text is not printed, since it may be part of a secret. */
static bool
is_printable_name(const char *name)
{
	return strlen(name) <= NAME_SHOWN_MAX &&
	       name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] == '\0';
}

static void
report_unknown(struct settings_loader *l, const char *name, unsigned line)
{
	size_t edits;
	const char *nearest = setting_nearest(l->arena, name, &edits);
	bool shown = is_printable_name(name);

	buf_printf(&l->ignored, "unknown setting %s%sin %s line %u", shown ? name : "",
		   shown ? " " : "", l->file.path, line);
	if (nearest)
		buf_printf(&l->ignored, " (did you mean %s?)", nearest);
	buf_char(&l->ignored, '\n');
}

/* Variables that ./dev, compose and its containers read from the same file. */
static bool
is_foreign(const char *name)
{
	return strcmp(name, "PORT") == 0 || strcmp(name, "SERVER") == 0 ||
	       strncmp(name, "POSTGRES_", 9) == 0 || strncmp(name, "COMPOSE_", 8) == 0;
}

/* Removes quotes. Warns about " #", which starts a comment in a shell but not here. */
static const char *
env_file_value(struct settings_loader *l, const char *name, char *value, unsigned line)
{
	size_t len = strlen(value);
	char quote = *value;

	if (quote != '"' && quote != '\'')
		quote = '\0';
	if (len >= 2 && quote && value[len - 1] == quote) {
		value[len - 1] = '\0';
		return value + 1;
	}
	if (strstr(value, " #") || strstr(value, "\t#"))
		buf_printf(&l->warnings,
			   "%s in %s line %u has a # in its value: put the comment on a separate "
			   "line, or the value in quotes\n",
			   name, l->file.path, line);
	else if (quote)
		buf_printf(&l->warnings,
			   "%s in %s line %u begins with a quote that is not closed\n", name,
			   l->file.path, line);
	return value;
}

/* If a name is set twice, the last line takes effect. */
static void
add_entry(struct settings_loader *l, const char *name, char *value, unsigned line)
{
	struct env_file *file = &l->file;
	struct env_entry *e = file->entries;

	while (e < file->entries + file->n && strcmp(e->name, name) != 0)
		e++;
	if (e < file->entries + file->n)
		buf_printf(&l->ignored, "%s in %s line %u has no effect: line %u sets it again\n",
			   name, file->path, e->line, line);
	else
		file->n++;
	*e = (struct env_entry) { name, env_file_value(l, name, value, line), line };
}

/* `at` is a line without surrounding white space. */
static void
env_file_line(struct settings_loader *l, char *at, unsigned line)
{
	size_t len;
	char *value;

	if (*at == '\0' || *at == '#')
		return;

	if (strncmp(at, "export", 6) == 0 && (at[6] == ' ' || at[6] == '\t'))
		at += 6 + strspn(at + 6, " \t");
	len = strcspn(at, "= \t:#");
	value = at + len + (at[len] == '=');
	if (len == 0 || at[len] != '=') {
		buf_printf(&l->ignored,
			   "%s line %u has no effect: write NAME=value, without spaces around =\n",
			   l->file.path, line);
		return;
	}
	at[len] = '\0';
	value += strspn(value, " \t");
	if (setting_known(at))
		add_entry(l, at, value, line);
	else if (!is_foreign(at))
		report_unknown(l, at, line);
}

void
env_file_read(struct settings_loader *l, const char *path)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	bool named = path || getenv("ENV_FILE");
	size_t lines = 1;
	char *text, *at;

	path = path ? path : named ? getenv("ENV_FILE") : ".env";
	l->file.path = path;
	text = file_read(l->arena, path, &l->file.open_to_all);
	if (!text) {
		if (named || errno != ENOENT)
			buf_printf(&l->errors, "cannot read %s: %s\n", path,
				   errno == EILSEQ ? "it is not UTF-8 text" : strerror(errno));
		return;
	}
	if (strncmp(text, byte_order_mark, 3) == 0)
		text += 3;
	for (at = text; *at; at++)
		lines += *at == '\n';
	l->file.entries = arena_array(l->arena, lines, sizeof(*l->file.entries));
	for (unsigned line = 1; (at = strsep(&text, "\n")); line++) {
		size_t len;

		at += strspn(at, " \t\r");
		len = strlen(at);
		while (len && strchr(" \t\r", at[len - 1]))
			at[--len] = '\0';
		env_file_line(l, at, line);
	}
}

const char *
env_file_find(const struct env_file *file, const char *name)
{
	for (size_t i = 0; i < file->n; i++)
		if (strcmp(file->entries[i].name, name) == 0)
			return file->entries[i].value;
	return NULL;
}
