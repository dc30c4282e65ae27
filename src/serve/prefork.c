/* The parent of a pool, which supervises the workers. For robustness it has no threads, no database
 * connection, and uses only the C library. */
#include "serve_priv.h"

#include "app/clock.h"
#include "app/log.h"
#include "app/metrics.h"
#include "app/pool.h"
#include "app/settings.h"
#include "shared/shared_priv.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define SECOND ((int64_t)1000000)

enum {
	BACKOFF_FIRST_MS = 100,
	BACKOFF_MAX_MS = 5000,
	HEALTHY_SECONDS = 5, /* a worker that exits earlier failed to start */
	GRACE_SECONDS = 2,   /* added to deadlines that workers enforce themselves */
	START_SECONDS = 20,
	STOPPED_SECONDS = 10,
	CHECK_SECONDS = 20,
	SPARE_SLOTS = 8,
};

/* When a worker must be killed. clock_monotonic(); 0: never. */
struct watch {
	int64_t stopped_since; /* by a signal such as SIGSTOP */
	int64_t deadline;      /* by which it must be ready or have exited */
};

/* A current worker; when it exits, the next one takes its place. */
struct pool_worker {
	pid_t pid; /* 0: none */
	struct watch watch;
	struct worker_slot *slot; /* NULL until it is ready */
	int64_t started;
	int64_t due;       /* when the next one may start */
	unsigned failures; /* consecutive ones */
};

/* A worker from before a reload. */
struct old_worker {
	pid_t pid;
	struct watch watch;
};

static struct pool {
	const struct pool_plan *plan;
	struct listener listener;
	struct pool_worker *workers;
	size_t nworkers;
	struct old_worker *old; /* the first `nleaving` have been stopped */
	size_t nold, nleaving;
	size_t nreplaced; /* old workers that have been stopped or have exited, in total */
	bool reloading;
	pid_t check; /* the process that checks a new binary; 0: none */
	bool check_again;
	int64_t check_ends;
	bool stopping;
	int64_t stop_ends;
	int64_t watchdog_due;
} pool;

/* The process id of worker `i` of all, old ones first; 0: none. */
static pid_t
worker_at(size_t i)
{
	return i < pool.nold ? pool.old[i].pid : pool.workers[i - pool.nold].pid;
}

static struct watch *
watch_at(size_t i)
{
	return i < pool.nold ? &pool.old[i].watch : &pool.workers[i - pool.nold].watch;
}

/* ---- starting workers */

static NORETURN void
become_worker(pid_t parent, size_t worker)
{
	struct worker_info info = { pool.listener.fd, parent, worker };

	signals_init(SIGNALS_WORKER);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		exit(EXIT_SUCCESS);

	exit(pool.plan->work(&info));
}

static void
start_worker(struct pool_worker *s, int64_t now)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0)
		become_worker(parent, (size_t)(s - pool.workers));
	if (pid < 0) {
		log_error(NULL, "cannot start a worker: %s", strerror(errno));
		s->due = now + BACKOFF_MAX_MS * (int64_t)1000;
		return;
	}
	s->pid = pid;
	s->watch = (struct watch) { .deadline = now + START_SECONDS * SECOND };
	s->slot = NULL;
	s->started = now;
}

static size_t
count_ready(void)
{
	size_t n = 0;

	for (size_t i = 0; i < pool.nworkers; i++)
		n += pool.workers[i].slot != NULL;
	return n;
}

/* During a reload, workers start one at a time while enough old ones are left. */
static bool
may_start(void)
{
	size_t started = 0;

	for (size_t i = 0; i < pool.nworkers; i++)
		started += pool.workers[i].pid != 0;
	return !pool.reloading || started == count_ready() ||
	       started + pool.nold - pool.nleaving < pool.nworkers;
}

static void
start_workers(int64_t now)
{
	for (size_t i = 0; i < pool.nworkers; i++) {
		struct pool_worker *s = &pool.workers[i];

		if (!s->pid && s->due <= now && may_start())
			start_worker(s, now);
	}
}

/* ---- exits of workers */

/* Starts the next worker at once, or with exponential back-off if workers fail soon after their
 * start. If the worker had become ready, the back-off stays short. */
