/* Private to this folder. */
#ifndef APP_AUDIT_PRIV_H
#define APP_AUDIT_PRIV_H

#include "audit.h"

#include "app/command.h"
#include "app/job.h"

/* An event as the API returns it. */
struct audit_row {
	const char *id, *at;
	const char *action, *outcome;
	const char *actor_id; /* or NULL; so are the members below, except the kind */
	const char *actor_kind;
	const char *target, *ip, *user_agent, *request_id;
	const char *detail; /* JSON */
};

extern const struct schema audit_schema;
extern const struct command audit_commands[];
extern const struct route audit_routes[];
extern const struct query audit_queries[];
extern const struct table audit_table;

extern const char *const audit_actions[];  /* indexed by enum audit_action, from 1 */
extern const char *const audit_outcomes[]; /* success, failure */

extern const struct job_task *const audit_jobs[];
extern const struct cron audit_crons[];

/* audit_routes.c */
void audit_refused(struct request *, enum error);

/* audit_repo.c */
/* Deletes a batch of events older than `days` and counts them. The database refuses to delete
 * events younger than 30 days. */
enum error audit_prune_expired(struct ctx *, int64_t days, int64_t *n) MUST_CHECK;
enum error audit_insert(struct ctx *, const struct audit_row *) MUST_CHECK;
enum error audit_allow_prune(struct ctx *) MUST_CHECK;
enum error audit_delete(struct ctx *, const char *before, int64_t limit,
			int64_t *removed) MUST_CHECK;

#endif
