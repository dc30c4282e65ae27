/* The OpenAPI document: route, feature row. */
#include "docs.h"

#include "app/buf.h"
#include "app/openapi.h"
#include "app/secret.h"

/* A strong entity tag: the digest of the document. */
static const char *
document_tag(struct arena *a, const char *document, size_t len)
{
	unsigned char digest[SHA256_SIZE];
	struct buf b = buf_new(a, 64);

	sha256(document, len, digest);
	buf_char(&b, '"');
	buf_base64url(&b, digest, sizeof(digest));
	buf_char(&b, '"');
	return b.data;
}

static enum error
show_document(struct request *req)
{
	size_t len;
	const char *document = openapi_document(req->ctx->app, &len);

	if (!document)
		return fail_unavailable(req->ctx, CAUSE_MEMORY, NULL);

	response_header(req, "ETag", document_tag(req->ctx->arena, document, len));
	return respond_body(req, 200, "application/json", document, len);
}

static const struct route routes[] = {
	{ GET, "/openapi.json", show_document, ACCESS_PUBLIC, .root = true,
	  .cache_control = "no-cache", .etag = true, .media_type = "application/json",
	  .id = "docs_openapi", .summary = "Get this document (OpenAPI 3.1)" },
	{ GET, "/openapi.json", show_document, ACCESS_PUBLIC, .cache_control = "no-cache",
	  .etag = true, .media_type = "application/json", .id = "docs_openapi_prefixed",
	  .summary = "Get this document under the prefix" },
	{ 0 },
};

const struct feature docs_feature = {
	.name = "docs",
	.tag = "Operations",
	.routes = routes,
};
