/* The API's description of itself. */
#ifndef APP_OPENAPI_H
#define APP_OPENAPI_H

#include "app/base.h"

/* The OpenAPI 3.1 document of every route of features[], as JSON: made from their rows and
 * the settings with the first call, then kept for the life of the process. NULL where
 * memory ran out. */
const char *openapi_document(size_t *len) MUST_CHECK;

#endif