static void
worker_gone(struct pool_worker *s, bool failed, int64_t now)
{
	bool young = now - s->started < HEALTHY_SECONDS * SECOND;
	int64_t wait_ms = 0, max = s->slot ? BACKOFF_FIRST_MS : BACKOFF_MAX_MS;

	s->failures = failed && young ? s->failures + 1 : 0;
	if (s->failures > 8)
		wait_ms = BACKOFF_MAX_MS;
	else if (s->failures > 1)
		wait_ms = BACKOFF_FIRST_MS << (s->failures - 2);
	if (wait_ms > max)
		wait_ms = max;
	s->pid = 0;
	s->slot = NULL;
	s->due = now + wait_ms * 1000;
}

static bool
is_failure(int status)
{
	return !WIFEXITED(status) ||
	       (WEXITSTATUS(status) != EXIT_SUCCESS && WEXITSTATUS(status) != EXIT_OVERRUN);
}

static void
log_worker_exit(pid_t pid, int status)
{
	if (WIFSIGNALED(status))
		log_error(NULL, "worker %d exited on signal %d (%s)", (int)pid, WTERMSIG(status),
			  strsignal(WTERMSIG(status)));
	else if (is_failure(status))
		log_error(NULL, "worker %d exited with status %d", (int)pid, WEXITSTATUS(status));
	else
		log_debug(NULL, "worker %d exited", (int)pid);
}

static void
remove_old(size_t i)
{
	memmove(&pool.old[i], &pool.old[i + 1], (pool.nold - i - 1) * sizeof(*pool.old));
	pool.nold--;
	if (i < pool.nleaving)
		pool.nleaving--;
	else
		pool.nreplaced++;
}

static void
worker_ended(pid_t pid, int status, int64_t now)
{
	log_worker_exit(pid, status);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS)
		metric_add(&metric_worker_restarts, 1);
	shared_release(pid);
	for (size_t i = 0; i < pool.nold; i++) {
		if (pool.old[i].pid == pid) {
			remove_old(i);
			return;
		}
	}
	for (size_t i = 0; i < pool.nworkers; i++) {
		if (pool.workers[i].pid == pid) {
			worker_gone(&pool.workers[i], is_failure(status), now);
			return;
		}
	}
}

/* WNOWAIT keeps the state for the next call, even by a new binary. A stop by a debugger does not
 * count. */
static bool
worker_is_stopped(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == pid;
}

/* The reason to kill a worker, or NULL. A worker exits at the deadline of its request; this is for
 * one that cannot. */
static const char *
kill_reason(pid_t pid, struct watch *w, int64_t now)
{
	const struct worker_slot *slot = shared_slot_of(pid);
	int64_t until = slot ? slot->busy_until : 0;

	if (!worker_is_stopped(pid))
		w->stopped_since = 0;
	else if (!w->stopped_since)
		w->stopped_since = now;

	if (pool.stopping && now > pool.stop_ends)
		return "does not exit";
	if (until && now >= until + GRACE_SECONDS * SECOND)
		return "hangs";
	if (w->stopped_since && now - w->stopped_since >= STOPPED_SECONDS * SECOND)
		return "is stopped";
	if (w->deadline && now >= w->deadline)
		return slot && slot->ready ? "does not exit" : "does not start";
	return NULL;
}

static void
kill_overdue(int64_t now)
{
	for (size_t i = 0; i < pool.nold + pool.nworkers; i++) {
		pid_t pid = worker_at(i);
		const char *reason = pid ? kill_reason(pid, watch_at(i), now) : NULL;

		if (!reason)
			continue;
		log_error(NULL, "worker %d %s: killed", (int)pid, reason);
		kill(pid, SIGKILL);
	}
}

/* ---- reload: check, exec, replace one by one */

static void
start_check(int64_t now)
{
	if (pool.stopping)
		return;
	if (pool.check) {
		pool.check_again = true;
		return;
	}

	notify_systemd("RELOADING=1");
	pool.check_again = false;
	pool.check_ends = now + CHECK_SECONDS * SECOND;
	pool.check = reload_check();
	if (pool.check > 0)
		return;
	log_error(NULL, "cannot reload: %s", strerror(errno));
	pool.check = 0;
	notify_systemd("READY=1");
}

