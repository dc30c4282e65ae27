/* Shared by the files of the settings. */
#ifndef SETTINGS_PRIV_H
#define SETTINGS_PRIV_H

#include "app/settings.h"

#include "app/buf.h"

/* A line NAME=value of the file. */
struct env_entry {
	const char *name, *value;
	unsigned line;
};

struct env_file {
	const char *path;
	struct env_entry *entries;
	size_t n;
	bool open_to_all; /* every user of this host can read it */
};

/* The state of settings_load(). */
struct settings_loader {
	struct arena *arena;
	struct env_file file;
	struct buf errors;   /* one message for each invalid setting */
	struct buf ignored;  /* one message for each line without effect */
	struct buf warnings; /* one message for each other suspicious line */
};

/* settings.c: whether `name` is the name of a setting, with or without _FILE. */
bool setting_known(const char *name);

/* The most similar name of a setting, with or without _FILE, or NULL. *edits: the number of
 * characters that differ. */
const char *setting_nearest(struct arena *, const char *name, size_t *edits);

/* settings_file.c: reads the file `path` (NULL: ENV_FILE, else `.env` if it exists) into l->file. */
void env_file_read(struct settings_loader *, const char *path);

/* The value of a name in the file, or NULL. */
const char *env_file_find(const struct env_file *, const char *name);

/* settings_format.c: NULL, or what is wrong with a value of this kind, without parts of the value
 * that could be secret. */
const char *format_check(struct arena *, enum setting_kind, const char *value);

/* Whether a key looks like 32 random bytes in hex or base64. */
bool key_is_random(const char *key);

#endif
