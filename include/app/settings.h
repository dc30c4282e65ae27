/*
 * The settings of this process, read once at the start: the environment first, then
 * NAME_FILE (the value is that file's content, for secrets), then systemd credentials
 * ($CREDENTIALS_DIRECTORY/NAME), then the `.env` file (NAME_FILE, NAME), then the default. A
 * DATABASE_URL from an earlier source than MIGRATE_DATABASE_URL replaces it.
 */
#ifndef APP_SETTINGS_H
#define APP_SETTINGS_H

#include "app/arena.h"

enum { S_SECRET = 1, S_REQUIRED = 2, S_EMPTY_OK = 4, S_ZERO_OK = 8 };

/* So many in so many seconds; n is 0 where there is no limit. */
struct rate {
	int64_t n, seconds;
};

/* Member types by kind. A CHOICE is one of its words. */
#define SETTING_TYPE_INT       int64_t
#define SETTING_TYPE_BOOL      bool
#define SETTING_TYPE_RATE      struct rate
#define SETTING_TYPE_CHOICE    const char *
#define SETTING_TYPE_TEXT      const char *
#define SETTING_TYPE_KEY       const char *
#define SETTING_TYPE_PATH      const char *
#define SETTING_TYPE_FOLDER    const char *
#define SETTING_TYPE_EMAIL     const char *
#define SETTING_TYPE_PREFIX    const char *
#define SETTING_TYPE_URL       const char *
#define SETTING_TYPE_DATABASE  const char *
#define SETTING_TYPE_REDIS     const char *
#define SETTING_TYPE_SMTP      const char *
#define SETTING_TYPE_SOCKET    const char *
#define SETTING_TYPE_LIST      const char *const *
#define SETTING_TYPE_ORIGINS   const char *const *
#define SETTING_TYPE_ADDRESSES const char *const *
#define SETTING_TYPE_QUEUES    const char *const *

struct settings {
#define SETTING(kind, member, name, default_value, min, max, flags, text)                          \
	SETTING_TYPE_##kind member;
#include "app/settings.def"
#undef SETTING
};

extern struct settings settings; /* written by settings_load() alone */

/* Reads them all. Returns NULL, or a text with one line for each bad setting, naming
 * setting, value (never a secret's) and what is wanted. `env_file` may be NULL (then
 * ENV_FILE of the environment, else `.env` where there is one). With `complete` false, a
 * missing required setting is fine (`openapi`, `routes`: they need no database). */
const char *settings_load(struct arena *, const char *env_file, bool complete) MUST_CHECK;

/* What the last settings_load() found in the `.env` file or the environment that has no effect (an
 * unknown name, another form than NAME=value, a name set twice), one line each; "" if nothing.
 * In production, such a line of the file prevents the start. */
const char *settings_warnings(void);

bool settings_production(void);

/* "5/minute"; "off" where there is no limit. */
const char *rate_text(struct arena *, struct rate);

/* Prints them for `settings`: name, value (secrets as ***), default, text. */
void settings_print(FILE *, bool json);

/* Prints an annotated `.env.example`. */
void settings_print_example(FILE *);

#endif
