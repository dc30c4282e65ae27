/* Items: field rows, table row, feature row. */
#include "items_priv.h"

static const char *const states[] = { "draft", "active", "archived", NULL };

static const struct field fields[] = {
	{ UUID(struct item, id), .flags = F_READ, .summary = "Identifier." },
	{ UUID(struct item, owner_id), .flags = F_READ, .summary = "User who owns the item." },
	{ TEXT(struct item, title), .flags = F_RW | F_REQUIRED, .min = 1, .max = 200,
	  .summary = "Title.", .example = "Lamp" },
	{ TEXT(struct item, description), .flags = F_RW | F_NULLABLE, .max = 5000,
	  .summary = "Free text.", .example = "Brass, with a green shade." },
	{ ENUM(struct item, status), .flags = F_RW, .choices = states, .default_value = "active",
	  .summary = "Status of the item.", .example = "active" },
	{ TIME(struct item, created_at), .flags = F_READ, .summary = "Time of creation." },
	{ TIME(struct item, updated_at), .flags = F_READ, .summary = "Time of the last change." },
	{ INT(struct item, version) },
	{ INT(struct item, rank), .flags = F_COMPUTED },
};

const struct schema item_schema = SCHEMA("Item", struct item, fields);

static const struct list_filter filters[] = {
	{ "status", "Only items with this status." },
	{ "owner_id", "Only items of this user." },
	{ 0 },
};

static const struct list_sort sorts[] = { { "created_at" }, { "updated_at" }, { "title" }, { 0 } };

static const char *const unlisted[] = { "search", NULL };

const struct table items_table = {
	.name = "items",
	.schema = &item_schema,
	.owner = "owner_id",
	.readers = OWNER_AND_ADMINS,
	.filters = filters,
	.sorts = sorts,
	.unlisted = unlisted,
};

static const struct table *const tables[] = { &items_table, &items_found, &items_found_own, NULL };

/* Deleting an account deletes its items. */
static const char *const invalidated_by[] = { "users", NULL };

const struct feature items_feature = {
	.name = "items",
	.tag = "Items",
	.summary = "Items of users.",
	.routes = items_routes,
	.tables = tables,
	.invalidated_by = invalidated_by,
	.sample = items_sample,
};
