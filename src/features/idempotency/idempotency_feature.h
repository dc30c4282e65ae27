/* Stored responses for Idempotency-Key: the pipeline stores them (app/idempotency.h), this feature
 * prunes them. */
#ifndef IDEMPOTENCY_FEATURE_H
#define IDEMPOTENCY_FEATURE_H

#include "app/feature.h"

extern const struct feature idempotency_feature;

#endif
