/* Routes: HTTP only. Rules are in the service, SQL in the repository. */
#include "api_keys_priv.h"

/* X-API-Key carries only API keys; a bearer token may also be of another kind, which another
 * feature reads. */
enum error
api_keys_authenticate(struct request *req)
{
	static const char scheme[] = "Bearer ";
	const char *key = request_env(req, "HTTP_X_API_KEY");
	const char *header = request_env(req, "HTTP_AUTHORIZATION");

	if (key && *key)
		return api_keys_identify(req->ctx, key);
	if (!header || strncasecmp(header, scheme, strlen(scheme)) != 0)
		return OK;

	header += strlen(scheme);
	header += strspn(header, " ");
	return api_key_looks_like(header) ? api_keys_identify(req->ctx, header) : OK;
}

static enum error
create_key(struct request *req)
{
	struct api_key key;
	enum error e = api_keys_create(req->ctx, req->in, &key);

	return respond_record(req, e, &key);
}

static enum error
delete_key(struct request *req)
{
	enum error e = api_keys_delete(req->ctx, request_path(req, "id"));

	return respond_empty(req, e);
}

/* A viewer may list and delete keys created under an earlier, higher role. */
const struct route api_keys_routes[] = {
	{ GET, "/api-keys", list_rows, ACCESS_VIEWER, .list = &api_keys_table,
	  .response = &api_key_schema, .id = "api_keys_list", .summary = "List API keys" },
	{ POST, "/api-keys", create_key, ACCESS_MEMBER, .fresh = true, .body = &api_key_schema,
	  .response = &new_api_key_schema, .status = 201, .errors = { E_CONFLICT },
	  .id = "api_keys_create", .summary = "Create an API key",
	  .description = "Only this response has the key itself." },
	{ GET, "/api-keys/{id}", show_row, ACCESS_VIEWER, .table = &api_keys_table,
	  .response = &api_key_schema, .id = "api_keys_show", .summary = "Get an API key" },
	{ DELETE, "/api-keys/{id}", delete_key, ACCESS_VIEWER, .status = 204,
	  .id = "api_keys_delete", .summary = "Delete an API key",
	  .description = "Requests with the key are rejected immediately." },
	{ 0 },
};
