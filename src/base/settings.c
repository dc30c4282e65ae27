/* Reads settings.def's rows from the environment, files and .env, and prints them. */
#include "app/settings.h"

#include "app/buf.h"

#include <fcntl.h>
#include <regex.h>
#include <sys/stat.h>

enum kind { KIND_TEXT, KIND_INT, KIND_BOOL, KIND_CHOICE, KIND_LIST, KIND_RATE };

struct row {
	enum kind kind;
	const char *name, *standard;
	int64_t min, max;
	const char *choices; /* KIND_CHOICE: words between commas */
	unsigned flags;
	const char *text;
	size_t offset;
};

#define LIMITS_TEXT(from, to)   .min = from, .max = to
#define LIMITS_INT(from, to)    .min = from, .max = to
#define LIMITS_BOOL(from, to)   .min = from, .max = to
#define LIMITS_LIST(from, to)   .min = from, .max = to
#define LIMITS_RATE(from, to)   .min = from, .max = to
#define LIMITS_CHOICE(words, x) .choices = words, .max = x

static const struct row rows[] = {
#define SETTING(k, member, n, s, from, to, f, t)                                                   \
	{ .kind = KIND_##k,                                                                        \
	  .name = n,                                                                               \
	  .standard = s,                                                                           \
	  LIMITS_##k(from, to),                                                                    \
	  .flags = f,                                                                              \
	  .text = t,                                                                               \
	  .offset = offsetof(struct settings, member) },
#include "app/settings.def"
#undef SETTING
};

struct settings settings;

enum { FILE_MAX = 64 * 1024, RATE_MAX = 1000000 };

/* What loading has at hand. */
struct loader {
	struct arena *arena;
	const char *env_file; /* content of .env, or NULL */
	struct buf wrong;     /* one line a bad setting */
};

/* The whole file as text, NULL where it cannot be read; errno tells why. */
static const char *
read_file(struct arena *a, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
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
	close(fd);
	if (len > FILE_MAX)
		errno = EFBIG;
	return got < 0 || len > FILE_MAX ? NULL : text;
}

static const char *
trimmed(struct arena *a, const char *text, size_t len)
{
	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	return arena_text_n(a, text, len);
}

/* The value of `name` in the text of a .env file, or NULL: NAME=value lines, # comments, an
 * optional `export`, optional single or double quotes. The last one wins. */
static const char *
from_env_file(struct arena *a, const char *file, const char *name)
{
	const char *found = NULL, *next;
	size_t name_len = strlen(name);

	for (const char *at = file; at && *at; at = next) {
		size_t len = strcspn(at, "\n");
		const char *value;

		next = at[len] ? at + len + 1 : at + len;
		while (len && (*at == ' ' || *at == '\t'))
			at++, len--;
		if (len > 7 && strncmp(at, "export ", 7) == 0)
			at += 7, len -= 7;
		if (len <= name_len || strncmp(at, name, name_len) != 0 || at[name_len] != '=')
			continue;
		value = trimmed(a, at + name_len + 1, len - name_len - 1);
		len = strlen(value);
		if (len >= 2 && (value[0] == '"' || value[0] == '\'') && value[len - 1] == value[0])
			value = arena_text_n(a, value + 1, len - 2);
		found = value;
	}
	return found;
}

/* NAME_FILE, or the systemd credential of that name. */
static const char *
from_secret_file(struct loader *l, const char *name)
{
	const char *variable = arena_printf(l->arena, "%s_FILE", name), *path = getenv(variable);
	const char *folder = getenv("CREDENTIALS_DIRECTORY"), *text = NULL;

	if (!path)
		path = from_env_file(l->arena, l->env_file, variable);
	if (path)
		text = read_file(l->arena, path);
	else if (folder)
		text = read_file(l->arena, arena_printf(l->arena, "%s/%s", folder, name));
	if (path && !text)
		buf_printf(&l->wrong, "%s: cannot read %s: %s\n", variable, path, strerror(errno));
	return text ? trimmed(l->arena, text, strlen(text)) : NULL;
}

static const char *
find(struct loader *l, const struct row *row)
{
	const char *value = getenv(row->name);

	if (!value)
		value = from_secret_file(l, row->name);
	if (!value)
		value = from_env_file(l->arena, l->env_file, row->name);
	return value;
}

static void PRINTF_LIKE(4, 5)
    complain(struct loader *l, const struct row *row, const char *value, const char *wanted, ...)
{
	bool secret = row->flags & S_SECRET;
	va_list args;

	va_start(args, wanted);
	buf_printf(&l->wrong, "%s%s%s: %s\n", row->name, secret ? "" : "=", secret ? "" : value,
		   arena_vprintf(l->arena, wanted, args));
	va_end(args);
}

static void
set_text(struct loader *l, const struct row *row, const char *value, void *member)
{
	size_t len = strlen(value);

	if (len == 0 && row->flags & S_EMPTY_OK) {
		*(const char **)member = "";
		return;
	}
	if (len < (size_t)row->min || len > (size_t)row->max) {
		complain(l, row, value, "must have %" PRId64 " to %" PRId64 " bytes", row->min,
			 row->max);
		return;
	}
	*(const char **)member = arena_text(l->arena, value);
}