static void
exec_new_binary(void)
{
	struct inheritance in = { .listener = pool.listener, .shared_fd = shared_fd() };

	in.workers = calloc(pool.nold + pool.nworkers, sizeof(*in.workers));
	if (in.workers) {
		for (size_t i = 0; i < pool.nold + pool.nworkers; i++) {
			if (worker_at(i))
				in.workers[in.nworkers++] = worker_at(i);
		}
		reload_exec(&in);
		free(in.workers);
	}
	log_error(NULL, "cannot reload: %s", strerror(errno));
	notify_systemd("READY=1");
}

static void
check_ended(int status, int64_t now)
{
	pool.check = 0;
	if (pool.stopping)
		return;
	if (pool.check_again) {
		start_check(now);
		return;
	}
	if (status == 0) {
		exec_new_binary();
		return;
	}
	log_error(NULL, "not reloaded: the new program or its settings are invalid; "
			"the current workers continue");
	notify_systemd("READY=1");
}

/* Stops an old worker for each new one that is ready, and the rest when all are ready. */
static void
replace_old(int64_t now)
{
	size_t ready = count_ready();

	while (pool.nleaving < pool.nold && (pool.nreplaced < ready || ready == pool.nworkers)) {
		struct old_worker *old = &pool.old[pool.nleaving++];

		kill(old->pid, SIGUSR1);
		if (pool.plan->listens) /* a job may take longer */
			old->watch.deadline =
			    now + (pool.plan->drain_seconds + GRACE_SECONDS) * SECOND;
		pool.nreplaced++;
	}
	if (pool.reloading && ready == pool.nworkers && pool.nold == 0) {
		pool.reloading = false;
		log_info(NULL, "pool reloaded: %zu workers", pool.nworkers);
		notify_systemd("READY=1");
	}
}

/* ---- the main loop */

static void
reap(int64_t now)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == pool.check)
			check_ended(status, now);
		else
			worker_ended(pid, status, now);
	}
}

static void
find_ready(void)
{
	for (size_t i = 0; i < pool.nworkers; i++) {
		struct pool_worker *s = &pool.workers[i];
		struct worker_slot *slot = s->pid && !s->slot ? shared_slot_of(s->pid) : NULL;

		if (!slot || !slot->ready)
			continue;
		s->slot = slot;
		s->watch.deadline = 0;
	}
}

static void
signal_workers(int signal)
{
	for (size_t i = 0; i < pool.nold + pool.nworkers; i++) {
		if (worker_at(i))
			kill(worker_at(i), signal);
	}
}

static void
pool_stop(int64_t now)
{
	if (pool.stopping)
		return;

	log_info(NULL, "stopping the pool");
	notify_systemd("STOPPING=1");
	pool.stopping = true;
	pool.stop_ends = now + (pool.plan->drain_seconds + GRACE_SECONDS) * SECOND;
	if (pool.check)
		kill(pool.check, SIGKILL);
	shared_drain();
	if (pool.plan->listens)
		listener_shutdown(&pool.listener);
	signal_workers(SIGTERM);
}

static bool
is_empty(void)
{
	for (size_t i = 0; i < pool.nold + pool.nworkers; i++) {
		if (worker_at(i))
			return false;
	}
	return true;
}

/* USR2 sent by kill toggles debug; sent by `log-level` it has the level as its value. */
static void
pool_log_level(const siginfo_t *info)
{
	shared_log_level(info->si_code == SI_QUEUE ? info->si_value.sival_int : -1);
	log_info(NULL, "log level set to %s", log_level_now());
}

static void
handle_signal(int signal, const siginfo_t *info, int64_t now)
{
	if (signal == SIGTERM || signal == SIGINT || signal == SIGQUIT)
		pool_stop(now);
	else if (signal == SIGHUP)
		start_check(now);
	else if (signal == SIGUSR2)
		pool_log_level(info);
	else if (signal != SIGUSR1 && signal != SIGCHLD)
		log_warn(NULL, "ignored signal %d (%s)", signal, strsignal(signal));
}

static void
supervise(int64_t now)
{
	find_ready();
	reap(now);
	kill_overdue(now);
	if (pool.check && now > pool.check_ends)
		kill(pool.check, SIGKILL);
	if (!pool.stopping) {
		start_workers(now);
		replace_old(now);
	}
	if (notify_watchdog() && now >= pool.watchdog_due) {
		notify_systemd("WATCHDOG=1");
		pool.watchdog_due = now + notify_watchdog() / 2;
	}
}

