/* Users: field rows, table row, feature row. */
#include "users_priv.h"

#include "app/password.h"
#include "app/settings.h"

#define EMAIL_EXAMPLE    "ada@example.com"
#define NAME_EXAMPLE     "Ada Lovelace"
#define PASSWORD_EXAMPLE "correct horse battery staple"

enum { SECRET = F_CREATE | F_UPDATE | F_SECRET };

static const struct field user_fields[] = {
	{ UUID(struct user, id), .flags = F_READ, .summary = "Identifier.",
	  .example = "0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10" },
	{ EMAIL(struct user, email), .flags = F_READ | F_SET, .summary = "E-mail address.",
	  .example = EMAIL_EXAMPLE },
	{ TEXT(struct user, full_name), .flags = F_READ | F_SET | F_NULLABLE, .min = 1, .max = 200,
	  .summary = "Display name.", .example = NAME_EXAMPLE },
	{ ENUM(struct user, role), .flags = F_READ | F_SET, .choices = role_names,
	  .aliases = role_aliases, .default_value = "member", .summary = "Role of the account.",
	  .example = "member" },
	{ BOOL(struct user, is_active), .flags = F_READ | F_SET, .default_value = "true",
	  .summary = "Whether the account can sign in.", .example = "true" },
	{ TIME(struct user, last_login_at), .flags = F_READ | F_NULLABLE,
	  .summary = "Time of the last sign-in.", .example = "2026-11-20T15:08:41.218287Z" },
	{ TIME(struct user, created_at), .flags = F_READ, .summary = "Time of creation.",
	  .example = "2026-11-01T09:30:00.000000Z" },
	{ TIME(struct user, updated_at), .flags = F_READ, .summary = "Time of the last change.",
	  .example = "2026-11-20T15:08:41.218287Z" },
	{ INT(struct user, version) },
};
const struct schema user_schema = SCHEMA("User", struct user, user_fields);

static const struct field body_fields[] = {
	{ EMAIL(struct user_body, email), .flags = F_CREATE | F_REQUIRED,
	  .summary = "E-mail address; unique, compared case-insensitively.",
	  .example = EMAIL_EXAMPLE },
	{ TEXT(struct user_body, password), .flags = SECRET | F_REQUIRED,
	  .min_setting = &settings.password_min_length, .max = PASSWORD_MAX,
	  .summary = "Password; must not be the e-mail address. " PASSWORD_LIMITS ".",
	  .example = PASSWORD_EXAMPLE },
	{ TEXT(struct user_body, full_name), .flags = F_CREATE | F_NULLABLE, .min = 1, .max = 200,
	  .summary = "Display name.", .example = NAME_EXAMPLE },
	{ ENUM(struct user_body, role), .flags = F_CREATE, .choices = role_names,
	  .aliases = role_aliases, .default_value = "member", .summary = "Role of the account." },
	{ BOOL(struct user_body, is_active), .flags = F_CREATE, .default_value = "true",
	  .summary = "Whether the account can sign in." },
};
const struct schema user_body_schema = SCHEMA("NewUser", struct user_body, body_fields);

static const struct field change_fields[] = {
	{ TEXT(struct user_change, full_name), .flags = F_UPDATE | F_NULLABLE, .min = 1, .max = 200,
	  .summary = "Display name; null removes it.", .example = NAME_EXAMPLE },
	{ ENUM(struct user_change, role), .flags = F_UPDATE, .choices = role_names,
	  .aliases = role_aliases, .summary = "Role of the account.", .example = "viewer" },
	{ BOOL(struct user_change, is_active), .flags = F_UPDATE,
	  .summary = "Whether the account can sign in.", .example = "false" },
	{ TEXT(struct user_change, password), .flags = SECRET,
	  .min_setting = &settings.password_min_length, .max = PASSWORD_MAX,
	  .summary = "New password; must not be the e-mail address. " PASSWORD_LIMITS ".",
	  .example = PASSWORD_EXAMPLE },
};
const struct schema user_change_schema = SCHEMA("UserChange", struct user_change, change_fields);

static const struct field profile_fields[] = {
	{ TEXT(struct profile, full_name), .flags = F_UPDATE | F_NULLABLE, .min = 1, .max = 200,
	  .summary = "Display name; null removes it.", .example = NAME_EXAMPLE },
	{ EMAIL(struct profile, email), .flags = F_UPDATE,
	  .summary = "E-mail address; a new one requires `current_password`.",
	  .example = EMAIL_EXAMPLE },
	{ TEXT(struct profile, current_password), .flags = SECRET, .summary = "Current password.",
	  .example = PASSWORD_EXAMPLE },
};
const struct schema profile_schema = SCHEMA("Profile", struct profile, profile_fields);

static const struct field password_change_fields[] = {
	{ TEXT(struct password_change, current_password), .flags = SECRET | F_REQUIRED,
	  .summary = "Current password.", .example = PASSWORD_EXAMPLE },
	{ TEXT(struct password_change, new_password), .flags = SECRET | F_REQUIRED,
	  .min_setting = &settings.password_min_length, .max = PASSWORD_MAX,
	  .summary = "New password; must not be the e-mail address. " PASSWORD_LIMITS ".",
	  .example = "staple battery horse correct" },
};
const struct schema password_change_schema =
    SCHEMA("PasswordChange", struct password_change, password_change_fields);

static const struct field login_fields[] = {
	{ UUID(struct login, id) },
	{ TEXT(struct login, email) },
	{ TEXT(struct login, password_hash) },
	{ BOOL(struct login, is_active) },
	{ BOOL(struct login, email_verified) },
	{ INT(struct login, security_version) },
};
const struct schema login_schema = SCHEMA("Login", struct login, login_fields);

static const struct list_filter filters[] = {
	{ "q", "Only accounts whose e-mail address or name contains this text (case-insensitive).",
	  .sql = "strpos(lower(email), lower($)) > 0 OR strpos(lower(full_name), lower($)) > 0",
	  .value = { .type = TYPE_TEXT, .min = 1, .max = 200, .example = "ada" } },
	{ "role", "Only accounts with this role." },
	{ "is_active", "`true`: only active accounts; `false`: only deactivated ones." },
	{ 0 },
};

static const struct list_sort sorts[] = { { "created_at" }, { "email", .indexed = true }, { 0 } };

static const char *const unlisted[] = {
	"password_hash",
	"email_verified_at",
	"security_version",
	NULL,
};

const struct table users_table = {
	.name = "users",
	.schema = &user_schema,
	.filters = filters,
	.sorts = sorts,
	.unlisted = unlisted,
};

static const struct table *const tables[] = { &users_table, NULL };

struct users_settings users_settings;

static const struct setting settings_rows[] = {
#define SETTING(...) SETTING_ROW(users_settings, __VA_ARGS__)
#include "features/users/users_settings.def"
#undef SETTING
	{ 0 },
};

const struct feature users_feature = {
	.name = "users",
	.tag = "Users",
	.summary = "User accounts.",
	.routes = users_routes,
	.commands = users_commands,
	.queries = users_queries,
	.tables = tables,
	.seed = users_seed,
	.sample = users_sample,
	.settings = settings_rows,
};
