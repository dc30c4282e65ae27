/* Finds the command, shows help, and gives commands what they share. */
#include "cli_priv.h"

#include "app/db.h"
#include "app/keys.h"
#include "app/log.h"
#include "app/password.h"
#include "app/redis.h"
#include "app/settings.h"

enum { CLI_ARENA_LIMIT = 256 * 1024 * 1024 };

/* How long the first one is, without its full stop. */
static size_t
sentence(const char *text)
{
	const char *end = strstr(text, ". ");

	return end ? (size_t)(end - text) : strlen(text) - 1;
}

static void
print_overview(FILE *out, const struct command *commands)
{
	fprintf(out, "Usage: %s [--env-file FILE] COMMAND [ARGUMENTS]\n\n", PACKAGE);
	for (const struct command *c = commands; c->name; c++)
		fprintf(out, "  %-10s %.*s.\n", c->name, (int)sentence(c->text), c->text);
	fprintf(out,
		"\n`%s COMMAND --help` tells more of one. Settings come from the environment\n"
		"and from .env; `%s settings` lists them.\n",
		PACKAGE, PACKAGE);
}

/* How long the first of "up | down [N | all] | status" is: up to a bar outside brackets. */
static size_t
first_of(const char *args)
{
	int depth = 0;

	for (size_t i = 0; args[i]; i++) {
		depth += (args[i] == '[') - (args[i] == ']');
		if (depth == 0 && strncmp(&args[i], " | ", 3) == 0)
			return i;
	}
	return strlen(args);
}

static void
print_help(const struct command *c)
{
	const char *args = c->args, *before = "Usage:";

	do {
		size_t len = first_of(args);

		printf("%-6s %s %s%s%.*s\n", before, PACKAGE, c->name, len ? " " : "", (int)len,
		       args);
		args += len + (args[len] ? strlen(" | ") : 0);
		before = "";
	} while (*args);
	printf("\n%s\n\nExample:\n  %s %s%s%s\n", c->text, PACKAGE, c->name, *c->example ? " " : "",
	       c->example);
}

int
cli_usage(const char *command, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s %s: ", PACKAGE, command);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n`%s %s --help` shows how it is called.\n", PACKAGE, command);
	return 2;
}

bool
cli_flag(int *argc, char **argv, const char *flag)
{
	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], flag) != 0)
			continue;
		memmove(&argv[i], &argv[i + 1], (size_t)(*argc - i) * sizeof(*argv));
		(*argc)--;
		return true;
	}
	return false;
}

const char *
cli_option(int *argc, char **argv, const char *name)
{
	size_t len = strlen(name);
	const char *value;
	int taken;

	for (int i = 1; i < *argc; i++) {
		if (strncmp(argv[i], name, len) != 0)
			continue;
		if (argv[i][len] == '=') {
			value = argv[i] + len + 1;
			taken = 1;
		} else if (!argv[i][len] && i + 1 < *argc) {
			value = argv[i + 1];
			taken = 2;
		} else {
			continue;
		}
		memmove(&argv[i], &argv[i + taken], (size_t)(*argc - i - taken) * sizeof(*argv));
		*argc -= taken;
		return value;
	}
	return NULL;
}

static bool
load_settings(struct arena *a, const char *env_file, bool complete)
{
	const char *wrong = settings_load(a, env_file, complete);

	if (!wrong && complete)
		wrong = keys_load(a);
	if (!wrong && complete)
		wrong = password_list_check(a);
	if (!wrong && complete)
		wrong = redis_check(a);
	if (wrong) {
		fprintf(stderr, "%s: bad settings (`%s settings` lists them all)\n%s", PACKAGE,
			PACKAGE, wrong);
		return false;
	}

	log_init();
	return true;
}

static int
run(const struct command *c, const char *env_file, int argc, char **argv)
{
	struct arena *a; /* of the settings */
	int status;

	if (cli_flag(&argc, argv, "--help") || cli_flag(&argc, argv, "-h")) {
		print_help(c);
		return 0;
	}
	a = arena_new(1024 * 1024);
	status = load_settings(a, env_file, c->complete) ? c->run(argc, argv) : 1;
	arena_free(a);
	return status;
}

int
cli_main(const struct command *commands, int argc, char **argv)
{
	const char *env_file = NULL, *name;

	argc--, argv++;
	if (argc >= 2 && strcmp(argv[0], "--env-file") == 0) {
		env_file = argv[1];
		setenv("ENV_FILE", env_file, 1);
		argc -= 2, argv += 2;
	}
	name = argc ? argv[0] : "";
	if (!*name || strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 ||
	    strcmp(name, "-h") == 0) {
		print_overview(*name ? stdout : stderr, commands);
		return *name ? 0 : 2;
	}
	if (strcmp(name, "version") == 0 || strcmp(name, "--version") == 0) {
		puts(PACKAGE " " PACKAGE_VERSION);
		return 0;
	}
	for (const struct command *c = commands; c->name; c++) {
		if (strcmp(c->name, name) == 0)
			return run(c, env_file, argc, argv);
	}
	fprintf(stderr, "%s: no command %s; `%s help` lists them\n", PACKAGE, name, PACKAGE);
	return 2;
}

static struct ctx *
open_as(const char *url)
{
	struct arena *a = arena_new(CLI_ARENA_LIMIT);
	struct ctx *c = ARENA_NEW(a, struct ctx);

	c->arena = a;
	c->db = db_new(url);
	c->request_id = PACKAGE;
	c->process = "cli";
	return c;
}

struct ctx *
cli_open(void)
{
	return open_as(settings.database_url);
}

struct ctx *
cli_open_owner(void)
{
	const char *url = settings.migrate_database_url;

	return open_as(*url ? url : settings.database_url);
}

int
cli_close(struct ctx *c, const char *command, enum error e)
{
	const struct error_info *info = error_info(e);

	if (e)
		fprintf(stderr, "%s %s: %s\n", PACKAGE, command,
			c->failure.detail ? c->failure.detail : info->detail);
	for (const struct field_error *f = c->failure.fields; e && f; f = f->next)
		fprintf(stderr, "  %s %s\n", f->field, f->message);
	db_free(c->db);
	arena_free(c->arena);
	return e ? 1 : 0;
}