/* At most a second, less if a worker or the watchdog is due. */
static struct timespec
time_to_wait(int64_t now)
{
	int64_t wait = SECOND;

	for (size_t i = 0; i < pool.nworkers; i++) {
		int64_t left = pool.workers[i].due - now;

		if (!pool.workers[i].pid && left > 0 && left < wait)
			wait = left;
	}
	if (notify_watchdog() && pool.watchdog_due - now < wait)
		wait = pool.watchdog_due > now ? pool.watchdog_due - now : 0;
	return (struct timespec) { .tv_sec = wait / SECOND, .tv_nsec = wait % SECOND * 1000 };
}

static void
pool_loop(const sigset_t *signals)
{
	bool announced = pool.reloading;

	supervise(clock_monotonic());
	while (!pool.stopping || !is_empty()) {
		struct timespec wait = time_to_wait(clock_monotonic());
		siginfo_t info;
		int signal = sigtimedwait(signals, &info, &wait);
		int64_t now = clock_monotonic();

		if (signal > 0)
			handle_signal(signal, &info, now);
		supervise(now);
		if (!announced && count_ready() == pool.nworkers) {
			announced = true;
			notify_systemd("READY=1");
		}
	}
}

/* ---- start and end of the pool */

/* Twice as many slots as workers, because old and new workers coexist during a reload. */
static const char *
open_shared(int inherited)
{
	unsigned nslots = 2 * (unsigned)pool.nworkers + SPARE_SLOTS;
	const char *err = NULL;

	if (inherited < 0 || !shared_attach(inherited, nslots)) {
		err = shared_open(NULL, nslots);
		if (inherited >= 0)
			close(inherited);
	}
	if (!err) {
		shared->workers = (uint32_t)pool.nworkers;
		shared_log_level(0); /* a reload applies LOG_LEVEL */
	}
	return err;
}

static bool
adopt_workers(struct inheritance *in)
{
	pool.old = calloc(in->nworkers + 1, sizeof(*pool.old));
	for (size_t i = 0; pool.old && i < in->nworkers; i++)
		pool.old[pool.nold++].pid = in->workers[i];
	free(in->workers);
	return pool.old;
}

static const char *
pool_set_up(void)
{
	struct inheritance in;
	const char *err = NULL;

	pool.nworkers = pool.plan->nworkers;
	pool.workers = calloc(pool.nworkers, sizeof(*pool.workers));
	if (!pool.workers)
		return "out of memory";

	pool.reloading = reload_inherit(&in);
	pool.listener = in.listener;
	if (!adopt_workers(&in))
		return "out of memory";
	if (!pool.plan->listens)
		pool.listener = (struct listener) { .fd = -1, .name = "-" };
	else if (!pool.reloading)
		err = listener_open(&pool.listener);
	if (!err)
		err = open_shared(in.shared_fd);
	return err;
}

static void
write_pid(void)
{
	FILE *out = *settings.pid_file ? fopen(settings.pid_file, "we") : NULL;

	if (out) {
		fprintf(out, "%d\n", (int)getpid());
		if (fclose(out) == 0)
			return;
	}
	if (*settings.pid_file)
		log_warn(NULL, "cannot write PID_FILE %s: %s", settings.pid_file, strerror(errno));
}

static int
check_config(void)
{
	const char *err = pool.plan->listens ? listener_check() : NULL;

	if (err)
		log_error(NULL, "%s", err);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

int
pool_run(const struct pool_plan *plan)
{
	sigset_t signals;
	const char *err;

	pool.plan = plan;
	reload_init();
	if (reload_is_check())
		return check_config();

	log_never_block();
	forbid_cores();
	signals = signals_init(SIGNALS_PARENT);
	err = pool_set_up();
	if (err) {
		log_error(NULL, "%s", err);
		return EXIT_FAILURE;
	}

	write_pid();
	if (!pool.reloading)
		log_info(NULL, "a pool of %zu workers is %s%s%s", pool.nworkers, plan->summary,
			 plan->listens ? " on " : "", plan->listens ? pool.listener.name : "");
	pool_loop(&signals);
	if (*settings.pid_file)
		unlink(settings.pid_file);
	log_info(NULL, "the pool has stopped");
	free(pool.workers);
	free(pool.old);
	return EXIT_SUCCESS;
}
