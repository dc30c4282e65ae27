/* Shared inside this folder only. */
#ifndef PROMETHEUS_PRIV_H
#define PROMETHEUS_PRIV_H

#include "prometheus.h"

/* Whether METRICS_ALLOW has that address; NULL, or one without a host, is this host. */
bool prometheus_allows(const char *ip);

/* All metrics in Prometheus's text format. What the database alone knows is left out while
 * it is away. */
void prometheus_write(struct ctx *, struct buf *);

#endif
