/* Command line: finds and runs commands, prints help; functions that commands share. */
#include "app/command.h"

#include "app/buf.h"
#include "app/db.h"
#include "app/feature.h"
#include "app/keys.h"
#include "app/log.h"
#include "app/password.h"
#include "app/redis.h"
#include "app/settings.h"
#include "app/print.h"

enum { CLI_ARENA_LIMIT = 256 * 1024 * 1024, JSON_MAX = 1024 * 1024 };

/* Returns the length of the first sentence, without its full stop. */
static size_t
sentence(const char *text)
{
	const char *end = strstr(text, ". ");

	return end ? (size_t)(end - text) : strlen(text) - 1;
}

/* Returns command number `i`: those of the application, then those of its features, then NULL. */
static const struct command *
command_at(const struct app *app, size_t i)
{
	for (const struct command *c = app->commands; c->name; c++)
		if (i-- == 0)
			return c;
	for (const struct feature *const *f = app->features; *f; f++)
		for (const struct command *c = (*f)->commands; c && c->name; c++)
			if (i-- == 0)
				return c;
	return NULL;
}

static void
print_overview(FILE *out, const struct app *app)
{
	const struct command *c;

	print(out, "Usage: %s [--env-file FILE] COMMAND [ARGUMENTS]\n\n", app->name);
	for (size_t i = 0; (c = command_at(app, i)); i++)
		print(out, "  %-10s %.*s.\n", c->name, (int)sentence(c->summary), c->summary);
	print(out,
	      "\n`%s COMMAND --help` describes a command. Settings come from the environment\n"
	      "and from .env; `%s settings` lists them.\n",
	      app->name, app->name);
}

static void
print_help(const struct app *app, const struct command *command)
{
	for (const struct subcommand *s = command->subcommands; s->form; s++)
		print(stdout, "%-6s %s %s%s%s\n", s == command->subcommands ? "Usage:" : "",
		      app->name, command->name, *s->form ? " " : "", s->form);
	print(stdout, "\n%s\n\nExample:\n  %s %s%s%s\n", command->summary, app->name, command->name,
	      *command->example ? " " : "", command->example);
}

/* ---- parsing the arguments */

static int PRINTF_LIKE(2, 3) usage(const struct call *call, const char *format, ...)
{
	va_list args;

	print(stderr, "%s %s: ", call->app->name, call->command);
	va_start(args, format);
	print_args(stderr, format, args);
	va_end(args);
	print(stderr, "\nRun `%s %s --help` for its usage.\n", call->app->name, call->command);
	return 2;
}

/* Returns the length of the name at the start of the form; 0: none. */
static size_t
name_length(const char *form)
{
	return *form >= 'a' ? strcspn(form, " ") : 0;
}

static const struct subcommand *
find_subcommand(const struct subcommand *subcommands, const char *word)
{
	for (const struct subcommand *s = subcommands; s->form; s++) {
		size_t len = name_length(s->form);

		if (!len || (word && strncmp(s->form, word, len) == 0 && !word[len]))
			return s;
	}
	return NULL;
}

/* "expected one of: up, down, status, new" */
static int
report_missing_subcommand(const struct call *call, const struct command *command)
{
	const char *between = "";
	char names[200] = "";
	size_t n = 0;

	for (const struct subcommand *s = command->subcommands; s->form; s++) {
		n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%.*s", between,
				      (int)name_length(s->form), s->form);
		between = ", ";
	}
	return usage(call, "expected one of: %s", names);
}

/* An option or value of a form. */
struct element {
	const char *name;
	size_t len;
	bool optional, option, valued;
};

/* Parses the first element. Returns the rest of the form. */
static const char *
read_element(const char *form, struct element *out)
{
	*out = (struct element) { .optional = *form == '[' };
	form += out->optional;
	out->name = form;
	out->option = *form == '-';
	out->len = strcspn(form, " ]");
	form += out->len;
	if (out->option && form[0] == ' ' && form[1] != '[') {
		out->valued = true;
		form += 1 + strcspn(form + 1, " ]");
	}
	return form + strspn(form, " ]");
}

static const char *
find_argument(const struct call *call, const char *name, size_t len)
{
	for (size_t i = 0; i < call->n; i++)
		if (call->given[i].len == len && memcmp(call->given[i].name, name, len) == 0)
			return call->given[i].value;
	return NULL;
}

