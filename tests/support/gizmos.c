/* The test resource: rows, statements and routes. */
#include "gizmos.h"

static const char *const states[] = { "draft", "active", "archived", NULL };

static const struct field fields[] = {
	{ UUID(struct gizmo, id), .flags = F_READ, .summary = "Identifier." },
	{ UUID(struct gizmo, owner_id), .flags = F_READ, .summary = "The user who owns it." },
	{ TEXT(struct gizmo, title), .flags = F_RW | F_REQUIRED, .min = 1, .max = 200,
	  .summary = "Short name.", .example = "Lamp" },
	{ TEXT(struct gizmo, description), .flags = F_RW | F_NULLABLE, .max = 5000,
	  .summary = "Free text.", .example = "Brass, with a green shade." },
	{ ENUM(struct gizmo, status), .flags = F_RW, .choices = states, .default_value = "active",
	  .summary = "Stage of life.", .example = "active" },
	{ TIME(struct gizmo, created_at), .flags = F_READ, .summary = "Time of creation." },
	{ TIME(struct gizmo, updated_at), .flags = F_READ, .summary = "Time of the last change." },
	{ INT(struct gizmo, version) },
};

static const struct schema gizmo_schema = SCHEMA("Gizmo", struct gizmo, fields);

#define COLUMNS "id, owner_id, title, description, status, created_at, updated_at, version"

enum { INSERT, FIND, UPDATE, DELETE_ONE };

static const struct query queries[] = {
	[INSERT] = QUERY("gizmos_insert", &gizmo_schema,
			 "INSERT INTO gizmos (owner_id, title, description, status)"
			 " VALUES ($1, $2, $3, $4) RETURNING " COLUMNS),
	[FIND] = QUERY_READ("gizmos_find", &gizmo_schema,
			    "SELECT " COLUMNS " FROM gizmos"
			    " WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2)"),
	[UPDATE] = QUERY("gizmos_update", &gizmo_schema,
			 "UPDATE gizmos SET"
			 " title = CASE WHEN $3 THEN $4 ELSE title END,"
			 " description = CASE WHEN $5 THEN $6 ELSE description END,"
			 " status = CASE WHEN $7 THEN $8 ELSE status END,"
			 " updated_at = now(), version = version + 1"
			 " WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2)"
			 " RETURNING " COLUMNS),
	[DELETE_ONE] = QUERY("gizmos_delete", NULL,
			     "DELETE FROM gizmos"
			     " WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2)"),
	{ 0 },
};

enum { BY_STATUS, BY_OWNER, VISIBLE, MINE };

static const struct list_filter filters[] = {
	[BY_STATUS] = { .sql = "status = $",
			.field = { .name = "status",
				   .type = TYPE_ENUM,
				   .choices = states,
				   .summary = "Only gizmos in this stage." } },
	[BY_OWNER] = { .sql = "owner_id = $",
		       .field = { .name = "owner_id",
				  .type = TYPE_UUID,
				  .summary = "Only gizmos of this user." } },
	[VISIBLE] = { .sql = "owner_id = $", .field = { .type = TYPE_UUID }, .own = true },
	[MINE] = { .sql = "owner_id = $", .field = { .type = TYPE_UUID } },
	{ 0 },
};

static const struct list_sort sorts[] = {
	{ "created_at", TYPE_TIME },
	{ "updated_at", TYPE_TIME },
	{ "title", TYPE_TEXT },
	{ 0 },
};

static const struct list all_gizmos = {
	.name = "gizmos",
	.row = &gizmo_schema,
	.columns = COLUMNS,
	.from = "gizmos",
	.filters = filters,
	.sorts = sorts,
};

static const struct list *const lists[] = { &all_gizmos, NULL };

static enum error
list_my_gizmos(struct request *req)
{
	struct page page;
	enum error e;

	list_restrict(&req->list, MINE, req->ctx->caller.user_id);
	e = db_list(req->ctx, &req->list, &page);
	return respond_page(req, e, &page);
}

