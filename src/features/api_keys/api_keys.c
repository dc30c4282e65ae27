/* API keys: field rows, table row, feature row. */
#include "api_keys_priv.h"

static const struct field scope = { .type = TYPE_ENUM, .choices = api_key_scopes };

#define PREFIX_EXAMPLE PACKAGE "_4fTq0ZbV7sKd"

/* The key itself, which only the response that creates it contains. */
static const struct field fields[] = {
	{ UUID(struct api_key, id), .flags = F_READ, .summary = "Identifier." },
	{ TEXT(struct api_key, name), .flags = F_READ | F_CREATE | F_REQUIRED, .min = 1, .max = 100,
	  .summary = "Name of the key.", .example = "Nightly import" },
	{ TEXT(struct api_key, prefix), .flags = F_READ, .summary = "First characters of the key.",
	  .example = PREFIX_EXAMPLE },
	{ ARRAY(struct api_key, scopes, &scope), .flags = F_READ | F_CREATE | F_REQUIRED, .min = 1,
	  .summary = "Permissions of the key, within those of its owner.",
	  .example = "[\"jobs:read\",\"jobs:write\"]" },
	{ TIME(struct api_key, last_used_at), .flags = F_READ | F_NULLABLE,
	  .summary = "Time of the last use, to the minute." },
	{ TIME(struct api_key, expires_at), .flags = F_READ | F_CREATE | F_NULLABLE,
	  .summary = "Time of expiry, in the future; null: never.",
	  .example = "2036-11-20T00:00:00.000000Z" },
	{ TIME(struct api_key, created_at), .flags = F_READ, .summary = "Time of creation." },
	{ TEXT(struct api_key, key), .flags = F_READ,
	  .summary = "The key. It is shown only in this response.",
	  .example = PREFIX_EXAMPLE "_mW3xJr8Pq5YtLh2NvCf7BdKs9GzTaE4u0aB9cX" },
};
const struct schema new_api_key_schema = SCHEMA("NewApiKey", struct api_key, fields);

const struct schema api_key_schema = {
	.name = "ApiKey",
	.size = sizeof(struct api_key),
	.fields = fields,
	.nfields = COUNT(fields) - 1,
};

static const struct field holder_fields[] = {
	{ UUID(struct key_holder, id) },
	{ UUID(struct key_holder, user_id) },
	{ TEXT(struct key_holder, role) },
	{ TEXT(struct key_holder, key_hash) },
	{ ARRAY(struct key_holder, scopes, &scope) },
	{ INT(struct key_holder, expires) },
};
const struct schema key_holder_schema = SCHEMA("KeyHolder", struct key_holder, holder_fields);

static const struct list_sort sorts[] = { { "created_at" }, { 0 } };

static const char *const unlisted[] = { "key_hash", NULL };

const struct table api_keys_table = {
	.name = "api_keys",
	.schema = &api_key_schema,
	.owner = "user_id",
	.readers = OWNER_ONLY,
	.sorts = sorts,
	.unlisted = unlisted,
};

static const struct table *const tables[] = { &api_keys_table, NULL };

const struct feature api_keys_feature = {
	.name = "api-keys",
	.tag = "API keys",
	.summary = "Keys for programs, with scopes.",
	.routes = api_keys_routes,
	.queries = api_keys_queries,
	.tables = tables,
	.authenticate = api_keys_authenticate,
	.api_keys = true,
};
