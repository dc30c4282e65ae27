/* work: the processes that run jobs. */
#include "app/command.h"

#include "app/job.h"

static int
work(const struct call *call)
{
	return cli_value(call, "--once") ? job_work_once() : job_work();
}

const struct act work_acts[] = { { "[--once]", .run_alone = work }, { 0 } };
