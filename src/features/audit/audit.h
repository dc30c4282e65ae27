/* The audit log: security-relevant actions and refusals. The public header of this feature. */
#ifndef APP_AUDIT_H
#define APP_AUDIT_H

#include "app/feature.h"
#include "app/settings.h"

/* Follows OWASP's logging vocabulary; the API's names are in audit.c. */
enum audit_action {
	AUDIT_NOTHING, /* 0 is invalid, so a forgotten cell is an error */
	AUDIT_LOGIN_SUCCESS,
	AUDIT_LOGIN_FAIL,
	AUDIT_TOKEN_REUSE,
	AUDIT_TOKEN_RETRY, /* a used refresh token was accepted again */
	AUDIT_PASSWORD_CHANGE,
	AUDIT_PASSWORD_CHANGE_FAIL,
	AUDIT_AUTHZ_FAIL,
	AUDIT_AUTHZ_CHANGE, /* of role or is_active */
	AUDIT_USER_CREATED,
	AUDIT_USER_UPDATED,
	AUDIT_USER_DELETED,
	AUDIT_SESSION_ENDED,
	AUDIT_API_KEY_CREATED,
	AUDIT_API_KEY_DELETED,
	AUDIT_RATE_LIMIT_EXCEEDED,
	AUDIT_ACTIONS,
};

/* What happened. The ctx says who did it and from where. Must not contain secrets. */
struct audit_event {
	enum audit_action action;
	bool failed;          /* refused or failed: the outcome is `failure` */
	const char *actor_id; /* user id of the actor if the ctx has no caller, as at sign-in */
	const char *target;   /* what the action affected: a row id or an e-mail address; or NULL */
	const char *detail;   /* a JSON object from audit_detail(), or NULL */
};

extern const struct feature audit_feature;

/* Writes an event in the open transaction, so it is stored if and only if the action is; without a
 * transaction, immediately. */
enum error audit_write(struct ctx *, const struct audit_event *) MUST_CHECK;

/* Makes a JSON object of strings: audit_detail(c, "from", "member", "to", "admin", NULL). A NULL
 * value becomes null. */
const char *audit_detail(struct ctx *, ...) __attribute__((sentinel));

/* Deletes events older than `seconds`, in batches; sets *removed to their number. Requires the role
 * of MIGRATE_DATABASE_URL, which owns the table. */
enum error audit_prune(struct ctx *, int64_t seconds, int64_t *removed) MUST_CHECK;

struct audit_settings {
#define SETTING SETTING_MEMBER
#include "features/audit/audit_settings.def"
#undef SETTING
};
extern struct audit_settings audit_settings;

#endif
