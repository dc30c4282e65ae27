/* The features of this application. */
#include "features/docs/docs.h"
#include "features/health/health.h"

#include "notes.h"

const struct feature *const notes_features[] = { &health_feature, &docs_feature, &notes_feature, NULL };