static enum error
create_gizmo(struct request *req)
{
	const struct gizmo *in = req->in;
	struct gizmo gizmo;
	enum error e = db_one(req->ctx, &queries[INSERT], &gizmo, req->ctx->caller.user_id,
			      in->title, in->description, in->status);

	return respond_record(req, e, &gizmo);
}

static enum error
find_gizmo(struct request *req, struct gizmo *out)
{
	return db_one(req->ctx, &queries[FIND], out, request_path(req, "id"), visible_to(req->ctx));
}

static enum error
show_gizmo(struct request *req)
{
	struct gizmo gizmo;
	enum error e = find_gizmo(req, &gizmo);

	return respond_record(req, e, &gizmo);
}

static enum error
update_gizmo(struct request *req, uint64_t given)
{
	const struct gizmo *in = req->in;
	struct gizmo gizmo;
	enum error e = db_one(
	    req->ctx, &queries[UPDATE], &gizmo, request_path(req, "id"), visible_to(req->ctx),
	    p_bool(schema_given(&gizmo_schema, given, "title")), in->title,
	    p_bool(schema_given(&gizmo_schema, given, "description")), in->description,
	    p_bool(schema_given(&gizmo_schema, given, "status")), in->status);

	return respond_record(req, e, &gizmo);
}

static enum error
change_gizmo(struct request *req)
{
	return req->given ? update_gizmo(req, req->given) : show_gizmo(req);
}

static enum error
replace_gizmo(struct request *req)
{
	return update_gizmo(req, UINT64_MAX);
}

static enum error
delete_gizmo(struct request *req)
{
	enum error e = db_exec_one(req->ctx, &queries[DELETE_ONE], request_path(req, "id"),
				   visible_to(req->ctx));

	return respond_empty(req, e);
}

static const struct route routes[] = {
	{ GET, "/gizmos", respond_list, ACCESS_VIEWER, .scope = "gizmos:read", .list = &all_gizmos,
	  .response = &gizmo_schema, .cache_seconds = 30, .id = "gizmos_list",
	  .summary = "List gizmos" },
	{ GET, "/gizmos/my", list_my_gizmos, ACCESS_VIEWER, .scope = "gizmos:read",
	  .list = &all_gizmos, .response = &gizmo_schema, .cache_seconds = 30,
	  .id = "gizmos_list_my", .summary = "List own gizmos" },
	{ POST, "/gizmos", create_gizmo, ACCESS_MEMBER, .scope = "gizmos:write",
	  .body = &gizmo_schema, .response = &gizmo_schema, .status = 201, .idempotent = true,
	  .id = "gizmos_create", .summary = "Create a gizmo" },
	{ GET, "/gizmos/{id}", show_gizmo, ACCESS_VIEWER, .scope = "gizmos:read",
	  .response = &gizmo_schema, .id = "gizmos_show", .summary = "Show a gizmo" },
	{ PATCH, "/gizmos/{id}", change_gizmo, ACCESS_MEMBER, .scope = "gizmos:write",
	  .body = &gizmo_schema, .response = &gizmo_schema, .id = "gizmos_update",
	  .summary = "Update a gizmo" },
	{ PUT, "/gizmos/{id}", replace_gizmo, ACCESS_MEMBER, .scope = "gizmos:write",
	  .body = &gizmo_schema, .response = &gizmo_schema, .id = "gizmos_replace",
	  .summary = "Replace a gizmo" },
	{ DELETE, "/gizmos/{id}", delete_gizmo, ACCESS_MEMBER, .scope = "gizmos:write",
	  .status = 204, .errors = { E_CONFLICT }, .id = "gizmos_delete",
	  .summary = "Delete a gizmo" },
	{ 0 },
};

/* Deleting an account deletes its gizmos. */
static const char *const invalidated_by[] = { "users", NULL };

const struct feature gizmos_feature = {
	.name = "gizmos",
	.summary = "What the tests of the core create, list, change and delete.",
	.routes = routes,
	.queries = queries,
	.lists = lists,
	.invalidated_by = invalidated_by,
};
