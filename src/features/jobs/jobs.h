/* Jobs in the API: the routes, an example job, and the job that prunes finished ones. The public
 * header of this feature; to enqueue jobs, use app/job.h. */
#ifndef JOBS_H
#define JOBS_H

#include "app/feature.h"

extern const struct feature jobs_feature;

#endif
