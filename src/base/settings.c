/* Reads the settings of the core and the features from the environment, files and .env, and prints
 * them. */
#include "settings_priv.h"

#include "app/file.h"
#include "app/print.h"
#include "app/utf8.h"

#include <ctype.h>

static const struct setting kernel_rows[] = {
#define SETTING(...) SETTING_ROW(settings, __VA_ARGS__)
#include "app/settings.def"
#undef SETTING
};

/* All rows of the last settings_load(), in the order of their tables. */
static const struct setting **rows;
static size_t nrows;

struct settings settings;

enum { RATE_MAX = 1000000, NEAR_MAX = 40 };

static const char *warnings = "";

static const char *
trimmed(struct arena *a, const char *text)
{
	size_t len = strlen(text);

	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	return arena_text_n(a, text, len);
}

/* The content of NAME_FILE, or of the systemd credential NAME. */
static const char *
from_secret_file(struct settings_loader *l, const char *name)
{
	const char *variable = arena_printf(l->arena, "%s_FILE", name), *path = getenv(variable);
	const char *folder = getenv("CREDENTIALS_DIRECTORY"), *text = NULL;

	if (!path && folder)
		text = file_read(l->arena, arena_printf(l->arena, "%s/%s", folder, name), NULL);
	if (!path && !text)
		path = env_file_find(&l->file, variable);
	if (path)
		text = file_read(l->arena, path, NULL);
	if (path && !text)
		buf_printf(&l->errors, "%s: cannot read %s: %s\n", variable, path, strerror(errno));
	return text ? trimmed(l->arena, text) : NULL;
}

static const char *
setting_value(struct settings_loader *l, const struct setting *row)
{
	const char *value = getenv(row->name);

	if (!value)
		value = from_secret_file(l, row->name);
	if (!value)
		value = env_file_find(&l->file, row->name);
	return value;
}

/* 0: the environment; 1: a systemd credential; 2: the file or none. */
static int
source_rank(struct settings_loader *l, const char *name)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");

	if (getenv(name) || getenv(arena_printf(l->arena, "%s_FILE", name)))
		return 0;
	if (folder && access(arena_printf(l->arena, "%s/%s", folder, name), R_OK) == 0)
		return 1;
	return 2;
}

/* If DATABASE_URL comes from an earlier source, MIGRATE_DATABASE_URL may refer to another
 * database. */
static void
match_migrate_url(struct settings_loader *l)
{
	if (source_rank(l, "DATABASE_URL") < source_rank(l, "MIGRATE_DATABASE_URL"))
		settings.migrate_database_url = "";
}

static void PRINTF_LIKE(4, 5) report(struct settings_loader *l, const struct setting *row,
				     const char *value, const char *expected, ...)
{
	bool secret = row->flags & S_SECRET;
	va_list args;

	buf_text(&l->errors, row->name);
	if (!secret) {
		buf_char(&l->errors, '=');
		buf_visible(&l->errors, value);
	}
	va_start(args, expected);
	buf_printf(&l->errors, ": %s\n", arena_vprintf(l->arena, expected, args));
	va_end(args);
}

static void
set_string(struct settings_loader *l, const struct setting *row, const char *value, void *member)
{
	size_t len = strlen(value);
	const char *err;

	if (len == 0 && row->flags & S_EMPTY_OK) {
		*(const char **)member = "";
		return;
	}
	if (len < (size_t)row->min || len > (size_t)row->max) {
		report(l, row, value, "must have %" PRId64 " to %" PRId64 " bytes", row->min,
		       row->max);
		return;
	}
	err = format_check(l->arena, row->kind, value);
	if (err)
		report(l, row, value, "%s", err);
	*(const char **)member = arena_text(l->arena, value);
}

static void
set_int(struct settings_loader *l, const struct setting *row, const char *value, void *member)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(value, &end, 10);
	if (!errno && *value && !*end && number == 0 && row->flags & S_ZERO_OK) {
		*(int64_t *)member = 0;
		return;
	}
	if (errno || end == value || *end || number < row->min || number > row->max) {
		report(l, row, value, "must be %sa whole number from %" PRId64 " to %" PRId64,
		       row->flags & S_ZERO_OK ? "0 or " : "", row->min, row->max);
		return;
	}
	*(int64_t *)member = number;
}

static void
set_bool(struct settings_loader *l, const struct setting *row, const char *value, void *member)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
		{ "on", true },   { "yes", true }, { "true", true },   { "1", true },
		{ "off", false }, { "no", false }, { "false", false }, { "0", false },
	};

	for (size_t i = 0; i < COUNT(words); i++) {
		if (strcasecmp(words[i].word, value) == 0) {
			*(bool *)member = words[i].value;
			return;
		}
	}
	report(l, row, value, "must be on or off");
}

