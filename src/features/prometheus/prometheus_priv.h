/* Private to this folder. */
#ifndef PROMETHEUS_PRIV_H
#define PROMETHEUS_PRIV_H

#include "prometheus.h"

/* Whether METRICS_ALLOW includes the address. NULL, or an address without a host, is the local
 * host. */
bool prometheus_allows(const char *ip);

/* Writes all metrics in the Prometheus text format. Metrics that come from the database are omitted
 * while it is unavailable. */
void prometheus_write(struct ctx *, struct buf *);

#endif
