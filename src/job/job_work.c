/* `work`: a pool of one keeper and JOB_WORKERS workers. */
#include "job_priv.h"

#include "app/log.h"
#include "app/settings.h"

#include <signal.h>
#include <sys/eventfd.h>

struct job_bells job_bells = { -1, -1 };

void
bell_ring(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		log_error(NULL, "cannot ring a bell: %s", strerror(errno));
}

static int
work(const struct seat_info *info)
{
	bool keeper = info->seat == 0;
	struct slot *slot = shared_slot_take();

	errno = EAGAIN; /* without a slot: until old workers are gone */
	if (!slot || !(keeper ? keeper_set_up() : worker_set_up(slot))) {
		log_error(NULL, "cannot start a %s: %s", keeper ? "keeper" : "worker",
			  strerror(errno));
		return EXIT_FAILURE;
	}

	generations_publish_on();
	slot->ready = true;
	kill(info->parent, SIGUSR1);
	if (keeper)
		keeper_live();
	else
		worker_live();
	shared_forget(getpid());
	return EXIT_SUCCESS;
}

int
job_work(void)
{
	const struct pool_plan plan = {
		.text = "works on jobs",
		.nseats = (size_t)settings.job_workers + 1,
		.drain_seconds = settings.job_drain_seconds + JOB_GRACE_SECONDS,
		.work = work,
	};

	job_bells.workers = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	job_bells.keeper = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (job_bells.workers < 0 || job_bells.keeper < 0) {
		log_error(NULL, "cannot make a bell: %s", strerror(errno));
		return EXIT_FAILURE;
	}

	return pool_run(&plan);
}
