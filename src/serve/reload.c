/*
 * Loads a new binary and new settings under the same process id. The parent runs the new binary with
 * --check, which only checks the settings. If that succeeds, it executes the new binary: the workers
 * stay its children, and it inherits the listening socket and the shared segment, which has the
 * counters and the leases of running jobs. The environment has the rest:
 *
 *	APP_RELOAD="<socket> <own> <segment> <worker> <worker> …"
 */
#include "serve_priv.h"

#include "shared/shared_priv.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#define VARIABLE "APP_RELOAD"

enum {
	ARGS_MAX = 64,
	CHECK_SECONDS = 10, /* well below WatchdogSec, since the parent waits */
};

static NORETURN void
exec_check(char **argv)
{
	static char check[] = "--check";
	char *args[ARGS_MAX] = { NULL };
	sigset_t none;

	for (size_t i = 0; argv[i] && i < ARGS_MAX - 2; i++) {
		args[i] = argv[i];
		args[i + 1] = check;
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	alarm(CHECK_SECONDS); /* terminates the new program, too */
	execvp(args[0], args);
	fprintf(stderr, "%s: %s\n", args[0], strerror(errno));
	_exit(127);
}

bool
reload_check(char **argv)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		exec_check(argv);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static void
keep_on_exec(int fd, bool keep)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, keep ? 0 : FD_CLOEXEC);
}

void
reload_exec(char **argv, const struct inheritance *in)
{
	size_t size = 0;
	char *state = NULL;
	FILE *out = open_memstream(&state, &size);

	if (!out)
		return;

	fprintf(out, "%d %d %d", in->listener.fd, in->listener.own, in->shared_fd);
	for (size_t i = 0; i < in->nworkers; i++)
		fprintf(out, " %d", (int)in->workers[i]);
	if (fclose(out) == 0 && setenv(VARIABLE, state, 1) == 0) {
		keep_on_exec(in->listener.fd, true);
		keep_on_exec(in->shared_fd, true);
		execvp(argv[0], argv);
		keep_on_exec(in->listener.fd, false);
		keep_on_exec(in->shared_fd, false);
		unsetenv(VARIABLE);
	}
	free(state);
}

bool
reload_inherit(struct inheritance *in)
{
	char *state = getenv(VARIABLE);

	*in = (struct inheritance) { .listener.fd = -1, .shared_fd = -1 };
	if (!state)
		return false;

	in->listener.fd = (int)strtol(state, &state, 10);
	in->listener.own = strtol(state, &state, 10);
	in->shared_fd = (int)strtol(state, &state, 10);
	in->workers = calloc(strlen(state) + 1, sizeof(*in->workers)); /* more than enough */
	for (long pid; in->workers && (pid = strtol(state, &state, 10)) > 0;)
		in->workers[in->nworkers++] = (pid_t)pid;
	unsetenv(VARIABLE);
	keep_on_exec(in->listener.fd, false);
	keep_on_exec(in->shared_fd, false);
	return true;
}
