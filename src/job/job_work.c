/* `work`: a pool of one supervisor, JOB_WORKERS workers and, if JOB_QUEUES has it, one for mail. */
#include "job_priv.h"

#include "app/log.h"
#include "app/settings.h"

#include <signal.h>

enum { SUPERVISOR, MAIL_WORKER };

static int
job_process(const struct worker_info *info)
{
	bool supervisor = info->number == SUPERVISOR;
	struct worker_slot *slot = shared_slot_take();

	errno = EAGAIN; /* no slot is free until old workers have exited */
	if (!slot || (supervisor && !supervisor_init(info->app, SIGNALS_WORKER))) {
		log_error(NULL, "cannot start a %s: %s", supervisor ? "supervisor" : "worker",
			  strerror(errno));
		return EXIT_FAILURE;
	}

	slot->lease = job_new_lease();
	if (!supervisor)
		job_worker_init(info->app, slot,
				info->number == MAIL_WORKER && queue_served(JOB_QUEUE_MAIL));
	slot->ready = true;
	kill(info->parent, SIGUSR1);
	if (supervisor)
		supervisor_run();
	else
		job_worker_run();
	shared_release(getpid());
	return EXIT_SUCCESS;
}

int
job_work(const struct app *app, char **argv)
{
	const struct pool_plan plan = {
		.app = app,
		.argv = argv,
		.summary = "running jobs",
		.nworkers = (size_t)settings.job_workers + 1 + queue_served(JOB_QUEUE_MAIL),
		.drain_seconds = settings.job_drain_seconds + JOB_GRACE_SECONDS,
		.work = job_process,
	};

	return pool_run(&plan);
}
