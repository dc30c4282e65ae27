/* Metrics for Prometheus. */
#ifndef PROMETHEUS_H
#define PROMETHEUS_H

#include "app/feature.h"

extern const struct feature prometheus_feature;

#endif
