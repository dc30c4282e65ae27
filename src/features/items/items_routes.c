/* Routes: HTTP only. Rules are in the service, SQL in the repository. */
#include "items_priv.h"

static enum error
list_my_items(struct request *req)
{
	struct page page;
	enum error e = items_list_own(req->ctx, &req->list, &page);

	return respond_page(req, e, &page);
}

static enum error
search_items(struct request *req)
{
	struct page page;
	enum error e = items_search(req->ctx, &req->list, &page);

	return respond_page(req, e, &page);
}

static enum error
create_item(struct request *req)
{
	struct item item;
	enum error e = items_create(req->ctx, req->in, &item);

	return respond_record(req, e, &item);
}

static enum error
show_item(struct request *req)
{
	struct item item;
	enum error e = items_get(req->ctx, request_path(req, "id"), &item);

	return respond_record(req, e, &item);
}

static enum error
change_item(struct request *req)
{
	struct item item;
	enum error e = items_update(req->ctx, request_path(req, "id"), req->in, req->given, &item);

	return respond_record(req, e, &item);
}

static enum error
replace_item(struct request *req)
{
	struct item item;
	enum error e = items_update(req->ctx, request_path(req, "id"), req->in, ITEM_WHOLE, &item);

	return respond_record(req, e, &item);
}

static enum error
delete_item(struct request *req)
{
	enum error e = items_delete(req->ctx, request_path(req, "id"));

	return respond_empty(req, e);
}

const struct route items_routes[] = {
	{ GET, "/items", respond_list, ACCESS_VIEWER, .scope = "items:read", .list = &items_rows,
	  .response = &item_schema, .cache_seconds = 30, .id = "items_list",
	  .summary = "List items",
	  .description = "Admins get the items of all users, other callers their own." },
	{ GET, "/items/my", list_my_items, ACCESS_VIEWER, .scope = "items:read",
	  .list = &items_rows, .response = &item_schema, .cache_seconds = 30, .id = "items_list_my",
	  .summary = "List own items" },
	{ GET, "/items/search", search_items, ACCESS_VIEWER, .scope = "items:read",
	  .list = &items_found, .response = &item_schema, .id = "items_search",
	  .summary = "Search items",
	  .description = "Searches titles and descriptions. The best match is first; only the "
			 "first 10,000 matches are ranked." },
	{ POST, "/items", create_item, ACCESS_MEMBER, .scope = "items:write", .body = &item_schema,
	  .response = &item_schema, .status = 201, .idempotent = true, .id = "items_create",
	  .summary = "Create an item" },
	{ GET, "/items/{id}", show_item, ACCESS_VIEWER, .scope = "items:read",
	  .response = &item_schema, .id = "items_show", .summary = "Get an item" },
	{ PATCH, "/items/{id}", change_item, ACCESS_MEMBER, .scope = "items:write",
	  .body = &item_schema, .response = &item_schema, .id = "items_update",
	  .summary = "Update an item",
	  .description = "The body is a JSON merge patch (RFC 7396; the media type may also be "
			 "`application/merge-patch+json`): omitted members are unchanged, null "
			 "clears a nullable member." },
	{ PUT, "/items/{id}", replace_item, ACCESS_MEMBER, .scope = "items:write",
	  .body = &item_schema, .response = &item_schema, .id = "items_replace",
	  .summary = "Replace an item",
	  .description = "Omitted members are reset to their defaults." },
	{ DELETE, "/items/{id}", delete_item, ACCESS_MEMBER, .scope = "items:write", .status = 204,
	  .errors = { E_CONFLICT }, .id = "items_delete", .summary = "Delete an item" },
	{ 0 },
};
