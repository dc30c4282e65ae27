/* HTTP in, HTTP out. No rules, no SQL. */
#include "items_priv.h"

static enum error
list_my_items(struct request *req)
{
	struct page page;
	enum error e = items_list_own(req->ctx, &req->list, &page);

	return reply_page(req, e, &page);
}

static enum error
search_items(struct request *req)
{
	struct page page;
	enum error e = items_search(req->ctx, &req->list, &page);

	return reply_page(req, e, &page);
}

static enum error
create_item(struct request *req)
{
	struct item item;
	enum error e = items_create(req->ctx, req->in, &item);

	return reply_record(req, e, &item);
}

static enum error
show_item(struct request *req)
{
	struct item item;
	enum error e = items_get(req->ctx, request_path(req, "id"), &item);

	return reply_record(req, e, &item);
}

static enum error
change_item(struct request *req)
{
	struct item item;
	enum error e = items_update(req->ctx, request_path(req, "id"), req->in, req->given, &item);

	return reply_record(req, e, &item);
}

static enum error
replace_item(struct request *req)
{
	struct item item;
	enum error e = items_update(req->ctx, request_path(req, "id"), req->in, ITEM_WHOLE, &item);

	return reply_record(req, e, &item);
}

static enum error
delete_item(struct request *req)
{
	enum error e = items_delete(req->ctx, request_path(req, "id"));

	return reply_empty(req, e);
}

const struct route items_routes[] = {
	{ GET, "/items", reply_list, ACCESS_VIEWER, .scope = "items:read", .list = &items_rows,
	  .reply = &item_schema, .cache_seconds = 30, .id = "items_list",
	  .text = "List one's own items; admins list everybody's." },
	{ GET, "/items/my", list_my_items, ACCESS_VIEWER, .scope = "items:read",
	  .list = &items_rows, .reply = &item_schema, .cache_seconds = 30, .id = "items_list_my",
	  .text = "List one's own items, whatever the role." },
	{ GET, "/items/search", search_items, ACCESS_VIEWER, .scope = "items:read",
	  .list = &items_found, .reply = &item_schema, .id = "items_search",
	  .text = "Search titles and descriptions; the best match comes first, among the first "
		  "10,000 that are found." },
	{ POST, "/items", create_item, ACCESS_MEMBER, .scope = "items:write", .body = &item_schema,
	  .reply = &item_schema, .status = 201, .idempotent = true, .id = "items_create",
	  .text = "Create an item." },
	{ GET, "/items/{id}", show_item, ACCESS_VIEWER, .scope = "items:read",
	  .reply = &item_schema, .id = "items_show", .text = "Show an item." },
	{ PATCH, "/items/{id}", change_item, ACCESS_MEMBER, .scope = "items:write",
	  .body = &item_schema, .reply = &item_schema, .id = "items_update",
	  .text = "Change what is named, by JSON merge patch (RFC 7396)." },
	{ PUT, "/items/{id}", replace_item, ACCESS_MEMBER, .scope = "items:write",
	  .body = &item_schema, .reply = &item_schema, .id = "items_replace",
	  .text = "Replace an item: what is not named goes back to its default." },
	{ DELETE, "/items/{id}", delete_item, ACCESS_MEMBER, .scope = "items:write", .status = 204,
	  .errors = { E_CONFLICT }, .id = "items_delete", .text = "Delete an item." },
	{ 0 },
};