/* Finds the element of the form for a word: the option of that name, or the next value. */
static bool
find_element(const char *form, const struct call *call, const char *word, bool options,
	     struct element *out)
{
	size_t len = strcspn(word, "=");

	while (*form) {
		form = read_element(form, out);
		if (find_argument(call, out->name, out->len))
			continue;
		if (out->option ? options && out->len == len && memcmp(out->name, word, len) == 0
				: !options || strncmp(word, "--", 2) != 0)
			return true;
	}
	return false;
}

/* Returns NULL, or the invalid word. Words after `--` are not options. */
static const char *
read_words(const char *form, int argc, char **argv, struct call *call)
{
	bool options = true;

	for (int i = 0; i < argc; i++) {
		const char *word = argv[i], *value = word, *equals = strchr(word, '=');
		struct element e;

		if (options && strcmp(word, "--") == 0) {
			options = false;
			continue;
		}
		if (call->n == ARGUMENTS_MAX || !find_element(form, call, word, options, &e))
			return word;
		if (e.option && equals)
			value = e.valued ? equals + 1 : NULL;
		else if (e.valued)
			value = argv[++i]; /* NULL after the last */
		else if (e.option)
			value = "";
		if (!value)
			return word;
		call->given[call->n++] = (struct argument) { e.name, e.len, value };
	}
	return NULL;
}

/* Returns 0, or the exit status after printing a usage error. */
static int
read_call(const struct subcommand *subcommand, int argc, char **argv, struct call *call)
{
	size_t len = name_length(subcommand->form);
	const char *form = subcommand->form + len + strspn(subcommand->form + len, " "), *err;

	err = read_words(form, argc - !!len, argv + !!len, call);
	if (err)
		return usage(call, "%.*s%sinvalid argument %s", (int)len, subcommand->form,
			     len ? ": " : "", err);

	while (*form) {
		struct element e;

		form = read_element(form, &e);
		if (!e.optional && !find_argument(call, e.name, e.len))
			return usage(call, "%.*s%smissing argument %.*s", (int)len,
				     subcommand->form, len ? ": " : "", (int)e.len, e.name);
	}
	return 0;
}

const char *
cli_value(const struct call *call, const char *name)
{
	return find_argument(call, name, strlen(name));
}

enum error
cli_number(struct ctx *c, const struct call *call, const char *name, int64_t max, int64_t *n)
{
	const char *text = cli_value(call, name);
	char *end;

	if (!text)
		return OK;

	errno = 0;
	*n = strtoll(text, &end, 10);
	if (errno || end == text || *end || *n < 1 || *n > max)
		return fail(c, E_BAD_REQUEST,
			    "invalid %s \"%s\": expected a number from 1 to %" PRId64, name, text,
			    max);
	return OK;
}

enum error
cli_check(struct ctx *c, const char *name, const struct field *field, const char *text,
	  const char **value)
{
	*value = field_check(c, "argument", field, text);
	return *value ? OK : fail(c, E_VALIDATION, "%s %s", name, c->failure.fields->message);
}

void
cli_print_json(struct ctx *c, const struct schema *schema, const void *record)
{
	struct buf b = buf_new(c->arena, JSON_MAX);

	schema_write(&b, schema, record);
	print(stdout, "%s", b.data);
}

/* ---- running a command */

const struct setting *const *
cli_feature_settings(struct arena *a, const struct app *app)
{
	const struct setting **tables;
	size_t n = 0;

	while (app->features[n])
		n++;
	tables = arena_array(a, n + 1, sizeof(*tables));
	n = 0;
	for (const struct feature *const *f = app->features; *f; f++)
		if ((*f)->settings)
			tables[n++] = (*f)->settings;
	return tables;
}

const char *
cli_settings(struct arena *a, const struct app *app, const char *env_file, bool complete)
{
	const char *err = settings_load(a, cli_feature_settings(a, app), env_file, complete);

	if (!err)
		err = db_urls_check(a);
	if (!err && complete)
		err = keys_load(a);
	if (!err && complete)
		err = password_list_check(a);
	if (!err && complete)
		err = redis_check(a);
	return err;
}

static void
show_lines(const char *lines, bool in_log)
{
	for (; *lines; lines += strspn(lines, "\n")) {
		int len = (int)strcspn(lines, "\n");

		if (in_log)
			log_warn(NULL, "%.*s", len, lines);
		else
			print(stderr, "%.*s\n", len, lines);
		lines += len;
	}
}

