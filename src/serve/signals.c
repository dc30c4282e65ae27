/*
 * The disposition of every signal that could terminate a process (signal(7)). Commands keep the
 * defaults. KILL and STOP cannot be caught; TSTP and CONT keep their meaning for a shell.
 */
#include "app/pool.h"

#include "app/log.h"

#include <signal.h>

/* READ: blocked, and read by the process. CRASH: logged, then the process terminates. For a worker
 * of a pool, the parent logs it. */
enum effect { DEFAULT, IGNORE, READ, CRASH };

static const struct {
	int signal;
	unsigned char effects[3]; /* by enum signal_role */
} signal_rows[] = {
	{ SIGTERM, { READ, READ, READ } },
	{ SIGUSR1, { READ, READ, READ } },
	{ SIGXCPU, { READ, READ, READ } }, /* RLIMIT_CPU: a worker exits */

	/* A terminal or `systemctl kill` sends these to all processes; only the parent handles them. */
	{ SIGHUP, { READ, IGNORE, READ } },
	{ SIGINT, { READ, IGNORE, READ } },
	{ SIGQUIT, { READ, IGNORE, READ } },
	{ SIGUSR2, { READ, IGNORE, READ } },

	{ SIGCHLD, { READ, DEFAULT, DEFAULT } },
	{ SIGALRM, { READ, IGNORE, IGNORE } }, /* workers set a handler for deadlines */

	/* The call fails instead: the peer has closed, RLIMIT_FSIZE is reached, the process is in the
	 * background of its terminal. */
	{ SIGPIPE, { IGNORE, IGNORE, IGNORE } },
	{ SIGXFSZ, { IGNORE, IGNORE, IGNORE } },
	{ SIGTTIN, { IGNORE, IGNORE, IGNORE } },
	{ SIGTTOU, { IGNORE, IGNORE, IGNORE } },

	/* Not used: the parent logs them. */
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

/* If logging crashes too, the second signal terminates the process. */
static void
on_crash(int number)
{
	log_error(NULL, "this process exits on signal %d (SIG%s)", number, sigabbrev_np(number));
	raise(number);
}

/* An alternate stack, for overflows of the normal one. */
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

	/* Keeps the handler of a sanitizer, which reports more. */
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
signals_init(enum signal_role role)
{
	sigset_t set;

	sigemptyset(&set);
	set_crash_stack();
	for (size_t i = 0; i < COUNT(signal_rows); i++)
		set_effect(signal_rows[i].signal, signal_rows[i].effects[role],
			   signal_rows[i].effects[0] == CRASH, &set);
	for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
		set_effect(number, real_time[role], false, &set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	return set;
}
