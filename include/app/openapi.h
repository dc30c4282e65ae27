/* The OpenAPI document. */
#ifndef APP_OPENAPI_H
#define APP_OPENAPI_H

#include "app/base.h"

/* Returns the OpenAPI 3.1 document of all routes in features[], as JSON. The first call generates
 * it from their rows and the settings; it is valid until the process exits. NULL if memory runs
 * out. */
const char *openapi_document(size_t *len) MUST_CHECK;

#endif
