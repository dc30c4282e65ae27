/*
 * The settings of this process, read once at startup. The first of these sources has precedence: the
 * environment; NAME_FILE (the value is the content of that file, for secrets); systemd credentials
 * ($CREDENTIALS_DIRECTORY/NAME); the `.env` file (NAME_FILE, NAME); the default.
 * MIGRATE_DATABASE_URL is ignored if DATABASE_URL comes from an earlier source.
 */
#ifndef APP_SETTINGS_H
#define APP_SETTINGS_H

#include "app/arena.h"

enum { S_SECRET = 1, S_REQUIRED = 2, S_EMPTY_OK = 4, S_ZERO_OK = 8 };

/* At most `n` in `seconds`; n is 0: no limit. */
struct rate {
	int64_t n, seconds;
};

/* The C type of a member, by the kind of its setting. */
#define SETTING_TYPE_INT       int64_t
#define SETTING_TYPE_BOOL      bool
#define SETTING_TYPE_RATE      struct rate
#define SETTING_TYPE_CHOICE    const char *
#define SETTING_TYPE_TEXT      const char *
#define SETTING_TYPE_KEY       const char *
#define SETTING_TYPE_PATH      const char *
#define SETTING_TYPE_FOLDER    const char *
#define SETTING_TYPE_EMAIL     const char *
#define SETTING_TYPE_DOMAIN    const char *
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

/* What is valid: settings.def explains it. */
enum setting_kind {
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
	KIND_DOMAIN,
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

struct setting {
	enum setting_kind kind;
	const char *name, *default_value;
	int64_t min, max;
	const char *choices; /* KIND_CHOICE: separated by commas, in place of min */
	unsigned flags;
	const char *text;
	void *value; /* the member that receives it */
};

/* Rows like those of settings.def make a struct and its rows. A feature has both, and lists its rows
 * in .settings:
 *
 *	struct mail_settings {                          // mail.h
 *	#define SETTING SETTING_MEMBER
 *	#include "features/mail/mail_settings.def"
 *	#undef SETTING
 *	};
 *	extern struct mail_settings mail_settings;
 *
 *	struct mail_settings mail_settings;             // mail.c
 *	static const struct setting settings_rows[] = {
 *	#define SETTING(...) SETTING_ROW(mail_settings, __VA_ARGS__)
 *	#include "features/mail/mail_settings.def"
 *	#undef SETTING
 *		{ 0 },
 *	};
 */
#define SETTING_MEMBER(kind, member, name, default_value, min, max, flags, text)                   \
	SETTING_TYPE_##kind member;
#define SETTING_ROW(record, k, member, n, s, from, to, f, t)                                       \
	{ .kind = KIND_##k,                                                                        \
	  .name = n,                                                                               \
	  .default_value = s,                                                                      \
	  .min = __builtin_choose_expr(KIND_##k == KIND_CHOICE, 0, from),                          \
	  .max = to,                                                                               \
	  .choices = __builtin_choose_expr(KIND_##k == KIND_CHOICE, from, NULL),                   \
	  .flags = f,                                                                              \
	  .text = t,                                                                               \
	  .value = &(record).member },

struct settings {
#define SETTING SETTING_MEMBER
#include "app/settings.def"
#undef SETTING
};

extern struct settings settings; /* written only by settings_load() */

/* Reads the settings of settings.def and those of `more`, a list of tables of rows that ends with
 * NULL (NULL: no more). Returns NULL, or one line for each invalid setting: its name, its value
 * (unless it is secret) and what is expected. `env_file` NULL: ENV_FILE of the environment, else
 * `.env` if it exists. With `complete` false, required settings may be missing (for commands that
 * need no database, such as `openapi`). */
const char *settings_load(struct arena *, const struct setting *const *more, const char *env_file,
			  bool complete) MUST_CHECK;

/* One line for each line of the `.env` file and each variable that has no effect: an unknown name,
 * a name set twice, a line not of the form NAME=value. "" if there is none. From the last
 * settings_load(). In production, such a line of the file prevents startup. */
const char *settings_warnings(void);

bool settings_production(void);

/* The value of a setting that is a text; NULL if no table has the name. For code that must not
 * include the feature. */
const char *setting_text(const char *name);

/* "5/minute"; "off" without a limit. */
const char *rate_text(struct arena *, struct rate);

/* Prints all settings: name, value (*** if secret), default, text. */
void settings_print(FILE *, bool json);

/* Prints an annotated `.env.example`. */
void settings_print_example(FILE *);

#endif
