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
	SPARE_SLOTS = 8,
};

/* When a worker must be killed. clock_monotonic(); 0: never. */
struct watch {
	int64_t stopped_since; /* by a signal such as SIGSTOP */
	int64_t deadline;      /* by which it must be ready or have exited */
};

/* A current worker, which is replaced when it exits, or one from before a reload. */
struct pool_worker {
	pid_t pid; /* 0: none */
	struct watch watch;
	struct worker_slot *slot; /* of a current worker that is ready, else NULL */
	bool retired;             /* it is from before a reload, and has been told to exit */
	int64_t started;
	int64_t due;       /* when the next one may start */
	unsigned failures; /* consecutive ones */
};

static struct pool {
	const struct pool_plan *plan;
	struct listener listener;
	struct pool_worker *workers; /* `nworkers` current ones, then those from before a reload */
	size_t nworkers, nall;
	bool reloading;
	bool stopping;
	int64_t stop_ends;
	int64_t watchdog_due;
} pool;

/* ---- starting workers */

static NORETURN void
become_worker(pid_t parent, size_t worker)
{
	struct worker_info info = { pool.plan->app, pool.listener.fd, parent, worker };

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

static void
start_workers(int64_t now)
{
	for (size_t i = 0; i < pool.nworkers; i++) {
		struct pool_worker *s = &pool.workers[i];

		if (!s->pid && s->due <= now)
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
worker_ended(pid_t pid, int status, int64_t now)
{
	log_worker_exit(pid, status);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS)
		metric_add(&metric_worker_restarts, 1);
	shared_release(pid);
	for (size_t i = 0; i < pool.nall; i++) {
		if (pool.workers[i].pid == pid)
			worker_gone(&pool.workers[i], is_failure(status), now);
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
	for (size_t i = 0; i < pool.nall; i++) {
		struct pool_worker *s = &pool.workers[i];
		const char *reason = s->pid ? kill_reason(s->pid, &s->watch, now) : NULL;

		if (!reason)
			continue;
		log_error(NULL, "worker %d %s: killed", (int)s->pid, reason);
		kill(s->pid, SIGKILL);
	}
}

/* ---- reload: check, exec, replace one by one */

/* While the check runs, workers serve, but none is supervised. */
static void
pool_reload(void)
{
	struct inheritance in = { .listener = pool.listener, .shared_fd = shared_fd() };

	if (pool.stopping)
		return;

	notify_systemd("RELOADING=1");
	in.workers = calloc(pool.nall, sizeof(*in.workers));
	for (size_t i = 0; in.workers && i < pool.nall; i++) {
		if (pool.workers[i].pid)
			in.workers[in.nworkers++] = pool.workers[i].pid;
	}
	if (!reload_check(pool.plan->argv)) {
		log_error(NULL, "not reloaded: the new program or its settings are invalid; "
				"the current workers continue");
	} else {
		if (in.workers)
			reload_exec(pool.plan->argv, &in);
		log_error(NULL, "cannot reload: %s", strerror(errno));
	}
	free(in.workers);
	notify_systemd("READY=1");
}

static void
retire(struct pool_worker *s, int64_t now)
{
	kill(s->pid, SIGUSR1);
	s->retired = true;
	if (pool.plan->listens) /* a job may take longer */
		s->watch.deadline = now + (pool.plan->drain_seconds + GRACE_SECONDS) * SECOND;
}

/* Stops old workers as new ones become ready, so that at most `nworkers` take requests. Those from
 * before an earlier reload are last, and exit first. */
static void
replace_old(int64_t now)
{
	size_t ready = count_ready(), staying = 0, left = 0;

	for (size_t i = pool.nworkers; i < pool.nall; i++) {
		staying += pool.workers[i].pid && !pool.workers[i].retired;
		left += pool.workers[i].pid != 0;
	}
	for (size_t i = pool.nall; i-- > pool.nworkers && ready + staying > pool.nworkers;) {
		if (!pool.workers[i].pid || pool.workers[i].retired)
			continue;
		retire(&pool.workers[i], now);
		staying--;
	}
	if (pool.reloading && ready == pool.nworkers && left == 0) {
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

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		worker_ended(pid, status, now);
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
	for (size_t i = 0; i < pool.nall; i++) {
		if (pool.workers[i].pid)
			kill(pool.workers[i].pid, signal);
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
	shared_drain();
	if (pool.plan->listens)
		listener_shutdown(&pool.listener);
	signal_workers(SIGTERM);
}

static bool
is_empty(void)
{
	for (size_t i = 0; i < pool.nall; i++) {
		if (pool.workers[i].pid)
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
		pool_reload();
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

static const char *
pool_set_up(void)
{
	struct inheritance in;
	const char *err = NULL;

	pool.reloading = reload_inherit(&in);
	pool.listener = in.listener;
	pool.nworkers = pool.plan->nworkers;
	pool.nall = pool.nworkers + in.nworkers;
	pool.workers = calloc(pool.nall, sizeof(*pool.workers));
	if (!pool.workers || (pool.reloading && !in.workers))
		return "out of memory";

	for (size_t i = 0; i < in.nworkers; i++)
		pool.workers[pool.nworkers + i].pid = in.workers[i];
	free(in.workers);
	if (pool.plan->listens && !pool.reloading)
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

int
pool_run(const struct pool_plan *plan)
{
	sigset_t signals;
	const char *err;

	pool.plan = plan;
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
			 plan->listens ? " on " : "",
			 !plan->listens      ? ""
			 : pool.listener.own ? settings.listen
					     : "an inherited socket");
	pool_loop(&signals);
	if (*settings.pid_file)
		unlink(settings.pid_file);
	log_info(NULL, "the pool has stopped");
	free(pool.workers);
	return EXIT_SUCCESS;
}
