/* Prompts on the terminal. */
#include "app/command.h"
#include "app/print.h"

#include "app/utf8.h"

#include <signal.h>
#include <termios.h>

enum { LINE_MAX_BYTES = 1000 };

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
static volatile sig_atomic_t caught_signal;

static void
note_signal(int number)
{
	caught_signal = number;
}

/* Reads a line of standard input, without its LF or CR LF. NULL at the end, for a line that is too
 * long or contains a NUL, or after a signal. */
static const char *
read_input_line(struct arena *a)
{
	char line[LINE_MAX_BYTES];
	size_t n = 0;
	char byte;

	while (n < sizeof(line)) {
		ssize_t got = read(STDIN_FILENO, &byte, 1);

		if (got < 0 && errno == EINTR && !caught_signal)
			continue;
		if (got <= 0 && (caught_signal || n == 0))
			return NULL;
		if (got <= 0 || byte == '\n')
			return arena_text_n(a, line, n - (n > 0 && line[n - 1] == '\r'));
		if (byte == '\0')
			return NULL;
		line[n++] = byte;
	}
	return NULL;
}

static void
put_question(const char *question)
{
	print(stderr, "%s: ", question);
	fflush(stderr);
}

/* Turns echo off before the prompt is visible. A signal takes effect after the terminal is
 * restored. */
static const char *
ask_hidden(struct arena *a, const char *question)
{
	struct sigaction action = { .sa_handler = note_signal }, old[COUNT(signals)];
	struct termios saved, hidden;
	const char *line;

	if (tcgetattr(STDIN_FILENO, &saved))
		return NULL;

	caught_signal = 0;
	for (size_t i = 0; i < COUNT(signals); i++)
		sigaction(signals[i], &action, &old[i]);
	hidden = saved;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	put_question(question);
	line = read_input_line(a);
	tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	for (size_t i = 0; i < COUNT(signals); i++)
		sigaction(signals[i], &old[i], NULL);
	print(stderr, "\n");
	if (caught_signal)
		raise(caught_signal);
	return line;
}

const char *
cli_ask(struct arena *a, const char *question, bool secret)
{
	if (!isatty(STDIN_FILENO))
		return NULL;

	if (secret)
		return ask_hidden(a, question);

	put_question(question);
	return read_input_line(a);
}

enum error
cli_new_password(struct ctx *c, const char **password)
{
	bool terminal = isatty(STDIN_FILENO);
	const char *again;

	*password = terminal ? cli_ask(c->arena, "Password", true) : read_input_line(c->arena);
	if (!*password || !**password)
		return fail(c, E_VALIDATION,
			    "no password: type one, or pass it as the first line"
			    " of standard input");
	if (!utf8_valid(*password, strlen(*password)))
		return fail(c, E_VALIDATION, "the password must be valid UTF-8");
	if (!terminal)
		return OK;

	again = cli_ask(c->arena, "Repeat the password", true);
	if (!again || strcmp(again, *password) != 0)
		return fail(c, E_VALIDATION, "the passwords do not match; nothing was changed");
	return OK;
}

enum error
cli_confirm(struct ctx *c, const char *question)
{
	const char *input = cli_ask(c->arena, question, false);

	if (!input)
		return fail(c, E_VALIDATION,
			    "this needs confirmation, but there is no terminal: add --yes");
	if (strcmp(input, "yes") != 0)
		return fail(c, E_VALIDATION, "not confirmed with \"yes\"; nothing was changed");
	return OK;
}
