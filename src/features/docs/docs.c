/* The API's own document, and what this feature plugs into the application. */
#include "docs.h"

#include "app/openapi.h"

static enum error
show_document(struct request *req)
{
	size_t len;
	const char *document = openapi_document(&len);

	if (!document)
		return fail_unavailable(req->ctx, CAUSE_MEMORY, NULL);

	return reply_body(req, 200, "application/json", document, len);
}

static const struct route routes[] = {
	{ GET, "/openapi.json", show_document, ACCESS_PUBLIC, .root = true,
	  .media_type = "application/json", .id = "docs_openapi",
	  .text = "This document (OpenAPI 3.1)." },
	{ GET, "/openapi.json", show_document, ACCESS_PUBLIC, .media_type = "application/json",
	  .id = "docs_openapi_prefixed", .text = "This document, below the API's prefix." },
	{ 0 },
};

const struct feature docs_feature = {
	.name = "docs",
	.text = "The API's own description.",
	.routes = routes,
};