static void
set_int(struct loader *l, const struct row *row, const char *value, void *member)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(value, &end, 10);
	if (errno || end == value || *end || number < row->min || number > row->max) {
		complain(l, row, value, "must be a whole number from %" PRId64 " to %" PRId64,
			 row->min, row->max);
		return;
	}
	*(int64_t *)member = number;
}

static void
set_bool(struct loader *l, const struct row *row, const char *value, void *member)
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
	complain(l, row, value, "must be on or off");
}

static void
set_choice(struct loader *l, const struct row *row, const char *value, void *member)
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
	complain(l, row, value, "must be one of %s", row->choices);
}

/* Words between commas; brackets, quotes and blanks of a JSON array fall away. */
static void
set_list(struct loader *l, const struct row *row, const char *value, void *member)
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
		complain(l, row, value, "must have at most %" PRId64 " words", row->max);
		return;
	}
	*(const char *const **)member = list;
}

static const struct {
	const char *name;
	int64_t seconds;
} periods[] = { { "second", 1 }, { "minute", 60 }, { "hour", 3600 }, { "day", 86400 } };

static void
set_rate(struct loader *l, const struct row *row, const char *value, void *member)
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
		complain(l, row, value,
			 "must be N/second, N/minute, N/hour or N/day with N from 1 to %d, or off",
			 RATE_MAX);
}

static void
set(struct loader *l, const struct row *row, const char *value)
{
	static void (*const setters[])(struct loader *, const struct row *, const char *,
				       void *) = {
		[KIND_TEXT] = set_text,     [KIND_INT] = set_int,   [KIND_BOOL] = set_bool,
		[KIND_CHOICE] = set_choice, [KIND_LIST] = set_list, [KIND_RATE] = set_rate,
	};

	setters[row->kind](l, row, value, (char *)&settings + row->offset);
}

/* Whether it was surely not drawn at random: too few different characters. */
static bool
made_up(const char *key)
{
	bool seen[256] = { false };
	size_t different = 0;

	for (; *key; key++) {
		different += !seen[(unsigned char)*key];
		seen[(unsigned char)*key] = true;
	}
	return different < 8;
}

/* What production refuses, though each value alone is well formed. */
static void
check_production(struct loader *l)
{
	const char *key = settings.jwt_secret_key, *password = settings.first_admin_password;

	if (key && (strcasestr(key, "change") || made_up(key)))
		buf_text(&l->wrong, "JWT_SECRET_KEY: production needs a random key: "
				    "openssl rand -hex 32\n");
	if (password && *password && strlen(password) < 12)
		buf_text(&l->wrong, "FIRST_ADMIN_PASSWORD: production needs 12 characters or more, "
				    "or none\n");
}

/* What this build left out. */
static void
check_scheme(struct loader *l)
{
#ifdef HAVE_ARGON2
	(void)l;
#else
	if (settings.password_scheme && strcmp(settings.password_scheme, "argon2id") == 0)
		buf_text(&l->wrong, "PASSWORD_SCHEME=argon2id: this program was built without "
				    "Argon2: take yescrypt, or build it with libargon2\n");
#endif
}

static void
check_prefix(struct loader *l)
{
	const char *prefix = settings.api_prefix;
	size_t len;

	if (!prefix || !*prefix)
		return;

	len = strlen(prefix);
	if (prefix[0] != '/' || prefix[len - 1] == '/' || strstr(prefix, "//") ||
	    strcspn(prefix, "?#%{} \t") != len)
		buf_printf(&l->wrong,
			   "API_PREFIX=%s: must be empty or begin with a slash and not end with "
			   "one, such as /api/v1\n",
			   prefix);
}

static bool
matches(const char *pattern, const char *text)
{
	regex_t regex;
	bool found;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return false;

	found = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return found;
}

/* What browsers send: scheme, host in lower case, and the port where it is not the scheme's
 * own. */
static bool
is_origin(const char *text)
{
	return matches("^[a-z][a-z0-9+.-]*://[a-z0-9._-]+(:[0-9]{1,5})?$", text) &&
	       !matches("^(http://.*:80|https://.*:443)$", text);
}

static void
check_origins(struct loader *l)
{
	const char *const *list = settings.cors_origins;

	if (!list || !list[0] || (strcmp(list[0], "*") == 0 && !list[1]))
		return;

	for (; *list; list++) {
		if (!is_origin(*list))
			buf_printf(
			    &l->wrong,
			    "CORS_ORIGINS=%s: must be origins as browsers send them, such as "
			    "https://app.example.com or http://localhost:3000 (lower case, no "
			    "path, no slash at the end), or * alone\n",
			    *list);
	}
}

/* Its content; where there is none, NULL and errno. */
static const char *
read_env_file(struct arena *a, const char **env_file)
{
	if (!*env_file)
		*env_file = getenv("ENV_FILE");
	return read_file(a, *env_file ? *env_file : ".env");
}

