/* The audit log: who did what, and who was refused what. The only audit header that another
 * feature may include. */
#ifndef APP_AUDIT_H
#define APP_AUDIT_H

#include "app/feature.h"

/* Named after OWASP's vocabulary; the names are the contract's (audit.c). */
enum audit_action {
	AUDIT_NOTHING, /* refused: a forgotten cell writes no event */
	AUDIT_LOGIN_SUCCESS,
	AUDIT_LOGIN_FAIL,
	AUDIT_TOKEN_REUSE,
	AUDIT_TOKEN_RETRY, /* a used refresh token that was accepted again */
	AUDIT_PASSWORD_CHANGE,
	AUDIT_PASSWORD_CHANGE_FAIL,
	AUDIT_AUTHZ_FAIL,
	AUDIT_AUTHZ_CHANGE, /* of role or activation */
	AUDIT_USER_CREATED,
	AUDIT_USER_UPDATED,
	AUDIT_USER_DELETED,
	AUDIT_SESSION_ENDED,
	AUDIT_API_KEY_CREATED,
	AUDIT_API_KEY_DELETED,
	AUDIT_RATE_LIMIT_EXCEEDED,
	AUDIT_ACTIONS,
};

/* What happened. Who did it, and from where, is in the ctx. Hold no secret. */
struct audit_event {
	enum audit_action action;
	bool failed;          /* refused, or gone wrong: the outcome is `failure` */
	const char *actor_id; /* who did it, where the ctx has no caller: who just signed in */
	const char *target;   /* what it was done to: the id of a row, an address; or NULL */
	const char *detail;   /* a JSON object, as audit_detail() makes it; or NULL */
};

extern const struct feature audit_feature;

/* Writes one event into the open transaction, so that it is there if and only if the act
 * is; without one, at once. */
enum error audit_write(struct ctx *, const struct audit_event *) MUST_CHECK;

/* A JSON object of texts: audit_detail(c, "from", "member", "to", "admin", NULL). A NULL
 * value is null. */
const char *audit_detail(struct ctx *, ...) __attribute__((sentinel));

/* Removes what is older than so many seconds, in batches; `removed` counts. Only the table's
 * owner may: the role of MIGRATE_DATABASE_URL. */
enum error audit_prune(struct ctx *, int64_t seconds, int64_t *removed) MUST_CHECK;

#endif
