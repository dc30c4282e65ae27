/* Answers kept for Idempotency-Key: the pipeline writes them, this feature removes them. */
#ifndef REPLAYS_H
#define REPLAYS_H

#include "app/feature.h"

extern const struct feature replays_feature;

#endif
