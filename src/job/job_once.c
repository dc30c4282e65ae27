/* `work --once`: runs the jobs that are due, for cron. This process is the supervisor; its children
 * are the workers. */
#include "job_priv.h"

#include "app/log.h"
#include "app/settings.h"
#include "serve/serve_priv.h"

#include <signal.h>
#include <sys/prctl.h>

enum { SPARE_SLOTS = 8 };

static NORETURN void
run_worker(const struct app *app, pid_t parent, bool mail_only)
{
	struct worker_slot *slot;
	bool done;

	signals_init(SIGNALS_WORKER);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	slot = shared_slot_take();
	if (getppid() != parent || !slot) {
		log_error(NULL, "cannot start a worker: %s", strerror(errno));
		exit(EXIT_FAILURE);
	}

	slot->lease = job_new_lease();
	job_worker_init(app, slot, mail_only);
	slot->ready = true;
	done = job_worker_run_all();
	shared_release(getpid());
	exit(done ? EXIT_SUCCESS : EXIT_FAILURE);
}

int
job_work_once(const struct app *app)
{
	int64_t n = settings.job_workers + queue_served(JOB_QUEUE_MAIL);
	pid_t parent = getpid();
	const char *err;

	log_never_block();
	forbid_cores();
	err = shared_open(NULL, (unsigned)n + SPARE_SLOTS);
	if (err || !supervisor_init(app, SIGNALS_SINGLE)) {
		log_error(NULL, "%s", err ? err : strerror(errno));
		return EXIT_FAILURE;
	}
	if (supervisor_check_once())
		return EXIT_FAILURE; /* the log has the reason */

	for (int64_t i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid == 0)
			run_worker(app, parent, i == settings.job_workers);
		if (pid < 0)
			log_error(NULL, "cannot start a worker: %s", strerror(errno));
	}
	return supervisor_wait_children() ? EXIT_SUCCESS : EXIT_FAILURE;
}
