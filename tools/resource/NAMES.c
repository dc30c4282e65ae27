/* @Names@: field rows, table row, feature row. */
#include "@names@.h"

@includes@@arrays@static const struct field fields[] = {
	{ UUID(struct @name@, id), .flags = F_READ, .summary = "Identifier." },
	{ UUID(struct @name@, owner_id), .flags = F_READ, .summary = "User who owns the @words@." },
@field_rows@	{ TIME(struct @name@, created_at), .flags = F_READ, .summary = "Time of creation." },
	{ TIME(struct @name@, updated_at), .flags = F_READ, .summary = "Time of the last change." },
	{ INT(struct @name@, version) },
};

const struct schema @name@_schema = SCHEMA("@Label@", struct @name@, fields);

static const struct list_filter filters[] = {
@filter_rows@	{ "owner_id", "Only @namewords@ of this user." },
	{ 0 },
};

static const struct list_sort sorts[] = {
	{ "created_at" },
	{ "updated_at" },
@sort_rows@	{ 0 },
};

const struct table @names@_table = {
	.name = "@names@",
	.schema = &@name@_schema,
	.owner = "owner_id",
	.readers = @readers@,
@cells@	.filters = filters,
	.sorts = sorts,
};

static const struct table *const tables[] = { &@names@_table, NULL };

const struct feature @names@_feature = {
	.name = "@path@",
	.tag = "@Names@",
	.summary = "@Names@.",
	.routes = @names@_routes,
	.tables = tables,
};
