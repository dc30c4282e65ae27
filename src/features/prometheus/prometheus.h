/* Metrics for Prometheus. */
#ifndef PROMETHEUS_H
#define PROMETHEUS_H

#include "app/feature.h"
#include "app/settings.h"

extern const struct feature prometheus_feature;

struct prometheus_settings {
#define SETTING SETTING_MEMBER
#include "features/prometheus/prometheus_settings.def"
#undef SETTING
};
extern struct prometheus_settings prometheus_settings;

#endif
