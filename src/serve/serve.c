/* Where `serve` begins: a pool, one worker, or a look whether there could be a pool. */
#include "serve_priv.h"

#include "app/log.h"
#include "app/settings.h"
#include "shared/shared_priv.h"

#include <signal.h>
#include <sys/resource.h>

/* Of 0 the kernel takes no notice where cores go through a pipe; of 1 it does (core(5)). */
void
forbid_cores(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit) != 0)
		return;

	limit.rlim_cur = limit.rlim_max < 1 ? 0 : 1;
	setrlimit(RLIMIT_CORE, &limit);
}

enum { SINGLES_MAX = 64 }; /* that share one SHM_FILE */

static int
single_run(void)
{
	struct listener listener;
	const char *wrong;
	int status;

	log_never_block();
	forbid_cores();
	wrong = listener_take(&listener);
	if (!wrong)
		wrong = shared_open(settings.shm_file, SINGLES_MAX);
	if (wrong) {
		log_error(NULL, "%s", wrong);
		return EXIT_FAILURE;
	}

	notify("READY=1");
	status = worker_run(listener.fd, 0);
	listener_shut(&listener);
	return status;
}

static size_t
count_workers(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (settings.workers > 0)
		return (size_t)settings.workers;
	return cores > 2 ? 2 * (size_t)cores : 4;
}

static int
work(const struct worker_info *info)
{
	return worker_run(info->listener, info->parent);
}

int
serve_run(bool single)
{
	const struct pool_plan plan = {
		.summary = "serves",
		.nworkers = count_workers(),
		.listens = true,
		.drain_seconds = settings.request_timeout_seconds,
		.work = work,
	};

	return single ? single_run() : pool_run(&plan);
}
