/*
 * Commands of the program. Those of the core are rows of src/main.c, those of a feature are its
 * .commands:
 *
 *	static enum error
 *	prune(struct ctx *c, const struct call *call)
 *	{
 *		const char *age = cli_value(call, "--older-than");
 *		…
 *	}
 *
 *	static const struct subcommand subcommands[] = {
 *		{ "prune --older-than AGE", prune },
 *		{ 0 },
 *	};
 *	const struct command audit_commands[] = {
 *		{ "audit", subcommands, "Delete old events.", "prune --older-than 90d",
 *		  .needs_config = true },
 *		{ 0 },
 *	};
 */
#ifndef APP_COMMAND_H
#define APP_COMMAND_H

#include "app/schema.h"

struct app;
struct setting;

enum { ARGUMENTS_MAX = 16 };

/* The parsed command line of a subcommand. */
struct call {
	const struct app *app;
	char **argv; /* the whole command line */
	const char *command;
	struct argument {
		const char *name; /* as in the form, `len` bytes: "--limit", "EMAIL" */
		size_t len;
		const char *value; /* "" for an option without a value */
	} given[ARGUMENTS_MAX];
	size_t n;
};

/* A subcommand. --help prints its form, and the command line is parsed by it: a lower-case first
 * word is the name, upper-case words are values, parts in brackets are optional. A form without a
 * name is the command itself. */
struct subcommand {
	const char *form; /* "show EMAIL [--json]" */
	enum error (*run)(struct ctx *, const struct call *);
	/* Instead of .run: gets no ctx and returns the exit status. */
	int (*run_alone)(const struct call *);
};

struct command {
	const char *name;
	const struct subcommand *subcommands; /* ends with { 0 } */
	const char *summary; /* one or more sentences; the overview prints the first */
	const char *example; /* arguments of a valid call: "down 1" */
	bool needs_config;   /* requires all settings of the service (database, keys) */
	bool owner;          /* connects as the owner of the tables (MIGRATE_DATABASE_URL) */
	bool daemon;         /* drops log lines instead of waiting for the reader (app/log.h) */
};

/* Runs the command that argv names, or prints help. Returns the exit status: 0 for success, 1 for failure, 2 for a usage error, such as
 * E_BAD_REQUEST from a subcommand. */
int cli_main(const struct app *, int argc, char **argv);

/* Returns the settings of all features, for settings_load(). */
const struct setting *const *cli_feature_settings(struct arena *, const struct app *);

/* Loads and checks the settings of the application. `complete`: also reports missing settings that the service
 * requires. Returns NULL, or errors in the form of settings_load(). */
const char *cli_settings(struct arena *, const struct app *, const char *env_file,
			 bool complete) MUST_CHECK;

/* Returns a ctx with an arena and a database handle, and without a caller, so access checks do not
 * apply. `owner`: connect as the owner of the tables (MIGRATE_DATABASE_URL). */
struct ctx cli_open(const struct app *, bool owner);

/* Returns the argument of that name ("--limit", "EMAIL"), or NULL if it is absent. */
const char *cli_value(const struct call *, const char *name);

/* Parses an argument as a whole number from 1 to `max`; otherwise E_BAD_REQUEST. If the argument
 * is absent, *n is unchanged. */
enum error cli_number(struct ctx *, const struct call *, const char *name, int64_t max,
		      int64_t *n) MUST_CHECK;

/* Validates `text` as a value of the field and stores its normal form. E_VALIDATION with a message
 * about `name`. */
enum error cli_check(struct ctx *, const char *name, const struct field *, const char *text,
		     const char **value) MUST_CHECK;

/* Prints a record as JSON, without a newline. */
void cli_print_json(struct ctx *, const struct schema *, const void *record);

/* Prompts on the terminal and returns the line; `secret`: without echo. NULL if standard input is
 * not a terminal, or at end of file. */
const char *cli_ask(struct arena *, const char *question, bool secret);

/* Reads a new password: from the terminal, twice and without echo, else the first line of standard
 * input. Never from an argument, which other users can see. E_VALIDATION if there is none. */
enum error cli_new_password(struct ctx *, const char **password) MUST_CHECK;

/* Asks for confirmation on the terminal. E_VALIDATION if the input is not "yes"; if standard input
 * is not a terminal, the message names the option --yes. */
enum error cli_confirm(struct ctx *, const char *question) MUST_CHECK;

/* The subcommands of the core, for main.c. */
extern const struct subcommand serve_subcommands[], work_subcommands[], jobs_subcommands[],
    migrate_subcommands[], seed_subcommands[], log_level_subcommands[], keys_subcommands[],
    doctor_subcommands[], routes_subcommands[], openapi_subcommands[], settings_subcommands[],
    queries_subcommands[];

#endif
