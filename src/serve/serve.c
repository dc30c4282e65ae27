/* Where `serve` begins: a pool, one worker, or a look whether there could be a pool. */
#include "serve_priv.h"

#include "app/log.h"
#include "app/settings.h"
#include "shared/shared_priv.h"

#include <signal.h>
#include <sys/resource.h>

/* No memory of ours, with its secrets, in a core file. Of 0 the kernel takes no notice
 * where cores go through a pipe; of 1 it does (core(5)). */
static void
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
	const char *wrong = listener_take(&listener);
	int status;

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

int
serve_run(bool single)
{
	const char *wrong;

	reload_init();
	if (reload_is_check()) {
		wrong = listener_check();
		if (wrong)
			log_error(NULL, "%s", wrong);
		return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
	}

	forbid_cores();
	return single ? single_run() : pool_run();
}
