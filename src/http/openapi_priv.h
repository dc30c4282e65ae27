/* What the files that make the OpenAPI document share. */
#ifndef APP_OPENAPI_PRIV_H
#define APP_OPENAPI_PRIV_H

#include "app/buf.h"
#include "app/feature.h"

/* Writes JSON member by member, with the commas where they belong; the outer levels a line
 * each, so that two documents can be compared. A key of NULL is for arrays. */
struct writer {
	struct buf out;
	unsigned depth;
	bool follows; /* something stands before in this object or array */
};

void writer_open(struct writer *, const char *key, char bracket);
void writer_close(struct writer *, char bracket);
void writer_text(struct writer *, const char *key, const char *text);
void writer_int(struct writer *, const char *key, int64_t);
void writer_bool(struct writer *, const char *key, bool);
/* The value is JSON already. */
void writer_raw(struct writer *, const char *key, const char *value);
/* {"$ref": "#/components/<kind>/<name>"} */
void writer_ref(struct writer *, const char *key, const char *kind, const char *name);

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
	uint64_t errors; /* bit number = enum error */
	bool written;
};

/* A response of one status: the errors that it may tell. */
struct problem_set {
	uint64_t errors;
	struct problem_set *next;
};

struct doc {
	struct arena *arena;
	struct writer json;
	struct operation *operations;
	size_t noperations;
	struct shape *shapes;
	struct problem_set *problems;
	const char *token_url; /* of OAuth's password flow, or NULL */
	bool api_keys;
};

/* openapi.c: one parameter of an operation; `in` is "path", "query" or "header". */
void parameter(struct doc *, const char *in, const struct field *, bool required);

/* openapi_header.c: headers, of requests as parameters, and of answers. */
bool version_is_shown(const struct route *);
bool header_is_taken(const struct route *);
void header_parameters(struct doc *, const struct route *);
void headers_write(struct doc *, const struct route *, unsigned status);
void headers_write_all(struct doc *);
void headers_of_limits(struct doc *);

/* openapi_schema.c: records. shape_need() first for all, shape_name_all() once, then the
 * writers, which refer to components by name. */
void shape_need(struct doc *, const struct schema *, enum use);
void shape_name_all(struct doc *);
void shape_ref(struct doc *, const char *key, const struct schema *, enum use);
void shape_write_all(struct doc *);
void field_schema(struct doc *, const char *key, const struct field *, enum use);
/* What one would send or get: a whole record, or a page with one. */
void shape_example(struct doc *, const char *key, const struct schema *, enum use);

/* openapi_problem.c: failures. */
uint64_t problems_of(const struct doc *, const struct route *);
void problems_write(struct doc *, const struct operation *);
void problem_responses_write_all(struct doc *);
void problem_schemas_write(struct doc *);

#endif
