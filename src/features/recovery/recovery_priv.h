/* Private to this folder. */
#ifndef RECOVERY_PRIV_H
#define RECOVERY_PRIV_H

#include "recovery.h"

#include "app/job.h"
#include "app/secret.h"

/* The purpose of a token, as stored in the table. */
#define PURPOSE_VERIFY "verify"
#define PURPOSE_CHANGE "change"
#define PURPOSE_RESET  "reset"

struct address {
	const char *email;
};

struct proof {
	const char *token;
};

struct reset {
	const char *token, *new_password;
};

/* Arguments of the job that sends the e-mail. It is a job so that requests for unknown addresses
 * take as long. */
struct recovery_args {
	const char *purpose, *email;
};

/* `security_version` is incremented whenever all sessions end (sessions_end_all()). */
struct account {
	const char *id, *email;
	bool verified;
	int64_t security_version;
};

/* What a token permits, and the state of the account when it was created: if the account's address
 * or security_version has changed since, or it is not active, the token is invalid. */
struct mail_token {
	const char *user_id, *purpose, *email;
	const char *account_email;
	int64_t security_version;
};

extern const struct schema address_schema, proof_schema, reset_schema, recovery_args_schema,
    account_schema, mail_token_schema;
extern const struct route recovery_routes[];
extern const struct query recovery_queries[];
extern const struct job_task recovery_job, recovery_prune_job;

/* recovery_service.c */
bool recovery_may_sign_in(const struct sign_in *);
enum error recovery_verify(struct ctx *, const char *token) MUST_CHECK;
enum error recovery_reset(struct ctx *, const struct reset *) MUST_CHECK;
enum error recovery_ask(struct ctx *, const char *purpose, const char *email) MUST_CHECK;
enum error recovery_mail(struct job *) MUST_CHECK;

enum error recovery_prune(struct job *) MUST_CHECK;

/* recovery_repo.c. Issues at most one token a minute for an account, purpose and address, and at
 * most five valid ones for an account and purpose; beyond that, `issued` is false. The account must
 * be locked. */
enum error recovery_lock_account(struct ctx *, const char *id, struct account *out) MUST_CHECK;
enum error recovery_insert(struct ctx *, const struct mail_token *, int64_t minutes,
			   const char *token, bool *issued) MUST_CHECK;
/* Fails with E_INVALID_TOKEN. */
enum error recovery_void(struct ctx *) MUST_CHECK;
enum error recovery_find(struct ctx *, const char *token, struct mail_token *out) MUST_CHECK;
/* Changes the name of an account that was neither verified nor used, and leaves it without a
 * password; does nothing to any other. */
enum error recovery_register_again(struct ctx *, const char *id, const char *full_name,
				   bool *done) MUST_CHECK;
/* Deletes pending address changes to other addresses than `email`. */
enum error recovery_drop_changes(struct ctx *, const char *user_id, const char *email) MUST_CHECK;
enum error recovery_delete_expired(struct ctx *) MUST_CHECK;
enum error recovery_spend(struct ctx *, const char *token) MUST_CHECK;
enum error recovery_find_account(struct ctx *, const char *email, struct account *out) MUST_CHECK;
/* Finds inactive accounts too. */
enum error recovery_find_any_account(struct ctx *, const char *email,
				     struct account *out) MUST_CHECK;
enum error recovery_get_account(struct ctx *, const char *id, struct account *out) MUST_CHECK;
enum error recovery_mark_verified(struct ctx *, const struct mail_token *) MUST_CHECK;
enum error recovery_set_email(struct ctx *, const struct mail_token *) MUST_CHECK;
enum error recovery_set_hash(struct ctx *, const struct mail_token *, const char *hash) MUST_CHECK;

#endif
