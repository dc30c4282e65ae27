/* What this feature plugs into the application. */
#include "prometheus_priv.h"

const struct feature prometheus_feature = {
	.name = "prometheus",
	.text = "What is measured, for Prometheus.",
	.routes = prometheus_routes,
};
