/* What a user is, and what this feature plugs into the application. */
#include "users_priv.h"

static const struct field user_fields[] = {
	{ UUID(struct user, id), .flags = F_READ, .text = "Identifier.",
	  .example = "0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10" },
	{ EMAIL(struct user, email), .flags = F_READ, .text = "E-mail address, as it was given.",
	  .example = "ada@example.com" },
	{ TEXT(struct user, full_name), .flags = F_READ | F_NULLABLE, .min = 1, .max = 200,
	  .text = "Name to show.", .example = "Ada Lovelace" },
	{ ENUM(struct user, role), .flags = F_READ, .choices = role_names,
	  .text = "What the account may do.", .example = "member" },
	{ BOOL(struct user, is_active), .flags = F_READ, .text = "Whether the account may sign in.",
	  .example = "true" },
	{ TIME(struct user, last_login_at), .flags = F_READ | F_NULLABLE,
	  .text = "When it last signed in.", .example = "2026-11-20T15:08:41.218287Z" },
	{ TIME(struct user, created_at), .flags = F_READ, .text = "When it was made.",
	  .example = "2026-11-01T09:30:00.000000Z" },
	{ TIME(struct user, updated_at), .flags = F_READ, .text = "When it last changed.",
	  .example = "2026-11-20T15:08:41.218287Z" },
};
const struct schema user_schema = SCHEMA("User", struct user, user_fields);

static const struct field login_fields[] = {
	{ UUID(struct login, id) },
	{ TEXT(struct login, password_hash) },
	{ BOOL(struct login, is_active) },
};
const struct schema login_schema = SCHEMA("Login", struct login, login_fields);

static const struct field tally_fields[] = {
	{ INT(struct tally, n) },
};
const struct schema tally_schema = SCHEMA("Tally", struct tally, tally_fields);

const struct feature users_feature = {
	.name = "users",
	.text = "Accounts and their profiles.",
	.routes = users_routes,
	.queries = users_queries,
	.seed = users_seed,
};
