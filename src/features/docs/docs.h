/* The API's own document. The pages /docs and /redoc are files of the web server. */
#ifndef DOCS_H
#define DOCS_H

#include "app/feature.h"

extern const struct feature docs_feature;

#endif
