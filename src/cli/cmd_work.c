/* work: runs the pool of job workers. */
#include "app/command.h"

#include "app/job.h"

static int
cmd_work(const struct call *call)
{
	if (cli_value(call, "--check")) /* the settings have been checked */
		return EXIT_SUCCESS;
	return cli_value(call, "--once") ? job_work_once(call->app)
					 : job_work(call->app, call->argv);
}

const struct subcommand work_subcommands[] = {
	{ "[--once] [--check]", .run_alone = cmd_work },
	{ 0 },
};
