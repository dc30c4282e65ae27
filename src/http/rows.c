/* Handlers that list, create, show, update and delete the rows of a table. */
#include "http_priv.h"

/* Checks that the caller may see the parent in the path, and stores its id; NULL: not nested. */
static enum error
find_parent(struct request *req, const struct table *t, const char **id)
{
	*id = t->parent ? request_path(req, t->parent) : NULL;
	return *id ? table_visible(req->ctx, schema_field(t->schema, t->parent), *id) : OK;
}

static enum error
respond_rows(struct request *req, const char *owner)
{
	struct page page;
	enum error e;

	req->list.owner = owner;
	e = find_parent(req, req->route->list, &req->list.parent);
	if (e)
		return e;

	e = table_list(req->ctx, &req->list, &page);
	return respond_page(req, e, &page);
}

enum error
list_rows(struct request *req)
{
	return respond_rows(req, NULL);
}

enum error
list_own_rows(struct request *req)
{
	return respond_rows(req, req->ctx->caller.user_id);
}

static void *
new_row(const struct request *req)
{
	return arena_alloc(req->ctx->arena, req->route->table->schema->size);
}

enum error
create_row(struct request *req)
{
	const struct table *t = req->route->table;
	void *in = arena_copy(req->ctx->arena, req->in, t->schema->size), *out = new_row(req);
	const char *parent;
	enum error e;

	e = find_parent(req, t, &parent);
	if (e)
		return e;

	if (parent)
		field_set(req->ctx->arena, schema_field(t->schema, t->parent), in, parent);
	e = table_insert(req->ctx, t, in, out);
	return respond_record(req, e, out);
}

/* Finds the row {id}, which must belong to the parent in the path. */
static enum error
find_path_row(struct request *req, void *out)
{
	const struct table *t = req->route->table;
	const char *parent;
	enum error e;

	e = find_parent(req, t, &parent);
	if (!e && t->slug)
		e = table_find_slug(req->ctx, t, request_path(req, "slug"), out);
	else if (!e)
		e = table_find(req->ctx, t, request_path(req, "id"), out);
	if (e || !parent)
		return e;

	if (strcmp(parent, field_text(req->ctx->arena, schema_field(t->schema, t->parent), out)) !=
	    0)
		return fail(req->ctx, E_NOT_FOUND, NULL);
	return OK;
}

/* Returns the id of the row to change. */
static enum error
find_path_id(struct request *req, const char **id)
{
	const struct table *t = req->route->table;
	void *row;
	enum error e;

	if (!t->parent && !t->slug) {
		*id = request_path(req, "id");
		return OK;
	}

	row = new_row(req);
	e = find_path_row(req, row);
	*id = e ? NULL : field_text(req->ctx->arena, schema_field(t->schema, "id"), row);
	return e;
}

enum error
show_row(struct request *req)
{
	void *out = new_row(req);
	enum error e = find_path_row(req, out);

	return respond_record(req, e, out);
}

enum error
update_row(struct request *req)
{
	void *out = new_row(req);
	const char *id;
	enum error e;

	e = find_path_id(req, &id);
	if (!e)
		e = table_update(req->ctx, req->route->table, id, req->in, req->given, out);
	return respond_record(req, e, out);
}

enum error
delete_row(struct request *req)
{
	const char *id;
	enum error e;

	e = find_path_id(req, &id);
	if (!e)
		e = table_delete(req->ctx, req->route->table, id);
	return respond_empty(req, e);
}
