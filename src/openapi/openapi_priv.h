/* Shared by the files that write the OpenAPI document. Each function writes whole members or
 * values, followed by a comma (buf_json). */
#ifndef APP_OPENAPI_PRIV_H
#define APP_OPENAPI_PRIV_H

#include "app/buf.h"
#include "app/feature.h"

/* A schema has a component for each use that the document refers to. */
enum use { USE_READ, USE_CREATE, USE_UPDATE, USE_PAGE };

struct shape {
	const struct schema *schema;
	enum use use;
	const char *name; /* unique among the components */
	struct shape *next;
};

struct operation {
	const struct feature *feature;
	const struct route *route;
	const char *path;
	bool written;
	struct operation *next;
};

struct doc {
	const struct app *app;
	struct arena *arena;
	struct buf json;
	struct operation *operations;
	struct shape *shapes;
	const char *token_url; /* the OAuth 2 token endpoint, or NULL */
	bool api_keys;
};

/* openapi.c: the description, or nothing for NULL. */
void describe(struct doc *, const char *text);

/* openapi_operation.c */
void operation_write(struct doc *, const struct operation *);
void shared_parameters_write(struct doc *);

/* openapi_response.c */
void responses_write(struct doc *, const struct route *);
/* Whether a GET supports If-None-Match. */
bool has_etag(const struct route *);
void problem_response_write(struct doc *);
void problem_schemas_write(struct doc *);

/* openapi_schema.c. shape_ref() also adds the component; shape_write_all() writes those added. */
void shape_ref(struct doc *, const struct schema *, enum use);
void shape_write_all(struct doc *);
/* The field's summary, followed by what its type cannot express. */
const char *field_description(struct doc *, const struct field *, enum use);
/* The value's schema, without its description. */
void field_schema(struct doc *, const struct field *, enum use);

#endif