static void
set_choice(struct settings_loader *l, const struct setting *row, const char *value, void *member)
{
	size_t len = strcspn(value, ",");

	for (const char *at = row->choices; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (len && !value[len] && strncmp(at, value, len) == 0 &&
		    (at[len] == ',' || !at[len])) {
			*(const char **)member = arena_text(l->arena, value);
			return;
		}
	}
	report(l, row, value, "must be one of %s", row->choices);
}

/* Elements separated by commas; brackets, quotes and white space of a JSON array are ignored. */
static void
set_list(struct settings_loader *l, const struct setting *row, const char *value, void *member)
{
	static const char between[] = ",[]\" \t";
	const char **list = arena_array(l->arena, strlen(value) / 2 + 2, sizeof(*list));
	size_t n = 0;

	for (const char *at = value + strspn(value, between); *at; at += strspn(at, between)) {
		size_t len = strcspn(at, between);

		list[n++] = arena_text_n(l->arena, at, len);
		at += len;
	}
	if (n > (size_t)row->max) {
		report(l, row, value, "must have at most %" PRId64 " elements", row->max);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const char *err = format_check(l->arena, row->kind, list[i]);

		if (!err && row->kind == KIND_ORIGINS && n > 1 && strcmp(list[i], "*") == 0)
			err = "must be the only element";
		if (err)
			report(l, row, list[i], "%s", err);
	}
	*(const char *const **)member = list;
}

static const struct {
	const char *name;
	int64_t seconds;
} periods[] = { { "second", 1 }, { "minute", 60 }, { "hour", 3600 }, { "day", 86400 } };

static void
set_rate(struct settings_loader *l, const struct setting *row, const char *value, void *member)
{
	struct rate *rate = member;
	char *end;
	long long n;

	*rate = (struct rate) { 0 };
	if (strcasecmp(value, "off") == 0)
		return;

	n = strtoll(value, &end, 10);
	for (size_t i = 0; i < COUNT(periods); i++) {
		if (*end == '/' && strcmp(end + 1, periods[i].name) == 0)
			rate->seconds = periods[i].seconds;
	}
	rate->n = n;
	if (*value < '0' || *value > '9' || n < 1 || n > RATE_MAX || rate->seconds == 0)
		report(l, row, value,
		       "must be N/second, N/minute, N/hour or N/day with N from 1 to %d, or off",
		       RATE_MAX);
}

static bool
is_list(enum setting_kind kind)
{
	return kind >= KIND_LIST;
}

