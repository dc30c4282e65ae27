/* Routes. */
#include "@names@.h"

const struct route @names@_routes[] = {
	{ GET, "/@base@", list_rows, @read_access@ .list = &@names@_table,
	  .response = &@name@_schema, .id = "@names@_list", .summary = "List @namewords@"@list_text@ },
	{ POST, "/@base@", create_row, ACCESS_MEMBER, .scope = "@path@:write", .table = &@names@_table,
	  .body = &@name@_schema, .response = &@name@_schema, .status = 201, .idempotent = true,@conflict@
	  .id = "@names@_create", .summary = "Create @a_name@" },
	{ GET, "/@base@/{@key@}", show_row, @read_access@ .table = &@names@_table,
	  .response = &@name@_schema, .id = "@names@_show", .summary = "Get @a_name@" },
	{ PATCH, "/@base@/{@key@}", update_row, ACCESS_MEMBER, .scope = "@path@:write",
	  .table = &@names@_table, .body = &@name@_schema, .response = &@name@_schema,@conflict@
	  .id = "@names@_update", .summary = "Update @a_name@",
	  .description = "The body is a JSON merge patch (RFC 7396; the media type may also be "
			 "`application/merge-patch+json`): omitted members are unchanged, null "
			 "clears a nullable member." },
	{ PUT, "/@base@/{@key@}", update_row, ACCESS_MEMBER, .scope = "@path@:write",
	  .table = &@names@_table, .body = &@name@_schema, .response = &@name@_schema,@conflict@
	  .id = "@names@_replace", .summary = "Replace @a_name@",
	  .description = "Omitted members are reset to their defaults." },
	{ DELETE, "/@base@/{@key@}", delete_row, ACCESS_MEMBER, .scope = "@path@:write",
	  .table = &@names@_table, .status = 204, .errors = { E_CONFLICT }, .id = "@names@_delete",
	  .summary = "Delete @a_name@" },
	{ 0 },
};
