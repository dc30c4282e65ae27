/* The test resource: rows and routes. */
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

static const struct list_filter filters[] = {
	{ "status", "Only gizmos in this stage." },
	{ "owner_id", "Only gizmos of this user." },
	{ 0 },
};

static const struct list_sort sorts[] = { { "created_at" }, { "updated_at" }, { "title" }, { 0 } };

static const struct table gizmos = {
	.name = "gizmos",
	.schema = &gizmo_schema,
	.owner = "owner_id",
	.readers = OWNER_AND_ADMINS,
	.filters = filters,
	.sorts = sorts,
};

/* Parts of a gizmo: a nested resource that all who see the gizmo can see. */

static const struct field part_fields[] = {
	{ UUID(struct part, id), .flags = F_READ, .summary = "Identifier." },
	{ UUID(struct part, gizmo_id), .flags = F_READ | F_SET, REFERENCES(&gizmos),
	  .cascade = true, .summary = "The gizmo it is part of." },
	{ UUID(struct part, owner_id), .flags = F_READ, .summary = "The user who added it." },
	{ TEXT(struct part, name), .flags = F_RW | F_REQUIRED, .min = 1, .max = 50,
	  .summary = "Name.", .example = "Bulb" },
	{ INT(struct part, number), .flags = F_RW | F_NULLABLE, .min = 1, .max = 99,
	  .summary = "How many.", .example = "2" },
	{ TIME(struct part, created_at), .flags = F_READ, .summary = "Time of creation." },
	{ INT(struct part, version) },
};

static const struct schema part_schema = SCHEMA("Part", struct part, part_fields);

static const struct list_sort part_sorts[] = { { "created_at" }, { 0 } };

static const struct table parts = {
	.name = "parts",
	.schema = &part_schema,
	.owner = "owner_id",
	.readers = EVERYONE,
	.parent = "gizmo_id",
	.sorts = part_sorts,
};

/* Labels, which everyone can see: their paths have a slug. */

static const struct field label_fields[] = {
	{ UUID(struct label, id), .flags = F_READ, .summary = "Identifier." },
	{ SLUG(struct label, slug), .flags = F_RW | F_REQUIRED, .summary = "Name in the path.",
	  .example = "green-shade" },
	{ UUID(struct label, owner_id), .flags = F_READ, .summary = "The user who added it." },
	{ TEXT(struct label, text), .flags = F_RW | F_NULLABLE, .max = 50, .summary = "Text.",
	  .example = "Fragile" },
	{ TIME(struct label, created_at), .flags = F_READ, .summary = "Time of creation." },
	{ INT(struct label, version) },
};

static const struct schema label_schema = SCHEMA("Label", struct label, label_fields);

static const struct table labels = {
	.name = "labels",
	.schema = &label_schema,
	.owner = "owner_id",
	.readers = EVERYONE,
	.slug = "slug",
	.sorts = part_sorts,
};

static const struct table *const tables[] = { &gizmos, &parts, &labels, NULL };

