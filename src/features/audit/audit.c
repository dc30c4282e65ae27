/* Audit events: field rows, list, feature row. */
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
	{ TIME(struct audit_row, at), .flags = F_READ, .summary = "When it happened." },
	{ ENUM(struct audit_row, action), .flags = F_READ, .choices = audit_actions,
	  .summary = "What happened, in OWASP's vocabulary.", .example = "authn_login_success" },
	{ ENUM(struct audit_row, outcome), .flags = F_READ, .choices = audit_outcomes,
	  .summary = "How it ended." },
	{ UUID(struct audit_row, actor_id), .flags = F_READ | F_NULLABLE,
	  .summary = "The user who did it; null where nobody was signed in." },
	{ ENUM(struct audit_row, actor_kind), .flags = F_READ, .choices = kinds,
	  .summary = "What did it: a user, one of his API keys, a command line, the system itself.",
	  .example = "user" },
	{ TEXT(struct audit_row, target), .flags = F_READ | F_NULLABLE,
	  .summary = "What it was done to: the id of a row, an e-mail address, a route.",
	  .example = "ada@example.com" },
	{ TEXT(struct audit_row, ip), .flags = F_READ | F_NULLABLE,
	  .summary = "Address of the client.", .example = "192.0.2.1" },
	{ TEXT(struct audit_row, user_agent), .flags = F_READ | F_NULLABLE,
	  .summary = "What the client called itself.", .example = "curl/7.88.1" },
	{ TEXT(struct audit_row, request_id), .flags = F_READ | F_NULLABLE,
	  .summary = "The request, as the logs name it.",
	  .example = "0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10" },
	{ JSON(struct audit_row, detail), .flags = F_READ | F_NULLABLE,
	  .summary = "What else there is to know, by kind of event." },
};
const struct schema audit_schema = SCHEMA("AuditEvent", struct audit_row, fields);

static const struct list *const lists[] = { &audit_rows, NULL };

const struct feature audit_feature = {
	.name = "audit",
	.summary = "Who did what, and who was refused what.",
	.routes = audit_routes,
	.commands = audit_commands,
	.queries = audit_queries,
	.lists = lists,
	.refused = audit_refused,
	.jobs = audit_jobs,
	.crons = audit_crons,
};
