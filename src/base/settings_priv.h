/* Shared by the files of the settings. */
#ifndef SETTINGS_PRIV_H
#define SETTINGS_PRIV_H

#include "app/settings.h"

#include "app/buf.h"

enum kind {
	KIND_INT,
	KIND_BOOL,
	KIND_RATE,
	KIND_CHOICE,
	/* texts */
	KIND_TEXT,
	KIND_KEY,
	KIND_PATH,
	KIND_FOLDER,
	KIND_EMAIL,
	KIND_PREFIX,
	KIND_URL,
	KIND_DATABASE,
	KIND_REDIS,
	KIND_SMTP,
	KIND_SOCKET,
	/* lists */
	KIND_LIST,
	KIND_ORIGINS,
	KIND_ADDRESSES,
	KIND_QUEUES,
};

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
struct loader {
	struct arena *arena;
	struct env_file file;
	struct buf wrong;    /* a line for each invalid setting */
	struct buf ignored;  /* a line for each line without effect */
	struct buf warnings; /* a line for anything else that looks wrong */
};

/* settings.c: whether it is the name of a setting, or NAME_FILE. */
bool setting_known(const char *name);

/* The name that was probably meant, NAME_FILE too, or NULL; *edits: how many characters differ. */
const char *setting_nearest(struct arena *, const char *name, size_t *edits);

/* settings_file.c: the file as text, NULL with errno if it cannot be read. */
char *settings_read_file(struct arena *, const char *path, bool *open_to_all);

/* Reads the file `path` (NULL: ENV_FILE, else `.env` where there is one). */
void env_file_read(struct loader *, const char *path);

/* The value of the last line that sets it, or NULL. */
const char *env_file_find(const struct env_file *, const char *name);

/* settings_format.c: NULL, or what is wrong with a value of that kind. The text has no part of the
 * value that could be secret. */
const char *format_fault(struct arena *, enum kind, const char *value);

/* Whether a key has the form and the variety of 32 random bytes in hex or base64. */
bool key_is_random(const char *key);

#endif