static bool
is_known(const char *name, size_t len)
{
	static const char *const of_dev[] = { "PORT", "SERVER" }; /* it reads the file too */

	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = strlen(rows[i].name);

		if (len >= n && memcmp(name, rows[i].name, n) == 0 &&
		    (len == n || (len == n + 5 && memcmp(name + n, "_FILE", 5) == 0)))
			return true;
	}
	for (size_t i = 0; i < COUNT(of_dev); i++)
		if (strlen(of_dev[i]) == len && memcmp(name, of_dev[i], len) == 0)
			return true;
	return false;
}

const char *
settings_strays(struct arena *a)
{
	/* What looks otherwise may be a part of a secret. */
	static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	enum { NAME_MAX_SHOWN = 40 };
	const char *env_file = NULL, *at = read_env_file(a, &env_file), *next;
	struct buf b = buf_new(a, 4096);
	unsigned line = 0;

	for (; at && *at; at = next) {
		size_t len = strcspn(at, "\n");

		next = at + len + (at[len] == '\n');
		line++;
		at += strspn(at, " \t");
		at += strncmp(at, "export ", 7) == 0 ? 7 : 0;
		len = strcspn(at, "=# \t\r\n");
		if (at[len] == '=' ? is_known(at, len) : len == 0)
			continue;
		buf_printf(&b, "%sline %u", b.len ? ", " : "", line);
		if (len <= NAME_MAX_SHOWN && at[len] == '=' && strspn(at, name) == len)
			buf_printf(&b, " (%.*s)", (int)len, at);
	}
	return b.len ? b.data : NULL;
}

const char *
settings_load(struct arena *a, const char *env_file, bool complete)
{
	struct loader l = { .arena = a, .wrong = buf_new(a, 64 * 1024) };

	l.env_file = read_env_file(a, &env_file);
	if (!l.env_file && (env_file || errno != ENOENT))
		buf_printf(&l.wrong, "cannot read %s: %s\n", env_file ? env_file : ".env",
			   strerror(errno));
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		const char *value = find(&l, row);

		if (value && (*value || row->flags & S_EMPTY_OK || row->kind == KIND_LIST))
			set(&l, row, value);
		else if (!(row->flags & S_REQUIRED))
			set(&l, row, row->standard);
		else if (complete)
			complain(&l, row, "", "must be set. %s", row->text);
		else
			*(const char **)((char *)&settings + row->offset) = "";
	}
	check_prefix(&l);
	check_origins(&l);
	check_scheme(&l);
	if (l.wrong.len == 0 && complete && settings_production())
		check_production(&l);
	return l.wrong.len ? l.wrong.data : NULL;
}

bool
settings_production(void)
{
	return settings.environment && strcmp(settings.environment, "production") == 0;
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
current(struct arena *a, const struct row *row)
{
	const void *member = (const char *)&settings + row->offset;
	const char *const *list;
	struct buf b;

	switch (row->kind) {
	case KIND_INT:
		return arena_printf(a, "%" PRId64, *(const int64_t *)member);
	case KIND_BOOL:
		return *(const bool *)member ? "on" : "off";
	case KIND_RATE:
		return rate_text(a, *(const struct rate *)member);
	case KIND_TEXT:
	case KIND_CHOICE:
		if (row->flags & S_SECRET && **(const char *const *)member)
			return "***";
		return *(const char *const *)member;
	case KIND_LIST:
		break;
	}
	b = buf_new(a, 64 * 1024);
	for (list = *(const char *const *const *)member; *list; list++) {
		buf_text(&b, b.len ? "," : "");
		buf_text(&b, *list);
	}
	return b.data;
}

static void
print_json(FILE *out, struct arena *a)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf b = buf_new(a, 64 * 1024);

		buf_json(&b, "{'name':%s,'value':%s,'default':%s,'text':%s}", rows[i].name,
			 current(a, &rows[i]), rows[i].standard, rows[i].text);
		fprintf(out, "%s%s", i ? ",\n " : "[", b.data);
	}
	fputs("]\n", out);
}

void
settings_print(FILE *out, bool json)
{
	struct arena *a = arena_new(16 * 1024 * 1024);

	if (json)
		print_json(out, a);
	for (size_t i = 0; !json && i < COUNT(rows); i++) {
		const char *value = current(a, &rows[i]);

		fprintf(out, "%s=%s\n    %s", rows[i].name, value, rows[i].text);
		if (strcmp(value, rows[i].standard) != 0 && *rows[i].standard)
			fprintf(out, " Default: %s.", rows[i].standard);
		fputc('\n', out);
	}
	arena_free(a);
}

void
settings_print_example(FILE *out)
{
	fputs("# Settings, read from the environment first, then NAME_FILE, then this file.\n"
	      "# `settings --example` prints this; a value behind # is the default.\n",
	      out);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];

		fprintf(out, "\n# %s\n", row->text);
		if (row->kind == KIND_CHOICE)
			fprintf(out, "# One of %s.\n", row->choices);
		if (row->kind == KIND_RATE)
			fputs("# N/second, N/minute, N/hour, N/day or off.\n", out);
		fprintf(out, "%s%s=%s\n", row->flags & S_REQUIRED ? "" : "#", row->name,
			row->standard);
	}
}
