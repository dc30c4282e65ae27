/* Shared inside this folder only. */
#ifndef RECOVERY_PRIV_H
#define RECOVERY_PRIV_H

#include "recovery.h"

#include "app/job.h"
#include "app/secret.h"

/* What a token is good for, as the table has it. */
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

/* What a mail is asked for: by a job, so that an unknown address takes the same time. */
struct recovery_args {
	const char *purpose, *email;
};

struct account {
	const char *id, *email;
	bool verified;
};

struct mail_token {
	const char *user_id, *purpose, *email;
};

extern const struct schema address_schema, proof_schema, reset_schema, recovery_args_schema,
    account_schema, mail_token_schema;
extern const struct route recovery_routes[];
extern const struct query recovery_queries[];
extern const struct job_kind recovery_job;

/* recovery_service.c */
enum error recovery_verify(struct ctx *, const char *token) MUST_CHECK;
enum error recovery_reset(struct ctx *, const struct reset *) MUST_CHECK;
enum error recovery_ask(struct ctx *, const char *purpose, const char *email) MUST_CHECK;
enum error recovery_mail(struct job *) MUST_CHECK;

/* recovery_repo.c. A new token takes the place of an older one of that account and purpose,
 * but not within a minute of it: `issued` tells. */
enum error recovery_insert(struct ctx *, const struct mail_token *, int64_t minutes,
			   const char *token, bool *issued) MUST_CHECK;
enum error recovery_find(struct ctx *, const char *token, struct mail_token *out) MUST_CHECK;
enum error recovery_spend(struct ctx *, const char *token) MUST_CHECK;
enum error recovery_find_account(struct ctx *, const char *email, struct account *out) MUST_CHECK;
enum error recovery_get_account(struct ctx *, const char *id, struct account *out) MUST_CHECK;
enum error recovery_mark_verified(struct ctx *, const struct mail_token *) MUST_CHECK;
enum error recovery_set_email(struct ctx *, const struct mail_token *) MUST_CHECK;
enum error recovery_set_hash(struct ctx *, const struct mail_token *, const char *hash) MUST_CHECK;

#endif
