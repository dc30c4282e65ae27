/*
 * What every signal does that could end a process: signal(7). Commands keep the defaults: Ctrl-C, a
 * closed pipe or a limit ends them, and the shell says so. KILL and STOP cannot be caught; TSTP and
 * CONT keep their meaning for a shell.
 */
#include "app/pool.h"

#include "app/log.h"

#include <signal.h>

/* READ: blocked, and read by the process. CRASH: logged, then it ends the process. In a worker of a
 * pool the parent logs that. */
enum effect { DEFAULT, IGNORE, READ, CRASH };

static const struct {
	int signal;
	unsigned char effects[3]; /* by enum signal_role */
} rows[] = {
	{ SIGTERM, { READ, READ, READ } },
	{ SIGUSR1, { READ, READ, READ } },
	{ SIGXCPU, { READ, READ, READ } }, /* RLIMIT_CPU: a worker leaves */

	/* A terminal, or `systemctl kill`, sends these to all processes: only the parent acts. */
	{ SIGHUP, { READ, IGNORE, READ } },
	{ SIGINT, { READ, IGNORE, READ } },
	{ SIGQUIT, { READ, IGNORE, READ } },
	{ SIGUSR2, { READ, IGNORE, READ } },

	{ SIGCHLD, { READ, DEFAULT, DEFAULT } },
	{ SIGALRM, { READ, IGNORE, IGNORE } }, /* then handled: a deadline */

	/* The call fails instead: the peer is gone, the file may not grow (RLIMIT_FSIZE), the
	 * terminal belongs to another job. */
	{ SIGPIPE, { IGNORE, IGNORE, IGNORE } },
	{ SIGXFSZ, { IGNORE, IGNORE, IGNORE } },
	{ SIGTTIN, { IGNORE, IGNORE, IGNORE } },
	{ SIGTTOU, { IGNORE, IGNORE, IGNORE } },

	/* Nothing uses these: the parent logs them. */
	{ SIGVTALRM, { READ, IGNORE, IGNORE } },
	{ SIGPROF, { READ, IGNORE, IGNORE } },
	{ SIGPOLL, { READ, IGNORE, IGNORE } },
	{ SIGPWR, { READ, IGNORE, IGNORE } },
	{ SIGSTKFLT, { READ, IGNORE, IGNORE } },

	{ SIGILL, { CRASH, DEFAULT, CRASH } },
	{ SIGTRAP, { CRASH, DEFAULT, CRASH } },
	{ SIGABRT, { CRASH, DEFAULT, CRASH } },
	{ SIGBUS, { CRASH, DEFAULT, CRASH } },
	{ SIGFPE, { CRASH, DEFAULT, CRASH } },
	{ SIGSEGV, { CRASH, DEFAULT, CRASH } },
	{ SIGSYS, { CRASH, DEFAULT, CRASH } },
};
static const unsigned char real_time[3] = { READ, IGNORE, IGNORE };

/* If the log itself crashes, the second signal ends the process. */
static void
on_crash(int number)
{
	log_error(NULL, "this process is ended by signal %d (SIG%s)", number, sigabbrev_np(number));
	raise(number);
}

/* For an overflow of the normal stack. */
static void
set_crash_stack(void)
{
	static char stack[64 * 1024];

	sigaltstack(&(const stack_t) { .ss_sp = stack, .ss_size = sizeof(stack) }, NULL);
}

static void
set_effect(int number, enum effect effect, bool crashes, sigset_t *to_read)
{
	struct sigaction before, action = { .sa_handler = effect == IGNORE ? SIG_IGN : SIG_DFL };

	/* The handler of a sanitizer stays: it reports more. */
	if (sigaction(number, NULL, &before) != 0 ||
	    (crashes && before.sa_handler != SIG_DFL && before.sa_handler != on_crash))
		return;

	if (effect == CRASH) {
		action.sa_handler = on_crash;
		action.sa_flags = SA_ONSTACK | SA_NODEFER | (int)SA_RESETHAND;
	}
	sigaction(number, &action, NULL);
	if (effect == READ)
		sigaddset(to_read, number);
}

sigset_t
signals_take(enum signal_role role)
{
	sigset_t set;

	sigemptyset(&set);
	set_crash_stack();
	for (size_t i = 0; i < COUNT(rows); i++)
		set_effect(rows[i].signal, rows[i].effects[role], rows[i].effects[0] == CRASH,
			   &set);
	for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
		set_effect(number, real_time[role], false, &set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	return set;
}
