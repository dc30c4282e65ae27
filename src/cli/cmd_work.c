/* work: runs the pool of job workers. */
#include "app/command.h"

#include "app/job.h"

static int
cmd_work(const struct call *call)
{
	return cli_value(call, "--once") ? job_work_once() : job_work();
}

const struct subcommand work_subcommands[] = { { "[--once]", .run_alone = cmd_work }, { 0 } };
