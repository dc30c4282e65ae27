/* Health checks for load balancers, probes and operators. */
#ifndef HEALTH_H
#define HEALTH_H

#include "app/feature.h"

extern const struct feature health_feature;

#endif
