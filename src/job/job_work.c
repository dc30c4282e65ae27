/* `work`: a pool of one keeper, JOB_WORKERS workers and, if JOB_QUEUES has it, one for mail. */
#include "job_priv.h"

#include "app/log.h"
#include "app/settings.h"

#include <signal.h>
#include <sys/eventfd.h>

struct job_bells job_bells = { -1, -1, -1 };

enum { KEEPER, MAIL_WORKER };

void
bell_ring(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		log_error(NULL, "cannot ring a bell: %s", strerror(errno));
}

/* Each has an eventfd of its own: the mail worker would consume the wakeup for a job that it does
 * not run. */
void
wake_workers(void)
{
	bell_ring(job_bells.workers);
	bell_ring(job_bells.mail);
}

static int
work(const struct seat_info *info)
{
	bool keeper = info->seat == KEEPER;
	bool mail_alone = info->seat == MAIL_WORKER && queue_served(JOB_QUEUE_MAIL);
	struct slot *slot = shared_slot_take();

	errno = EAGAIN; /* without a slot: until old workers are gone */
	if (!slot || !(keeper ? keeper_set_up(SIGNALS_WORKER) : worker_set_up(slot, mail_alone))) {
		log_error(NULL, "cannot start a %s: %s", keeper ? "keeper" : "worker",
			  strerror(errno));
		return EXIT_FAILURE;
	}

	slot->ready = true;
	kill(info->parent, SIGUSR1);
	if (keeper)
		keeper_live();
	else
		worker_live();
	shared_forget(getpid());
	return EXIT_SUCCESS;
}

bool
bells_open(void)
{
	job_bells.workers = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	job_bells.mail = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	job_bells.keeper = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return job_bells.workers >= 0 && job_bells.mail >= 0 && job_bells.keeper >= 0;
}

int
job_work(void)
{
	const struct pool_plan plan = {
		.text = "works on jobs",
		.nseats = (size_t)settings.job_workers + 1 + queue_served(JOB_QUEUE_MAIL),
		.drain_seconds = settings.job_drain_seconds + JOB_GRACE_SECONDS,
		.work = work,
	};

	if (!bells_open()) {
		log_error(NULL, "cannot create an eventfd: %s", strerror(errno));
		return EXIT_FAILURE;
	}

	return pool_run(&plan);
}
