/* `work --once`: runs what is due and ends, for cron. One process supervises, as the keeper of a
 * pool does; its children run the jobs. */
#include "job_priv.h"

#include "app/log.h"
#include "app/settings.h"
#include "serve/serve_priv.h"

#include <signal.h>
#include <sys/prctl.h>

enum { SPARE_SLOTS = 8 };

static NORETURN void
run_jobs(pid_t parent, bool mail_alone)
{
	struct worker_slot *slot;
	bool done;

	signals_take(SIGNALS_WORKER);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	slot = shared_slot_take();
	if (getppid() != parent || !slot || !worker_set_up(slot, mail_alone)) {
		log_error(NULL, "cannot start a worker: %s", strerror(errno));
		exit(EXIT_FAILURE);
	}

	slot->ready = true;
	done = worker_empty_queues();
	shared_release(getpid());
	exit(done ? EXIT_SUCCESS : EXIT_FAILURE);
}

int
job_work_once(void)
{
	int64_t n = settings.job_workers + queue_served(JOB_QUEUE_MAIL);
	pid_t parent = getpid();
	const char *wrong;

	log_never_block();
	forbid_cores();
	wrong = shared_open(NULL, (unsigned)n + SPARE_SLOTS);
	if (wrong || !wakeups_open() || !supervisor_set_up(SIGNALS_SINGLE)) {
		log_error(NULL, "%s", wrong ? wrong : strerror(errno));
		return EXIT_FAILURE;
	}
	if (supervisor_check_once())
		return EXIT_FAILURE; /* the log has the reason */

	for (int64_t i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid == 0)
			run_jobs(parent, i == settings.job_workers);
		if (pid < 0)
			log_error(NULL, "cannot start a worker: %s", strerror(errno));
	}
	return supervisor_live_with_children() ? EXIT_SUCCESS : EXIT_FAILURE;
}
