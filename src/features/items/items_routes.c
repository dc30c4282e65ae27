/* Routes. */
#include "items_priv.h"

static enum error
search_items(struct request *req)
{
	struct page page;
	enum error e = items_search(req->ctx, &req->list, &page);

	return respond_page(req, e, &page);
}

const struct route items_routes[] = {
	{ GET, "/items", list_rows, ACCESS_VIEWER, .scope = "items:read", .list = &items_table,
	  .response = &item_schema, .cache_seconds = 30, .id = "items_list",
	  .summary = "List items",
	  .description = "Admins get the items of all users, other callers their own." },
	{ GET, "/items/my", list_own_rows, ACCESS_VIEWER, .scope = "items:read",
	  .list = &items_table, .response = &item_schema, .cache_seconds = 30,
	  .id = "items_list_my", .summary = "List own items" },
	{ GET, "/items/search", search_items, ACCESS_VIEWER, .scope = "items:read",
	  .list = &items_found, .response = &item_schema, .id = "items_search",
	  .summary = "Search items",
	  .description = "Searches titles and descriptions. The best match is first; only the "
			 "first 10,000 matches are ranked." },
	{ POST, "/items", create_row, ACCESS_MEMBER, .scope = "items:write", .table = &items_table,
	  .body = &item_schema, .response = &item_schema, .status = 201, .idempotent = true,
	  .id = "items_create", .summary = "Create an item" },
	{ GET, "/items/{id}", show_row, ACCESS_VIEWER, .scope = "items:read", .table = &items_table,
	  .response = &item_schema, .id = "items_show", .summary = "Get an item" },
	{ PATCH, "/items/{id}", update_row, ACCESS_MEMBER, .scope = "items:write",
	  .table = &items_table, .body = &item_schema, .response = &item_schema,
	  .id = "items_update", .summary = "Update an item",
	  .description = "The body is a JSON merge patch (RFC 7396; the media type may also be "
			 "`application/merge-patch+json`): omitted members are unchanged, null "
			 "clears a nullable member." },
	{ PUT, "/items/{id}", update_row, ACCESS_MEMBER, .scope = "items:write",
	  .table = &items_table, .body = &item_schema, .response = &item_schema,
	  .id = "items_replace", .summary = "Replace an item",
	  .description = "Omitted members are reset to their defaults." },
	{ DELETE, "/items/{id}", delete_row, ACCESS_MEMBER, .scope = "items:write",
	  .table = &items_table, .status = 204, .errors = { E_CONFLICT }, .id = "items_delete",
	  .summary = "Delete an item" },
	{ 0 },
};
