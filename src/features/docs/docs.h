/* The OpenAPI document. The web server serves the pages /docs and /redoc as files. */
#ifndef DOCS_H
#define DOCS_H

#include "app/feature.h"

extern const struct feature docs_feature;

#endif