static const struct route routes[] = {
	{ GET, "/gizmos", list_rows, ACCESS_VIEWER, .scope = "gizmos:read", .list = &gizmos,
	  .response = &gizmo_schema, .cache_seconds = 30, .id = "gizmos_list",
	  .summary = "List gizmos" },
	{ GET, "/gizmos/my", list_own_rows, ACCESS_VIEWER, .scope = "gizmos:read", .list = &gizmos,
	  .response = &gizmo_schema, .cache_seconds = 30, .id = "gizmos_list_my",
	  .summary = "List own gizmos" },
	{ POST, "/gizmos", create_row, ACCESS_MEMBER, .scope = "gizmos:write", .table = &gizmos,
	  .body = &gizmo_schema, .response = &gizmo_schema, .status = 201, .idempotent = true,
	  .id = "gizmos_create", .summary = "Create a gizmo" },
	{ GET, "/gizmos/{id}", show_row, ACCESS_VIEWER, .scope = "gizmos:read", .table = &gizmos,
	  .response = &gizmo_schema, .id = "gizmos_show", .summary = "Show a gizmo" },
	{ PATCH, "/gizmos/{id}", update_row, ACCESS_MEMBER, .scope = "gizmos:write",
	  .table = &gizmos, .body = &gizmo_schema, .response = &gizmo_schema, .id = "gizmos_update",
	  .summary = "Update a gizmo" },
	{ PUT, "/gizmos/{id}", update_row, ACCESS_MEMBER, .scope = "gizmos:write", .table = &gizmos,
	  .body = &gizmo_schema, .response = &gizmo_schema, .id = "gizmos_replace",
	  .summary = "Replace a gizmo" },
	{ DELETE, "/gizmos/{id}", delete_row, ACCESS_MEMBER, .scope = "gizmos:write",
	  .table = &gizmos, .status = 204, .errors = { E_CONFLICT }, .id = "gizmos_delete",
	  .summary = "Delete a gizmo" },
	{ GET, "/gizmos/{gizmo_id}/parts", list_rows, ACCESS_VIEWER, .scope = "gizmos:read",
	  .list = &parts, .response = &part_schema, .id = "parts_list", .summary = "List parts" },
	{ POST, "/gizmos/{gizmo_id}/parts", create_row, ACCESS_MEMBER, .scope = "gizmos:write",
	  .table = &parts, .body = &part_schema, .response = &part_schema, .status = 201,
	  .idempotent = true, .id = "parts_create", .summary = "Add a part" },
	{ GET, "/gizmos/{gizmo_id}/parts/{id}", show_row, ACCESS_VIEWER, .scope = "gizmos:read",
	  .table = &parts, .response = &part_schema, .id = "parts_show", .summary = "Show a part" },
	{ PATCH, "/gizmos/{gizmo_id}/parts/{id}", update_row, ACCESS_MEMBER,
	  .scope = "gizmos:write", .table = &parts, .body = &part_schema, .response = &part_schema,
	  .id = "parts_update", .summary = "Update a part" },
	{ PUT, "/gizmos/{gizmo_id}/parts/{id}", update_row, ACCESS_MEMBER, .scope = "gizmos:write",
	  .table = &parts, .body = &part_schema, .response = &part_schema, .id = "parts_replace",
	  .summary = "Replace a part" },
	{ DELETE, "/gizmos/{gizmo_id}/parts/{id}", delete_row, ACCESS_MEMBER,
	  .scope = "gizmos:write", .table = &parts, .status = 204, .id = "parts_delete",
	  .summary = "Remove a part" },
	{ GET, "/labels", list_rows, ACCESS_VIEWER, .scope = "gizmos:read", .list = &labels,
	  .response = &label_schema, .id = "labels_list", .summary = "List labels" },
	{ POST, "/labels", create_row, ACCESS_MEMBER, .scope = "gizmos:write", .table = &labels,
	  .body = &label_schema, .response = &label_schema, .status = 201, .idempotent = true,
	  .errors = { E_CONFLICT }, .id = "labels_create", .summary = "Create a label" },
	{ GET, "/labels/{slug}", show_row, ACCESS_VIEWER, .scope = "gizmos:read", .table = &labels,
	  .response = &label_schema, .id = "labels_show", .summary = "Show a label" },
	{ PATCH, "/labels/{slug}", update_row, ACCESS_MEMBER, .scope = "gizmos:write",
	  .table = &labels, .body = &label_schema, .response = &label_schema,
	  .errors = { E_CONFLICT }, .id = "labels_update", .summary = "Update a label" },
	{ PUT, "/labels/{slug}", update_row, ACCESS_MEMBER, .scope = "gizmos:write",
	  .table = &labels, .body = &label_schema, .response = &label_schema,
	  .errors = { E_CONFLICT }, .id = "labels_replace", .summary = "Replace a label" },
	{ DELETE, "/labels/{slug}", delete_row, ACCESS_MEMBER, .scope = "gizmos:write",
	  .table = &labels, .status = 204, .id = "labels_delete", .summary = "Delete a label" },
	{ 0 },
};

/* Deleting an account deletes its gizmos. */
static const char *const invalidated_by[] = { "users", NULL };

const struct feature gizmos_feature = {
	.name = "gizmos",
	.summary = "What the tests of the core create, list, change and delete.",
	.routes = routes,
	.tables = tables,
	.invalidated_by = invalidated_by,
};