static bool
load_settings(struct arena *a, const struct app *app, const char *env_file, bool complete)
{
	const char *err = cli_settings(a, app, env_file, complete);

	if (err) {
		print(stderr, "%s: invalid settings (`%s settings --example` lists all)\n",
		      app->name, app->name);
		show_lines(err, false);
		return false;
	}

	log_init();
	show_lines(settings_warnings(), true);
	return true;
}

struct ctx
cli_open(const struct app *app, bool owner)
{
	const char *url = settings.migrate_database_url;

	return (struct ctx) {
		.app = app,
		.arena = arena_new(CLI_ARENA_LIMIT),
		.db = db_new(owner && *url ? url : settings.database_url),
		.request_id = app->name,
		.process = "cli",
	};
}

/* Prints the error to standard error. Returns the exit status. */
static int
report_error(const struct ctx *c, const struct call *call, enum error e)
{
	const char *detail = c->failure.detail ? c->failure.detail : error_info(e)->detail;

	if (e == E_BAD_REQUEST)
		return usage(call, "%s", detail);
	if (e)
		print(stderr, "%s %s: %s\n", call->app->name, call->command, detail);
	if (e == E_UNAVAILABLE || e == E_OVERLOADED || e == E_INTERNAL) {
		if (*db_reason(c))
			print(stderr, "  cause: %s\n", db_reason(c));
		if (*db_hint(c))
			print(stderr, "  hint: %s\n", db_hint(c));
	}
	for (const struct field_error *f = c->failure.fields; e && f; f = f->next)
		print(stderr, "  %s %s\n", f->field, f->message);
	return e ? 1 : 0;
}

static int
run_subcommand(const struct command *command, const struct subcommand *subcommand,
	       const struct call *call)
{
	struct ctx c;
	enum error e;
	int status;

	if (subcommand->run_alone)
		return subcommand->run_alone(call);

	c = cli_open(call->app, command->owner);
	if (command->owner && !*settings.migrate_database_url && !*settings.database_url)
		e = fail_unavailable(
		    &c, CAUSE_SETTINGS,
		    "set MIGRATE_DATABASE_URL, or DATABASE_URL if one role is used for"
		    " everything");
	else
		e = subcommand->run(&c, call);
	status = report_error(&c, call, e);
	db_free(c.db);
	arena_free(c.arena);
	return status;
}

static int
run_command(const struct command *command, struct call *call, const char *env_file, int argc,
	    char **argv)
{
	const struct subcommand *subcommand;
	struct arena *a; /* for the settings */
	int status;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--help") != 0 && strcmp(argv[i], "-h") != 0)
			continue;
		print_help(call->app, command);
		return 0;
	}
	call->command = command->name;
	subcommand = find_subcommand(command->subcommands, argv[0]);
	status = subcommand ? read_call(subcommand, argc, argv, call)
			    : report_missing_subcommand(call, command);
	if (status)
		return status;

	if (command->daemon)
		log_never_block();
	a = arena_new(8 * 1024 * 1024);
	status = load_settings(a, call->app, env_file, command->needs_config)
		     ? run_subcommand(command, subcommand, call)
		     : 1;
	arena_free(a);
	return status;
}

int
cli_main(const struct app *app, int argc, char **argv)
{
	static char help[] = "--help";
	const char *env_file = NULL, *name;
	struct call call = { .app = app, .argv = argv };
	const struct command *c;

	argc--, argv++;
	if (argc >= 2 && strcmp(argv[0], "--env-file") == 0) {
		env_file = argv[1];
		setenv("ENV_FILE", env_file, 1);
		argc -= 2, argv += 2;
	}
	name = argc ? argv[0] : "";
	if (argc == 2 && strcmp(name, "help") == 0) { /* `help COMMAND` is `COMMAND --help` */
		name = argv[1];
		argv[1] = help;
	}
	if (!*name || strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 ||
	    strcmp(name, "-h") == 0) {
		print_overview(*name ? stdout : stderr, app);
		return *name ? 0 : 2;
	}
	if (strcmp(name, "version") == 0 || strcmp(name, "--version") == 0) {
		print(stdout, "%s %s\n", app->name, PACKAGE_VERSION);
		return 0;
	}
	for (size_t i = 0; (c = command_at(app, i)); i++) {
		if (strcmp(c->name, name) == 0)
			return run_command(c, &call, env_file, argc - 1, argv + 1);
	}
	print(stderr, "%s: unknown command %s (`%s help` lists all)\n", app->name, name, app->name);
	return 2;
}
