/* Private to this folder. */
#ifndef APP_SESSIONS_PRIV_H
#define APP_SESSIONS_PRIV_H

#include "sessions.h"

#include "app/command.h"
#include "app/job.h"

struct session {
	const char *id, *created_at, *last_used_at, *expires_at;
	const char *ip, *user_agent; /* or NULL */
	bool current;                /* the session of this request */
};

extern const struct schema session_schema;
extern const struct command sessions_commands[];
extern const struct route sessions_routes[];
extern const struct query sessions_queries[];
extern const struct table sessions_table; /* those that have not ended */

/* sessions_service.c */
enum error sessions_list(struct ctx *, struct list_args *, struct page *out) MUST_CHECK;
enum error sessions_end_own(struct ctx *, const char *id) MUST_CHECK;
enum error sessions_end_all_own(struct ctx *) MUST_CHECK;
enum error sessions_prune_run(struct job *) MUST_CHECK;

/* sessions_repo.c. `n` is set to the number of ended sessions. */
enum error sessions_close(struct ctx *, const char *user_id, const char *id) MUST_CHECK;
enum error sessions_close_all(struct ctx *, const char *user_id, const char *keep,
			      int64_t *n) MUST_CHECK;
/* Locks the account and invalidates mail tokens that were issued before. */
enum error sessions_advance_account(struct ctx *, const char *user_id) MUST_CHECK;

/* Sets *n to the number of consecutive wrong passwords; 0 if the session is not live. */
enum error sessions_count_failure(struct ctx *, const char *user_id, const char *id,
				  int64_t *n) MUST_CHECK;
enum error sessions_clear_failures(struct ctx *, const char *id) MUST_CHECK;

/* E_NOT_FOUND if the session is not live. */
enum error sessions_set_confirmed(struct ctx *, const char *user_id, const char *id) MUST_CHECK;

/* Process at most `limit` rows and set *n to their number. sessions_shorten() applies a lowered
 * SESSION_MAX_DAYS; the others delete. */
enum error sessions_shorten(struct ctx *, int64_t limit, int64_t *n) MUST_CHECK;
enum error sessions_remove_over(struct ctx *, int64_t limit, int64_t *n) MUST_CHECK;
enum error sessions_remove_tokens(struct ctx *, int64_t limit, int64_t *n) MUST_CHECK;

#endif
