/* What the files that make the OpenAPI document share. What their functions write are whole
 * members or values, with a comma behind each (buf_json). */
#ifndef APP_OPENAPI_PRIV_H
#define APP_OPENAPI_PRIV_H

#include "app/buf.h"
#include "app/feature.h"

/* What a schema's rows are taken for: each use is a component of its own. */
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
	const char *path, *id;
	bool written;
	struct operation *next;
};

/* A set of errors has a bit for each: its number is enum error. */
#define BIT(e) (UINT64_C(1) << (e))

/* A response of one status: the errors that it may tell. */
struct problem_set {
	uint64_t errors;
	struct problem_set *next;
};

struct doc {
	struct arena *arena;
	struct buf json;
	struct operation *operations;
	struct shape *shapes;
	struct problem_set *problems;
	const char *token_url; /* of OAuth's password flow, or NULL */
	bool refreshes;        /* which also refreshes */
	bool api_keys;
};

/* openapi.c: one parameter of an operation; `in` is "path", "query" or "header". */
void parameter(struct doc *, const char *in, const struct field *, bool required);
/* {"$ref": "#/components/<kind>/<name>"} */
void put_ref(struct doc *, const char *kind, const char *name);
/* The description; nothing where there is none. */
void describe(struct doc *, const char *text);
/* Ends an array whose key began at `start`; an empty one goes altogether. */
void close_array(struct doc *, size_t start);

/* openapi_header.c: headers, of requests as parameters, and of answers. */
bool version_is_shown(const struct route *);
void header_parameters(struct doc *, const struct route *);
void headers_write(struct doc *, const struct route *, unsigned status);
void headers_write_all(struct doc *);
void headers_of_failure(struct doc *, uint64_t errors);

/* openapi_schema.c: records. shape_need() first for all, shape_name_all() once, then the
 * writers, which refer to components by name. */
void shape_need(struct doc *, const struct schema *, enum use);
void shape_name_all(struct doc *);
void shape_ref(struct doc *, const struct schema *, enum use);
void shape_write_all(struct doc *);
/* The text of a field, and its aliases unless the use is USE_READ. */
void describe_field(struct doc *, const struct field *, enum use);
void field_schema(struct doc *, const struct field *, enum use);
/* What one would send or get: a whole record, or a page with one. */
void shape_example(struct doc *, const struct schema *, enum use);

/* openapi_problem.c: failures. */
void problems_write(struct doc *, const struct route *);
void problem_responses_write_all(struct doc *);
void problem_schemas_write(struct doc *);

#endif
