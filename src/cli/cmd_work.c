/* work: the processes that run jobs. */
#include "app/command.h"

#include "app/job.h"

static int
work(const struct call *call UNUSED)
{
	return job_work();
}

const struct act work_acts[] = { { "", .run_alone = work }, { 0 } };
