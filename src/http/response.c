/* Successful responses. */
#include "http_priv.h"

#include "app/settings.h"

enum { BODY_MAX = 32 * 1024 * 1024 };

void
response_header(struct request *req, const char *name, const char *value)
{
	struct response *response = &req->response;
	size_t len = 0;

	if (response->nheaders == RESPONSE_HEADERS_MAX)
		return;

	while ((unsigned char)value[len] >= 0x20 && value[len] != 0x7f)
		len++;
	if (value[len])
		value = arena_text_n(req->ctx->arena, value, len);
	response->headers[response->nheaders++] = (struct header) { name, value };
}

const char *
response_find_header(const struct response *response, const char *name)
{
	for (size_t i = 0; i < response->nheaders; i++) {
		if (strcmp(response->headers[i].name, name) == 0)
			return response->headers[i].value;
	}
	return NULL;
}

enum error
respond_body(struct request *req, unsigned status, const char *media_type, const char *body,
	     size_t len)
{
	req->response.status = status;
	req->response.media_type = media_type;
	req->response.body = body;
	req->response.len = len;
	return OK;
}

enum error
respond_empty(struct request *req, enum error e)
{
	return e ? e : respond_body(req, 204, NULL, "", 0);
}

static enum error
respond_json(struct request *req, struct buf *b)
{
	unsigned status = req->route->status ? req->route->status : 200;
	const char *body = buf_done(b);

	if (!body)
		return fail(req->ctx, E_INTERNAL, NULL);

	return respond_body(req, status, "application/json", body, b->len);
}

bool
has_location(const struct route *route)
{
	return route->response && (route->status == 201 || route->location);
}

/* Returns a path of the API with the values of its parameters. */
static const char *
fill_path(struct request *req, const char *pattern)
{
	struct buf b = buf_new(req->ctx->arena, 16 * 1024);

	buf_text(&b, settings.api_prefix);
	for (const char *at = pattern; *at; at++) {
		size_t len = strcspn(at, "}");

		if (*at != '{') {
			buf_char(&b, *at);
			continue;
		}
		buf_text(&b, request_path(req, arena_text_n(req->ctx->arena, at + 1, len - 1)));
		at += len;
	}
	return b.data;
}

static void
set_location(struct request *req, const void *record)
{
	const struct route *route = req->route;
	const char *slug = route->table ? route->table->slug : NULL;
	const struct field *id =
	    slug ? schema_field(route->response, slug) : &route->response->fields[0];
	const char *path = fill_path(req, route->location ? route->location : route->path);

	response_header(
	    req, "Location",
	    arena_printf(req->ctx->arena, "%s/%s", path, field_text(req->ctx->arena, id, record)));
}

enum error
respond_record(struct request *req, enum error e, const void *record)
{
	const struct schema *schema = req->route->response;

	if (e)
		return e;

	if (etag_has_version(schema))
		response_header(req, "ETag", etag_make(req->ctx->arena, schema, record));
	if (has_location(req->route))
		set_location(req, record);
	return respond_record_as(req, OK, schema, record);
}

enum error
respond_record_as(struct request *req, enum error e, const struct schema *schema,
		  const void *record)
{
	struct buf b = buf_new(req->ctx->arena, BODY_MAX);

	if (e)
		return e;

	schema_write(&b, schema, record);
	return respond_json(req, &b);
}

/* Appends one link of a Link header (RFC 8288): the same list with another offset or cursor. */
static void
put_link(struct buf *b, const struct request *req, const struct page *page, const char *rel,
	 const char *cursor, int64_t offset)
{
	buf_text(b, b->len ? ", <" : "<");
	buf_text(b, req->path);
	buf_printf(b, "?limit=%" PRId64, page->limit);
	for (size_t i = 0; i < req->nquery; i++) {
		bool skip = false;

		for (size_t k = 0; k < LIST_PAGING; k++)
			skip = skip || strcmp(list_paging[k].name, req->query[i].name) == 0;
		if (skip)
			continue;
		buf_char(b, '&');
		buf_url(b, req->query[i].name);
		buf_char(b, '=');
		buf_url(b, req->query[i].value);
	}
	if (cursor)
		buf_printf(b, "&cursor=%s", cursor);
	else
		buf_printf(b, "&offset=%" PRId64, offset);
	buf_printf(b, ">; rel=\"%s\"", rel);
}

static void
set_links(struct request *req, const struct page *page)
{
	struct buf b = buf_new(req->ctx->arena, 16 * 1024);
	int64_t last = page->total > 0 ? (page->total - 1) / page->limit * page->limit : 0;
	int64_t before = page->offset - page->limit;

	if (page->next_cursor)
		put_link(&b, req, page, "next", page->by_cursor ? page->next_cursor : NULL,
			 page->offset + page->limit);
	if (!page->by_cursor) {
		if (page->offset > 0)
			put_link(&b, req, page, "prev", NULL,
				 before < 0 ? 0 : (before > last ? last : before));
		put_link(&b, req, page, "first", NULL, 0);
		put_link(&b, req, page, "last", NULL, last);
	}
	if (b.len && buf_done(&b))
		response_header(req, "Link", b.data);
}

enum error
respond_page(struct request *req, enum error e, const struct page *page)
{
	struct buf b = buf_new(req->ctx->arena, BODY_MAX);

	if (e)
		return e;

	buf_json(&b, "{'items':");
	schema_write_all(&b, req->route->response, &page->items);
	if (!page->by_cursor)
		buf_json(&b, ",'total':%jd", page->total);
	buf_json(&b, ",'limit':%jd", page->limit);
	if (!page->by_cursor)
		buf_json(&b, ",'offset':%jd", page->offset);
	buf_json(&b, ",'next_cursor':%s}", page->next_cursor);
	set_links(req, page);
	return respond_json(req, &b);
}
