/* `work`: a pool of one supervisor, JOB_WORKERS workers and, if JOB_QUEUES has it, one for mail. */
#include "job_priv.h"

#include "app/log.h"
#include "app/settings.h"

#include <signal.h>
#include <sys/eventfd.h>

struct job_wakeups job_wakeups = { -1, -1, -1 };

enum { SUPERVISOR, MAIL_WORKER };

void
wakeup_send(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		log_error(NULL, "cannot write to an eventfd: %s", strerror(errno));
}

/* The mail worker has its own eventfd, since it would consume wakeups for jobs that it cannot run. */
void
wake_workers(void)
{
	wakeup_send(job_wakeups.workers);
	wakeup_send(job_wakeups.mail);
}

static int
job_process(const struct worker_info *info)
{
	bool supervisor = info->number == SUPERVISOR;
	bool mail_only = info->number == MAIL_WORKER && queue_served(JOB_QUEUE_MAIL);
	struct worker_slot *slot = shared_slot_take();

	errno = EAGAIN; /* no slot is free until old workers have exited */
	if (!slot || !(supervisor ? supervisor_init(info->app, SIGNALS_WORKER)
				  : job_worker_init(info->app, slot, mail_only))) {
		log_error(NULL, "cannot start a %s: %s", supervisor ? "supervisor" : "worker",
			  strerror(errno));
		return EXIT_FAILURE;
	}

	slot->ready = true;
	kill(info->parent, SIGUSR1);
	if (supervisor)
		supervisor_run();
	else
		job_worker_run();
	shared_release(getpid());
	return EXIT_SUCCESS;
}

bool
wakeups_open(void)
{
	job_wakeups.workers = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	job_wakeups.mail = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	job_wakeups.supervisor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return job_wakeups.workers >= 0 && job_wakeups.mail >= 0 && job_wakeups.supervisor >= 0;
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

	if (!wakeups_open()) {
		log_error(NULL, "cannot create an eventfd: %s", strerror(errno));
		return EXIT_FAILURE;
	}

	return pool_run(&plan);
}
