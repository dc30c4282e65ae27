/* Entry points of `serve`: a pool, or a single worker. */
#include "serve_priv.h"

#include "app/log.h"
#include "app/settings.h"
#include "shared/shared_priv.h"

#include <signal.h>
#include <sys/resource.h>

/* If core_pattern is a pipe, the kernel ignores a limit of 0, but not of 1 (core(5)). */
void
forbid_cores(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit) != 0)
		return;

	limit.rlim_cur = limit.rlim_max < 1 ? 0 : 1;
	setrlimit(RLIMIT_CORE, &limit);
}

enum { SINGLES_MAX = 64 }; /* workers that share an SHM_FILE */

int
serve_single(const struct app *app)
{
	struct listener listener;
	const char *err;
	int status;

	log_never_block();
	forbid_cores();
	err = listener_open(&listener);
	if (!err)
		err = shared_open(settings.shm_file, SINGLES_MAX);
	if (err) {
		log_error(NULL, "%s", err);
		return EXIT_FAILURE;
	}

	status = worker_run(app, listener.fd, 0);
	listener_shutdown(&listener);
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
serve_work(const struct worker_info *info)
{
	return worker_run(info->app, info->listener, info->parent);
}

int
serve_pool(const struct app *app, char **argv)
{
	const struct pool_plan plan = {
		.app = app,
		.argv = argv,
		.summary = "serving requests",
		.nworkers = count_workers(),
		.listens = true,
		.drain_seconds = settings.request_timeout_seconds,
		.work = serve_work,
	};

	return pool_run(&plan);
}
