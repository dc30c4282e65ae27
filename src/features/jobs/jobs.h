/* Jobs as people see them: the routes, the job that shows how it is done, and the one that
 * removes old ones. The only jobs header another feature may include; to enqueue, app/job.h
 * is enough. */
#ifndef JOBS_H
#define JOBS_H

#include "app/feature.h"

extern const struct feature jobs_feature;

#endif
