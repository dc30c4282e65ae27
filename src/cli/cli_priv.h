/* What the commands share. A command is a row in main.c and a file here. */
#ifndef APP_CLI_PRIV_H
#define APP_CLI_PRIV_H

#include "app/ctx.h"

struct command {
	const char *name;
	const char *args;                  /* "up | down [N] | status", "" where there are none */
	const char *text;                  /* one sentence */
	const char *example;               /* its arguments in a line that works: "down 1" */
	int (*run)(int argc, char **argv); /* argv[0] is the command's name */
	bool complete;                     /* needs every required setting (a database, a key) */
};

/* Runs the command that argv names; prints help. Exit statuses: 0 done, 1 failed, 2
 * called wrongly. */
int cli_main(const struct command *commands, int argc, char **argv);

/* "app migrate: unknown option --x", and how to get help. Returns 2. */
int cli_usage(const char *command, const char *format, ...) PRINTF_LIKE(2, 3);

/* A ctx for a command: arena and database, as the system itself asks (no caller). */
struct ctx *cli_open(void);

/* The same as the role that owns the tables (MIGRATE_DATABASE_URL). */
struct ctx *cli_open_owner(void);

/* Closes it and says on standard error what failed. Returns the exit status. */
int cli_close(struct ctx *, const char *command, enum error e);

/* Takes `flag` out of the arguments; true if it was there. */
bool cli_flag(int *argc, char **argv, const char *flag);

/* Takes `--name VALUE` or `--name=VALUE` out of the arguments: the value, or NULL where it
 * was not there. */
const char *cli_option(int *argc, char **argv, const char *name);

/* Asks on the terminal; `secret`: without showing what is typed. NULL where there is no
 * terminal or no answer. */
const char *cli_ask(struct arena *, const char *question, bool secret);

/* A new password: asked for twice on the terminal, else the first line of standard input;
 * never an argument, which everybody on the machine can see. E_VALIDATION where there is
 * none. */
enum error cli_new_password(struct ctx *, const char **password) MUST_CHECK;

/* A yes to `question` on the terminal; without one, E_VALIDATION and how to do without. */
enum error cli_confirm(struct ctx *, const char *question) MUST_CHECK;

int cmd_serve(int argc, char **argv);
int cmd_work(int argc, char **argv);
int cmd_jobs(int argc, char **argv);
int cmd_migrate(int argc, char **argv);
int cmd_seed(int argc, char **argv);
int cmd_user(int argc, char **argv);
int cmd_token(int argc, char **argv);
int cmd_sessions(int argc, char **argv);
int cmd_audit(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_keys(int argc, char **argv);
int cmd_log_level(int argc, char **argv);
int cmd_routes(int argc, char **argv);
int cmd_openapi(int argc, char **argv);
int cmd_settings(int argc, char **argv);
int cmd_queries(int argc, char **argv);

#endif
