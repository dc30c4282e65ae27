/* Answers kept for Idempotency-Key: the pipeline writes them, this feature removes them. */
#ifndef IDEMPOTENCY_FEATURE_H
#define IDEMPOTENCY_FEATURE_H

#include "app/feature.h"

extern const struct feature idempotency_feature;

#endif
