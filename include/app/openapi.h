/* The OpenAPI document. */
#ifndef APP_OPENAPI_H
#define APP_OPENAPI_H

#include "app/base.h"

struct app;

/* Returns the OpenAPI 3.1 document of all routes of the application, as JSON. A process has one
 * application: the first call generates the document from its rows and the settings; it is valid until
 * the process exits. NULL if memory runs out. */
const char *openapi_document(const struct app *, size_t *len) MUST_CHECK;

#endif
