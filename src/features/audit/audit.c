/* Audit events: field rows, table, feature row. */
#include "audit_priv.h"

const char *const audit_actions[] = {
	[AUDIT_LOGIN_SUCCESS - 1] = "authn_login_success",
	[AUDIT_LOGIN_FAIL - 1] = "authn_login_fail",
	[AUDIT_TOKEN_REUSE - 1] = "authn_token_reuse",
	[AUDIT_TOKEN_RETRY - 1] = "authn_token_retry",
	[AUDIT_PASSWORD_CHANGE - 1] = "authn_password_change",
	[AUDIT_PASSWORD_CHANGE_FAIL - 1] = "authn_password_change_fail",
	[AUDIT_AUTHZ_FAIL - 1] = "authz_fail",
	[AUDIT_AUTHZ_CHANGE - 1] = "authz_change",
	[AUDIT_USER_CREATED - 1] = "user_created",
	[AUDIT_USER_UPDATED - 1] = "user_updated",
	[AUDIT_USER_DELETED - 1] = "user_deleted",
	[AUDIT_SESSION_ENDED - 1] = "session_ended",
	[AUDIT_API_KEY_CREATED - 1] = "api_key_created",
	[AUDIT_API_KEY_DELETED - 1] = "api_key_deleted",
	[AUDIT_RATE_LIMIT_EXCEEDED - 1] = "excess_rate_limit_exceeded",
	[AUDIT_ACTIONS - 1] = NULL,
};

const char *const audit_outcomes[] = { "success", "failure", NULL };

static const char *const kinds[] = { "anonymous", "user", "api_key", "system", "cli", NULL };

static const struct field fields[] = {
	{ UUID(struct audit_row, id), .flags = F_READ, .summary = "Identifier." },
	{ TIME(struct audit_row, at), .flags = F_READ, .summary = "Time of the event." },
	{ ENUM(struct audit_row, action), .flags = F_READ, .choices = audit_actions,
	  .summary = "Kind of event, as named in OWASP's logging vocabulary.",
	  .example = "authn_login_success" },
	{ ENUM(struct audit_row, outcome), .flags = F_READ, .choices = audit_outcomes,
	  .summary = "Result of the action." },
	{ UUID(struct audit_row, actor_id), .flags = F_READ | F_NULLABLE,
	  .summary = "User who acted; null for an anonymous caller." },
	{ ENUM(struct audit_row, actor_kind), .flags = F_READ, .choices = kinds,
	  .summary = "Kind of actor.", .example = "user" },
	{ TEXT(struct audit_row, target), .flags = F_READ | F_NULLABLE,
	  .summary = "Object of the action: the id of a row, an e-mail address or a route.",
	  .example = "ada@example.com" },
	{ TEXT(struct audit_row, ip), .flags = F_READ | F_NULLABLE,
	  .summary = "IP address of the client.", .example = "192.0.2.1" },
	{ TEXT(struct audit_row, user_agent), .flags = F_READ | F_NULLABLE,
	  .summary = "User-Agent of the client.", .example = "curl/7.88.1" },
	{ TEXT(struct audit_row, request_id), .flags = F_READ | F_NULLABLE,
	  .summary = "Request ID.", .example = "0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10" },
	{ JSON(struct audit_row, detail), .flags = F_READ | F_NULLABLE,
	  .summary = "Details, depending on the action." },
};
const struct schema audit_schema = SCHEMA("AuditEvent", struct audit_row, fields);

static const struct table *const tables[] = { &audit_table, NULL };

struct audit_settings audit_settings;

static const struct setting settings_rows[] = {
#define SETTING(...) SETTING_ROW(audit_settings, __VA_ARGS__)
#include "features/audit/audit_settings.def"
#undef SETTING
	{ 0 },
};

const struct feature audit_feature = {
	.name = "audit",
	.tag = "Audit log",
	.summary = "Log of security events.",
	.routes = audit_routes,
	.commands = audit_commands,
	.queries = audit_queries,
	.tables = tables,
	.refused = audit_refused,
	.jobs = audit_jobs,
	.crons = audit_crons,
	.settings = settings_rows,
};