/* A line break in a value could forge a log line or an e-mail header. */
static bool
is_plain(const char *value)
{
	for (const char *at = value; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return false;
	return utf8_valid(value, strlen(value));
}

static void
set_value(struct settings_loader *l, const struct setting *row, const char *value)
{
	static void (*const setters[])(struct settings_loader *, const struct setting *,
				       const char *, void *) = {
		[KIND_INT] = set_int,
		[KIND_BOOL] = set_bool,
		[KIND_CHOICE] = set_choice,
		[KIND_RATE] = set_rate,
	};
	void *member = row->value;

	if (!is_plain(value))
		report(l, row, value, "must be one line of UTF-8, without control characters");
	else if (row->kind < COUNT(setters))
		setters[row->kind](l, row, value, member);
	else if (is_list(row->kind))
		set_list(l, row, value, member);
	else
		set_string(l, row, value, member);
}

/* Whether the file contains a secret itself, not only the path of one. */
static bool
file_has_secret(const struct settings_loader *l)
{
	for (size_t i = 0; i < nrows; i++) {
		const char *value = env_file_find(&l->file, rows[i]->name);

		if (rows[i]->flags & S_SECRET && value && *value)
			return true;
	}
	return false;
}

/* Checks that apply only with ENVIRONMENT=production. */
static void
check_production(struct settings_loader *l)
{
	const char *password = settings.first_admin_password;

	for (size_t i = 0; i < nrows; i++) {
		const char *key = *(const char *const *)rows[i]->value;

		if (rows[i]->kind == KIND_KEY && *key && !key_is_random(key))
			buf_printf(&l->errors,
				   "%s: production needs a random key of 32 bytes or more, in hex "
				   "or base64: openssl rand -hex 32\n",
				   rows[i]->name);
	}
	if (*password && strlen(password) < 12)
		buf_text(&l->errors,
			 "FIRST_ADMIN_PASSWORD: production needs at least 12 characters, "
			 "or leave it empty\n");
	if (l->file.open_to_all && file_has_secret(l))
		buf_printf(&l->errors,
			   "%s: every user of this host can read its secrets: chmod 600 %s\n",
			   l->file.path, l->file.path);
}

static void
check_first_password(struct settings_loader *l)
{
	const char *password = settings.first_admin_password;

	if (password && *password && utf8_length(password) < (size_t)settings.password_min_length)
		buf_printf(&l->errors,
			   "FIRST_ADMIN_PASSWORD: must have at least %" PRId64
			   " characters (PASSWORD_MIN_LENGTH)\n",
			   settings.password_min_length);
}

/* Rejects a scheme that this build does not include. */
static void
check_scheme(struct settings_loader *l)
{
#ifdef HAVE_ARGON2
	(void)l;
#else
	if (settings.password_scheme && strcmp(settings.password_scheme, "argon2id") == 0)
		buf_text(&l->errors, "PASSWORD_SCHEME=argon2id: this program was built without "
				     "Argon2: use yescrypt, or rebuild with libargon2\n");
#endif
}

/* ---- names */

bool
setting_known(const char *name)
{
	for (size_t i = 0; i < nrows; i++) {
		size_t n = strlen(rows[i]->name);

		if (strncmp(name, rows[i]->name, n) == 0 &&
		    (!name[n] || strcmp(name + n, "_FILE") == 0))
			return true;
	}
	return false;
}

/* The Levenshtein distance; `b` has at most NEAR_MAX characters. */
static size_t
edit_distance(const char *a, const char *b)
{
	size_t line[NEAR_MAX + 1], n = strlen(b);

	for (size_t j = 0; j <= n; j++)
		line[j] = j;
	for (size_t i = 1; *a; a++, i++) {
		size_t diagonal = line[0];

		line[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t best = diagonal + (toupper((unsigned char)*a) != b[j - 1]);

			diagonal = line[j];
			best = best < line[j] + 1 ? best : line[j] + 1;
			line[j] = best < line[j - 1] + 1 ? best : line[j - 1] + 1;
		}
	}
	return line[n];
}

const char *
setting_nearest(struct arena *a, const char *name, size_t *edits)
{
	size_t len = strlen(name), best = len / 4 + 1;
	bool file = len > 5 && strcmp(name + len - 5, "_FILE") == 0;
	const char *nearest = NULL, *plain = arena_text_n(a, name, len - 5 * file);

	for (size_t i = 0; i < nrows && len <= NEAR_MAX; i++) {
		size_t whole = edit_distance(name, rows[i]->name);
		size_t part = file ? edit_distance(plain, rows[i]->name) : whole;

		if (whole < best)
			nearest = rows[i]->name, best = whole;
		if (part < best)
			nearest = arena_printf(a, "%s_FILE", rows[i]->name), best = part;
	}
	*edits = best;
	return nearest;
}

/* Most variables belong to other programs, so only names similar to a setting are reported. */
static void
check_environment(struct settings_loader *l)
{
	enum { NAME_MIN = 8, EDITS_MAX = 2 };

	for (char **at = environ; at && *at; at++) {
		size_t len = strcspn(*at, "="), edits;
		const char *name = arena_text_n(l->arena, *at, len), *nearest;

		if (len < NAME_MIN || setting_known(name))
			continue;
		nearest = setting_nearest(l->arena, name, &edits);
		if (nearest && edits <= EDITS_MAX)
			buf_printf(&l->warnings,
				   "unknown setting %s in the environment (did you mean %s?)\n",
				   name, nearest);
	}
}

/* ---- loading and printing */

/* In development, CORS_ORIGINS defaults to the dev servers of React, Next.js, Vite and Vue. */
static const char *
default_value(const struct setting *row)
{
	if (row->kind == KIND_ORIGINS && settings.environment &&
	    strcmp(settings.environment, "development") == 0)
		return "http://localhost:3000,http://localhost:5173";
	return row->default_value;
}

static void
collect_rows(struct arena *a, const struct setting *const *more)
{
	nrows = COUNT(kernel_rows);
	for (size_t i = 0; more && more[i]; i++)
		for (const struct setting *row = more[i]; row->name; row++)
			nrows++;
	rows = arena_array(a, nrows, sizeof(*rows));
	for (nrows = 0; nrows < COUNT(kernel_rows); nrows++)
		rows[nrows] = &kernel_rows[nrows];
	for (size_t i = 0; more && more[i]; i++)
		for (const struct setting *row = more[i]; row->name; row++)
			rows[nrows++] = row;
}

const char *
settings_load(struct arena *a, const struct setting *const *more, const char *env_file,
	      bool complete)
{
	struct settings_loader l = {
		.arena = a,
		.errors = buf_new(a, 64 * 1024),
		.ignored = buf_new(a, 64 * 1024),
		.warnings = buf_new(a, 64 * 1024),
	};
	bool strict;

	collect_rows(a, more);
	env_file_read(&l, env_file);
	for (size_t i = 0; i < nrows; i++) {
		const struct setting *row = rows[i];
		const char *value = setting_value(&l, row);

		if (value && (*value || row->flags & S_EMPTY_OK || is_list(row->kind)))
			set_value(&l, row, value);
		else if (!(row->flags & S_REQUIRED))
			set_value(&l, row, default_value(row));
		else if (complete)
			report(&l, row, "", "must be set. %s", row->text);
		else
			*(const char **)row->value = "";
	}
	match_migrate_url(&l);
	check_first_password(&l);
	check_environment(&l);
	check_scheme(&l);
	strict = complete && l.errors.len == 0 && settings_production();
	if (strict)
		check_production(&l);
	if (strict || l.errors.len) /* a misspelt name may explain a missing setting */
		buf_text(&l.errors, l.ignored.data);
	buf_text(&l.warnings, l.ignored.data);
	warnings = l.warnings.data;
	return l.errors.len ? l.errors.data : NULL;
}

const char *
settings_warnings(void)
{
	return warnings;
}

bool
settings_production(void)
{
	return settings.environment && strcmp(settings.environment, "production") == 0;
}

const char *
setting_text(const char *name)
{
	for (size_t i = 0; i < nrows; i++)
		if (strcmp(rows[i]->name, name) == 0)
			return *(const char *const *)rows[i]->value;
	return NULL;
}

const char *
rate_text(struct arena *a, struct rate rate)
{
	for (size_t i = 0; i < COUNT(periods) && rate.n; i++) {
		if (periods[i].seconds == rate.seconds)
			return arena_printf(a, "%" PRId64 "/%s", rate.n, periods[i].name);
	}
	return "off";
}

static const char *
current_value(struct arena *a, const struct setting *row)
{
	const void *member = row->value;
	const char *const *list;
	struct buf b;

	switch (row->kind) {
	case KIND_INT:
		return arena_printf(a, "%" PRId64, *(const int64_t *)member);
	case KIND_BOOL:
		return *(const bool *)member ? "on" : "off";
	case KIND_RATE:
		return rate_text(a, *(const struct rate *)member);
	default:
		break;
	}
	if (!is_list(row->kind) && row->flags & S_SECRET && **(const char *const *)member)
		return "***";
	if (!is_list(row->kind))
		return *(const char *const *)member;
	b = buf_new(a, 64 * 1024);
	for (list = *(const char *const *const *)member; *list; list++) {
		buf_text(&b, b.len ? "," : "");
		buf_text(&b, *list);
	}
	return b.data;
}

static void
settings_print_json(FILE *out, struct arena *a)
{
	for (size_t i = 0; i < nrows; i++) {
		struct buf b = buf_new(a, 64 * 1024);

		buf_json(&b, "{'name':%s,'value':%s,'default':%s,'text':%s}", rows[i]->name,
			 current_value(a, rows[i]), rows[i]->default_value, rows[i]->text);
		print(out, i ? ",\n %s" : "[%s", b.data);
	}
	print(out, "]\n");
}

void
settings_print(FILE *out, bool json)
{
	struct arena *a = arena_new(16 * 1024 * 1024);

	if (json)
		settings_print_json(out, a);
	for (size_t i = 0; !json && i < nrows; i++) {
		const char *value = current_value(a, rows[i]);

		print(out, "%s=%s\n    %s", rows[i]->name, value, rows[i]->text);
		if (strcmp(value, rows[i]->default_value) != 0 && *rows[i]->default_value)
			print(out, " Default: %s.", rows[i]->default_value);
		print(out, "\n");
	}
	arena_free(a);
}

void
settings_print_example(FILE *out)
{
	print(out, "# Settings, read from the environment first, then NAME_FILE, then this file.\n"
		   "# `settings --example` prints this file; lines with # show the defaults.\n");
	for (size_t i = 0; i < nrows; i++) {
		const struct setting *row = rows[i];

		print(out, "\n# %s\n", row->text);
		if (row->kind == KIND_CHOICE)
			print(out, "# One of %s.\n", row->choices);
		if (row->kind == KIND_RATE)
			print(out, "# N/second, N/minute, N/hour, N/day or off.\n");
		print(out, "%s%s=%s\n", row->flags & S_REQUIRED ? "" : "#", row->name,
		      row->default_value);
	}
}
