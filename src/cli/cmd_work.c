/* work: the processes that run jobs. */
#include "cli_priv.h"

#include "app/job.h"

int
cmd_work(int argc, char **argv)
{
	if (argc > 1)
		return cli_usage(argv[0], "unknown argument %s", argv[1]);

	return job_work();
}
