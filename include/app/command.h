/*
 * Commands: what the program can do on a terminal. Those of the core are rows in main.c, those of
 * a feature in its .commands:
 *
 *	static enum error
 *	prune(struct ctx *c, const struct call *call)
 *	{
 *		const char *age = cli_value(call, "--older-than");
 *		…
 *	}
 *
 *	static const struct act acts[] = { { "prune --older-than AGE", prune }, { 0 } };
 *	const struct command audit_commands[] = {
 *		{ "audit", acts, "Remove old events.", "prune --older-than 90d", .needs_config = true },
 *		{ 0 },
 *	};
 */
#ifndef APP_COMMAND_H
#define APP_COMMAND_H

#include "app/schema.h"

enum { ARGUMENTS_MAX = 16 };

/* How an act was called. */
struct call {
	const char *command;
	struct argument {
		const char *name; /* as its form has it, `len` characters: "--limit", "WHO" */
		size_t len;
		const char *value; /* of an option without one: "" */
	} given[ARGUMENTS_MAX];
	size_t n;
};

/* What a command can do. Help shows the form, and a call is read by it: words in small
 * letters are the act's own name, others stand for what the caller puts in; what is in
 * brackets may be left out. */
struct act {
	const char *form; /* "show WHO [--json]" */
	enum error (*run)(struct ctx *, const struct call *);
	int (*run_alone)(const struct call *); /* in place of .run: returns the exit status */
};

struct command {
	const char *name;
	const struct act *acts; /* ends with { 0 } */
	const char *summary;    /* one sentence, perhaps more behind it */
	const char *example;    /* its arguments in a line that works: "down 1" */
	bool needs_config;      /* needs every required setting (a database, a key) */
	bool owner;             /* connects as the role that owns the tables, which need not know
				 * the secrets of the service */
	bool daemon;            /* never waits for the reader of its log (app/log.h) */
};

/* Runs what argv names, of `commands` (which end with { 0 }) and of the features; prints help. Exit statuses: 0 done, 1 failed, 2 called wrongly: that
 * is E_BAD_REQUEST of an act. */
int cli_main(const struct command *commands, int argc, char **argv);

/* Loads the settings, with `complete` all that a service needs; NULL, or what is wrong as
 * settings_load() tells it. */
const char *cli_settings(struct arena *, const char *env_file, bool complete) MUST_CHECK;

/* A ctx for a command: arena and database, as the system itself asks (no caller); `owner`: as
 * the role that owns the tables (MIGRATE_DATABASE_URL). */
struct ctx cli_open(bool owner);

/* What the call has for "--limit", "WHO"; NULL where it was left out. */
const char *cli_value(const struct call *, const char *name);

/* A whole number from 1 up to `max`, or E_BAD_REQUEST; where it was left out, *n stays. */
enum error cli_number(struct ctx *, const struct call *, const char *name, int64_t max,
		      int64_t *n) MUST_CHECK;

/* The text in the normal form of that field, or E_VALIDATION; `name` is how the call has it. */
enum error cli_check(struct ctx *, const char *name, const struct field *, const char *text,
		     const char **value) MUST_CHECK;

/* Prints a record as JSON, without a newline. */
void cli_print_json(struct ctx *, const struct schema *, const void *record);

/* Asks on the terminal; `secret`: without showing what is typed. NULL where there is no
 * terminal or no answer. */
const char *cli_ask(struct arena *, const char *question, bool secret);

/* A new password: asked for twice on the terminal, else the first line of standard input;
 * never an argument, which everybody on the machine can see. E_VALIDATION where there is
 * none. */
enum error cli_new_password(struct ctx *, const char **password) MUST_CHECK;

/* A yes to `question` on the terminal; without one, E_VALIDATION and how to do without. */
enum error cli_confirm(struct ctx *, const char *question) MUST_CHECK;

/* Those of the core, for the rows of main.c. */
extern const struct act serve_acts[], work_acts[], jobs_acts[], migrate_acts[], seed_acts[],
    log_level_acts[], keys_acts[], doctor_acts[], routes_acts[], openapi_acts[], settings_acts[],
    queries_acts[];

#endif
