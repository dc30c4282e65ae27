/* Routes: HTTP only. Rules are in the service, SQL in the repository. */
#include "@names@_priv.h"

static enum error
create_@name@(struct request *req)
{
	struct @name@ @name@;
	enum error e = @names@_create(req->ctx, req->in, &@name@);

	return respond_record(req, e, &@name@);
}

static enum error
show_@name@(struct request *req)
{
	struct @name@ @name@;
	enum error e = @names@_get(req->ctx, request_path(req, "id"), &@name@);

	return respond_record(req, e, &@name@);
}

static enum error
change_@name@(struct request *req)
{
	struct @name@ @name@;
	enum error e = @names@_update(req->ctx, request_path(req, "id"), req->in, req->given, &@name@);

	return respond_record(req, e, &@name@);
}

static enum error
replace_@name@(struct request *req)
{
	struct @name@ @name@;
	enum error e = @names@_update(req->ctx, request_path(req, "id"), req->in, @NAME@_WHOLE, &@name@);

	return respond_record(req, e, &@name@);
}

static enum error
delete_@name@(struct request *req)
{
	enum error e = @names@_delete(req->ctx, request_path(req, "id"));

	return respond_empty(req, e);
}

const struct route @names@_routes[] = {
	{ GET, "/@path@", respond_list, @read_access@ .list = &@names@_rows,
	  .response = &@name@_schema, .id = "@names@_list",
	  .summary = @list_text@ },
	{ POST, "/@path@", create_@name@, ACCESS_MEMBER, .scope = "@path@:write",
	  .body = &@name@_schema, .response = &@name@_schema, .status = 201, .idempotent = true, @conflict@ .id = "@names@_create",
	  .summary = "Create @a_name@" },
	{ GET, "/@path@/{id}", show_@name@, @read_access@ .response = &@name@_schema,
	  .id = "@names@_show", .summary = "Get @a_name@" },
	{ PATCH, "/@path@/{id}", change_@name@, ACCESS_MEMBER, .scope = "@path@:write",
	  .body = &@name@_schema, .response = &@name@_schema, @conflict@ .id = "@names@_update",
	  .summary = "Update @a_name@",
	  .description = "The body is a JSON merge patch (RFC 7396; the media type may also be "
			 "`application/merge-patch+json`): omitted members are unchanged, null "
			 "clears a nullable member." },
	{ PUT, "/@path@/{id}", replace_@name@, ACCESS_MEMBER, .scope = "@path@:write",
	  .body = &@name@_schema, .response = &@name@_schema, @conflict@ .id = "@names@_replace",
	  .summary = "Replace @a_name@", .description = "Omitted members are reset to their defaults." },
	{ DELETE, "/@path@/{id}", delete_@name@, ACCESS_MEMBER, .scope = "@path@:write",
	  .status = 204, .errors = { E_CONFLICT }, .id = "@names@_delete", .summary = "Delete @a_name@" },
	{ 0 },
};
