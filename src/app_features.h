/* The list of features.c: the features of this application. */
#ifndef APP_APP_FEATURES_H
#define APP_APP_FEATURES_H

#include "app/feature.h"

extern const struct feature *const app_features[]; /* ends with NULL */

#endif
