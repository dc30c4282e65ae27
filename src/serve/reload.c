/* Loads a new binary and new settings under the same process id: the parent checks them in a child
 * process, then executes the new binary, which inherits the socket, the segment and the workers. */
#include "serve_priv.h"

#include "shared/shared_priv.h"

#include <fcntl.h>
#include <signal.h>

#define CHECK_VARIABLE "APP_SERVE_CHECK"
#define STATE_VARIABLE "APP_SERVE_STATE"

enum { ARGS_MAX = 64, ARGS_BYTES = 8192 };

static char args_text[ARGS_BYTES];
static char *args[ARGS_MAX + 1];
static char serve[] = "serve"; /* used if the command line cannot be read */

/* Reads /proc/self/cmdline, because a command receives only its own arguments. */
void
reload_init(void)
{
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, args_text, sizeof(args_text) - 1);
	size_t n = 0;

	if (fd >= 0)
		close(fd);
	for (char *p = args_text; n < ARGS_MAX && p < args_text + len; p += strlen(p) + 1)
		args[n++] = p;
	if (n == 0) {
		args[0] = program_invocation_name;
		args[1] = serve;
	}
}

bool
reload_is_check(void)
{
	return getenv(CHECK_VARIABLE) != NULL;
}

pid_t
reload_check(void)
{
	pid_t pid = fork();
	sigset_t none;

	if (pid != 0)
		return pid;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setenv(CHECK_VARIABLE, "1", 1);
	execvp(args[0], args);
	fprintf(stderr, "%s: %s\n", args[0], strerror(errno));
	_exit(127);
}

/* Format: "<socket> <own> <segment> <number of workers> <worker> … <name>" */
static char *
pack_state(const struct inheritance *in)
{
	size_t size = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;

	fprintf(out, "%d %d %d %zu", in->listener.fd, in->listener.own, in->shared_fd,
		in->nworkers);
	for (size_t i = 0; i < in->nworkers; i++)
		fprintf(out, " %d", (int)in->workers[i]);
	fprintf(out, " %s", in->listener.name);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static void
keep_on_exec(int fd, bool keep)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, keep ? 0 : FD_CLOEXEC);
}

void
reload_exec(const struct inheritance *in)
{
	char *state = pack_state(in);

	if (!state || setenv(STATE_VARIABLE, state, 1) != 0) {
		free(state);
		return;
	}

	free(state);
	keep_on_exec(in->listener.fd, true);
	keep_on_exec(in->shared_fd, true);
	execvp(args[0], args);
	keep_on_exec(in->listener.fd, false);
	keep_on_exec(in->shared_fd, false);
	unsetenv(STATE_VARIABLE);
}

static bool
unpack_state(char *text, struct inheritance *in)
{
	int own, at;
	size_t n;

	if (sscanf(text, "%d %d %d %zu%n", &in->listener.fd, &own, &in->shared_fd, &n, &at) != 4)
		return false;

	in->listener.own = own;
	in->workers = calloc(n + 1, sizeof(*in->workers));
	if (!in->workers)
		return false;

	for (text += at; in->nworkers < n; in->nworkers++) {
		long pid = strtol(text, &text, 10);

		if (pid <= 0)
			return false;
		in->workers[in->nworkers] = (pid_t)pid;
	}
	snprintf(in->listener.name, sizeof(in->listener.name), "%s", text + (*text == ' '));
	return true;
}

bool
reload_inherit(struct inheritance *in)
{
	char *text = getenv(STATE_VARIABLE);
	bool ok;

	*in = (struct inheritance) { .shared_fd = -1 };
	if (!text)
		return false;

	ok = unpack_state(text, in);
	unsetenv(STATE_VARIABLE);
	keep_on_exec(in->listener.fd, false);
	keep_on_exec(in->shared_fd, false);
	return ok;
}
